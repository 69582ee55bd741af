"""Job runs in the state database."""

from __future__ import annotations

import sqlite3
from typing import Any

from localaws import documents
from localaws.glue.named_documents import create_tables
from localaws.store import Store

ACTIVE = ("STARTING", "RUNNING", "STOPPING")


class RunTable:
    """The runs of all jobs.

    Parameters
    ----------
    store
        The state database.
    """

    def __init__(self, store: Store) -> None:
        create_tables(store)
        self.store = store

    def find(self, run_id: str) -> dict[str, Any] | None:
        """Give a run as GetJobRun answers it, or None."""
        rows = self.store.connection().execute("SELECT body FROM glue_job_run WHERE id = ?", (run_id,))
        row = rows.fetchone()
        return None if row is None else documents.loads(row["body"])

    def put(self, run: dict[str, Any]) -> None:
        """Store a run, new or changed."""
        with self.store.transaction() as db:
            db.execute(
                "INSERT INTO glue_job_run (id, job, started, state, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
                (
                    run["Id"],
                    run["JobName"],
                    run["StartedOn"].timestamp(),
                    run["JobRunState"],
                    documents.dumps(run),
                ),
            )

    def set_process(self, run_id: str, pid: int, started: float) -> None:
        """Store which process works at a run."""
        with self.store.transaction() as db:
            db.execute(
                "UPDATE glue_job_run SET pid = ?, pid_started = ? WHERE id = ?", (pid, started, run_id)
            )

    def active(self, job: str) -> int:
        """Count the runs of a job that have not ended."""
        marks = ", ".join("?" * len(ACTIVE))
        rows = self.store.connection().execute(
            f"SELECT count(*) FROM glue_job_run WHERE job = ? AND state IN ({marks})",  # noqa: S608 - marks only
            (job, *ACTIVE),
        )
        return rows.fetchone()[0]

    def of_job(self, job: str, after: list[Any] | None, limit: int) -> list[sqlite3.Row]:
        """Give runs of a job, the newest first: their columns id, started and body."""
        started, run_id = after or (float("inf"), "")
        rows = self.store.connection().execute(
            "SELECT id, started, body FROM glue_job_run WHERE job = ? AND (started, id) < (?, ?)"
            " ORDER BY started DESC, id DESC LIMIT ?",
            (job, started, run_id, limit),
        )
        return rows.fetchall()

    def unfinished(self) -> list[tuple[dict[str, Any], int | None, float | None]]:
        """Give the runs that have not ended, with the process of each."""
        marks = ", ".join("?" * len(ACTIVE))
        rows = self.store.connection().execute(
            f"SELECT body, pid, pid_started FROM glue_job_run WHERE state IN ({marks})",  # noqa: S608 - marks only
            ACTIVE,
        )
        return [(documents.loads(row["body"]), row["pid"], row["pid_started"]) for row in rows]
