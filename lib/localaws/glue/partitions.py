"""Partitions of the data catalog's tables."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from localaws import documents, paging
from localaws.glue.base import (
    PARTITION_PAGE_SIZE,
    CatalogBase,
    not_found,
    now,
    stored_descriptor,
)
from localaws.glue.expressions import compile_expression
from localaws.service import AwsError

# SQLite takes so many `?` in a statement in every build (https://www.sqlite.org/limits.html).
LOOKUP_CHUNK = 500


class Partitions(CatalogBase):
    """https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-partitions.html"""

    def create_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionInput: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Add a partition to a table."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            self._insert_partition(db, self._table_row(DatabaseName, TableName), PartitionInput)
        return {}

    def batch_create_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionInputList: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Add several partitions; those that cannot be are named in `Errors`, the others are added."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            table = self._table_row(DatabaseName, TableName)
            return _each(
                PartitionInputList,
                lambda item: self._insert_partition(db, table, item),
                lambda item: {"PartitionValues": item.get("Values", [])},
            )

    def get_partition(
        self, *, DatabaseName: str, TableName: str, PartitionValues: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Describe a partition."""
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        return {"Partition": self._partition(table, self._partition_row(table, PartitionValues))}

    def get_partitions(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        CatalogId: str | None = None,
        Expression: str | None = None,
        NextToken: str | None = None,
        Segment: dict[str, int] | None = None,
        MaxResults: int = PARTITION_PAGE_SIZE,
        ExcludeColumnSchema: bool | None = None,
    ) -> dict[str, Any]:
        """List the partitions that pass a filter (see `localaws.glue.expressions`), in order of their values.

        `Segment` cuts the table in `TotalSegments` parts, each listed on its own.
        """
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        after = paging.after(NextToken) or ""
        found: list[str] = []
        for stored in self._passing(table, Expression, Segment, after):
            found.append(stored)
            if len(found) > MaxResults:
                break
        rows = self._partition_rows(table, found[:MaxResults])
        partitions = [self._partition(table, rows[stored]) for stored in found[:MaxResults]]
        if ExcludeColumnSchema:
            for partition in partitions:
                partition.get("StorageDescriptor", {}).pop("Columns", None)
        answer: dict[str, Any] = {"Partitions": partitions}
        if len(found) > MaxResults:
            answer["NextToken"] = paging.token(found[MaxResults - 1])
        return answer

    def partition_values(
        self, DatabaseName: str, TableName: str, Expression: str | None = None
    ) -> list[list[str]]:
        """Give the values of all partitions that pass a filter, without reading what else is known of them.

        For use in process: it reads 100,000 partitions in a fraction of what `get_partitions` takes.
        """
        table = self._table_row(DatabaseName, TableName)
        return [json.loads(stored) for stored in self._passing(table, Expression, None, "")]

    def batch_get_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionsToGet: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Describe several partitions; those that are not there are left out, as on AWS."""
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        wanted = [self._stored_values(table, item["Values"]) for item in PartitionsToGet]
        rows = self._partition_rows(table, wanted)
        found = [self._partition(table, rows[stored]) for stored in wanted if stored in rows]
        return {"Partitions": found, "UnprocessedKeys": []}

    def update_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValueList: list[str],
        PartitionInput: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Replace a partition's definition; its values may change with it."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            table = self._table_row(DatabaseName, TableName)
            self._replace_partition(db, table, PartitionValueList, PartitionInput)
        return {}

    def batch_update_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        Entries: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Replace several partitions; those that cannot be are named in `Errors`."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            table = self._table_row(DatabaseName, TableName)
            return _each(
                Entries,
                lambda item: self._replace_partition(
                    db, table, item["PartitionValueList"], item["PartitionInput"]
                ),
                lambda item: {"PartitionValueList": item["PartitionValueList"]},
            )

    def delete_partition(
        self, *, DatabaseName: str, TableName: str, PartitionValues: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Remove a partition; the data in S3 stays."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            self._delete_partition(db, self._table_row(DatabaseName, TableName), PartitionValues)
        return {}

    def batch_delete_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionsToDelete: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Remove several partitions; those that are not there are named in `Errors`."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            table = self._table_row(DatabaseName, TableName)
            return _each(
                PartitionsToDelete,
                lambda item: self._delete_partition(db, table, item["Values"]),
                lambda item: {"PartitionValues": item["Values"]},
            )

    def _passing(
        self, table: sqlite3.Row, expression: str | None, segment: dict[str, int] | None, after: str
    ) -> Iterator[str]:
        """Give the stored values of the partitions that pass, in order; reads the index alone."""
        passes = compile_expression(expression or "", self._partition_keys(table))
        for (stored,) in self.store.connection().execute(
            "SELECT partition_values FROM glue_partition"
            " WHERE table_id = ? AND partition_values > ? ORDER BY partition_values",
            (table["id"], after),
        ):
            if segment and zlib.crc32(stored.encode()) % segment["TotalSegments"] != segment["SegmentNumber"]:
                continue
            if not expression or passes(json.loads(stored)) is True:
                yield stored

    def _partition_rows(self, table: sqlite3.Row, wanted: list[str]) -> dict[str, sqlite3.Row]:
        found = {}
        for start in range(0, len(wanted), LOOKUP_CHUNK):
            chunk = wanted[start : start + LOOKUP_CHUNK]
            marks = ", ".join("?" * len(chunk))
            for row in self.store.connection().execute(
                "SELECT id, partition_values, body FROM glue_partition"  # noqa: S608 (marks are "?, ?, …")
                f" WHERE table_id = ? AND partition_values IN ({marks})",
                (table["id"], *chunk),
            ):
                found[row["partition_values"]] = row
        return found

    def _partition_row(self, table: sqlite3.Row, values: list[str]) -> sqlite3.Row:
        stored = self._stored_values(table, values)
        if (row := self._partition_rows(table, [stored]).get(stored)) is None:
            raise not_found("Cannot find partition.")
        return row

    def _insert_partition(self, db: sqlite3.Connection, table: sqlite3.Row, item: dict[str, Any]) -> None:
        stored = self._stored_values(table, item.get("Values") or [])
        try:
            db.execute(
                "INSERT INTO glue_partition (table_id, partition_values, body) VALUES (?, ?, ?)",
                (table["id"], stored, documents.dumps(_body(item, {"CreationTime": now()}))),
            )
        except sqlite3.IntegrityError:
            raise AwsError("AlreadyExistsException", "Partition already exists.") from None

    def _replace_partition(
        self, db: sqlite3.Connection, table: sqlite3.Row, values: list[str], item: dict[str, Any]
    ) -> None:
        row = self._partition_row(table, values)
        item = {"Values": values, **item}
        kept = {"CreationTime": documents.loads(row["body"])["CreationTime"]}
        try:
            db.execute(
                "UPDATE glue_partition SET partition_values = ?, body = ? WHERE id = ?",
                (self._stored_values(table, item["Values"]), documents.dumps(_body(item, kept)), row["id"]),
            )
        except sqlite3.IntegrityError:
            raise AwsError("AlreadyExistsException", "Partition already exists.") from None

    def _delete_partition(self, db: sqlite3.Connection, table: sqlite3.Row, values: list[str]) -> None:
        row = self._partition_row(table, values)
        db.execute("DELETE FROM glue_partition WHERE id = ?", (row["id"],))
        db.execute(
            "DELETE FROM glue_column_statistics WHERE table_id = ? AND partition_values = ?",
            (table["id"], row["partition_values"]),
        )

    def _partition(self, table: sqlite3.Row, row: sqlite3.Row) -> dict[str, Any]:
        return {
            "Values": json.loads(row["partition_values"]),
            "DatabaseName": table["database_name"],
            "TableName": table["name"],
            **documents.loads(row["body"]),
            "CatalogId": self.account_id,
        }


def _body(item: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in item.items() if name != "Values"} | kept
    if "StorageDescriptor" in body:
        body["StorageDescriptor"] = stored_descriptor(body["StorageDescriptor"])
    return body


def _each(
    items: list[dict[str, Any]],
    work: Callable[[dict[str, Any]], None],
    name: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Do each item of a batch; an item that AWS would refuse is named in `Errors`."""
    errors = []
    for item in items:
        try:
            work(item)
        except AwsError as error:
            errors.append(
                {**name(item), "ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": error.message}}
            )
    return {"Errors": errors}
