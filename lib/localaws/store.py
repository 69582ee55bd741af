"""One SQLite file that holds the state of every service, committed before an answer leaves.

A write that a client saw acknowledged survives `kill -9` of the supervisor and a loss of power: the journal
is a write-ahead log that is synced at each commit (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_TIMEOUT_S = 30.0


class Store:
    """The state database of one root folder: a connection a thread, one writer at a time.

    Each service creates its own tables (``CREATE TABLE IF NOT EXISTS …``) in its constructor.

    Parameters
    ----------
    path
        The database file; its folder is made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        # SQLite lets writers poll for its lock with growing pauses; a Python lock hands it over at once.
        self._writer = threading.RLock()
        self.connection()

    def connection(self) -> sqlite3.Connection:
        """Give the calling thread's connection, opened at first use; for reading, or inside `transaction`.

        It is in autocommit mode, rows are `sqlite3.Row`.
        """
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write atomically: committed at the end of the block, rolled back when it raises.

        A block inside another of the same thread joins it: all is committed with the outermost, or nothing.

        Yields
        ------
        sqlite3.Connection
            The thread's connection, in a transaction that no other writer can overtake.

        Raises
        ------
        sqlite3.Error
            As SQLite raises it (a full disk among them); nothing is written then.
        """
        db = self.connection()
        if db.in_transaction:
            yield db
            return
        with self._writer:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # SQLite itself has rolled back after some errors
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the calling thread's connection; those of other threads close when the threads end."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None
