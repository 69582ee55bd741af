"""Writes the rows of a query as files of a table: whole first, then moved to their place."""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import gzip
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import duckdb

from localaws.athena import types
from localaws.athena.analysis.convert import rounded, text, to_json, varchar_of
from localaws.athena.engine import failure
from localaws.athena.errors import StatementError
from localaws.athena.storage.partitions import HIVE_NULL
from localaws.athena.types import Type, duckdb_type, identifier

if TYPE_CHECKING:
    from localaws.athena.executions import Live
    from localaws.athena.statements import Statements
    from localaws.athena.storage.scan import Plan

_UNQUOTED = " !$&()+,-.;@_~"
_FETCH = 20_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how rows are written.

    Attributes
    ----------
    columns
        All columns with the partition keys, which come last.
    delimiter
        Between the fields of a text file.
    """

    format: str
    compression: str
    location: str
    columns: list[tuple[str, Type]]
    keys: list[str]
    delimiter: str


class FileWriter:
    """Writes one query's rows."""

    def __init__(self, statements: Statements, target: Target, identifier_: str) -> None:
        self.statements = statements
        self.target = target
        self.prefix = f"{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}_{secrets.token_hex(3)}_{identifier_}"
        self.number = 0

    def write(
        self, cursor: duckdb.DuckDBPyConnection, plan: Plan, live: Live, most_partitions: int
    ) -> tuple[int, list[tuple[tuple[str | None, ...], str]]]:
        """Write the rows.

        Returns
        -------
        tuple
            How many rows, and the files as (values of the partition, address).
        """
        self._run(cursor, f"CREATE TEMP TABLE written AS {self._select(plan.sql)}", plan, live)
        rows = cursor.execute("SELECT count(*) FROM written").fetchone()[0]
        partitions = self._partitions(cursor, most_partitions)
        work = Path(tempfile.mkdtemp(dir=self.statements.engine.work))
        try:
            made = [(values, self._file(cursor, values, work, plan, live)) for values in partitions]
            with live.lock:
                if live.stop.is_set():
                    from localaws.athena.executions import Cancelled

                    raise Cancelled
            return rows, [
                (tuple(None if v is None else _key_text(v) for v in values), self._place(path, values))
                for values, path in made
            ]
        finally:
            shutil.rmtree(work, ignore_errors=True)
            cursor.execute("DROP TABLE IF EXISTS written")

    def _run(self, cursor, sql: str, plan: Plan, live: Live) -> None:
        self.statements.execute(cursor, sql, plan, live)

    def _select(self, sql: str) -> str:
        out = ", ".join(
            f"{_stored(f'q.c{i}', k)} AS {identifier(n)}" for i, (n, k) in enumerate(self.target.columns)
        )
        return f"SELECT {out} FROM ({sql}) AS q"

    def _partitions(self, cursor, most: int) -> list[tuple]:
        if not self.target.keys:
            return [()] if cursor.execute("SELECT 1 FROM written LIMIT 1").fetchone() else []
        keys = ", ".join(identifier(k) for k in self.target.keys)
        found = cursor.execute(
            f"SELECT DISTINCT {keys} FROM written ORDER BY ALL LIMIT {most + 1}"
        ).fetchall()
        if len(found) > most:
            raise StatementError(
                "HIVE_TOO_MANY_OPEN_PARTITIONS",
                f"Exceeded limit of {most} open writers for partitions/buckets",
            )
        return found

    def _where(self, values: tuple) -> tuple[str, list]:
        if not values:
            return "", []
        terms = " AND ".join(f"{identifier(k)} IS NOT DISTINCT FROM ?" for k in self.target.keys)
        return f" WHERE {terms}", list(values)

    def _file(self, cursor, values: tuple, work: Path, plan: Plan, live: Live) -> Path:
        self.number += 1
        path = work / f"{self.prefix}_{self.number}"
        data = [(n, k) for n, k in self.target.columns if n not in self.target.keys]
        where, parameters = self._where(values)
        try:
            if self.target.format == "PARQUET":
                columns = ", ".join(identifier(n) for n, _ in data)
                cursor.execute(
                    f"CREATE OR REPLACE TEMP TABLE part AS SELECT {columns} FROM written{where}", parameters
                )
                codec = {"NONE": "uncompressed"}.get(self.target.compression, self.target.compression.lower())
                codec = "lz4_raw" if codec == "lz4" else codec
                cursor.execute(f"COPY part TO {text(str(path))} (FORMAT parquet, COMPRESSION {codec})")
                cursor.execute("DROP TABLE part")
                return path
            line = self._json(data) if self.target.format == "JSON" else self._text(data)
            cursor.execute(f"SELECT {line} FROM written{where}", parameters)
            return self._lines(cursor, path)
        except duckdb.InterruptException:
            from localaws.athena.executions import Cancelled

            raise Cancelled from None
        except duckdb.Error as error:
            raise failure(error) from error

    def _lines(self, cursor, path: Path) -> Path:
        packed = self.target.compression == "GZIP"
        if packed:
            path = path.with_name(path.name + ".gz")
        with gzip.open(path, "wb", compresslevel=6) if packed else path.open("wb") as file:
            while rows := cursor.fetchmany(_FETCH):
                file.write(("\n".join([r[0] for r in rows]) + "\n").encode())
        return path

    def _json(self, data: list[tuple[str, Type]]) -> str:
        fields = []
        for name, kind in data:
            value = (
                to_json(identifier(name), kind)
                if kind.name != "varbinary"
                else f"to_json(to_base64({identifier(name)}))"
            )
            key = text(f'"{name}":')
            fields.append(f"{key} || {value}")
        return "'{' || concat_ws(',', " + ", ".join(fields) + ") || '}'"

    def _text(self, data: list[tuple[str, Type]]) -> str:
        fields = [f"coalesce({lazy_text(identifier(n), k, 2)}, {text(chr(92) + 'N')})" for n, k in data]
        return f" || {text(self.target.delimiter)} || ".join(fields)

    def _place(self, path: Path, values: tuple) -> str:
        folder = self.target.location
        for key, value in zip(self.target.keys, values, strict=True):
            shown = HIVE_NULL if value is None else quote(_key_text(value), safe=_UNQUOTED)
            folder += f"{key}={shown}/"
        place = self.statements.places.folder(folder)
        if not self.statements.places.has_bucket(place):
            raise StatementError(
                "HIVE_FILESYSTEM_ERROR",
                f"The specified bucket does not exist (Service: Amazon S3; Status Code: 404; "
                f"Error Code: NoSuchBucket): {folder}",
            )
        place.mkdir(parents=True, exist_ok=True)
        path.replace(place / path.name)
        return folder + path.name


def _key_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _stored(sql: str, kind: Type) -> str:
    """A value as the file holds it: Hive's timestamps have milliseconds."""
    if kind.name == "timestamp":
        return rounded(sql, kind.args[0], 3)
    return f"CAST({sql} AS {duckdb_type(kind)})"


def lazy_text(sql: str, kind: Type, level: int) -> str:
    """A value in Hive's lazy text."""
    if kind.name in ("double", "real"):
        return f"java_double({sql})"
    if kind.name == "varbinary":
        return f"to_base64({sql})"
    null = text(r"\N")
    here, inside = text(chr(level)), text(chr(level + 1))
    if kind.name == "array":
        item = lazy_text("e", kind.args[0], level + 1)
        return f"array_to_string(list_transform({sql}, lambda e: coalesce({item}, {null})), {here})"
    if kind.name == "map":
        key, value = (
            lazy_text("e.key", kind.args[0], level + 2),
            lazy_text("e.value", kind.args[1], level + 2),
        )
        pair = f"{key} || {inside} || coalesce({value}, {null})"
        return f"array_to_string(list_transform(map_entries({sql}), lambda e: {pair}), {here})"
    if kind.name == "row":
        fields = [
            f"coalesce({lazy_text(f'({sql}).{identifier(types.field_name(kind, i))}', k, level + 1)}, {null})"
            for i, k in enumerate(kind.args)
        ]
        return f"CASE WHEN {sql} IS NOT NULL THEN {f' || {here} || '.join(fields)} END"
    return varchar_of(sql, kind)
