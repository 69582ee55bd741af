"""Sessions: the right AWS, and what is said when there is none."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from logloom import aws, settings
from logloom.errors import AwsUnreachable


@pytest.fixture
def no_aws(tmp_path, monkeypatch):
    """An environment without any AWS in it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(aws, "_before_local", None)
    before = dict(os.environ)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def started_local(no_aws, monkeypatch):
    """A local AWS that is only its profile, so that the session's own part is seen alone."""
    folder = no_aws / "local"
    (folder / "aws").mkdir(parents=True)
    (folder / "aws" / "config").write_text(
        "[profile logloom-local]\nregion = us-east-1\nservices = here\n"
        "[services here]\ns3 =\n  endpoint_url = http://127.0.0.1:9\n"
    )
    (folder / "aws" / "credentials").write_text(
        "[logloom-local]\naws_access_key_id = LOCALKEY\naws_secret_access_key = secret\n"
    )
    monkeypatch.setattr(aws, "start_local", lambda region: folder)
    return folder


def test_no_credentials(no_aws):
    with pytest.raises(AwsUnreachable, match="there are no AWS credentials: set `profile`"):
        aws.session(settings.load({"profile": ""}))


def test_unknown_profile_with_the_nearest(no_aws):
    (no_aws / "config").write_text("[profile production]\nregion = eu-west-1\n")
    with pytest.raises(AwsUnreachable, match=r"no AWS profile 'produktion'.*did you mean 'production'"):
        aws.session(settings.load({"profile": "produktion"}))
    assert "AWS_PROFILE" not in os.environ


def test_profile_with_credentials(no_aws):
    (no_aws / "credentials").write_text(
        "[work]\naws_access_key_id = WORKKEY\naws_secret_access_key = secret\n"
    )
    session = aws.session(settings.load({"profile": "work", "region": "eu-central-1"}))
    assert session.get_credentials().access_key == "WORKKEY"
    assert session.region_name == "eu-central-1"
    assert os.environ["AWS_PROFILE"] == "work"
    assert os.environ["AWS_REGION"] == "eu-central-1"


def test_local_profile_wins_over_keys_and_endpoints_of_the_environment(started_local, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REALKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.amazonaws.com")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    session = aws.session(settings.load({}))
    assert session.get_credentials().access_key == "LOCALKEY"
    assert session.client("s3").meta.endpoint_url == "http://127.0.0.1:9"
    assert os.environ["AWS_PROFILE"] == "logloom-local"


def test_real_profile_after_the_local_one_meets_the_environment_as_it_was(started_local, no_aws):
    (no_aws / "credentials").write_text(
        "[work]\naws_access_key_id = WORKKEY\naws_secret_access_key = secret\n"
    )
    aws.session(settings.load({}))
    session = aws.session(settings.load({"profile": "work"}))
    assert session.get_credentials().access_key == "WORKKEY"
    assert os.environ["AWS_CONFIG_FILE"] == str(no_aws / "config")


def test_local_that_does_not_start(no_aws, monkeypatch, tmp_path):
    monkeypatch.setenv("LOGLOOM_LOCAL_ROOT", str(tmp_path / "root"))
    monkeypatch.setattr(aws.sys, "executable", "/bin/false")
    with pytest.raises(AwsUnreachable, match=r"^the local AWS did not start: no reason given$"):
        aws.start_local()


def test_answers_only_when_every_endpoint_listens(tmp_path: Path):
    config = tmp_path / "config"
    assert not aws._answers(config)
    config.write_text("[profile logloom-local]\n")
    assert not aws._answers(config)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config.write_text(f"s3 =\n  endpoint_url = http://127.0.0.1:{port}\n")
        assert aws._answers(config)
    assert not aws._answers(config)
