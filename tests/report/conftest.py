"""Reports of known rows: the dashboard's stand-in for Athena answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from logloom.report.contents import Asker
from logloom.settings import Settings

sys.path.append(str(Path(__file__).resolve().parents[1] / "dashboard"))
from fake_athena import FakeAthena, tables


@pytest.fixture(scope="session")
def frames():
    return tables()


@pytest.fixture(scope="session")
def athena(frames) -> FakeAthena:
    return FakeAthena(frames)


@pytest.fixture
def asker(athena) -> Asker:
    return Asker(Settings(), athena.run_sql)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch) -> Path:
    """A state of the project of the test's own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("LOGLOOM_STATE_ROOT", str(folder))
    return folder
