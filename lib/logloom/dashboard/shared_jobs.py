"""Background callbacks of a server with several workers.

A job runs on a thread of the worker that was asked for it; what comes of it goes to the mailbox, from where
whichever worker the browser asks next hands it out.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from logloom.dashboard.access import roles
from logloom.dashboard.background import ABANDONED_SECONDS, LONG_POLL_SECONDS, Job, ThreadManager
from logloom.dashboard.mailbox import Mailbox

WATCH_SECONDS = 0.1
# So often the mailbox is told that a job still runs; it forgets what it does not hear of.
RENEW_SECONDS = 60


class SharedManager(ThreadManager):
    """`ThreadManager` whose results any worker may fetch, and whose jobs any worker may stop."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__()
        self._mailbox = mailbox
        self._watching: threading.Thread | None = None

    def call_job_fn(self, key, job_fn, args, context) -> str:
        self._mailbox.begin(key, _session())
        super().call_job_fn(key, job_fn, args, context)
        with self._lock:
            if self._watching is None or not self._watching.is_alive():
                self._watching = threading.Thread(target=self._watch, daemon=True, name="dashboard-watch")
                self._watching.start()
        return key

    def terminate_job(self, job) -> None:
        if job in self._jobs:
            super().terminate_job(job)
        elif self._mailbox.owner(job) == _session():
            self._mailbox.stop(job)

    def job_running(self, job) -> bool:
        return job in self._jobs or self._mailbox.runs(job)

    def get_progress(self, key):
        return self._mailbox.progress(key)

    def result_ready(self, key) -> bool:
        return self._mailbox.runs(key) and key not in self._jobs

    def get_result(self, key, job):
        here = self._jobs.get(key)
        if here is not None:
            here.asked = time.monotonic()
            if not here.done.wait(LONG_POLL_SECONDS):
                return self.UNDEFINED
        if self._mailbox.owner(key) != _session():
            return self.UNDEFINED
        there, result = self._mailbox.fetch(key, 0 if here else LONG_POLL_SECONDS)
        return result if there else self.UNDEFINED

    def _tell(self, job: Job, progress: Any) -> None:
        self._mailbox.tell(job.key, progress)

    def _finish(self, job: Job) -> None:
        try:
            self._mailbox.finish(job.key, job.result)
        finally:
            with self._lock:
                self._jobs.pop(job.key, None)
            job.done.set()

    def _watch(self) -> None:
        """While jobs run here: stop those that another worker was told to stop, or that nobody asks for."""
        renewed = time.monotonic()
        while jobs := list(self._jobs.values()):
            time.sleep(WATCH_SECONDS)
            now = time.monotonic()
            if renew := now - renewed > RENEW_SECONDS:
                renewed = now
            for job in jobs:
                asked = max(job.asked, now - (time.time() - self._mailbox.asked(job.key)))
                if self._mailbox.is_to_stop(job.key) or now - asked > ABANDONED_SECONDS:
                    job.cancellation.cancel()
                if renew and job.key in self._jobs:
                    self._mailbox.begin(job.key, job.who.session if job.who else "")


def _session() -> str:
    who = roles.current()
    return who.session if who else ""
