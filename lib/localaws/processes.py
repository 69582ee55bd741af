"""Child processes that end with the supervisor, however it ends."""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

PR_SET_PDEATHSIG = 1

# Loaded before any fork: the child may only call it.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Spawner:
    """Starts child processes from one thread that lives as long as the supervisor.

    Linux kills such a child with its parent, even when that dies by `kill -9` (PR_SET_PDEATHSIG in prctl(2)).
    But the parent is the thread that forked: a thread that serves one request must not start them itself.
    """

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="spawner", daemon=True).start()

    def popen(self, command: Sequence[str], **arguments: Any) -> subprocess.Popen:
        """Start a program; the arguments are those of `subprocess.Popen`.

        Raises
        ------
        OSError
            As `subprocess.Popen` raises it.
        """
        outcome: list[Any] = []

        def start() -> None:
            try:
                outcome.append(subprocess.Popen(command, preexec_fn=_die_with(os.getpid()), **arguments))
            except BaseException as error:  # noqa: BLE001 (raised in the caller's thread)
                outcome.append(error)

        done = threading.Event()
        self._wanted.put((start, done))
        done.wait()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    def _work(self) -> None:
        while True:
            start, done = self._wanted.get()
            start()
            done.set()


def _die_with(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before we asked
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def end(process: subprocess.Popen, patience: float = 5.0) -> None:
    """End a child: asked first, killed when it does not heed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
