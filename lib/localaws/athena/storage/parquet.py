"""Reading Parquet tables: columns by name, in the catalog's types, from the files that survive pruning."""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena import types
from localaws.athena.analysis.convert import rounded, text
from localaws.athena.errors import StatementError
from localaws.athena.storage.footers import Footer
from localaws.athena.storage.partitions import hive_values
from localaws.athena.storage.places import DataFile, Places
from localaws.athena.types import Type, duckdb_type, identifier


@dataclass(frozen=True, slots=True)
class PartFile:
    """A file with the values of its partition."""

    file: DataFile
    values: tuple[str | None, ...]


_ALLOWED = {
    "boolean": {"BOOLEAN"},
    "tinyint": {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT"},
    "smallint": {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"},
    "integer": {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"},
    "bigint": {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"},
    "real": {"FLOAT"},
    "double": {"DOUBLE", "FLOAT"},
    "varchar": {"VARCHAR", "BLOB"},
    "char": {"VARCHAR", "BLOB"},
    "varbinary": {"BLOB", "VARCHAR"},
    "date": {"DATE"},
    "timestamp": {
        "TIMESTAMP",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP_NS",
        "TIMESTAMP_MS",
        "TIMESTAMP_S",
        "TIMESTAMP WITH TIME ZONE_NS",
    },
}


def column_sql(name: str, kind: Type, footer: Footer, path: str, places: Places) -> str:
    """A column of a file in the catalog's type.

    Raises
    ------
    StatementError
        HIVE_BAD_DATA when the file's type cannot be read as the catalog's.
    """
    found = footer.columns.get(name)
    if found is None:
        return f"CAST(NULL AS {duckdb_type(kind)})"
    column = identifier(name)
    if kind.name in _ALLOWED:
        if found not in _ALLOWED[kind.name]:
            raise _mismatch(name, kind, footer, path, places)
        if kind.name == "timestamp":
            plain = column if found == "TIMESTAMP" else f"CAST({column} AS TIMESTAMP)"
            return plain if name in footer.millis else rounded(plain, 6, kind.args[0])
        if found == "BLOB" and kind.name in ("varchar", "char"):
            column = f"decode({column})"
        if found == "VARCHAR" and kind.name == "varbinary":
            return f"encode({column})"
        if kind.name == "char":
            return f"rpad({column}, {kind.args[0]}, ' ')"
        if kind.name == "varchar" and kind.args:
            return f"substr({column}, 1, {kind.args[0]})"
        return column if found == duckdb_type(kind) else f"CAST({column} AS {duckdb_type(kind)})"
    if kind.name == "decimal" and not (found.startswith("DECIMAL") or found in ("INTEGER", "BIGINT")):
        raise _mismatch(name, kind, footer, path, places)
    nested = {"array": r".*\[\]", "map": r"MAP\(.*", "row": r"STRUCT\(.*"}.get(kind.name)
    if nested and not re.fullmatch(nested, found, re.DOTALL):
        raise _mismatch(name, kind, footer, path, places)
    wanted = duckdb_type(kind)
    return column if found == wanted else f"CAST({column} AS {wanted})"


def _mismatch(name: str, kind: Type, footer: Footer, path: str, places: Places) -> StatementError:
    return StatementError(
        "HIVE_BAD_DATA",
        f"Field {name}'s type {footer.physical[name]} in parquet file {places.address(path)} is "
        f"incompatible with type {kind} "
        "defined in table schema",
    )


def scan_sql(
    parts: list[PartFile],
    footers: list[Footer],
    wanted: list[tuple[int, str, Type]],
    keys: list[tuple[str, Type]],
    places: Places,
    needs_path: bool,
    path_column: int | None,
) -> str:
    """The SELECT that reads the files: wanted columns as ``c<index>``.

    Files with the same columns are read together; values of partitions come by the file's name.
    """
    key_names = {n for n, _ in keys}
    groups: dict[tuple, list[int]] = {}
    data = [(i, n, k) for i, n, k in wanted if n not in key_names]
    for index, footer in enumerate(footers):
        signature = tuple((footer.columns.get(n), n in footer.millis) for _, n, _ in data)
        groups.setdefault(signature, []).append(index)
    by_key = {n: i for i, (n, _) in enumerate(keys)}
    wanted_keys = [(i, n, k) for i, n, k in wanted if n in key_names]
    selects = []
    for members in groups.values():
        first = members[0]
        out = [
            f"{column_sql(n, k, footers[first], parts[first].file.path, places)} AS c{i}" for i, n, k in data
        ]
        chosen = [parts[m] for m in members]
        hive = _in_folders(chosen, keys, footers[first])
        source = _reader(chosen, path_column is not None or (bool(wanted_keys) and not hive), hive)
        if path_column is not None:
            out.append(f"'s3://' || substr(filename, {len(str(places.root)) + 2}) AS c{path_column}")
        if wanted_keys and hive:
            out += [f"CAST({identifier(n)} AS {duckdb_type(k)}) AS c{i}" for i, n, k in wanted_keys]
        elif wanted_keys:
            joined, columns = _partition_join(chosen, wanted_keys, by_key)
            source += joined
            out += columns
        selects.append(f"SELECT {', '.join(out) or '1 AS one'} FROM {source}")
    return " UNION ALL ".join(selects)


def _in_folders(parts: list[PartFile], keys: list[tuple[str, Type]], footer: Footer) -> bool:
    """Whether all lie in ``key=value`` folders that say what the catalog says, which DuckDB reads without
    a join."""
    names = [n for n, _ in keys]
    if not names or any(n in footer.columns for n in names):
        return False
    return all(hive_values(p.file.path, names) == list(p.values) for p in parts)


def _reader(parts: list[PartFile], names: bool, hive: bool) -> str:
    listed = ", ".join(text(p.file.path) for p in parts)
    folders = "hive_partitioning = true, hive_types_autocast = false" if hive else "hive_partitioning = false"
    return f"read_parquet([{listed}], {folders}{', filename = true' if names else ''}) AS f"


def _partition_join(parts: list[PartFile], wanted, by_key) -> tuple[str, list[str]]:
    """The values of the wanted partition keys: constants when all files share them, else by the file's
    name."""
    columns, varying = [], []
    for index, name, kind in wanted:
        values = {p.values[by_key[name]] for p in parts}
        if len(values) == 1:
            columns.append(f"{key_value(values.pop(), kind)} AS c{index}")
        else:
            varying.append((index, name, kind))
    if not varying:
        return "", columns
    names = ", ".join(f"k{i}" for i, _, _ in varying)
    rows = ", ".join(
        "("
        + ", ".join([text(p.file.path), *(key_value(p.values[by_key[n]], k) for _, n, k in varying)])
        + ")"
        for p in parts
    )
    columns += [f"p.k{i} AS c{i}" for i, _, _ in varying]
    return f" JOIN (VALUES {rows}) AS p(path, {names}) ON f.filename = p.path", columns


def key_value(value: str | None, kind: Type) -> str:
    """A partition's value in the key's type."""
    if value is None:
        return f"CAST(NULL AS {duckdb_type(kind)})"
    if types.is_string(kind):
        return text(value)
    return f"CAST({text(value)} AS {duckdb_type(kind)})"


# --- bytes ---

_SIMPLE = re.compile(r'\("([^"]+)" (=|<|<=|>|>=) ([^"]+)\)')
_NUMBER = re.compile(r'\((\(.*\)) AND NOT isnan\("[^"]+"\)\)')  # of a double, whose NaN counts for nothing
_BETWEEN = re.compile(r'\("([^"]+)" BETWEEN ([^"]+?) AND ([^"]+)\)')
_IN = re.compile(r'\("([^"]+)" IN \(([^"]+)\)\)')


def _comparisons(condition: str) -> list[tuple[str, str, str]]:
    """The bounds that a condition puts on one column: (column, operator, value in SQL)."""
    if match := _NUMBER.fullmatch(condition):
        condition = match.group(1)
    if match := _SIMPLE.fullmatch(condition):
        return [match.groups()]
    if match := _BETWEEN.fullmatch(condition):
        column, low, high = match.groups()
        return [(column, ">=", low), (column, "<=", high)]
    if match := _IN.fullmatch(condition):
        column, items = match.groups()
        return [(column, ">=", f"list_min([{items}])"), (column, "<=", f"list_max([{items}])")]
    return []


def scanned_bytes(
    parts: list[PartFile],
    footers: list[Footer],
    columns: set[str],
    conditions: list[str],
    kinds: dict[str, Type],
    connection,
) -> int:
    """The bytes of the columns' chunks in the row groups whose bounds the conditions do not rule out.

    https://aws.amazon.com/athena/pricing/
    """
    total = 0
    groups = [(f, g) for f in footers for g in f.groups]
    excluded: set[int] = set()
    for condition in conditions:
        for column, operator, value in _comparisons(condition):
            if column in kinds:
                excluded |= _ruled_out(groups, column, operator, value, kinds[column], connection)
    for index, (_, group) in enumerate(groups):
        if index not in excluded:
            total += sum(c.size for c in group if c.column in columns)
    return total


def _ruled_out(groups, column: str, operator: str, value: str, kind: Type, connection) -> set[int]:
    if kind.name in ("array", "map", "row", "varbinary"):
        return set()
    bounds = []
    for index, (_, group) in enumerate(groups):
        for chunk in group:
            if chunk.column == column and chunk.low is not None and chunk.high is not None:
                bounds.append((index, chunk.low, chunk.high))
    if not bounds:
        return set()
    possible = {
        "=": "low <= v AND high >= v",
        "<": "low < v",
        "<=": "low <= v",
        ">": "high > v",
        ">=": "high >= v",
    }[operator]
    duck = duckdb_type(kind)
    sql = (
        f"SELECT i FROM (SELECT unnest($i) AS i, TRY_CAST(unnest($low) AS {duck}) AS low, "
        f"TRY_CAST(unnest($high) AS {duck}) AS "
        f"high, {value} AS v) WHERE NOT ({possible})"
    )
    indexes, lows, highs = (list(c) for c in zip(*bounds, strict=True))
    found = connection.execute(sql, {"i": indexes, "low": lows, "high": highs}).fetchall()
    return {i for (i,) in found}
