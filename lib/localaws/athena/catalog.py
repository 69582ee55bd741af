"""The Glue catalog as statements see it: tables with Trino's types, views as the queries they stand for."""

from __future__ import annotations

import base64
import json
from typing import Any

from localaws.athena import types
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.queries import TableColumns
from localaws.athena.errors import Position, StatementError
from localaws.athena.sql import nodes
from localaws.athena.sql.queries import parse
from localaws.athena.storage import hidden
from localaws.service import AwsError

CATALOG = "awsdatacatalog"
_PREFIX, _SUFFIX = "/* Presto View: ", " */"
INFORMATION_SCHEMA = "information_schema"

_INFORMATION = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "data_type",
        "comment",
        "extra_info",
    ),
}


class CatalogTables:
    """Finds tables and views for the analysis; one for each statement.

    Parameters
    ----------
    catalog
        The Glue catalog, with the methods of boto3's client.
    """

    def __init__(self, catalog: Any) -> None:
        self.catalog = catalog

    def table(self, parts: list[str], session: Session, position: Position) -> TableColumns:
        """Find what a name in FROM means.

        Raises
        ------
        StatementError
            CATALOG_NOT_FOUND, SCHEMA_NOT_FOUND, TABLE_NOT_FOUND, and HIVE_INVALID_METADATA for a column of
            no known type.
        """
        catalog, database, name = located(parts, session)
        if catalog not in (CATALOG, session.catalog.lower(), "hive"):
            raise StatementError("CATALOG_NOT_FOUND", f"Catalog '{catalog}' does not exist", position)
        if database == INFORMATION_SCHEMA:
            return self._information(name, catalog, position)
        table = self.find(database, name)
        if table is None:
            if not self.has_database(database):
                raise StatementError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", position)
            raise StatementError(
                "TABLE_NOT_FOUND", f"Table '{CATALOG}.{database}.{name}' does not exist", position
            )
        if table.get("TableType") == "VIRTUAL_VIEW":
            return self._view(table, position)
        if table.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG":
            raise StatementError(
                "NOT_SUPPORTED", "Iceberg tables are not supported by the local Athena", position
            )
        columns = self._columns(table, position)
        return TableColumns(table, columns, hidden.COLUMNS)

    def find(self, database: str, name: str) -> dict | None:
        try:
            return self.catalog.get_table(DatabaseName=database, Name=name)["Table"]
        except AwsError as error:
            if error.code == "EntityNotFoundException":
                return None
            raise

    def has_database(self, database: str) -> bool:
        try:
            self.catalog.get_database(Name=database)
        except AwsError as error:
            if error.code == "EntityNotFoundException":
                return False
            raise
        return True

    def databases(self) -> list[dict]:
        return list(pages(self.catalog.get_databases, "DatabaseList"))

    def tables(self, database: str) -> list[dict]:
        return list(pages(self.catalog.get_tables, "TableList", DatabaseName=database))

    def _columns(self, table: dict, position: Position | None) -> list[tuple[str, types.Type]]:
        found = []
        for column in [
            *table.get("StorageDescriptor", {}).get("Columns", []),
            *table.get("PartitionKeys", []),
        ]:
            text = column.get("Type", "string")
            try:
                found.append((column["Name"].lower(), types.hive_type(text)))
            except types.UnknownHiveType:
                raise StatementError(
                    "HIVE_INVALID_METADATA",
                    f"Glue table '{table['DatabaseName']}.{table['Name']}' column '{column['Name']}' "
                    f"has invalid data type: {text}",
                    position,
                ) from None
        return found

    def _view(self, table: dict, position: Position) -> TableColumns:
        view = view_definition(table)
        if view is None:
            raise StatementError(
                "NOT_SUPPORTED",
                f"Hive view {table['DatabaseName']}.{table['Name']} is not supported",
                position,
            )
        statement, _ = parse(view["originalSql"])
        if not isinstance(statement, nodes.QueryStatement):
            raise StatementError("INVALID_VIEW", f"View {table['Name']} has no query", position)
        columns = [(c["name"].lower(), types.UNKNOWN) for c in view["columns"]]
        return TableColumns(table, columns, view=statement.query, view_database=view.get("schema"))

    def _information(self, name: str, catalog: str, position: Position) -> TableColumns:
        if name not in _INFORMATION:
            raise StatementError(
                "TABLE_NOT_FOUND", f"Table '{catalog}.{INFORMATION_SCHEMA}.{name}' does not exist", position
            )
        kinds = [types.BIGINT if c == "ordinal_position" else types.VARCHAR for c in _INFORMATION[name]]
        return TableColumns(("information_schema", name), list(zip(_INFORMATION[name], kinds, strict=True)))

    def information_rows(self, name: str) -> list[tuple]:
        """The rows of a table of information_schema."""
        databases = [d["Name"] for d in self.databases()]
        if name == "schemata":
            return [(CATALOG, d) for d in [*databases, INFORMATION_SCHEMA]]
        rows: list[tuple] = []
        for database in databases:
            for table in self.tables(database):
                rows.extend(self._information_of(name, database, table))
        return rows

    def _information_of(self, name: str, database: str, table: dict) -> list[tuple]:
        view = view_definition(table) if table.get("TableType") == "VIRTUAL_VIEW" else None
        if name == "tables":
            return [(CATALOG, database, table["Name"], "VIEW" if view else "BASE TABLE")]
        if name == "views":
            return [(CATALOG, database, table["Name"], view["originalSql"])] if view else []
        if view is not None:
            columns = [(c["name"], c["type"], None, None) for c in view["columns"]]
        else:
            keys = {k["Name"] for k in table.get("PartitionKeys", [])}
            columns = [
                (
                    c["Name"],
                    _shown_type(c.get("Type", "string")),
                    c.get("Comment"),
                    "partition key" if c["Name"] in keys else None,
                )
                for c in [
                    *table.get("StorageDescriptor", {}).get("Columns", []),
                    *table.get("PartitionKeys", []),
                ]
            ]
        return [
            (CATALOG, database, table["Name"], column, number, None, "YES", kind, comment, extra)
            for number, (column, kind, comment, extra) in enumerate(columns, 1)
        ]


def _shown_type(text: str) -> str:
    try:
        return str(types.hive_type(text))
    except types.UnknownHiveType:
        return text


def located(parts: list[str], session: Session) -> tuple[str, str, str]:
    """Catalog, database and name, in lower case, with what the query context says for what is left out."""
    if len(parts) > 3:
        raise StatementError("SYNTAX_ERROR", f"Too many parts in table name: {'.'.join(parts)}")
    catalog = parts[-3] if len(parts) > 2 else session.catalog
    database = parts[-2] if len(parts) > 1 else session.database
    return catalog.lower(), database.lower(), parts[-1].lower()


def pages(call, member: str, **request):
    """All items of a paged answer."""
    token = None
    while True:
        answer = call(**request, **({"NextToken": token} if token else {}))
        yield from answer[member]
        token = answer.get("NextToken")
        if not token:
            return


def view_definition(table: dict) -> dict | None:
    """What a Presto view in Glue holds: its SQL and columns; None for a view of another kind."""
    text = (table.get("ViewOriginalText") or "").strip()
    if not text.startswith(_PREFIX.strip()):
        return None
    encoded = text.removeprefix(_PREFIX.strip()).removesuffix(_SUFFIX.strip()).strip()
    try:
        return json.loads(base64.b64decode(encoded))
    except ValueError:
        return None


def view_text(sql: str, session: Session, columns: list[tuple[str, types.Type]]) -> str:
    """What Athena writes as ViewOriginalText."""
    definition = {
        "originalSql": sql,
        "catalog": CATALOG,
        "schema": session.database,
        "columns": [{"name": n, "type": str(k)} for n, k in columns],
    }
    return _PREFIX + base64.b64encode(json.dumps(definition).encode()).decode() + _SUFFIX
