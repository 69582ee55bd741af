"""Tables of the data catalog and their versions."""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any

from localaws import documents, paging
from localaws.glue.base import PAGE_SIZE, CatalogBase, invalid, not_found, now, stored_descriptor
from localaws.glue.partition_indexes import add_index
from localaws.glue.patterns import matching
from localaws.service import AwsError

ATTRIBUTES = {"NAME": "Name", "TABLE_TYPE": "TableType"}


class Tables(CatalogBase):
    """https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html"""

    def create_table(
        self,
        *,
        DatabaseName: str,
        TableInput: dict[str, Any] | None = None,
        Name: str | None = None,
        CatalogId: str | None = None,
        PartitionIndexes: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Create a table, as version 0; its name is folded to lower case."""
        self._check_catalog(CatalogId)
        if TableInput is None:
            raise invalid("TableInput must be given.")
        name = TableInput["Name"].lower()
        if Name is not None and Name.lower() != name:
            raise invalid("Name and TableInput.Name differ.")
        with self.store.transaction() as db:
            self._database_row(DatabaseName)
            body = self._body(TableInput, {"CreateTime": now(), "CreatedBy": self.created_by})
            try:
                table_id = db.execute(
                    "INSERT INTO glue_table (database_name, name, version, body) VALUES (?, ?, 0, ?)",
                    (DatabaseName.lower(), name, documents.dumps(body)),
                ).lastrowid
            except sqlite3.IntegrityError:
                raise AwsError("AlreadyExistsException", "Table already exists.") from None
            for index in PartitionIndexes or ():
                add_index(db, table_id, TableInput.get("PartitionKeys") or (), index)
        return {}

    def get_table(
        self,
        *,
        DatabaseName: str,
        Name: str,
        CatalogId: str | None = None,
        AttributesToGet: list[str] | None = None,
    ) -> dict[str, Any]:
        """Describe a table."""
        self._check_catalog(CatalogId)
        return {"Table": _attributes(self._table(self._table_row(DatabaseName, Name)), AttributesToGet)}

    def get_tables(
        self,
        *,
        DatabaseName: str,
        CatalogId: str | None = None,
        Expression: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE_SIZE,
        ResourceShareType: str | None = None,
        AttributesToGet: list[str] | None = None,
    ) -> dict[str, Any]:
        """List a database's tables by name; see `localaws.glue.patterns` for `Expression`."""
        self._check_catalog(CatalogId)
        self._database_row(DatabaseName)
        names = [
            row["name"]
            for row in self.store.connection().execute(
                "SELECT name FROM glue_table WHERE database_name = ? AND name > ? ORDER BY name",
                (DatabaseName.lower(), paging.after(NextToken) or ""),
            )
        ]
        if ResourceShareType in ("FOREIGN", "FEDERATED"):
            names = []
        wanted = list(itertools.compress(names, matching(Expression or "*", names)))[: MaxResults + 1]
        rows = [row for name in wanted if (row := self._find_table_row(DatabaseName, name))]
        tables = [_attributes(self._table(row), AttributesToGet) for row in rows]
        return paging.page("TableList", tables, [row["name"] for row in rows], MaxResults)

    def update_table(
        self,
        *,
        DatabaseName: str,
        TableInput: dict[str, Any] | None = None,
        Name: str | None = None,
        CatalogId: str | None = None,
        SkipArchive: bool | None = None,
        VersionId: str | None = None,
    ) -> dict[str, Any]:
        """Replace a table's definition; the one before stays as a version, unless `SkipArchive`.

        Raises
        ------
        AwsError
            ConcurrentModificationException, when `VersionId` is given and is not the table's version.
        """
        self._check_catalog(CatalogId)
        if TableInput is None:
            raise invalid("TableInput must be given.")
        if Name is not None and Name.lower() != TableInput["Name"].lower():
            raise invalid("A table cannot be renamed: Name and TableInput.Name differ.")
        with self.store.transaction() as db:
            row = self._table_row(DatabaseName, TableInput["Name"])
            if VersionId is not None and VersionId != str(row["version"]):
                raise AwsError(
                    "ConcurrentModificationException",
                    f"Update table failed due to concurrent modifications: the version is {row['version']}.",
                )
            before = documents.loads(row["body"])
            body = self._body(TableInput, {name: before[name] for name in ("CreateTime", "CreatedBy")})
            if not SkipArchive:
                db.execute(
                    "INSERT INTO glue_table_version VALUES (?, ?, ?)",
                    (row["id"], row["version"], row["body"]),
                )
            db.execute(
                "UPDATE glue_table SET version = version + 1, body = ? WHERE id = ?",
                (documents.dumps(body), row["id"]),
            )
        return {}

    def delete_table(self, *, DatabaseName: str, Name: str, CatalogId: str | None = None) -> dict[str, Any]:
        """Remove a table with its versions and partitions; the data in S3 stays."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            db.execute("DELETE FROM glue_table WHERE id = ?", (self._table_row(DatabaseName, Name)["id"],))
        return {}

    def batch_delete_table(
        self, *, DatabaseName: str, TablesToDelete: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Remove several tables; those that are not there are named in `Errors`."""
        self._check_catalog(CatalogId)
        self._database_row(DatabaseName)
        errors = []
        for name in TablesToDelete:
            try:
                self.delete_table(DatabaseName=DatabaseName, Name=name)
            except AwsError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"TableName": name, "ErrorDetail": detail})
        return {"Errors": errors}

    def get_table_version(
        self, *, DatabaseName: str, TableName: str, VersionId: str | None = None, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Describe one version of a table; without `VersionId` the newest."""
        self._check_catalog(CatalogId)
        row = self._table_row(DatabaseName, TableName)
        wanted = str(row["version"]) if VersionId is None else VersionId
        for version in self._versions(row):
            if version["VersionId"] == wanted:
                return {"TableVersion": version}
        raise not_found(f"Version {wanted} of table {TableName} not found.")

    def get_table_versions(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        CatalogId: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE_SIZE,
    ) -> dict[str, Any]:
        """List a table's versions, newest first."""
        self._check_catalog(CatalogId)
        versions = self._versions(self._table_row(DatabaseName, TableName))
        below = paging.after(NextToken)
        if below is not None:
            versions = [version for version in versions if int(version["VersionId"]) < below]
        keys = [int(version["VersionId"]) for version in versions]
        return paging.page("TableVersions", versions, keys, MaxResults)

    def delete_table_version(
        self, *, DatabaseName: str, TableName: str, VersionId: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Remove one old version of a table; the current one cannot be removed."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            row = self._table_row(DatabaseName, TableName)
            if VersionId == str(row["version"]):
                raise invalid(f"Version {VersionId} is the current version of table {TableName}.")
            deleted = db.execute(
                "DELETE FROM glue_table_version WHERE table_id = ? AND version = ?", (row["id"], VersionId)
            )
            if deleted.rowcount == 0:
                raise not_found(f"Version {VersionId} of table {TableName} not found.")
        return {}

    def batch_delete_table_version(
        self, *, DatabaseName: str, TableName: str, VersionIds: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Remove several old versions of a table; those that stay are named in `Errors`."""
        self._check_catalog(CatalogId)
        self._table_row(DatabaseName, TableName)
        errors = []
        for version in VersionIds:
            try:
                self.delete_table_version(DatabaseName=DatabaseName, TableName=TableName, VersionId=version)
            except AwsError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"TableName": TableName, "VersionId": version, "ErrorDetail": detail})
        return {"Errors": errors}

    def _body(self, table_input: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
        body = {"Retention": 0, **table_input, **kept, "Name": table_input["Name"].lower()}
        body["UpdateTime"] = now()
        if "StorageDescriptor" in body:
            body["StorageDescriptor"] = stored_descriptor(body["StorageDescriptor"])
        return body

    def _table(self, row: sqlite3.Row, body: str | None = None, version: int | None = None) -> dict[str, Any]:
        return {
            **documents.loads(row["body"] if body is None else body),
            "DatabaseName": row["database_name"],
            "IsRegisteredWithLakeFormation": False,
            "CatalogId": self.account_id,
            "VersionId": str(row["version"] if version is None else version),
        }

    def _versions(self, row: sqlite3.Row) -> list[dict[str, Any]]:
        """Give all versions of a table as TableVersion, newest first."""
        tables = [self._table(row)]
        for old in self.store.connection().execute(
            "SELECT version, body FROM glue_table_version WHERE table_id = ? ORDER BY version DESC",
            (row["id"],),
        ):
            tables.append(self._table(row, old["body"], old["version"]))
        return [{"Table": table, "VersionId": table["VersionId"]} for table in tables]


def _attributes(table: dict[str, Any], wanted: list[str] | None) -> dict[str, Any]:
    if not wanted or not ATTRIBUTES.keys() >= set(wanted):  # DEFAULT among them is all
        return table
    members = {"Name", *(ATTRIBUTES[name] for name in wanted)}
    return {name: value for name, value in table.items() if name in members}
