"""Carries DDL out on the Glue catalog, and writes what SHOW and DESCRIBE answer."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from localaws.athena import types
from localaws.athena.analysis.literals import Session
from localaws.athena.catalog import INFORMATION_SCHEMA, CatalogTables, pages, view_definition, view_text
from localaws.athena.errors import DdlError, StatementError
from localaws.athena.hive import formats, show
from localaws.athena.hive.ddl import Ddl
from localaws.athena.sql import nodes
from localaws.athena.storage.partitions import HIVE_NULL
from localaws.athena.storage.places import Places
from localaws.service import AwsError, Context

_TASK = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
_BATCH = 100


@dataclass(slots=True)
class Answer:
    """What a DDL statement gives: lines of text, and how Athena sorts the statement."""

    kind: str = "DDL"
    substatement: str = ""
    lines: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


class HiveRunner:
    """Runs DDL statements."""

    def __init__(self, context: Context, catalog: Any, places: Places) -> None:
        self.context = context
        self.catalog = catalog
        self.tables = CatalogTables(catalog)
        self.places = places

    def run(self, ddl: Ddl, session: Session) -> Answer:
        """Carry out a statement.

        Raises
        ------
        DdlError
            In Hive's words.
        """
        answer = Answer(substatement=ddl.action)
        getattr(self, f"_{ddl.action.lower()}")(ddl, session, answer)
        return answer

    # --- databases ---

    def _create_database(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        document = {"Name": ddl.name[-1]}
        if "comment" in ddl.parts:
            document["Description"] = ddl.parts["comment"]
        if "location" in ddl.parts:
            document["LocationUri"] = ddl.parts["location"]
        if "properties" in ddl.parts:
            document["Parameters"] = ddl.parts["properties"]
        try:
            self.catalog.create_database(DatabaseInput=document)
        except AwsError as error:
            if error.code != "AlreadyExistsException":
                raise DdlError(_TASK + error.message) from error
            if not ddl.parts["if_not_exists"]:
                raise DdlError(_TASK + f"Database {ddl.name[-1]} already exists") from error

    def _drop_database(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        name = ddl.name[-1]
        if not self.tables.has_database(name):
            if ddl.parts["if_exists"]:
                return
            raise DdlError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}")
        if not ddl.parts["cascade"] and self.tables.tables(name):
            raise DdlError(
                _TASK + f"InvalidOperationException(message:Database {name} is not empty. One or more tables "
                f"exist.)"
            )
        self.catalog.delete_database(Name=name)

    def _alter_database(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        name = ddl.name[-1]
        if not self.tables.has_database(name):
            raise DdlError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}")
        found = self.catalog.get_database(Name=name)["Database"]
        document = {k: found[k] for k in ("Name", "Description", "LocationUri") if k in found}
        document["Parameters"] = {**found.get("Parameters", {}), **ddl.parts["properties"]}
        self.catalog.update_database(Name=name, DatabaseInput=document)

    # --- tables ---

    def _where(self, name: list[str], session: Session) -> tuple[str, str]:
        if len(name) > 2:
            name = name[-2:]
        return (name[0], name[1]) if len(name) == 2 else (session.database, name[0])

    def table(self, name: list[str], session: Session) -> dict:
        """A table; raises DdlError when there is none."""
        database, table = self._where(name, session)
        found = self.tables.find(database, table)
        if found is None:
            raise DdlError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{table}")
        return found

    def _create_table(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        database, name = self._where(ddl.name, session)
        parts = ddl.parts
        if not self.tables.has_database(database):
            raise DdlError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}")
        if "location" not in parts:
            raise DdlError(_TASK + "MetaException(message:Table location cannot be null or empty)")
        if not re.match(r"s3[an]?://[^/]+", parts["location"]):
            raise DdlError(_TASK + f"MetaException(message:{parts['location']} is not an S3 location)")
        columns, keys = parts["columns"], parts.get("keys", [])
        _check_columns([*columns, *keys])
        document = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {
                "EXTERNAL": "TRUE",
                "transient_lastDdlTime": str(int(time.time())),
                **parts.get("properties", {}),
            },
            "PartitionKeys": keys,
            "StorageDescriptor": descriptor(columns, parts),
        }
        if "comment" in parts:
            document["Parameters"]["comment"] = parts["comment"]
        try:
            self.catalog.create_table(DatabaseName=database, TableInput=document)
        except AwsError as error:
            if error.code != "AlreadyExistsException":
                raise DdlError(_TASK + error.message) from error
            if not parts["if_not_exists"]:
                raise DdlError(
                    _TASK + f"AlreadyExistsException(message:Table {name} already exists)"
                ) from error

    def _drop_table(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        database, name = self._where(ddl.name, session)
        found = self.tables.find(database, name)
        if found is None:
            if ddl.parts["if_exists"]:
                return
            raise DdlError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        if found.get("TableType") == "VIRTUAL_VIEW":
            raise DdlError("FAILED: SemanticException [Error 10046]: Cannot drop a view with DROP TABLE")
        self.catalog.delete_table(DatabaseName=database, Name=name)

    def _drop_view(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        database, name = self._where(ddl.name, session)
        found = self.tables.find(database, name)
        if found is None or found.get("TableType") != "VIRTUAL_VIEW":
            if ddl.parts["if_exists"] and found is None:
                return
            raise StatementError("TABLE_NOT_FOUND", f"View 'awsdatacatalog.{database}.{name}' does not exist")
        self.catalog.delete_table(DatabaseName=database, Name=name)

    def create_view(
        self, statement: nodes.CreateView, session: Session, columns: list[tuple[str, types.Type]]
    ) -> None:
        """Keep a view as Athena does: a Presto view in Glue.

        Raises
        ------
        StatementError
            TABLE_ALREADY_EXISTS unless it replaces a view.
        """
        database, name = self._where(statement.table, session)
        seen: set[str] = set()
        for column, _ in columns:
            if column.lower() in seen:
                raise StatementError(
                    "DUPLICATE_COLUMN_NAME",
                    f"Column name '{column}' specified more than once",
                    statement.position,
                )
            seen.add(column.lower())
        if not self.tables.has_database(database):
            raise StatementError("SCHEMA_NOT_FOUND", f"Schema {database} not found", statement.position)
        found = self.tables.find(database, name)
        if found is not None and (not statement.replace or found.get("TableType") != "VIRTUAL_VIEW"):
            raise StatementError(
                "TABLE_ALREADY_EXISTS",
                f"Table already exists: 'awsdatacatalog.{database}.{name}'",
                statement.position,
            )
        lower = [(n.lower(), k) for n, k in columns]
        document = {
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "PartitionKeys": [],
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": _view_type(k)} for n, k in lower],
                "Location": "",
                "SerdeInfo": {},
            },
            "ViewOriginalText": view_text(statement.text, session, lower),
            "ViewExpandedText": "/* Presto View */",
        }
        if found is None:
            self.catalog.create_table(DatabaseName=database, TableInput=document)
        else:
            self.catalog.update_table(DatabaseName=database, TableInput=document)

    # --- ALTER TABLE ---

    def update(self, table: dict, **changes: Any) -> None:
        """Change a table in the catalog."""
        members = (
            "Name",
            "Description",
            "Owner",
            "Retention",
            "StorageDescriptor",
            "PartitionKeys",
            "ViewOriginalText",
            "ViewExpandedText",
            "TableType",
            "Parameters",
        )
        document = {m: table[m] for m in members if m in table} | changes
        self.catalog.update_table(DatabaseName=table["DatabaseName"], TableInput=document)

    def _partition_columns(self, table: dict, ddl: Ddl, keep: bool) -> None:
        """ADD and REPLACE COLUMNS of one partition."""
        values = self._values(table, ddl.parts["spec"])
        storage = self._partition(table, values)["StorageDescriptor"]
        columns = [*(storage["Columns"] if keep else []), *ddl.parts["columns"]]
        _check_columns([*columns, *table.get("PartitionKeys", [])])
        document = {"Values": values, "StorageDescriptor": {**storage, "Columns": columns}}
        self._update_partition(table, values, document)

    def _add_columns(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        if ddl.parts["spec"] is not None:
            self._partition_columns(table, ddl, keep=True)
            return
        storage = table["StorageDescriptor"]
        columns = [*storage["Columns"], *ddl.parts["columns"]]
        _check_columns([*columns, *table.get("PartitionKeys", [])])
        self.update(table, StorageDescriptor={**storage, "Columns": columns})

    def _replace_columns(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        if ddl.parts["spec"] is not None:
            self._partition_columns(table, ddl, keep=False)
            return
        _check_columns([*ddl.parts["columns"], *table.get("PartitionKeys", [])])
        self.update(table, StorageDescriptor={**table["StorageDescriptor"], "Columns": ddl.parts["columns"]})

    def _change_column(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        columns = list(table["StorageDescriptor"]["Columns"])
        names = [c["Name"].lower() for c in columns]
        if ddl.parts["old"] not in names:
            raise DdlError(_TASK + f"Invalid column reference {ddl.parts['old']}")
        at = names.index(ddl.parts["old"])
        columns[at] = ddl.parts["column"]
        if "after" in ddl.parts:
            moved, before = columns.pop(at), ddl.parts["after"]
            left = [c["Name"].lower() for c in columns]
            if before is not None and before not in left:
                raise DdlError(_TASK + f"Invalid column reference {before}")
            columns.insert(0 if before is None else left.index(before) + 1, moved)
        _check_columns([*columns, *table.get("PartitionKeys", [])])
        self.update(table, StorageDescriptor={**table["StorageDescriptor"], "Columns": columns})

    def _set_tblproperties(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        self.update(table, Parameters={**table.get("Parameters", {}), **ddl.parts["properties"]})

    def _set_location(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        if ddl.parts["spec"] is None:
            self.update(
                table, StorageDescriptor={**table["StorageDescriptor"], "Location": ddl.parts["location"]}
            )
            return
        values = self._values(table, ddl.parts["spec"])
        found = self._partition(table, values)
        storage = {**found["StorageDescriptor"], "Location": ddl.parts["location"]}
        self._update_partition(table, values, {"Values": values, "StorageDescriptor": storage})

    def _rename_partition(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        values = self._values(table, ddl.parts["spec"])
        found = self._partition(table, values)
        self._update_partition(
            table,
            values,
            {"Values": self._values(table, ddl.parts["to"]), "StorageDescriptor": found["StorageDescriptor"]},
        )

    def _update_partition(self, table: dict, values: list[str], document: dict) -> None:
        self.catalog.update_partition(
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            PartitionValueList=values,
            PartitionInput=document,
        )

    def _partition(self, table: dict, values: list[str]) -> dict:
        try:
            return self.catalog.get_partition(
                DatabaseName=table["DatabaseName"], TableName=table["Name"], PartitionValues=values
            )["Partition"]
        except AwsError as error:
            raise DdlError(_TASK + f"Partition not found {values}") from error

    def _values(self, table: dict, spec: dict[str, str]) -> list[str]:
        names = [k["Name"].lower() for k in table.get("PartitionKeys", [])]
        if set(spec) != set(names):
            raise DdlError(
                f"FAILED: SemanticException partition spec {spec} does not name the partition columns "
                f"{', '.join(names)}"
            )
        return [spec[n] for n in names]

    def _add_partitions(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        documents = []
        for spec, location in ddl.parts["specs"]:
            values = self._values(table, spec)
            documents.append(partition_input(table, values, location))
        present = self.create_partitions(table, documents)
        if present and not ddl.parts["if_not_exists"]:
            raise DdlError(
                _TASK
                + f"AlreadyExistsException(message:Partition already exists: {', '.join(map(str, present))})"
            )

    def create_partitions(self, table: dict, documents: list[dict]) -> list:
        """Create partitions; gives the values of those that were there already."""
        present = []
        for start in range(0, len(documents), _BATCH):
            answer = self.catalog.batch_create_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionInputList=documents[start : start + _BATCH],
            )
            for error in answer.get("Errors", []):
                if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                    raise DdlError(_TASK + error["ErrorDetail"]["ErrorMessage"])
                present.append(error["PartitionValues"])
        return present

    def _drop_partitions(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        table = self.table(ddl.name, session)
        for spec in ddl.parts["specs"]:
            values = self._values(table, spec)
            try:
                self.catalog.delete_partition(
                    DatabaseName=table["DatabaseName"], TableName=table["Name"], PartitionValues=values
                )
            except AwsError as error:
                if error.code != "EntityNotFoundException":
                    raise
                if not ddl.parts["if_exists"]:
                    raise DdlError(
                        f"FAILED: SemanticException [Error 10006]: Partition not found {spec}"
                    ) from error

    def _msck_repair(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        """Add the ``key=value`` folders below the table's location that the catalog does not hold."""
        table = self.table(ddl.name, session)
        names = [k["Name"].lower() for k in table.get("PartitionKeys", [])]
        if not names:
            raise DdlError(_TASK + f"Table {table['Name']} is not partitioned")
        location = table["StorageDescriptor"]["Location"].rstrip("/")
        known = {tuple(p["Values"]) for p in self._all_partitions(table)}
        folder = str(self.places.folder(location))
        found = [f for f in self._folders(folder, names) if f[0] not in known]
        documents = [partition_input(table, list(values), f"{location}/{path}/") for values, path in found]
        self.create_partitions(table, documents)
        if found:
            missing = " ".join(f"{table['Name']}:{path}" for _, path in found)
            answer.lines = [f"Partitions not in metastore:\t{missing}"]
            answer.lines += [
                f"Repair: Added partition to metastore {table['Name']}:{path}" for _, path in found
            ]

    def _all_partitions(self, table: dict) -> list[dict]:
        return list(
            pages(
                self.catalog.get_partitions,
                "Partitions",
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
            )
        )

    def _folders(self, folder: str, names: list[str], path: str = "", values: tuple = ()):
        if not names:
            yield values, path
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        from urllib.parse import unquote

        for entry in entries:
            key, sign, value = entry.name.partition("=")
            if sign and key.lower() == names[0] and entry.is_dir(follow_symlinks=False):
                inner = f"{path}/{entry.name}".lstrip("/")
                yield from self._folders(entry.path, names[1:], inner, (*values, unquote(value)))

    # --- SHOW and DESCRIBE ---

    def _show_databases(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["database_name"]
        answer.lines = _like([d["Name"] for d in self.tables.databases()], ddl.parts["like"])

    def _show_tables(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["tab_name"]
        answer.lines = _like([t["Name"] for t in self._tables_of(ddl, session)], ddl.parts["like"])

    def _show_views(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["views"]
        views = [t["Name"] for t in self._tables_of(ddl, session) if t.get("TableType") == "VIRTUAL_VIEW"]
        answer.lines = _like(views, ddl.parts["like"])

    def _tables_of(self, ddl: Ddl, session: Session) -> list[dict]:
        database = ddl.name[-1] if ddl.name else session.database
        if database == INFORMATION_SCHEMA or not self.tables.has_database(database):
            raise DdlError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}")
        return sorted(self.tables.tables(database), key=lambda t: t["Name"])

    def _show_partitions(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["partition"]
        table = self.table(ddl.name, session)
        names = [k["Name"] for k in table.get("PartitionKeys", [])]
        if not names:
            raise DdlError(
                f"FAILED: SemanticException [Error 10241]: Table {table['Name']} is not a partitioned table"
            )
        answer.lines = [
            "/".join(f"{n}={v}" for n, v in zip(names, p["Values"], strict=True))
            for p in self._all_partitions(table)
        ]

    def _show_columns(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["field"]
        table = self.table(ddl.name, session)
        columns = [*table["StorageDescriptor"].get("Columns", []), *table.get("PartitionKeys", [])]
        answer.lines = [c["Name"].ljust(20) for c in columns]

    def _show_create_table(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["createtab_stmt"]
        table = self.table(ddl.name, session)
        if table.get("TableType") == "VIRTUAL_VIEW":
            raise DdlError(f"FAILED: SemanticException {table['Name']} is a view: use SHOW CREATE VIEW")
        answer.lines = show.create_table(table)

    def _show_create_view(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["Create View"]
        table = self.table(ddl.name, session)
        view = view_definition(table)
        if view is None:
            raise DdlError(f"FAILED: SemanticException {table['Name']} is not a view")
        answer.lines = [
            f"CREATE VIEW {table['DatabaseName']}.{table['Name']} AS",
            *view["originalSql"].splitlines(),
        ]

    def _show_tblproperties(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["prpt_name", "prpt_value"]
        parameters = self.table(ddl.name, session).get("Parameters", {})
        wanted = ddl.parts["property"]
        if wanted is not None:
            answer.lines = [parameters.get(wanted, f"Table does not have property: {wanted}")]
            return
        answer.lines = [f"{n}\t{v}" for n, v in sorted(parameters.items())]

    def _describe(self, ddl: Ddl, session: Session, answer: Answer) -> None:
        answer.kind, answer.columns = "UTILITY", ["col_name", "data_type", "comment"]
        answer.substatement = "DESCRIBE_TABLE"
        table = self.table(ddl.name, session)
        if ddl.parts["spec"] is not None:
            partition = self._partition(table, self._values(table, ddl.parts["spec"]))
            table = {**table, "StorageDescriptor": partition["StorageDescriptor"]}
        answer.lines = show.describe(table, ddl.parts["form"], ddl.parts["column"])


def _like(names: list[str], pattern: str | None) -> list[str]:
    """Hive's patterns: ``*`` for any text, ``|`` between choices."""
    if pattern is None:
        return sorted(names)
    choices = [p.strip().lower() for p in pattern.replace(".*", "*").split("|")]
    return sorted(n for n in names if any(fnmatch.fnmatchcase(n.lower(), c) for c in choices))


def _check_columns(columns: list[dict]) -> None:
    seen: set[str] = set()
    for column in columns:
        name = column["Name"].lower()
        if name in seen:
            raise DdlError(f"FAILED: SemanticException [Error 10036]: Duplicate column name: {name}")
        seen.add(name)
        try:
            types.hive_type(column["Type"])
        except types.UnknownHiveType:
            raise DdlError(
                f"FAILED: ParseException line 1:0 cannot recognize input near '{column['Type']}' in "
                f"column type"
            ) from None


def _view_type(kind: types.Type) -> str:
    try:
        return types.hive_name(kind)
    except types.UnknownHiveType:
        return str(kind)


def descriptor(columns: list[dict], parts: dict) -> dict:
    """The StorageDescriptor of CREATE EXTERNAL TABLE."""
    stored = formats.STORED[parts.get("stored", "TEXTFILE")]
    serde = parts.get("serde") or stored[2]
    properties = {**parts.get("delimited", {}), **parts.get("serde_properties", {})}
    if not properties and serde == formats.LAZY:
        properties = {"serialization.format": "1"}
    input_format, output_format = stored[0], stored[1]
    if "stored" not in parts and "parquet" in serde.lower():
        input_format, output_format = formats.PARQUET_INPUT, formats.PARQUET_OUTPUT
    buckets, number = parts.get("buckets", ([], -1))
    return {
        "Columns": columns,
        "Location": parts["location"],
        "InputFormat": parts.get("input", input_format),
        "OutputFormat": parts.get("output", output_format),
        "Compressed": False,
        "NumberOfBuckets": number,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": properties},
        "BucketColumns": buckets,
        "SortColumns": [],
        "Parameters": {},
        "StoredAsSubDirectories": False,
    }


def partition_input(table: dict, values: list[str], location: str | None) -> dict:
    """A partition of a table, at its folder unless another place is given."""
    names = [k["Name"] for k in table["PartitionKeys"]]
    storage = dict(table["StorageDescriptor"])
    folders = "/".join(
        f"{n}={quote(v if v else HIVE_NULL, safe=' !$&()+,-.;@_~')}"
        for n, v in zip(names, values, strict=True)
    )
    storage["Location"] = location or f"{storage['Location'].rstrip('/')}/{folders}"
    return {"Values": values, "StorageDescriptor": storage, "Parameters": {}}
