"""Partition indexes of the data catalog's tables: kept as defined; filters here are fast with and without."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from localaws import documents
from localaws.glue.base import CatalogBase, invalid, not_found
from localaws.service import AwsError

# https://docs.aws.amazon.com/glue/latest/dg/partition-indexes.html
MAX_INDEXES = 3  # of a table
INDEXABLE = ("string", "int", "bigint", "long", "tinyint", "smallint", "date", "char", "varchar")


class PartitionIndexes(CatalogBase):
    """https://docs.aws.amazon.com/glue/latest/dg/partition-indexes.html"""

    def create_partition_index(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionIndex: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Add an index over some of a table's partition keys."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            table = self._table_row(DatabaseName, TableName)
            add_index(db, table["id"], self._partition_keys(table), PartitionIndex)
        return {}

    def get_partition_indexes(
        self, *, DatabaseName: str, TableName: str, CatalogId: str | None = None, NextToken: str | None = None
    ) -> dict[str, Any]:
        """List a table's partition indexes: at most three, so in one page."""
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        types = {key["Name"].lower(): key.get("Type", "string") for key in self._partition_keys(table)}
        found = []
        for (body,) in self.store.connection().execute(
            "SELECT body FROM glue_partition_index WHERE table_id = ? ORDER BY name", (table["id"],)
        ):
            index = documents.loads(body)
            keys = [{"Name": key, "Type": types.get(key.lower(), "string")} for key in index["Keys"]]
            found.append({"IndexName": index["IndexName"], "Keys": keys, "IndexStatus": "ACTIVE"})
        return {"PartitionIndexDescriptorList": found}

    def delete_partition_index(
        self, *, DatabaseName: str, TableName: str, IndexName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Remove a partition index."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            table = self._table_row(DatabaseName, TableName)
            deleted = db.execute(
                "DELETE FROM glue_partition_index WHERE table_id = ? AND name = ?", (table["id"], IndexName)
            )
            if deleted.rowcount == 0:
                raise not_found(f"Partition index {IndexName} not found.")
        return {}


def add_index(
    db: sqlite3.Connection, table_id: int, partition_keys: Sequence[dict[str, Any]], index: dict[str, Any]
) -> None:
    """Store a table's index, once it is one.

    Raises
    ------
    AwsError
        InvalidInputException, AlreadyExistsException, ResourceNumberLimitExceededException.
    """
    types = {key["Name"].lower(): key.get("Type", "string") for key in partition_keys}
    keys = [key.lower() for key in index["Keys"]]
    for key in keys:
        if key not in types:
            raise invalid(f"Keys of an index must be partition keys; {key} is none.")
        if types[key].lower().partition("(")[0] not in INDEXABLE:
            raise invalid(f"An index cannot hold the key {key}: its type is {types[key]}.")
    if len(set(keys)) < len(keys):
        raise invalid("An index names a key once.")
    existing = [
        documents.loads(body)
        for (body,) in db.execute("SELECT body FROM glue_partition_index WHERE table_id = ?", (table_id,))
    ]
    if any(
        each["IndexName"] == index["IndexName"] or [key.lower() for key in each["Keys"]] == keys
        for each in existing
    ):
        raise AwsError("AlreadyExistsException", "Partition index already exists.")
    if len(existing) >= MAX_INDEXES:
        raise AwsError(
            "ResourceNumberLimitExceededException", f"A table has at most {MAX_INDEXES} partition indexes."
        )
    db.execute(
        "INSERT INTO glue_partition_index VALUES (?, ?, ?)",
        (table_id, index["IndexName"], documents.dumps(index)),
    )
