"""One supervisor a state folder: the lock that it holds until its process ends."""

from __future__ import annotations

import fcntl
import os
import time
from typing import IO

from localaws.layout import Layout, UserError

# Whoever asks for the owner holds the lock for an instant: that is no other supervisor.
GLANCE_S = 0.2


class AlreadyRunning(UserError):
    """Another supervisor serves the folder."""


def lock(layout: Layout) -> IO[str]:
    """Take the folder's lock; it is freed when the file is closed or the process ends, however it ends.

    Raises
    ------
    AlreadyRunning
        When another process holds it.
    """
    file = layout.lock.open("a+")
    until = time.monotonic() + GLANCE_S
    while not _locked(file):
        if time.monotonic() > until:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise AlreadyRunning(
                f"Another supervisor (process {holder}) serves {layout.root}:"
                " stop it with `python -m localaws stop`."
            )
        time.sleep(0.01)
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def owner(layout: Layout) -> int | None:
    """Give the process that serves the folder; None when none does."""
    try:
        file = layout.lock.open("r")
    except OSError:
        return None  # no folder of ours: `Layout.prepare` says what is wrong with it
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            text = file.read().strip()
            return int(text) if text.isdecimal() else -1
        return None
