"""Answers for the panels: one query for all who ask, kept until the tables change."""

from __future__ import annotations

import contextvars
import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from logloom.dashboard import background
from logloom.dashboard.access.veil import Hidden, Veil
from logloom.dashboard.answers import Answers
from logloom.dashboard.athena import Athena
from logloom.dashboard.background import Cancelled
from logloom.dashboard.statements import SEARCHED, Statement
from logloom.errors import LogloomError, QueryFailed
from logloom.queries import QueryResult, price
from logloom.settings import Settings

log = logging.getLogger(__name__)

KEPT_ANSWERS = 500
# Panels that ask in the same moment share one look at the state of the tables.
VERSION_SECONDS = 0.5


class Queries(Protocol):
    """What the dashboard needs of Athena; the tests put another behind it."""

    def run_sql(
        self, sql: str, parameters: Sequence[Any] = (), *, cancellation, on_progress, version: str
    ) -> QueryResult: ...

    def version(self) -> str: ...


@dataclass(frozen=True)
class Answer:
    """Rows, and how they came: for the line that every panel shows."""

    frame: pd.DataFrame
    sql: str
    parameters: tuple[Any, ...]
    data_scanned_bytes: int
    price: float
    seconds: float
    cached: bool


class Trouble(LogloomError):
    """A query that gave no answer: a short title, and what the user can do."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__(text)
        self.title = title


class Data:
    """Access to the tables of one set of settings; shared by all threads of the server."""

    def __init__(
        self,
        settings: Settings,
        queries: Queries | None = None,
        veil: Veil | None = None,
        answers: Answers | None = None,
    ) -> None:
        self.settings = settings
        self.veil = veil
        self.shared = answers
        self.queries: Queries = queries or Athena(settings)
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, QueryResult] = OrderedDict()
        self._running: dict[str, Future[QueryResult]] = {}
        self._version: tuple[float, str] | None = None
        self._early: ThreadPoolExecutor | None = None
        self._ending = background.Cancellation()

    def ask(self, statement: Statement, on_progress: Callable[[str, int], None] | None = None) -> Answer:
        """Run `statement`, or take its answer from the cache when nothing was loaded since.

        Raises
        ------
        Trouble
            Whatever went wrong, in words for the panel.
        Cancelled
            The job that asked was cancelled.
        """
        began = time.monotonic()
        veil = self.veil if self.veil and self.veil.down else None
        try:
            asked = veil.question(statement, SEARCHED) if veil else statement
            result, cached = self._ask(asked, on_progress)
        except Cancelled:
            raise
        except Hidden:
            raise Trouble(
                "Not for your role",
                "Addresses, user names, tokens and mail addresses are shown to you as pseudonyms: "
                "filter by those.",
            ) from None
        except Exception as error:
            told = trouble(error)
            raise (Trouble(told.title, veil.text(str(told))) if veil else told) from error
        return Answer(
            veil.answer(result.frame, statement.column) if veil else result.frame,
            result.sql,
            statement.parameters,
            result.data_scanned_bytes,
            price(self.settings, result.data_scanned_bytes),
            time.monotonic() - began,
            cached,
        )

    def soon(self, statement: Statement, seconds: float) -> Answer | None:
        """The answer, if it is there in so many seconds; the query goes on, for who asks next."""
        with self._lock:
            self._early = self._early or ThreadPoolExecutor(2, thread_name_prefix="dashboard-early")
        try:
            # In this request's context: who asks decides what comes.
            context = contextvars.copy_context()
            context.run(background.run_under, self._ending)
            return self._early.submit(context.run, self.ask, statement).result(timeout=seconds)
        except (TimeoutError, Trouble):
            return None

    def stop(self) -> None:
        """Stop what runs for nobody's job: the server ends."""
        self._ending.cancel()

    def ask_all(
        self, *statements: Statement, on_progress: Callable[[str, int], None] | None = None
    ) -> list[Answer]:
        """Ask several at once; the answers in their order."""
        with ThreadPoolExecutor(len(statements)) as pool:
            # Each thread sees this job's cancellation.
            asked = [
                pool.submit(contextvars.copy_context().run, self.ask, statement, on_progress)
                for statement in statements
            ]
            return [future.result() for future in asked]

    def _ask(self, statement: Statement, on_progress) -> tuple[QueryResult, bool]:
        version = self._version_now()
        # Other dashboards may keep their answers in the same Redis.
        where = [self.settings.profile, self.settings.region, self.settings.bucket, self.settings.database]
        identity = [*where, statement.sql, list(statement.parameters), version]
        key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key], True
            running, mine = self._running.get(key), None
            if running is None:
                running = mine = self._running[key] = Future()
        if mine is None:
            return self._join(running, statement, on_progress)
        try:
            result, cached = self._of_all_processes(key, statement, version, on_progress)
        except BaseException as error:
            with self._lock:
                del self._running[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._answers[key] = result
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
            del self._running[key]
        mine.set_result(result)
        return result, cached

    def _of_all_processes(
        self, key: str, statement: Statement, version: str, on_progress
    ) -> tuple[QueryResult, bool]:
        """The answer that another process has, or is about to have; else Athena's, for all of them."""

        def run() -> QueryResult:
            return self.queries.run_sql(
                statement.sql,
                statement.parameters,
                cancellation=background.current(),
                on_progress=on_progress,
                version=version,
            )

        if self.shared is None:
            return run(), False
        while (found := self.shared.get(key)) is None:
            with self.shared.running(key) as mine:
                # It may have come between the look and the lease.
                if mine and (found := self.shared.get(key)) is None:
                    result = run()
                    self.shared.put(key, result)
                    return result, False
            wait = 0.005
            while found is None and self.shared.is_running(key):
                background.current().wait(wait)
                wait = min(wait * 1.5, 0.1)
            if found is not None:
                break
        return found, True

    def _join(self, running: Future, statement: Statement, on_progress) -> tuple[QueryResult, bool]:
        """Wait for another's query of the same; when that one is cancelled, this one runs its own."""
        cancellation = background.current()
        while not running.done():
            cancellation.wait(0.005)
        try:
            return running.result(), True
        except Cancelled:
            return self._ask(statement, on_progress)

    def _version_now(self) -> str:
        with self._lock:
            known = self._version
        if known is None or time.monotonic() - known[0] > VERSION_SECONDS:
            asked = time.monotonic()
            known = (asked, self.queries.version())
            with self._lock:
                self._version = known
        return known[1]


_BUSY = ("ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
_NOT_ALLOWED = (
    "AccessDeniedException",
    "AccessDenied",
    "UnrecognizedClientException",
    "ExpiredTokenException",
)


def trouble(error: Exception) -> Trouble:
    """Say what a failed query means for the one who looks at the panel; the whole of it goes to the log."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        text = error.response.get("Error", {}).get("Message", "")
        if code in _BUSY:
            return Trouble("Athena is busy", "It takes no more queries right now: refresh in a moment.")
        if code in _NOT_ALLOWED or code.startswith("ExpiredToken"):
            return Trouble("AWS refuses", f"{text or code} Check the profile's credentials and permissions.")
        if code == "NoSuchBucket":
            return Trouble("No data yet", "The bucket does not exist yet: run notebook 01_land.")
        return Trouble("AWS answers with an error", f"{code}: {text}")
    if isinstance(error, QueryFailed):
        return _failed(str(error))
    if isinstance(error, LogloomError):
        return Trouble("No answer", str(error))
    if isinstance(error, BotoCoreError):
        return Trouble("AWS does not answer", f"{error} Is the local AWS running (`logloom local start`)?")
    log.error("a query of the dashboard failed", exc_info=error)
    return Trouble(
        "Something is wrong in the dashboard", f"{type(error).__name__}; the server's log has more."
    )


def _failed(reason: str) -> Trouble:
    lower = reason.lower()
    if any(
        word in lower for word in ("table_not_found", "schema_not_found", "does not exist", "database not f")
    ):
        return Trouble("No data yet", "The tables do not exist yet: run notebook 03_transform.")
    if "bytes scanned limit" in lower:
        return Trouble(
            "Too much to scan",
            "The workgroup's limit of bytes a query was reached: choose a shorter range or fewer sources.",
        )
    if ("exceeded" in lower and "rate" in lower) or "throttl" in lower:
        return Trouble("Athena is busy", "It takes no more queries right now: refresh in a moment.")
    if "regex" in lower or "pattern" in lower:
        return Trouble("Not a regular expression", reason)
    return Trouble("Athena could not run the query", reason)
