"""Dash's background callbacks on threads of this process.

Dash's own managers fork a process for each callback (DiskcacheManager: some 100 ms, and unsafe in a
notebook's kernel) or need a broker (Celery). Here a callback spends its life waiting for Athena, which a
thread does as well; and the request that asks for the result waits for it a little (long poll), so that the
answer is there some milliseconds after Athena's.
"""

from __future__ import annotations

import contextvars
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate

from logloom.dashboard import faults
from logloom.dashboard.access import roles

THREADS = 32
# How long a request waits for its result. A browser opens six connections to a host: what waits too long
# blocks the others.
LONG_POLL_SECONDS = 0.1
POLL_INTERVAL_MS = 20
# A page that asks no more is closed: its query is stopped. (Browsers slow the timers of a hidden tab to one a
# minute.)
ABANDONED_SECONDS = 180


class Cancelled(Exception):
    """The user, or a newer question of the same panel, cancelled this job."""


class Cancellation:
    """Tells a running job to stop; what it waits for can be stopped too (`on_cancel`)."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, or raise Cancelled as soon as it is."""
        if self._event.wait(seconds):
            raise Cancelled

    def cancel(self) -> None:
        with self._lock:
            already, actions = self._event.is_set(), list(self._actions)
            self._event.set()
        if not already:
            for action in actions:
                action()

    @contextmanager
    def on_cancel(self, action: Callable[[], None]) -> Iterator[None]:
        """Call `action` if the job is cancelled while the block runs."""
        with self._lock:
            late = self._event.is_set()
            self._actions.append(action)
        try:
            if late:
                action()
                raise Cancelled
            yield
        finally:
            with self._lock:
                self._actions.remove(action)


_current: contextvars.ContextVar[Cancellation] = contextvars.ContextVar("logloom_cancellation")


def run_under(cancellation: Cancellation) -> None:
    """What runs from here on in this context stops when `cancellation` says so."""
    _current.set(cancellation)


def current() -> Cancellation:
    """The cancellation of the job that runs in this thread; outside of a job one that nobody cancels."""
    return _current.get(None) or Cancellation()


@dataclass
class Job:
    key: str
    who: roles.Who | None
    cancellation: Cancellation = field(default_factory=Cancellation)
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    progress: Any = None
    asked: float = field(default_factory=time.monotonic)


class ThreadManager(BaseBackgroundCallbackManager):
    """One app's background callbacks; results live in this process's memory until the page has fetched them.

    Dash hands every callback to every manager there is, by a key made of the function's source: two apps in
    one kernel would run each other's functions. A manager therefore takes only what is registered inside
    `registering()`.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._open = False
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._secret: bytes | None = None
        self._threads, self._pool = threads, None
        self.at_stop: list[Callable[[], None]] = []
        super().__init__(cache_by=None)

    @contextmanager
    def registering(self) -> Iterator[None]:
        self._open = True
        try:
            yield
        finally:
            self._open = False

    def register(self, key, fn, progress) -> None:
        if self._open:
            super().register(key, fn, progress)

    def build_cache_key(self, fn, args, cache_args_to_ignore, triggered) -> str:
        # One of its own for each call: with a key made of the arguments, of two people who ask the same at
        # once one gets the answer and the other nothing. (That it costs one query only is the data layer's
        # work.)
        return uuid.uuid4().hex

    def get_or_create_signing_secret(self, generate) -> bytes:
        with self._lock:
            self._secret = self._secret or generate()
            return self._secret

    def make_job_fn(self, fn, progress, key=None):
        def run(job: Job, args: Any, context: dict[str, Any]) -> None:
            def set_progress(value: Any) -> None:
                self._tell(job, value if isinstance(value, (list, tuple)) else [value])

            _current.set(job.cancellation)
            context_value.set(AttributeDict(**{**context, "ignore_register_page": False}))
            first = [set_progress] if progress else []
            try:
                job.result = fn(*first, **args) if isinstance(args, dict) else fn(*first, *args)
            except PreventUpdate:
                job.result = {"_dash_no_update": "_dash_no_update"}
            except Exception as error:  # noqa: BLE001
                reference = faults.record(error, "a callback of the dashboard failed")
                job.result = {"background_callback_error": {"msg": f"reference {reference}", "tb": ""}}
            finally:
                self._finish(job)

        return run

    def _tell(self, job: Job, progress: Any) -> None:
        job.progress = progress

    def _finish(self, job: Job) -> None:
        job.done.set()

    def call_job_fn(self, key, job_fn, args, context) -> str:
        self._forget_abandoned()
        job = Job(key, roles.current())
        with self._lock:
            # Made at the first call, not before: a forked server (gunicorn) has no threads of its parent.
            self._pool = self._pool or ThreadPoolExecutor(self._threads, thread_name_prefix="dashboard")
            self._jobs[key] = job
        own = contextvars.Context()
        own.run(roles.become, job.who)
        self._pool.submit(own.run, job_fn, job, args, context)
        return key

    def terminate_job(self, job) -> None:
        found = self._jobs.get(job)
        if found and not found.done.is_set():
            found.cancellation.cancel()

    def stop(self) -> None:
        """Cancel all that runs: the server ends."""
        with self._lock:
            jobs, self._jobs, pool = list(self._jobs.values()), {}, self._pool
        for job in jobs:
            job.cancellation.cancel()
        for action in self.at_stop:
            action()
        if pool:
            pool.shutdown(wait=False, cancel_futures=True)

    def terminate_unhealthy_job(self, job) -> bool:
        return False

    def job_running(self, job) -> bool:
        return job in self._jobs

    def get_progress(self, key):
        job = self._jobs.get(key)
        if job is None:
            return None
        progress, job.progress = job.progress, None
        return progress

    def result_ready(self, key) -> bool:
        job = self._jobs.get(key)
        return job is not None and job.done.is_set()

    def get_result(self, key, job):
        found = self._jobs.get(key)
        if found is None:
            return self.UNDEFINED
        found.asked = time.monotonic()
        if not found.done.wait(LONG_POLL_SECONDS):
            return self.UNDEFINED
        with self._lock:
            self._jobs.pop(key, None)
        return found.result

    def get_updated_props(self, key):
        return {}  # set_props inside of a background callback is not supported: return outputs

    def _forget_abandoned(self) -> None:
        now = time.monotonic()
        with self._lock:
            gone = [key for key, job in self._jobs.items() if now - job.asked > ABANDONED_SECONDS]
            jobs = [self._jobs.pop(key) for key in gone]
        for job in jobs:
            job.cancellation.cancel()
