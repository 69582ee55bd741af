"""One statement on Athena: started, followed closely, stopped when the job that asked is cancelled.

What `logloom.queries` does for notebooks in one blocking call is done here with the hand on the running
query: its id, to stop it; short waits, so that a panel is not a second late; and no data frame library
between.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from botocore.config import Config

from logloom import aws, queries
from logloom.dashboard.background import Cancellation
from logloom.errors import QueryFailed
from logloom.queries import QueryResult
from logloom.settings import Settings

# Seconds between two looks at a running query: the first answers of a local Athena come in milliseconds, on
# AWS in a second and more, where its limit of GetQueryExecution calls is to be spared.
_WAITS = (0.004, 0.006, 0.01, 0.02, 0.03, 0.05, 0.05, 0.1, 0.1, 0.2, 0.2, 0.3)

# How old a result may be that Athena takes again: a day, of the seven that it may be.
REUSE_MINUTES = 24 * 60


class Athena:
    """The Athena of one set of settings; safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    @property
    def client(self):
        return self._of("athena")

    @property
    def s3(self):
        return self._of("s3")

    def _of(self, service: str):
        with self._lock:  # a boto3 session is not made from two threads at once; its clients may be shared
            if not self._clients:
                config = Config(
                    max_pool_connections=50, retries={"mode": "standard", "max_attempts": 5}, read_timeout=30
                )
                session = aws.session(self._settings)
                self._clients = {name: session.client(name, config=config) for name in ("athena", "s3")}
            return self._clients[service]

    def run_sql(
        self,
        sql: str,
        parameters: Sequence[Any] = (),
        *,
        cancellation: Cancellation | None = None,
        on_progress: Callable[[str, int], None] | None = None,
        version: str = "",
    ) -> QueryResult:
        """Run `sql` with its ``?`` filled by `parameters` (text and numbers).

        `on_progress` hears the state and the bytes scanned so far. With the `version` of the tables Athena
        may take a result that it has of the same query and version (https://docs.aws.amazon.com/athena/latest/
        ug/reusing-query-results.html). Its reuse knows nothing of the data, only of the text: so the version
        is in the text.

        Raises
        ------
        QueryFailed
            With Athena's reason.
        Cancelled
            The query has been stopped in Athena too.
        """
        cancellation = cancellation or Cancellation()
        request = {
            "QueryString": f"{sql.rstrip()}\n-- tables {version}" if version else sql,
            "QueryExecutionContext": {"Database": self._settings.database},
            "WorkGroup": self._settings.workgroup,
            "ResultConfiguration": {"OutputLocation": self._settings.athena_output_location},
        }
        if version:
            age = {"Enabled": True, "MaxAgeInMinutes": REUSE_MINUTES}
            request["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": age}
        if parameters:
            request["ExecutionParameters"] = [queries.literal(value) for value in parameters]
        query = self.client.start_query_execution(**request)["QueryExecutionId"]
        with cancellation.on_cancel(lambda: self.client.stop_query_execution(QueryExecutionId=query)):
            execution = self._wait(query, cancellation, on_progress)
            frame = self._rows(query)
        statistics = execution.get("Statistics", {})
        return QueryResult(
            frame,
            sql,
            tuple(parameters),
            int(statistics.get("DataScannedInBytes", 0)),
            int(statistics.get("EngineExecutionTimeInMillis", 0)),
            query,
        )

    def version(self) -> str:
        """Names the state of the tables: it changes with every commit of the job (a row of log_audit, so an
        object below it) and whenever dates are moved or go, and costs three listings instead of a query.
        While a run has the tables (a ticket of its lock) the state has another name than afterwards: the
        catalog follows a commit a moment later, and what is read between is not to be kept beyond."""
        settings, digest = self._settings, hashlib.sha256()
        for folder in ("log_audit/", "_state/places.json", "_lock/waiting/"):
            prefix = f"{settings.cleaned_prefix}/{folder}"
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix)
            for page in pages:
                for entry in page.get("Contents", ()):
                    digest.update(f"{entry['Key']} {entry['ETag']}\n".encode())
        return digest.hexdigest()

    def _wait(self, query: str, cancellation: Cancellation, on_progress) -> dict[str, Any]:
        looks, told = 0, time.monotonic()
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                return execution
            if state in ("FAILED", "CANCELLED"):
                cancellation.wait(0)
                raise QueryFailed(
                    execution["Status"].get("StateChangeReason") or f"the query {state.lower()}"
                )
            if on_progress and time.monotonic() - told > 0.25:
                told = time.monotonic()
                on_progress(state, int(execution.get("Statistics", {}).get("DataScannedInBytes", 0)))
            cancellation.wait(_WAITS[min(looks, len(_WAITS) - 1)])
            looks += 1

    def _rows(self, query: str) -> pd.DataFrame:
        request: dict[str, Any] = {"QueryExecutionId": query, "MaxResults": 1000}
        rows, columns, first = [], None, True
        while True:
            page = self.client.get_query_results(**request)
            found = page["ResultSet"]["Rows"]
            if first:
                columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
                found, first = found[1:], False  # the first row of a SELECT is its header
            rows.extend([cell.get("VarCharValue") for cell in row["Data"]] for row in found)
            if not page.get("NextToken"):
                return frame(rows, [(column["Name"], column["Type"]) for column in columns])
            request["NextToken"] = page["NextToken"]


def frame(rows: Sequence[Sequence[str | None]], columns: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Athena's texts as a data frame: integers as Int64, times as datetime64 (UTC without a zone)."""
    values = {}
    for position, (name, kind) in enumerate(columns):
        column = [row[position] for row in rows]
        if kind in ("tinyint", "smallint", "integer", "bigint"):
            values[name] = pd.array([None if v is None else int(v) for v in column], dtype="Int64")
        elif kind in ("double", "float", "real", "decimal"):
            values[name] = np.array([np.nan if v is None else float(v) for v in column], dtype=float)
        elif kind == "boolean":
            values[name] = pd.array([None if v is None else v == "true" for v in column], dtype="boolean")
        elif kind == "date" or kind.startswith("timestamp"):
            plain = [None if v is None else v.removesuffix(" UTC") for v in column]
            values[name] = pd.to_datetime(pd.Series(plain, dtype=object), format="ISO8601")
        else:
            values[name] = pd.Series(column, dtype=object)
    return pd.DataFrame(values, columns=[name for name, _ in columns])
