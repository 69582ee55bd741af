"""User-defined functions of the data catalog: kept for those who register them; none runs here."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from localaws import documents, paging
from localaws.glue.base import PAGE_SIZE, CatalogBase, invalid, not_found, now
from localaws.glue.patterns import matching
from localaws.service import AwsError


class Functions(CatalogBase):
    """https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-functions.html"""

    def create_user_defined_function(
        self, *, DatabaseName: str, FunctionInput: dict[str, Any], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Register a function in a database."""
        self._check_catalog(CatalogId)
        name = _name(FunctionInput)
        with self.store.transaction() as db:
            self._database_row(DatabaseName)
            body = {"FunctionType": "REGULAR_FUNCTION", **FunctionInput, "CreateTime": now()}
            try:
                db.execute(
                    "INSERT INTO glue_function VALUES (?, ?, ?)",
                    (DatabaseName.lower(), name.lower(), documents.dumps(body)),
                )
            except sqlite3.IntegrityError:
                raise AwsError("AlreadyExistsException", "Function already exists.") from None
        return {}

    def get_user_defined_function(
        self, *, DatabaseName: str, FunctionName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Describe a function."""
        self._check_catalog(CatalogId)
        return {"UserDefinedFunction": self._function(self._function_row(DatabaseName, FunctionName))}

    def get_user_defined_functions(
        self,
        *,
        Pattern: str,
        DatabaseName: str | None = None,
        CatalogId: str | None = None,
        FunctionType: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE_SIZE,
    ) -> dict[str, Any]:
        """List the functions of a database, or of all, whose names the pattern matches."""
        self._check_catalog(CatalogId)
        if DatabaseName is not None:
            self._database_row(DatabaseName)
        after = paging.after(NextToken) or ["", ""]
        rows = (
            self.store.connection()
            .execute(
                "SELECT database_name, name, body FROM glue_function"
                " WHERE (database_name, name) > (?, ?) AND (? IS NULL OR database_name = ?)"
                " ORDER BY database_name, name",
                (*after, DatabaseName and DatabaseName.lower(), DatabaseName and DatabaseName.lower()),
            )
            .fetchall()
        )
        wanted = matching(Pattern, [row["name"] for row in rows])
        functions, keys = [], []
        for row, matches in zip(rows, wanted, strict=True):
            function = self._function(row)
            if matches and FunctionType in (None, function["FunctionType"]):
                functions.append(function)
                keys.append([row["database_name"], row["name"]])
        return paging.page("UserDefinedFunctions", functions, keys, MaxResults)

    def update_user_defined_function(
        self,
        *,
        DatabaseName: str,
        FunctionName: str,
        FunctionInput: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Replace a function's definition; it cannot be renamed."""
        self._check_catalog(CatalogId)
        if FunctionInput.get("FunctionName", FunctionName).lower() != FunctionName.lower():
            raise invalid("A function cannot be renamed: FunctionInput.FunctionName must be its name.")
        with self.store.transaction() as db:
            before = self._function(self._function_row(DatabaseName, FunctionName))
            kept = {name: before[name] for name in ("FunctionName", "FunctionType", "CreateTime")}
            body = {**kept, **FunctionInput}
            db.execute(
                "UPDATE glue_function SET body = ? WHERE database_name = ? AND name = ?",
                (documents.dumps(body), DatabaseName.lower(), FunctionName.lower()),
            )
        return {}

    def delete_user_defined_function(
        self, *, DatabaseName: str, FunctionName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Remove a function."""
        self._check_catalog(CatalogId)
        with self.store.transaction() as db:
            self._function_row(DatabaseName, FunctionName)
            db.execute(
                "DELETE FROM glue_function WHERE database_name = ? AND name = ?",
                (DatabaseName.lower(), FunctionName.lower()),
            )
        return {}

    def _function_row(self, database: str, name: str) -> sqlite3.Row:
        row = self.store.connection().execute(
            "SELECT database_name, name, body FROM glue_function WHERE database_name = ? AND name = ?",
            (database.lower(), name.lower()),
        )
        if (found := row.fetchone()) is None:
            self._database_row(database)
            raise not_found(f"Function {name} not found.")
        return found

    def _function(self, row: sqlite3.Row) -> dict[str, Any]:
        return {
            **documents.loads(row["body"]),
            "DatabaseName": row["database_name"],
            "CatalogId": self.account_id,
        }


def _name(function_input: dict[str, Any]) -> str:
    name = function_input.get("FunctionName")
    if not name or not re.search(r"\S", name):
        raise invalid("FunctionInput.FunctionName must be given.")
    return name
