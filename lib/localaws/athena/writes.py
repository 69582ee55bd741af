"""Statements that write data: CREATE TABLE AS, INSERT INTO and UNLOAD.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
"""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.queries import Translated, Translator
from localaws.athena.analysis.scope import Scope
from localaws.athena.catalog import CatalogTables, located
from localaws.athena.errors import Position, StatementError, not_supported
from localaws.athena.executions import Live, Outcome
from localaws.athena.hive import formats
from localaws.athena.hive.run import partition_input
from localaws.athena.sql import nodes
from localaws.athena.storage.writer import FileWriter, Target
from localaws.athena.types import Type

if TYPE_CHECKING:
    from localaws.athena.statements import Statements

_MOST_PARTITIONS = 100
_CTAS_PROPERTIES = frozenset(
    [
        "format",
        "external_location",
        "partitioned_by",
        "bucketed_by",
        "bucket_count",
        "write_compression",
        "parquet_compression",
        "orc_compression",
        "field_delimiter",
        "is_external",
        "table_type",
    ]
)
_UNLOAD_PROPERTIES = frozenset(
    ["format", "compression", "compression_level", "field_delimiter", "partitioned_by"]
)


@dataclass(slots=True)
class _Written:
    """What a write left: the files, by the values of their partition."""

    rows: int = 0
    files: list[tuple[tuple[str | None, ...], str]] = field(default_factory=list)


class Writer:
    """Runs one statement that writes."""

    def __init__(
        self, statements: Statements, document: dict, live: Live, session: Session, given: list[nodes.Node]
    ) -> None:
        self.statements = statements
        self.document = document
        self.live = live
        self.session = session
        self.given = given
        self.tables = CatalogTables(statements.catalog)

    def run(self, statement: nodes.Node) -> Outcome:
        """Run the statement."""
        if "OutputLocation" not in self.document["execution"]["ResultConfiguration"]:
            raise not_supported("writing in a workgroup with managed query results", statement.position)
        if isinstance(statement, nodes.CreateTableAs):
            return self._create(statement)
        if isinstance(statement, nodes.Insert):
            return self._insert(statement)
        if isinstance(statement, nodes.Unload):
            return self._unload(statement)
        raise not_supported("this statement", statement.position)

    # --- properties ---

    def _properties(self, given: dict[str, nodes.Node], known: frozenset[str], position: Position) -> dict:
        found: dict = {}
        for name, node in given.items():
            if name not in known:
                raise StatementError(
                    "INVALID_TABLE_PROPERTY",
                    f"Catalog 'awsdatacatalog' table property '{name}' does not exist",
                    position,
                )
            found[name] = self._constant(node)
        return found

    def _constant(self, node: nodes.Node):
        if isinstance(node, nodes.ArrayItems):
            return [self._constant(i) for i in node.items]
        translator = Translator(self.tables, self.session)
        value = Expressions(translator, Scope([]), "table property").value(node)
        if value.literal is None:
            raise StatementError(
                "INVALID_TABLE_PROPERTY", "Table properties have to be literals", node.position
            )
        return value.literal

    # --- CREATE TABLE AS ---

    def _create(self, statement: nodes.CreateTableAs) -> Outcome:
        _, database, name = located(statement.table, self.session)
        properties = self._properties(statement.properties, _CTAS_PROPERTIES, statement.position)
        if str(properties.get("table_type", "HIVE")).upper() != "HIVE":
            raise not_supported(f"table_type {properties['table_type']}", statement.position)
        if not self.tables.has_database(database):
            raise StatementError("SCHEMA_NOT_FOUND", f"Schema {database} not found", statement.position)
        if self.tables.find(database, name) is not None:
            if statement.if_not_exists:
                return Outcome(kind="DDL", substatement="CREATE_TABLE_AS_SELECT", update_count=0)
            raise StatementError(
                "TABLE_ALREADY_EXISTS",
                f"Destination table 'awsdatacatalog.{database}.{name}' already exists",
                statement.position,
            )
        translated = self.statements.translate(statement.query, self.session, self.given)
        columns = self._named(translated, statement.columns, statement.position)
        keys = [str(k).lower() for k in properties.get("partitioned_by", [])]
        self._check_keys(columns, keys, statement.position)
        execution = self.document["execution"]
        output = execution["ResultConfiguration"]["OutputLocation"].rstrip("/")
        location = properties.get("external_location") or f"{output}/tables/{execution['QueryExecutionId']}"
        location = location.rstrip("/") + "/"
        target = self._target(properties, columns, keys, location)
        if self.statements.places.files(location):
            raise StatementError(
                "HIVE_PATH_ALREADY_EXISTS",
                f"Target directory for table '{database}.{name}' already exists: {location}",
            )
        table = self._table_document(name, columns, keys, location, target, properties)
        written, outcome = self._write(translated, columns, target, statement.with_data)
        self.statements.catalog.create_table(DatabaseName=database, TableInput=table)
        self._register({**table, "DatabaseName": database}, written)
        outcome.kind, outcome.substatement = "DDL", "CREATE_TABLE_AS_SELECT"
        return self._manifest(outcome, written, "tables/")

    def _named(
        self, translated: Translated, names: list[str] | None, position: Position
    ) -> list[tuple[str, Type]]:
        given = names or [n.lower() if not n.startswith("_col") else n for n in translated.names]
        if len(given) != len(translated.kinds):
            raise StatementError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(given)} entries but relation has {len(translated.kinds)} "
                f"columns",
                position,
            )
        seen: set[str] = set()
        for index, (name, kind) in enumerate(zip(given, translated.kinds, strict=True), 1):
            if name.startswith("_col") and names is None:
                raise StatementError(
                    "MISSING_COLUMN_NAME", f"Column name not specified at position {index}", position
                )
            if name in seen:
                raise StatementError(
                    "DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once", position
                )
            if kind == types.UNKNOWN:
                raise StatementError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {name}", position)
            seen.add(name)
            try:
                types.hive_name(kind)
            except types.UnknownHiveType:
                raise StatementError("NOT_SUPPORTED", f"Unsupported Hive type: {kind}", position) from None
        return list(zip(given, translated.kinds, strict=True))

    def _check_keys(self, columns: list[tuple[str, Type]], keys: list[str], position: Position) -> None:
        names = [n for n, _ in columns]
        missing = [k for k in keys if k not in names]
        if missing:
            raise StatementError(
                "INVALID_TABLE_PROPERTY", f"Partition columns {missing} not present in schema", position
            )
        if keys and names[-len(keys) :] != keys:
            raise StatementError(
                "HIVE_COLUMN_ORDER_MISMATCH",
                "Partition keys must be the last columns in the table and in the same order as the "
                "table properties: "
                f"[{', '.join(keys)}]",
                position,
            )
        if keys and len(keys) == len(names):
            raise StatementError("INVALID_TABLE_PROPERTY", "Table contains only partition columns", position)

    def _target(
        self, properties: dict, columns: list[tuple[str, Type]], keys: list[str], location: str
    ) -> Target:
        form = str(properties.get("format", "PARQUET")).upper()
        if form in ("ORC", "AVRO", "ION"):
            raise not_supported(f"writing {form}")
        if form not in ("PARQUET", "TEXTFILE", "JSON"):
            raise StatementError("INVALID_TABLE_PROPERTY", f"Invalid value for format: {form}")
        compression = properties.get("write_compression") or properties.get("compression")
        compression = str(compression or properties.get("parquet_compression") or "GZIP").upper()
        if compression not in ("GZIP", "SNAPPY", "ZSTD", "NONE", "UNCOMPRESSED", "LZ4"):
            raise not_supported(f"compression {compression}")
        if form != "PARQUET" and compression not in ("GZIP", "NONE", "UNCOMPRESSED"):
            raise not_supported(f"{compression} compression of {form}")
        return Target(
            form, compression, location, columns, keys, str(properties.get("field_delimiter", "\x01"))
        )

    def _table_document(self, name, columns, keys, location, target: Target, properties: dict) -> dict:
        stored = formats.STORED[
            {"PARQUET": "PARQUET", "TEXTFILE": "TEXTFILE", "JSON": "JSONFILE"}[target.format]
        ]
        serde: dict[str, str] = {"serialization.format": "1"}
        if target.format == "TEXTFILE":
            serde = {"field.delim": target.delimiter, "serialization.format": target.delimiter}
        described = [{"Name": n, "Type": types.hive_name(k)} for n, k in columns]
        buckets = [str(b) for b in properties.get("bucketed_by", [])]
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {
                "EXTERNAL": "TRUE",
                "has_encrypted_data": "false",
                "transient_lastDdlTime": str(int(time.time())),
                "classification": {"PARQUET": "parquet", "TEXTFILE": "csv", "JSON": "json"}[target.format],
                **({"parquet.compression": target.compression} if target.format == "PARQUET" else {}),
            },
            "PartitionKeys": [c for c in described if c["Name"] in keys],
            "StorageDescriptor": {
                "Columns": [c for c in described if c["Name"] not in keys],
                "Location": location,
                "InputFormat": stored[0],
                "OutputFormat": stored[1],
                "Compressed": False,
                "NumberOfBuckets": int(properties.get("bucket_count", -1)) if buckets else -1,
                "SerdeInfo": {"SerializationLibrary": stored[2], "Parameters": serde},
                "BucketColumns": buckets,
                "SortColumns": [],
                "Parameters": {},
                "StoredAsSubDirectories": False,
            },
        }

    # --- INSERT INTO ---

    def _insert(self, statement: nodes.Insert) -> Outcome:
        found = self.tables.table(statement.table, self.session, statement.position)
        if found.view is not None or isinstance(found.table, tuple):
            raise StatementError("NOT_SUPPORTED", "Inserting into views is not supported", statement.position)
        table: dict = found.table
        translated = self.statements.translate(statement.query, self.session, self.given)
        columns = self._insert_columns(found.columns, statement)
        if len(columns) != len(translated.kinds):
            self._mismatch(columns, translated, statement.position)
        for (_, kind), given in zip(columns, translated.kinds, strict=True):
            if not _assignable(given, kind):
                self._mismatch(columns, translated, statement.position)
        target = self._insert_target(table, found.columns)
        source = {n: i for i, (n, _) in enumerate(columns)}
        picked = []
        for name, kind in found.columns:
            index = source.get(name)
            if index is None:
                picked.append(f"CAST(NULL AS {types.duckdb_type(kind)})")
            else:
                picked.append(_fitted(f"q.c{index}", translated.kinds[index], kind))
        out = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(picked))
        translated.sql = f"SELECT {out} FROM ({translated.sql}) AS q"
        translated.kinds = [k for _, k in found.columns]
        written, outcome = self._write(translated, found.columns, target, True)
        self._register(table, written)
        outcome.substatement = "INSERT"
        return self._manifest(outcome, written)

    def _insert_columns(
        self, columns: list[tuple[str, Type]], statement: nodes.Insert
    ) -> list[tuple[str, Type]]:
        if statement.columns is None:
            return columns
        kinds = dict(columns)
        for name in statement.columns:
            if name not in kinds:
                raise StatementError(
                    "COLUMN_NOT_FOUND",
                    f"Insert column name does not exist in target table: {name}",
                    statement.position,
                )
        if len(set(statement.columns)) != len(statement.columns):
            raise StatementError(
                "DUPLICATE_COLUMN_NAME", "Insert column name is specified more than once", statement.position
            )
        return [(n, kinds[n]) for n in statement.columns]

    def _mismatch(self, columns, translated: Translated, position: Position) -> None:
        table = ", ".join(str(k) for _, k in columns)
        query = ", ".join(str(k) for k in translated.kinds)
        raise StatementError(
            "TYPE_MISMATCH",
            f"Insert query has mismatched column types: Table: [{table}], Query: [{query}]",
            position,
        )

    def _insert_target(self, table: dict, columns: list[tuple[str, Type]]) -> Target:
        storage = table["StorageDescriptor"]
        serde = storage.get("SerdeInfo", {})
        library = serde.get("SerializationLibrary", "")
        parameters = {**(serde.get("Parameters") or {})}
        keys = [k["Name"].lower() for k in table.get("PartitionKeys", [])]
        form = {
            formats.PARQUET_SERDE: "PARQUET",
            formats.LAZY: "TEXTFILE",
            formats.JSON_SERDE: "JSON",
            "org.openx.data.jsonserde.JsonSerDe": "JSON",
        }.get(library)
        if form is None:
            raise StatementError(
                "HIVE_UNSUPPORTED_FORMAT", f"INSERT INTO a table of SerDe {library} is not supported"
            )
        given = {k.lower(): v for k, v in table.get("Parameters", {}).items()}
        compression = given.get("write.compression") or given.get("parquet.compression") or "GZIP"
        delimiter = parameters.get("field.delim") or parameters.get("serialization.format") or "\x01"
        delimiter = "\x01" if delimiter == "1" else delimiter
        location = storage["Location"].rstrip("/") + "/"
        return Target(
            form, compression.upper() if form == "PARQUET" else "GZIP", location, columns, keys, delimiter
        )

    # --- UNLOAD ---

    def _unload(self, statement: nodes.Unload) -> Outcome:
        properties = self._properties(statement.properties, _UNLOAD_PROPERTIES, statement.position)
        if "format" not in properties:
            raise StatementError(
                "INVALID_TABLE_PROPERTY", "UNLOAD needs the property 'format'", statement.position
            )
        translated = self.statements.translate(statement.query, self.session, self.given)
        columns = self._named(translated, None, statement.position)
        keys = [str(k).lower() for k in properties.get("partitioned_by", [])]
        self._check_keys(columns, keys, statement.position)
        location = statement.location.rstrip("/") + "/"
        if self.statements.places.files(location):
            raise StatementError(
                "HIVE_PATH_ALREADY_EXISTS",
                f"Target directory for the UNLOAD statement already exists: {location}",
            )
        target = self._target(properties, columns, keys, location)
        written, outcome = self._write(translated, columns, target, True)
        outcome.substatement = "UNLOAD"
        return self._manifest(outcome, written)

    # --- writing ---

    def _write(
        self, translated: Translated, columns: list[tuple[str, Type]], target: Target, with_data: bool
    ) -> tuple[_Written, Outcome]:
        began = time.monotonic()
        cursor = self.statements.cursor(self.live)
        written = _Written()
        try:
            plan = self.statements.plan(translated, self.document, cursor)
            planned = time.monotonic()
            if with_data:
                writer = FileWriter(self.statements, target, self.document["execution"]["QueryExecutionId"])
                written.rows, written.files = writer.write(cursor, plan, self.live, _MOST_PARTITIONS)
                self.statements.context.forget(target.location)
        finally:
            cursor.close()
        ended = time.monotonic()
        return written, Outcome(
            scanned=plan.scanned if with_data else 0,
            planning_ms=round((planned - began) * 1000),
            engine_ms=round((ended - planned) * 1000),
            rows=written.rows,
            input_rows=plan.input_rows,
            update_count=written.rows,
        )

    def _register(self, table: dict, written: _Written) -> None:
        """Register the partitions that were written, unless they are projected."""
        if (
            not table.get("PartitionKeys")
            or str(table.get("Parameters", {}).get("projection.enabled")).lower() == "true"
        ):
            return
        from localaws.athena.storage.partitions import HIVE_NULL

        values = sorted({tuple(HIVE_NULL if v is None else v for v in one) for one, _ in written.files})
        documents = [partition_input(table, list(v), None) for v in values]
        self.statements.hive.create_partitions(table, documents)

    def _manifest(self, outcome: Outcome, written: _Written, folder: str = "") -> Outcome:
        """Write the list of a statement's files, in a folder below the output location."""
        execution = self.document["execution"]
        output = execution["ResultConfiguration"]["OutputLocation"].rstrip("/")
        base = f"{output}/{folder}{execution['QueryExecutionId']}"
        lines = "".join(f"{address}\n" for _, address in written.files)
        outcome.manifest = f"{base}-manifest.csv"
        outcome.location = base
        self.statements.upload(outcome.manifest, io.BytesIO(lines.encode()))
        outcome.columns = []
        return outcome


def _fitted(sql: str, source: Type, target: Type) -> str:
    """A value as INSERT writes it; a text that is longer than its column, but for spaces, stops it."""
    value = convert.coerce(sql, source, target)
    if target.name != "varchar" or source.name != "varchar" or not target.args:
        return value
    if source.args and source.args[0] <= target.args[0]:
        return value
    longest = target.args[0]
    reason = (
        "INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting from "
        f"{source} to {target} on INSERT"
    )
    too_long = f"length(rtrim({value}, ' ')) > {longest}"
    return f"checked({too_long}, {convert.text(reason)}, left({value}, {longest}))"


def _assignable(source: Type, target: Type) -> bool:
    """Whether INSERT takes a value of a type: what Trino coerces, and texts of any length."""
    if types.coerces(source, target):
        return True
    if source.name == target.name and source.name in ("varchar", "char", "timestamp"):
        return True
    if (
        source.name == target.name
        and source.name in ("array", "map", "row")
        and len(source.args) == len(target.args)
    ):
        return all(_assignable(s, t) for s, t in zip(source.args, target.args, strict=True))
    return False
