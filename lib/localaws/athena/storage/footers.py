"""What the footers of Parquet files say: columns and their types, and the bytes and bounds of each row
group's chunks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.errors import StatementError
from localaws.athena.storage.places import DataFile

if TYPE_CHECKING:
    import duckdb

_MOST_FILES = 50_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column's part of a row group: bytes as stored, and its bounds as text when the writer gave them."""

    column: str
    size: int
    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class Footer:
    """A file's top-level columns (lower case) with DuckDB's types, its timestamps' units, and its row
    groups."""

    columns: dict[str, str]
    physical: dict[str, str]
    millis: frozenset[str]
    groups: tuple[tuple[Chunk, ...], ...]
    rows: int


class Footers:
    """Reads footers, each once for a file's size and time of change."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], Footer] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, files: list[DataFile], connection: duckdb.DuckDBPyConnection) -> list[Footer]:
        """The footers of files, in their order.

        Raises
        ------
        StatementError
            HIVE_CANNOT_OPEN_SPLIT or HIVE_BAD_DATA for a file that is no Parquet.
        """
        with self._lock:
            missing = [f for f in files if (f.path, f.size, f.changed) not in self._known]
        if missing:
            read = self._read([f.path for f in missing], connection)
            with self._lock:
                for one in missing:
                    self._known[(one.path, one.size, one.changed)] = read[one.path]
                while len(self._known) > _MOST_FILES:
                    self._known.popitem(last=False)
                return [self._known.get((f.path, f.size, f.changed)) or read[f.path] for f in files]
        with self._lock:
            return [self._known[(f.path, f.size, f.changed)] for f in files]

    def _read(self, paths: list[str], connection) -> dict[str, Footer]:
        import duckdb

        try:
            schemas = connection.execute(
                "SELECT file_name, name, type, num_children, converted_type, logical_type, duckdb_type, "
                "repetition_type"
                " FROM parquet_schema($1)",
                [paths],
            ).fetchall()
            chunks = connection.execute(
                "SELECT file_name, row_group_id, path_in_schema, total_compressed_size, "
                "stats_min_value, stats_max_value,"
                " row_group_num_rows FROM parquet_metadata($1) ORDER BY file_name, row_group_id, column_id",
                [paths],
            ).fetchall()
        except duckdb.Error as error:
            raise _unreadable(paths, connection, error) from error
        columns: dict[str, tuple[dict, dict, set]] = {p: ({}, {}, set()) for p in paths}
        skip: dict[str, int] = {}
        for path, name, kind, children, converted, logical, duck, _ in schemas:
            pending = skip.get(path)
            if pending is None:  # the root: its children are the columns
                skip[path] = 0
                continue
            if pending > 0:
                skip[path] = pending - 1 + (children or 0)
                continue
            top, physical, millis = columns[path]
            top[name.lower()] = duck
            physical[name.lower()] = kind or "group"
            if "MILLIS" in str(converted) or "unit=TimeUnit(MILLIS=Milli" in str(logical):
                millis.add(name.lower())
            skip[path] = children or 0
        groups: dict[str, dict[int, list[Chunk]]] = {p: {} for p in paths}
        rows: dict[str, dict[int, int]] = {p: {} for p in paths}
        for path, group, column, size, low, high, count in chunks:
            top = column.split(", ")[0].lower()
            groups[path].setdefault(group, []).append(Chunk(top, size, low, high))
            rows[path][group] = count
        return {
            p: Footer(
                columns[p][0],
                columns[p][1],
                frozenset(columns[p][2]),
                tuple(tuple(g) for g in groups[p].values()),
                sum(rows[p].values()),
            )
            for p in paths
        }


def _unreadable(paths: list[str], connection, error: Exception) -> StatementError:
    """Name the file that DuckDB could not read."""
    import duckdb

    for path in paths:
        try:
            connection.execute("SELECT count(*) FROM parquet_metadata($1)", [[path]]).fetchall()
        except duckdb.Error as one:
            return StatementError(
                "HIVE_BAD_DATA",
                f"Not valid Parquet file: {path.rsplit('/', 1)[-1]}: {str(one).splitlines()[0]}",
            )
    return StatementError("HIVE_CANNOT_OPEN_SPLIT", str(error).splitlines()[0])
