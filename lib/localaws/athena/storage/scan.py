"""The SQL of each table that a statement reads, once its partitions and files are known."""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.athena.analysis.queries import Scan, Translated
from localaws.athena.catalog import CatalogTables
from localaws.athena.errors import StatementError
from localaws.athena.storage import hidden, parquet, serdes
from localaws.athena.storage.footers import Footers
from localaws.athena.storage.lines import TextSource
from localaws.athena.storage.parquet import PartFile
from localaws.athena.storage.partitions import Partition, keys_of, partitions
from localaws.athena.storage.places import Places
from localaws.athena.types import Type, duckdb_type, identifier

if TYPE_CHECKING:
    import duckdb


_REFUSED_INPUTS = {
    "orc": "ORC",
    "avro": "Avro",
    "ion": "Ion",
    "rcfile": "RCFile",
    "sequencefile": "SequenceFile",
}


@dataclass(slots=True)
class Plan:
    """A statement ready to run.

    Attributes
    ----------
    sql
        DuckDB's SQL with every table in place.
    sources
        Text tables that have to be registered under their names first.
    scanned
        The bytes that Athena charges for.
    input_rows
        Rows in the files read, where their footers tell.
    """

    sql: str
    sources: dict[str, TextSource] = field(default_factory=dict)
    scanned: int = 0
    input_rows: int = 0


class Planner:
    """Puts the tables' files into translated statements."""

    def __init__(self, catalog, places: Places, footers: Footers) -> None:
        self.catalog = catalog
        self.places = places
        self.footers = footers
        self._counter = 0
        self._lock = threading.Lock()

    def plan(self, translated: Translated, connection: duckdb.DuckDBPyConnection) -> Plan:
        """Find the partitions and files, and write them into the SQL.

        Raises
        ------
        StatementError
            As Athena fails on files that do not fit their table.
        """
        plan = Plan("")
        written = {
            scan.token: _with_unread(scan, translated, self._scan(scan, translated, plan, connection))
            for scan in translated.scans
        }
        sql = translated.sql
        for token, text in written.items():
            sql = sql.replace(token, text)
        plan.sql = sql
        return plan

    def _scan(self, scan: Scan, translated: Translated, plan: Plan, connection) -> str:
        used = [(i, f.name, f.type) for i, f in enumerate(scan.fields) if f in translated.used]
        if isinstance(scan.table, tuple):
            return self._information(scan, used)
        table = scan.table
        path_column = next((i for i, n, _ in used if n == "$path"), None)
        beside = hidden.wanted_of(used)
        wanted = [(i, n, k) for i, n, k in used if n != "$path" and (i, n) not in beside]
        path = (path_column, True)
        if beside and path_column is None:
            path_column = next(i for i, f in enumerate(scan.fields) if f.name == "$path" and f.hidden)
            path = (path_column, False)
        keys = keys_of(table)
        parts = self._files(table, keys, scan, connection)
        if not parts:
            return _empty(used)
        if _is_parquet(table):
            sql = self._parquet(scan, parts, wanted, keys, path_column, plan, connection)
        else:
            sql = self._text(table, parts, wanted, keys, path_column, plan)
        return hidden.joined(sql, parts, beside, path, keys, self.places) if beside else sql

    def _files(self, table: dict, keys, scan: Scan, connection) -> list[PartFile]:
        if not keys:
            location = table.get("StorageDescriptor", {}).get("Location", "")
            return [PartFile(f, ()) for f in self.places.files(location)]
        found: list[PartFile] = []
        part: Partition
        for part in partitions(self.catalog, table, scan.conditions, connection):
            found.extend(PartFile(f, part.values) for f in self.places.files(part.location))
        return found

    def _parquet(self, scan: Scan, parts, wanted, keys, path_column, plan: Plan, connection) -> str:
        footers = self.footers.of([p.file for p in parts], connection)
        key_names = {n for n, _ in keys}
        columns = {n for _, n, _ in wanted} - key_names
        conditions = [sql for sql, names in scan.conditions if len(names) == 1]
        kinds = {f.name: f.type for f in scan.fields if f.name not in key_names and not f.hidden}
        plan.scanned += parquet.scanned_bytes(parts, footers, columns, conditions, kinds, connection)
        plan.input_rows += sum(f.rows for f in footers)
        return (
            "("
            + parquet.scan_sql(parts, footers, wanted, keys, self.places, bool(path_column), path_column)
            + ")"
        )

    def _text(self, table: dict, parts, wanted, keys, path_column, plan: Plan) -> str:
        descriptor = table["StorageDescriptor"]
        from localaws.athena import types

        columns = [
            (c["Name"].lower(), types.hive_type(c.get("Type", "string"))) for c in descriptor["Columns"]
        ]
        if not descriptor.get("InputFormat"):
            raise StatementError("HIVE_UNSUPPORTED_FORMAT", "Unable to create input format ")
        form = serdes.text_format(descriptor.get("SerdeInfo", {}), columns)
        parameters = {**table.get("Parameters", {}), **(descriptor.get("Parameters") or {})}
        skip = (_count(parameters, "skip.header.line.count"), _count(parameters, "skip.footer.line.count"))
        key_names = [n for n, _ in keys]
        source = TextSource(
            parts, [n for n, _ in columns], key_names, form.splitter, skip, self.places.address
        )
        with self._lock:
            self._counter += 1
            name = f"source_{self._counter}"
        plan.sources[name] = source
        plan.scanned += sum(p.file.size for p in parts)
        out = [self._text_column(form, i, n, k, key_names) for i, n, k in wanted]
        if path_column is not None:
            out.append(f'"$path" AS c{path_column}')
        return f"(SELECT {', '.join(out) or '1 AS one'} FROM {name})"

    def _text_column(
        self, form: serdes.TextFormat, index: int, name: str, kind: Type, keys: list[str]
    ) -> str:
        if name in keys:
            column = identifier(f"key:{name}")
            return f"CAST({column} AS {duckdb_type(kind)}) AS c{index}"
        return f"{form.typed(identifier(name), kind, name)} AS c{index}"

    def _information(self, scan: Scan, used) -> str:
        rows = CatalogTables(self.catalog).information_rows(scan.table[1])
        if not rows:
            return _empty(used)
        from localaws.athena.analysis.convert import text

        def value(item, kind: Type) -> str:
            if item is None:
                return f"CAST(NULL AS {duckdb_type(kind)})"
            return str(item) if isinstance(item, int) else text(str(item))

        kinds = [f.type for f in scan.fields]
        written = ", ".join(
            "(" + ", ".join(value(v, k) for v, k in zip(row, kinds, strict=True)) + ")" for row in rows
        )
        names = ", ".join(f"c{i}" for i in range(len(kinds)))
        return f"(SELECT {names} FROM (VALUES {written}) AS i({names}))"


def _with_unread(scan: Scan, translated: Translated, source: str) -> str:
    """Add the columns that are not read, as nulls: a subquery may name them though nothing needs them."""
    unread = [
        f"CAST(NULL AS {duckdb_type(f.type)}) AS c{i}"
        for i, f in enumerate(scan.fields)
        if f not in translated.used
    ]
    return f"(SELECT *, {', '.join(unread)} FROM {source})" if unread else source


def _empty(used) -> str:
    out = ", ".join(f"CAST(NULL AS {duckdb_type(k)}) AS c{i}" for i, _, k in used) or "1 AS one"
    return f"(SELECT {out} WHERE false)"


def _is_parquet(table: dict) -> bool:
    descriptor = table.get("StorageDescriptor", {})
    library = descriptor.get("SerdeInfo", {}).get("SerializationLibrary", "")
    form = (descriptor.get("InputFormat") or "").lower()
    if "parquet" in library.lower() or "parquet" in form:
        return True
    for word, name in _REFUSED_INPUTS.items():
        if word in form or word in library.lower():
            raise StatementError(
                "HIVE_UNSUPPORTED_FORMAT", f"{name} files are not supported by the local Athena"
            )
    return False


def _count(parameters: dict, name: str) -> int:
    try:
        return int(parameters.get(name, 0))
    except ValueError:
        raise StatementError("HIVE_METASTORE_ERROR", f"{name} is not a number") from None
