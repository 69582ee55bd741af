"""Named documents of one kind in the state database: classifiers, crawlers, jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import resources
from typing import Any

from localaws import documents, paging
from localaws.store import Store

Document = dict[str, Any]


def create_tables(store: Store) -> None:
    """Make the tables of classifiers, crawlers, jobs and tags, where they are not there yet."""
    schema = resources.files("localaws.glue").joinpath("state.sql").read_text(encoding="utf-8")
    store.connection().executescript(schema)


class NamedDocuments:
    """The documents in one table of names and bodies.

    Parameters
    ----------
    store
        The state database.
    table
        The table, of `state.sql`.
    """

    def __init__(self, store: Store, table: str) -> None:
        create_tables(store)
        self.store = store
        self.table = table

    def find(self, name: str) -> Document | None:
        """Give the document of this name, or None."""
        row = self._execute("SELECT body FROM {} WHERE name = ?", (name,)).fetchone()
        return None if row is None else documents.loads(row["body"])

    def add(self, name: str, document: Document) -> bool:
        """Store a new document; False when the name is taken."""
        with self.store.transaction():
            taken = self.find(name) is not None
            if not taken:
                self.put(name, document)
        return not taken

    def put(self, name: str, document: Document) -> None:
        """Store a document, in place of the one that has the name."""
        with self.store.transaction():
            self._execute("INSERT OR REPLACE INTO {} VALUES (?, ?)", (name, documents.dumps(document)))

    def change(self, name: str, change: Callable[[Document], None]) -> Document | None:
        """Change a document in one transaction; None when there is none of this name."""
        with self.store.transaction():
            if (document := self.find(name)) is not None:
                change(document)
                self.put(name, document)
        return document

    def remove(self, name: str) -> bool:
        """Delete a document; False when there is none of this name."""
        with self.store.transaction():
            return self._execute("DELETE FROM {} WHERE name = ?", (name,)).rowcount > 0

    def all(self) -> list[Document]:
        """Give all documents by name."""
        return [documents.loads(row["body"]) for row in self._execute("SELECT body FROM {} ORDER BY name")]

    def page(
        self,
        member: str,
        next_token: str | None,
        limit: int,
        what: Callable[[str, Document], Any],
        error: str = "InvalidInputException",
    ) -> Document:
        """Give a page of an answer, `what` of each document under `member`; `error` is for a wrong token."""
        rows = self._execute(
            "SELECT name, body FROM {} WHERE name > ? ORDER BY name LIMIT ?",
            (paging.after(next_token, error) or "", limit + 1),
        ).fetchall()
        items = [what(row["name"], documents.loads(row["body"])) for row in rows]
        names = [row["name"] for row in rows]
        return paging.page(member, items, names, limit)

    def _execute(self, sql: str, values: Iterable[Any] = ()) -> Any:
        # The table's name is one of this package's own.
        return self.store.connection().execute(sql.format(self.table), tuple(values))
