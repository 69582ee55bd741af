"""Stand-in for Athena in the dashboard's tests: the dashboard's real SQL on seeded rows, by DuckDB.

It shows what a panel asks and answers from known rows; that the same SQL is Athena's SQL is for the tests
with the local AWS.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import sqlglot
from logloom.queries import QueryResult

END = datetime(2026, 3, 15)
SPIKE = datetime(2026, 3, 10, 14)
LEVEL_OF = {2: "INFO", 3: "INFO", 4: "WARNING", 5: "ERROR"}

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "javascript:window.hacked=1",
    "[click](javascript:window.hacked=1)",
    '"><svg onload=window.hacked=1>',
    "\x1b[31mred\x1b[0m",
    "=cmd|' /C calc'!A0",
    "\u202egpj.exe",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "</title><script>window.hacked=1</script>",
]


def tables(days: int = 14, seed: int = 7) -> dict[str, pd.DataFrame]:
    """logs, log_counts, log_audit of three sources over `days` days that end at `END`."""
    rng = np.random.default_rng(seed)
    rows = []
    start = END - timedelta(days=days)
    paths = ["/", "/cart", "/api/orders?id=7", "/login", "/static/app.js", "/wp-login.php"]
    clients = [f"192.0.2.{n}" for n in range(1, 40)]
    for source in ("shop_access", "api_access", "billing_app"):
        for hour in range(days * 24):
            at = start + timedelta(hours=hour)
            busy = 1 + np.sin((at.hour - 7) / 24 * 2 * np.pi)
            many = int(rng.poisson(3 + 8 * busy))
            if at == SPIKE and source == "api_access":
                many *= 12
            for line in range(many):
                moment = at + timedelta(seconds=float(rng.uniform(0, 3599)))
                rows.append((moment, source, line, at == SPIKE))
    frame = pd.DataFrame(rows, columns=["timestamp", "source", "n", "spike"])
    count = len(frame)
    access = frame["source"].str.endswith("_access").to_numpy()
    shares = np.where(frame["spike"].to_numpy()[:, None], [0.2, 0.05, 0.15, 0.6], [0.80, 0.08, 0.09, 0.03])
    status = np.array([200, 301, 404, 502])[
        (rng.random((count, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    ]
    app_level = rng.choice(
        ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL"], count, p=[0.02, 0.1, 0.7, 0.1, 0.07, 0.01]
    )
    path = rng.choice(paths, count)
    split = [one.partition("?") for one in path]
    frame["log_level"] = np.where(access, [LEVEL_OF[s // 100] for s in status], app_level)
    frame["http_response_status_code"] = pd.array(
        [int(s) if a else None for s, a in zip(status, access, strict=True)], dtype="Int32"
    )
    frame["http_request_method"] = [
        m if a else None
        for m, a in zip(rng.choice(["GET", "POST"], count, p=[0.9, 0.1]), access, strict=True)
    ]
    frame["url_path"] = [s[0] if a else None for s, a in zip(split, access, strict=True)]
    frame["url_query"] = [s[2] or None if a else None for s, a in zip(split, access, strict=True)]
    frame["client_address"] = [
        c if a else None for c, a in zip(rng.choice(clients, count), access, strict=True)
    ]
    frame["http_response_body_size"] = pd.array(
        [int(b) if a else None for b, a in zip(rng.integers(200, 90_000, count), access, strict=True)],
        dtype="Int64",
    )
    messages = ["payment declined by provider", "retrying order 4711", "connection reset by peer"]
    frame["message"] = [None if a else m for m, a in zip(rng.choice(messages, count), access, strict=True)]
    frame["format"] = np.where(access, "nginx_access", "python_logging")
    frame["service_name"] = None
    frame["user_agent_original"] = None
    frame["http_request_header_referer"] = None
    frame["attributes"] = None
    frame["timestamp"] = frame["timestamp"].dt.floor("ms")
    frame["dt"] = frame["timestamp"].dt.strftime("%Y-%m-%d")
    frame["log_file_path"] = "s3://logloom/logs/raw/" + frame["source"] + "/" + frame["dt"] + ".log"
    frame["log_file_line"] = np.arange(1, count + 1)
    # The newest rows are the hostile ones, on the table's first page.
    hostile = frame[frame["source"] == "billing_app"].nlargest(len(HOSTILE), "timestamp").index
    frame.loc[hostile, "message"] = HOSTILE
    frame.loc[hostile, "log_level"] = "ERROR"
    frame.loc[hostile[:1], "service_name"] = HOSTILE[0]
    frame = frame.drop(columns=["n", "spike"])
    counts = (
        frame.assign(minute=frame["timestamp"].dt.floor("min"), bytes=frame["http_response_body_size"])
        .groupby(
            [
                "minute",
                "source",
                "log_level",
                "http_response_status_code",
                "http_request_method",
                "log_file_path",
                "dt",
            ],
            dropna=False,
        )
        .agg(events=("timestamp", "size"), bytes=("bytes", "sum"))
        .reset_index()
    )
    audit = (
        frame.groupby(["source", "log_file_path"])
        .agg(
            lines_read=("timestamp", "size"),
            first_event=("timestamp", "min"),
            last_event=("timestamp", "max"),
            dropped=("log_level", lambda levels: levels.isin(["TRACE", "DEBUG", "INFO"]).sum()),
        )
        .reset_index()
    )
    audit["lines_dropped"] = audit.pop("dropped")
    audit["lines_kept"] = audit["lines_read"] - audit["lines_dropped"]
    for column in ("lines_rejected", "lines_joined", "lines_blank"):
        audit[column] = 0
    # One source has lines that no format matched.
    rejecting = audit["source"] == "billing_app"
    audit.loc[rejecting, "lines_rejected"] = len(HOSTILE)
    audit.loc[rejecting, "lines_read"] += len(HOSTILE)
    rejects = pd.DataFrame(
        [
            (line, "no format matched", row.source, row.log_file_path, 5000 + n, str(row.first_event.date()))
            for row in audit[rejecting].itertuples()
            for n, line in enumerate(HOSTILE)
        ],
        columns=["raw_line", "reason", "source", "log_file_path", "log_file_line", "dt"],
    )
    audit["object_size"] = audit["lines_read"] * 180
    audit["etag"] = "0123456789abcdef"
    audit["batch_id"] = "b1"
    audit["committed_at"] = END + timedelta(minutes=5)
    audit["dt"] = audit["committed_at"].dt.strftime("%Y-%m-%d")
    kept = frame[frame["log_level"].isin(["WARNING", "ERROR", "FATAL"])]
    return {"logs": kept, "log_counts": counts, "log_audit": audit, "log_rejects": rejects}


class FakeAthena:
    """Answers as `logloom.dashboard.athena.Athena` does. `delay` seconds a query; `fail` raises instead."""

    def __init__(self, frames: dict[str, pd.DataFrame] | None = None) -> None:
        self.database = duckdb.connect()
        self.database.execute("SET threads = 1")
        self.database.execute("SET TimeZone = 'UTC'")
        self.lock = threading.Lock()
        self.delay = 0.0
        self.fail: Exception | None = None
        self.asked: list[tuple[str, tuple]] = []
        self.stopped: list[str] = []
        self.commits = 0
        for name, frame in (tables() if frames is None else frames).items():
            self.database.register("incoming", frame)
            self.database.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
            self.database.unregister("incoming")

    def version(self) -> str:
        return str(self.commits)

    def run_sql(self, sql, parameters=(), *, cancellation=None, on_progress=None, version="") -> QueryResult:
        if self.fail:
            raise self.fail
        query = f"q{len(self.asked)}"
        self.asked.append((sql, tuple(parameters)))
        if self.delay:
            if on_progress:
                on_progress("RUNNING", 1_000_000)
            with cancellation.on_cancel(lambda: self.stopped.append(query)):
                cancellation.wait(self.delay)
        frame = self.sql(sql, parameters)
        return QueryResult(frame, sql, tuple(parameters), 12_345, 7, query)

    def sql(self, sql: str, parameters=()) -> pd.DataFrame:
        """Run SQL as Athena would; also for the tests themselves, to say what is right."""
        translated = sqlglot.transpile(sql, read="athena", write="duckdb")[0]
        with self.lock:
            return self.database.cursor().execute(translated, list(parameters)).df()
