"""Where the project is, and what an input may be."""

from __future__ import annotations

import pytest
from logloom import project
from logloom.errors import InputError, LogloomError


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.delenv("LOGLOOM_HOME", raising=False)
    monkeypatch.delenv("LOGLOOM_LOCAL_ROOT", raising=False)
    for folder in ("notebooks", "parameters", "deep/er"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    return tmp_path


def test_root_is_the_ancestor_with_notebooks(checkout):
    assert project.root() == checkout
    assert project.local_root() == checkout / ".local"
    assert project.resolve("x/y") == checkout / "x" / "y"


def test_home_wins(checkout, monkeypatch):
    monkeypatch.setenv("LOGLOOM_HOME", str(checkout / "deep"))
    assert project.root() == checkout / "deep"


def test_home_that_is_not_there(checkout, monkeypatch):
    monkeypatch.setenv("LOGLOOM_HOME", str(checkout / "none"))
    with pytest.raises(LogloomError, match="is not a folder: set it to"):
        project.root()


def test_outside_of_any_checkout_it_is_that_of_the_package(tmp_path, monkeypatch):
    monkeypatch.delenv("LOGLOOM_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert (project.root() / "pyproject.toml").is_file()


def test_local_root_by_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGLOOM_LOCAL_ROOT", str(tmp_path))
    assert project.local_root() == tmp_path


def test_input_is_a_file_or_a_folder_with_files(checkout):
    (checkout / "logs" / "a").mkdir(parents=True)
    (checkout / "logs" / "a" / "one.log").write_text("x")
    assert project.input_path("logs") == checkout / "logs"
    assert project.input_path(str(checkout / "logs" / "a" / "one.log")).name == "one.log"


def test_input_that_is_not_there(checkout):
    with pytest.raises(InputError, match="the input nowhere is not there"):
        project.input_path("nowhere")


def test_input_that_is_empty(checkout):
    (checkout / "hollow" / "inner").mkdir(parents=True)
    with pytest.raises(InputError, match="the input folder hollow is empty"):
        project.input_path("hollow")
