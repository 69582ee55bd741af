"""What the workers of one server tell each other of running jobs.

A browser's next question of a job comes to any of them; the job runs in the one that it was given to.

A folder of diskcache (SQLite), for its owner alone: what lies in it is pickled.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import diskcache

# What nobody fetches is forgotten; a page that polls asks all the time.
KEPT_SECONDS = 300
LARGEST_BYTES = 512_000_000
_NOTHING = object()


class Mailbox:
    """Jobs of all workers: which run, what came of them, which are to stop."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cache = diskcache.Cache(
            str(folder), size_limit=LARGEST_BYTES, sqlite_synchronous=0, sqlite_journal_mode="wal"
        )

    def begin(self, job: str, owner: str) -> None:
        """A job of `owner` (a session, "" without a login) runs in this process."""
        self._put("job", job, (os.getpid(), owner))

    def owner(self, job: str) -> str | None:
        found = self._cache.get(("job", job))
        return found[1] if found else None

    def runs(self, job: str) -> bool:
        """Whether the job runs, or its result waits to be fetched; not where its worker is gone."""
        found = self._cache.get(("job", job))
        return found is not None and (("result", job) in self._cache or lives(found[0]))

    def finish(self, job: str, result: Any) -> None:
        self._put("result", job, result)

    def fetch(self, job: str, seconds: float) -> tuple[bool, Any]:
        """Whether there is a result within so many seconds, and it; it is given once."""
        until = time.monotonic() + seconds
        self._put("asked", job, time.time())
        while True:
            result = self._cache.pop(("result", job), default=_NOTHING)
            if result is not _NOTHING:
                self.forget(job)
                return True, result
            if time.monotonic() > until or not self.runs(job):
                return False, None
            time.sleep(0.005)

    def tell(self, job: str, progress: Any) -> None:
        self._put("progress", job, progress)

    def progress(self, job: str) -> Any:
        return self._cache.pop(("progress", job))

    def stop(self, job: str) -> None:
        """Ask the worker that has the job to cancel it."""
        self._put("stop", job, True)

    def is_to_stop(self, job: str) -> bool:
        return ("stop", job) in self._cache

    def asked(self, job: str) -> float:
        """When the job was last asked for (Unix time), by any worker; 0 for never."""
        return self._cache.get(("asked", job), default=0.0)

    def forget(self, job: str) -> None:
        for kind in ("job", "result", "progress", "stop", "asked"):
            self._cache.delete((kind, job))

    def _put(self, kind: str, job: str, value: Any) -> None:
        self._cache.set((kind, job), value, expire=KEPT_SECONDS)


def lives(process: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
