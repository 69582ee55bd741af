"""What the workers must agree on: sessions, failed logins, pseudonyms. One SQLite file, mode 0600."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

BUSY_SECONDS = 10


class State:
    """The file; a connection for each thread. Processes that are forked later open their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        schema = resources.files(__package__).joinpath("state.sql").read_text(encoding="utf-8")
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema)
        connection.close()

    def rows(self, sql: str, *values) -> list[tuple]:
        return self._connection().execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer comes between; undone where the block raises."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        made = getattr(self._local, "made", None)
        if made is None or made[0] != os.getpid():
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA synchronous = NORMAL")
            made = self._local.made = (os.getpid(), connection)
        return made[1]
