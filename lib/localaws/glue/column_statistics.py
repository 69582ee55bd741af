"""Statistics of columns, of a table and of one partition."""

from __future__ import annotations

import sqlite3
from typing import Any

from localaws import documents
from localaws.glue.base import CatalogBase, not_found

WHOLE_TABLE = ""


class ColumnStatistics(CatalogBase):
    """https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateColumnStatisticsForTable.html"""

    def update_column_statistics_for_table(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        ColumnStatisticsList: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Set the statistics of a table's columns; those of others stay."""
        self._check_catalog(CatalogId)
        return self._update(self._table_row(DatabaseName, TableName), WHOLE_TABLE, ColumnStatisticsList)

    def update_column_statistics_for_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        ColumnStatisticsList: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Set the statistics of a partition's columns; those of others stay."""
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        return self._update(table, self._existing_partition(table, PartitionValues), ColumnStatisticsList)

    def get_column_statistics_for_table(
        self, *, DatabaseName: str, TableName: str, ColumnNames: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Give the statistics of a table's columns; a column that has none is named in `Errors`."""
        self._check_catalog(CatalogId)
        return self._get(self._table_row(DatabaseName, TableName), WHOLE_TABLE, ColumnNames)

    def get_column_statistics_for_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        ColumnNames: list[str],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Give the statistics of a partition's columns; a column that has none is named in `Errors`."""
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        return self._get(table, self._existing_partition(table, PartitionValues), ColumnNames)

    def delete_column_statistics_for_table(
        self, *, DatabaseName: str, TableName: str, ColumnName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Forget the statistics of a table's column."""
        self._check_catalog(CatalogId)
        return self._delete(self._table_row(DatabaseName, TableName), WHOLE_TABLE, ColumnName)

    def delete_column_statistics_for_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        ColumnName: str,
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Forget the statistics of a partition's column."""
        self._check_catalog(CatalogId)
        table = self._table_row(DatabaseName, TableName)
        return self._delete(table, self._existing_partition(table, PartitionValues), ColumnName)

    def _existing_partition(self, table: sqlite3.Row, values: list[str]) -> str:
        stored = self._stored_values(table, values)
        found = self.store.connection().execute(
            "SELECT 1 FROM glue_partition WHERE table_id = ? AND partition_values = ?", (table["id"], stored)
        )
        if found.fetchone() is None:
            raise not_found("Cannot find partition.")
        return stored

    def _update(self, table: sqlite3.Row, part: str, statistics: list[dict[str, Any]]) -> dict[str, Any]:
        columns = {
            column["Name"]
            for column in documents.loads(table["body"]).get("StorageDescriptor", {}).get("Columns") or ()
        }
        errors = []
        with self.store.transaction() as db:
            for item in statistics:
                if item["ColumnName"] not in columns:
                    message = f"Column {item['ColumnName']} not found."
                    detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message}
                    errors.append({"ColumnStatistics": item, "Error": detail})
                    continue
                db.execute(
                    "INSERT OR REPLACE INTO glue_column_statistics VALUES (?, ?, ?, ?)",
                    (table["id"], part, item["ColumnName"], documents.dumps(item)),
                )
        return {"Errors": errors}

    def _get(self, table: sqlite3.Row, part: str, columns: list[str]) -> dict[str, Any]:
        known = {
            row["column_name"]: documents.loads(row["body"])
            for row in self.store.connection().execute(
                "SELECT column_name, body FROM glue_column_statistics"
                " WHERE table_id = ? AND partition_values = ?",
                (table["id"], part),
            )
        }
        errors = [
            {
                "ColumnName": name,
                "Error": {
                    "ErrorCode": "EntityNotFoundException",
                    "ErrorMessage": f"Statistics of column {name} not found.",
                },
            }
            for name in columns
            if name not in known
        ]
        found = [known[name] for name in columns if name in known]
        return {"ColumnStatisticsList": found, "Errors": errors}

    def _delete(self, table: sqlite3.Row, part: str, column: str) -> dict[str, Any]:
        with self.store.transaction() as db:
            deleted = db.execute(
                "DELETE FROM glue_column_statistics"
                " WHERE table_id = ? AND partition_values = ? AND column_name = ?",
                (table["id"], part, column),
            )
            if deleted.rowcount == 0:
                raise not_found(f"Statistics of column {column} not found.")
        return {}
