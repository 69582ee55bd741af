"""Starts, stops and looks at the supervisor of a state folder, from other processes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from localaws import profile, sigv4
from localaws.layout import DEFAULT_REGION, Layout, UserError
from localaws.lock import owner

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Status:
    """What serves a state folder."""

    running: bool
    root: str
    pid: int | None = None
    endpoint: str | None = None
    s3_endpoint: str | None = None
    started: str | None = None
    profile: str = profile.PROFILE
    config_file: str = ""
    credentials_file: str = ""


def status(root: Path) -> Status:
    """Say whether the folder's AWS runs and answers, and where."""
    layout = Layout(Path(root).resolve())
    stopped = Status(
        False, str(layout.root), config_file=str(layout.config), credentials_file=str(layout.credentials)
    )
    if owner(layout) is None:
        return stopped
    try:
        state = json.loads(layout.running.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return stopped  # on its way up or down
    if not _answers(layout, state["endpoint"]):
        return stopped
    return Status(
        True,
        str(layout.root),
        **{name: state[name] for name in ("pid", "endpoint", "s3_endpoint", "started")},
        config_file=str(layout.config),
        credentials_file=str(layout.credentials),
    )


def start(
    root: Path, port: int | None = None, s3_port: int | None = None, region: str | None = None
) -> Status:
    """Start the folder's AWS in the background and return when it answers; at once when it runs already.

    Raises
    ------
    UserError
        When it cannot be started as asked.
    """
    layout = Layout(Path(root).resolve())
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        if owner(layout) is None:
            _launch(layout, port, s3_port, region)
        if (found := status(layout.root)).running:
            _check_ports(found, port, s3_port)
            return found
        # Someone else starts or stops it at this moment.
        if time.monotonic() > until:
            raise UserError(f"The local AWS did not answer: {layout.logs / 'supervisor.log'} says why.")
        time.sleep(0.02)


def stop(root: Path) -> bool:
    """Stop the folder's AWS and wait until it is gone; False when it did not run."""
    layout = Layout(Path(root).resolve())
    pid = owner(layout)
    if pid is None:
        return False
    # The lock's holder wrote the number, so it is that process and no later one of the same number.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_TIMEOUT_S
    while owner(layout) == pid:
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            until = time.monotonic() + STOP_TIMEOUT_S
        time.sleep(0.02)
    return True


def reset(root: Path) -> None:
    """Stop the folder's AWS and remove all its state: objects, catalog, query history, profile, ports.

    Raises
    ------
    UserError
        When the folder is no state folder.
    """
    layout = Layout(Path(root).resolve())
    if not layout.root.exists():
        return
    if not layout.marker.exists():
        raise UserError(f"{layout.root} holds no local AWS: nothing is removed.")
    stop(layout.root)
    for child in layout.root.iterdir():
        if child == layout.marker:
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
    layout.marker.unlink()  # last, so that an interrupted reset can go on


def _launch(layout: Layout, port: int | None, s3_port: int | None, region: str | None) -> None:
    options = {"--port": port, "--s3-port": s3_port, "--region": region}
    command = [sys.executable, "-m", "localaws", "serve", "--detached", "--root", str(layout.root)]
    for name, value in options.items():
        if value is not None:
            command += [name, str(value)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in this terminal, or its end, leaves the supervisor alone
        text=True,
    )
    # It closes its end of the pipe when it answers, or by ending.
    problem = process.stderr.read().strip()
    process.stderr.close()
    if problem and process.wait(START_TIMEOUT_S) != 0 and owner(layout) is None:
        raise UserError(problem.splitlines()[-1])


def _check_ports(found: Status, port: int | None, s3_port: int | None) -> None:
    for asked, endpoint in ((port, found.endpoint), (s3_port, found.s3_endpoint)):
        if asked is not None and urlsplit(endpoint).port != asked:
            raise UserError(
                f"The local AWS runs already at {found.endpoint} (S3 at {found.s3_endpoint}):"
                " stop it first to change its ports."
            )


def _answers(layout: Layout, endpoint: str) -> bool:
    """Whether the supervisor at an endpoint answers a request that is signed with the folder's key."""
    key = profile.read_key(layout)
    if key is None:
        return False
    host = urlsplit(endpoint).netloc
    request = sigv4.Request("GET", profile.HEALTH_PATH, "", {"host": host}, b"")
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request(
            "GET", profile.HEALTH_PATH, headers=sigv4.sign(request, key, DEFAULT_REGION, "health")
        )
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
