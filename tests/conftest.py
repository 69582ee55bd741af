"""Fixtures that several test modules share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED_LOGS = PROJECT.parent / "shared" / "data" / "raw-logs"
CHROMIUM = next(
    (p for p in (Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser")) if p.exists()), None
)


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS: its folder, and the environment that makes any AWS client use it."""

    root: Path
    environment: dict[str, str]

    def session(self) -> boto3.Session:
        return boto3.Session(profile_name="logloom-local")

    def client(self, service: str):
        return self.session().client(service)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory) -> Iterator[LocalAws]:
    """One local AWS for the whole test run; tests keep apart by the names of their buckets and databases."""
    root = tmp_path_factory.mktemp("local-aws")
    environment = {
        "LOGLOOM_LOCAL_ROOT": str(root),
        "LOGLOOM_STATE_ROOT": str(root / "state"),
        "AWS_CONFIG_FILE": str(root / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(root / "aws" / "credentials"),
        "AWS_PROFILE": "logloom-local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    command = [sys.executable, "-m", "localaws"]
    strict = {**os.environ, "LOGLOOM_LOCAL_STRICT": "1"}
    subprocess.run([*command, "start", "--root", str(root)], check=True, env=strict)
    try:
        yield LocalAws(root, environment)
    finally:
        subprocess.run([*command, "stop", "--root", str(root)], check=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    # Whatever the tests asked for: every answer was one that the service models know.
    log = (root / "logs" / "supervisor.log").read_text(encoding="utf-8")
    assert "not as the service model says" not in log, log[-4000:]


@pytest.fixture
def unique() -> str:
    """A short name of its own for a test's bucket, database or workgroup."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def shared_logs() -> Path:
    """The folder of real logs; the tests that read it are skipped where it is not there."""
    if not SHARED_LOGS.is_dir():
        pytest.skip(f"the real logs are not here ({SHARED_LOGS})")
    return SHARED_LOGS


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Debian's Chromium for the browser tests."""
    if CHROMIUM is None:
        pytest.skip(
            "no Chromium on this machine: install Debian's package `chromium` to run the browser tests"
        )
    return CHROMIUM


@pytest.fixture(scope="session")
def browser(chromium):
    """One Chromium for the whole test run, driven by Playwright: it takes only one at a time."""
    from playwright.sync_api import sync_playwright

    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@pytest.fixture(scope="session")
def hostile() -> list[str]:
    """Texts of many kinds that would do something if they were taken for more than text; and a megabyte."""
    kinds = json.loads((PROJECT / "tests" / "hostile" / "payloads.json").read_text(encoding="utf-8"))
    texts = [text for kind in kinds.values() for text in kind]
    return [*texts, "<img src=x onerror=window.__pwned=1>" * 28_000]
