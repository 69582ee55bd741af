"""What the parts of the data catalog share: the store, names, and the lookups that all of them start with."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localaws import documents
from localaws.service import AwsError
from localaws.store import Store

if TYPE_CHECKING:
    from localaws.glue.tags import Tags

PAGE_SIZE = 100
PARTITION_PAGE_SIZE = 1000


def now() -> datetime:
    return datetime.now(UTC)


def not_found(message: str) -> AwsError:
    return AwsError("EntityNotFoundException", message)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def given(**members: Any) -> dict[str, Any]:
    """Keep the members that have a value, as AWS leaves out those that have none."""
    return {name: value for name, value in members.items() if value is not None}


def stored_descriptor(descriptor: dict[str, Any] | None) -> dict[str, Any] | None:
    """Add what Glue always answers in a storage descriptor, given or not."""
    if descriptor is None:
        return None
    return {"Compressed": False, "NumberOfBuckets": 0, "StoredAsSubDirectories": False, **descriptor}


class CatalogBase:
    """The catalog's state and its common lookups.

    Parameters
    ----------
    store
        The state database; the catalog's tables are made in it.
    account_id, region
        As they stand in the ARN of `CreatedBy` and in `CatalogId`.
    tags
        Those of databases.
    """

    def __init__(self, store: Store, account_id: str, region: str, tags: Tags) -> None:
        self.store = store
        self.tags = tags
        self.account_id = account_id
        self.region = region
        self.created_by = f"arn:aws:iam::{account_id}:user/logloom-local"

    def _check_catalog(self, catalog_id: str | None) -> None:
        if catalog_id not in (None, "", self.account_id):
            # As AWS answers who asks for the catalog of an account that has not let it in.
            raise AwsError(
                "AccessDeniedException",
                f"The local AWS has the catalog {self.account_id} alone, no {catalog_id}.",
            )

    def _database_row(self, name: str) -> sqlite3.Row:
        row = self.store.connection().execute(
            "SELECT name, body FROM glue_database WHERE name = ?", (name.lower(),)
        )
        if (found := row.fetchone()) is None:
            raise not_found(f"Database {name} not found.")
        return found

    def _table_row(self, database: str, name: str) -> sqlite3.Row:
        if (found := self._find_table_row(database, name)) is None:
            self._database_row(database)
            raise not_found(f"Table {name} not found.")
        return found

    def _find_table_row(self, database: str, name: str) -> sqlite3.Row | None:
        row = self.store.connection().execute(
            "SELECT id, database_name, name, version, body FROM glue_table"
            " WHERE database_name = ? AND name = ?",
            (database.lower(), name.lower()),
        )
        return row.fetchone()

    def _partition_keys(self, table: sqlite3.Row) -> list[dict[str, Any]]:
        return documents.loads(table["body"]).get("PartitionKeys") or []

    def _stored_values(self, table: sqlite3.Row, values: list[str]) -> str:
        """Give the stored form of a partition's values, once they fit the table's keys in number."""
        keys = self._partition_keys(table)
        if len(values) != len(keys):
            raise invalid(
                "The number of partition keys do not match the number of partition values:"
                f" {len(keys)} keys, {len(values)} values."
            )
        return documents.dumps(values)
