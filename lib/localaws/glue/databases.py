"""Databases of the data catalog."""

from __future__ import annotations

import sqlite3
from typing import Any

from localaws import documents, paging
from localaws.glue.base import PAGE_SIZE, CatalogBase, invalid, now
from localaws.service import AwsError


class Databases(CatalogBase):
    """https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-databases.html"""

    def create_database(
        self,
        *,
        DatabaseInput: dict[str, Any],
        CatalogId: str | None = None,
        Tags: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Create a database; its name is folded to lower case."""
        self._check_catalog(CatalogId)
        name = DatabaseInput["Name"].lower()
        _check(DatabaseInput)
        body = {**DatabaseInput, "Name": name, "CreateTime": now()}
        body.setdefault(
            "CreateTableDefaultPermissions",
            [
                {
                    "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
                    "Permissions": ["ALL"],
                }
            ],
        )
        with self.store.transaction() as db:
            try:
                db.execute("INSERT INTO glue_database VALUES (?, ?)", (name, documents.dumps(body)))
            except sqlite3.IntegrityError:
                raise AwsError("AlreadyExistsException", "Database already exists.") from None
            self.tags.set(self.tags.arn("database", name), Tags or {})
        return {}

    def get_database(self, *, Name: str, CatalogId: str | None = None) -> dict[str, Any]:
        """Describe a database."""
        self._check_catalog(CatalogId)
        return {"Database": self._database(self._database_row(Name))}

    def get_databases(
        self,
        *,
        CatalogId: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE_SIZE,
        ResourceShareType: str | None = None,
        AttributesToGet: list[str] | None = None,
    ) -> dict[str, Any]:
        """List the databases by name; none is shared with this account (`ResourceShareType` FOREIGN)."""
        self._check_catalog(CatalogId)
        after = paging.after(NextToken) or ""
        rows = (
            self.store.connection()
            .execute(
                "SELECT name, body FROM glue_database WHERE name > ? ORDER BY name LIMIT ?",
                (after, MaxResults + 1),
            )
            .fetchall()
        )
        if ResourceShareType in ("FOREIGN", "FEDERATED"):
            rows = []
        items = [self._database(row) for row in rows]
        if AttributesToGet:
            items = [{"Name": item["Name"]} for item in items]
        return paging.page("DatabaseList", items, [row["name"] for row in rows], MaxResults)

    def update_database(
        self, *, Name: str, DatabaseInput: dict[str, Any], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Replace a database's definition; it cannot be renamed."""
        self._check_catalog(CatalogId)
        _check(DatabaseInput)
        if DatabaseInput["Name"].lower() != Name.lower():
            raise invalid("A database cannot be renamed: DatabaseInput.Name must be its name.")
        with self.store.transaction() as db:
            before = documents.loads(self._database_row(Name)["body"])
            body = {
                **given_permissions(before),
                **DatabaseInput,
                "Name": Name.lower(),
                "CreateTime": before["CreateTime"],
            }
            db.execute(
                "UPDATE glue_database SET body = ? WHERE name = ?", (documents.dumps(body), Name.lower())
            )
        return {}

    def delete_database(self, *, Name: str, CatalogId: str | None = None) -> dict[str, Any]:
        """Remove a database with its tables and their partitions."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            self._database_row(Name)
            db.execute("DELETE FROM glue_database WHERE name = ?", (Name.lower(),))
            self.tags.forget(self.tags.arn("database", Name.lower()))
        return {}

    def _database(self, row: sqlite3.Row) -> dict[str, Any]:
        return {**documents.loads(row["body"]), "CatalogId": self.account_id}


def given_permissions(body: dict[str, Any]) -> dict[str, Any]:
    """Keep the default permissions over an update that names none."""
    return {name: body[name] for name in ("CreateTableDefaultPermissions",) if name in body}


def _check(database_input: dict[str, Any]) -> None:
    for member, what in (("TargetDatabase", "resource links"), ("FederatedDatabase", "federated databases")):
        if database_input.get(member):
            raise invalid(f"The local AWS has no {what}: {member} is not supported.")
