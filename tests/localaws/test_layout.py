"""The state folder, and what its files allow."""

import json
import stat

import pytest
from localaws import layout, profile
from localaws.layout import Layout, Settings, UserError
from localaws.sigv4 import Key


@pytest.fixture
def folder(tmp_path):
    folder = Layout(tmp_path / "root")
    folder.prepare()
    return folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_enters_it(folder):
    assert mode(folder.root) == mode(folder.logs) == mode(folder.cache) == 0o700


def test_an_empty_folder_may_be_there_already(tmp_path):
    (tmp_path / "root").mkdir(mode=0o755)
    Layout(tmp_path / "root").prepare()
    assert mode(tmp_path / "root") == 0o700


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "root").write_text("x")
    with pytest.raises(UserError, match="cannot hold the local AWS"):
        Layout(tmp_path / "root").prepare()


def test_settings_are_kept(folder):
    assert Settings.load(folder.settings) == Settings(None, None, "us-east-1")
    Settings(1234, 1235, "eu-west-1").save(folder.settings)
    assert Settings.load(folder.settings) == Settings(1234, 1235, "eu-west-1")


@pytest.mark.parametrize("text", ["", "{", "[1]", json.dumps({"colour": "red"})])
def test_damaged_settings_are_refused(folder, text):
    folder.settings.write_text(text)
    with pytest.raises(UserError, match="is damaged"):
        Settings.load(folder.settings)


def test_a_private_file_is_whole_or_not_there(folder, monkeypatch):
    path = folder.root / "aws" / "x"
    layout.write_private(path, "first")
    assert mode(path) == 0o600

    def fail(handle):
        raise OSError("disk full")

    monkeypatch.setattr(layout.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        layout.write_private(path, "second")
    assert path.read_text() == "first"
    assert [child.name for child in path.parent.iterdir()] == ["x"]


def test_the_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGLOOM_LOCAL_ROOT", str(tmp_path / "named"))
    assert layout.default_root() == tmp_path / "named"
    monkeypatch.delenv("LOGLOOM_LOCAL_ROOT")
    project = tmp_path / "project"
    (project / "notebooks" / "deep").mkdir(parents=True)
    (project / "pyproject.toml").touch()
    monkeypatch.chdir(project / "notebooks" / "deep")
    assert layout.default_root() == project / ".local"


class TestProfile:
    def test_a_key_is_made_once(self, folder):
        key = profile.ensure_key(folder)
        assert len(key.access_key_id) == 20
        assert len(key.secret_access_key) == 40
        assert profile.ensure_key(folder) == key
        assert mode(folder.credentials) == 0o600

    def test_two_folders_have_two_keys(self, folder, tmp_path):
        other = Layout(tmp_path / "other")
        assert profile.ensure_key(other) != profile.ensure_key(folder)

    def test_a_key_that_others_could_read_is_closed_again(self, folder):
        profile.ensure_key(folder)
        folder.credentials.chmod(0o644)
        profile.ensure_key(folder)
        assert mode(folder.credentials) == 0o600

    @pytest.mark.parametrize(
        "text", ["", "[logloom-local]\n", "no section", "[other]\naws_access_key_id=a\n"]
    )
    def test_a_damaged_file_holds_no_key(self, folder, text):
        folder.credentials.parent.mkdir()
        folder.credentials.write_text(text)
        assert profile.read_key(folder) is None
        assert isinstance(profile.ensure_key(folder), Key)

    def test_no_service_of_it_leads_to_the_real_aws(self, folder, monkeypatch):
        import boto3

        profile.ensure_key(folder)
        profile.write_config(folder, "eu-west-1", "http://127.0.0.1:1", "http://127.0.0.1:2")
        for name, value in profile.environment(folder, "eu-west-1").items():
            monkeypatch.setenv(name, value)
        session = boto3.Session()
        assert session.region_name == "eu-west-1"
        for service in session.get_available_services():
            expected = "http://127.0.0.1:2" if service == "s3" else "http://127.0.0.1:1"
            assert session.client(service).meta.endpoint_url == expected, service

    def test_a_proxy_of_the_users_is_passed_by(self, folder, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
        monkeypatch.delenv("HTTP_PROXY", raising=False)
        monkeypatch.delenv("http_proxy", raising=False)
        assert "NO_PROXY" not in profile.environment(folder, "us-east-1")
        monkeypatch.setenv("http_proxy", "http://proxy")
        assert "127.0.0.1" in profile.environment(folder, "us-east-1")["NO_PROXY"]
