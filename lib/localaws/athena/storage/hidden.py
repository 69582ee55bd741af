"""The hidden columns of a table beside ``"$path"``: what is known of the file that a row comes from.

https://trino.io/docs/current/connector/hive.html#metadata-columns
"""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from localaws.athena import types
from localaws.athena.analysis.convert import text
from localaws.athena.storage.parquet import PartFile
from localaws.athena.storage.partitions import HIVE_NULL
from localaws.athena.storage.places import Places
from localaws.athena.types import Type

COLUMNS = [
    ("$path", types.VARCHAR),
    ("$file_size", types.BIGINT),
    ("$file_modified_time", types.TIMESTAMP_TZ),
    ("$partition", types.VARCHAR),
]


def wanted_of(used: list[tuple[int, str, Type]]) -> list[tuple[int, str]]:
    """The hidden columns other than the path among those that a statement uses, by their place."""
    names = {name for name, _ in COLUMNS[1:]}
    return [(index, name) for index, name, _ in used if name in names]


def joined(
    source: str,
    parts: list[PartFile],
    wanted: list[tuple[int, str]],
    path: tuple[int, bool],
    keys: list[tuple[str, Type]],
    places: Places,
) -> str:
    """Add hidden columns to the SQL of a table.

    Parameters
    ----------
    path
        The place of the path, and whether the statement uses it too.
    """
    rows = ", ".join(
        f"({text(places.address(p.file.path))}, {', '.join(_value(n, p, keys) for _, n in wanted)})"
        for p in parts
    )
    at, named = path
    names = ", ".join(f"c{i}" for i, _ in wanted)
    whole = "f.*" if named else f"f.* EXCLUDE (c{at})"
    columns = ", ".join(f"m.c{i}" for i, _ in wanted)
    return (
        f"(SELECT {whole}, {columns} FROM {source} AS f "
        f"JOIN (VALUES {rows}) AS m(place, {names}) ON f.c{at} = m.place)"
    )


def _value(name: str, part: PartFile, keys: list[tuple[str, Type]]) -> str:
    if name == "$file_size":
        return f"CAST({part.file.size} AS BIGINT)"
    if name == "$file_modified_time":
        changed = datetime.fromtimestamp(part.file.changed // 1_000_000 / 1000, UTC)
        return f"at_utc(CAST('{changed:%Y-%m-%d %H:%M:%S.%f}' AS TIMESTAMP))"
    folders = (
        f"{key}={quote(HIVE_NULL if value is None else value, safe=' !$&()+,-.;@_~')}"
        for (key, _), value in zip(keys, part.values, strict=True)
    )
    return text("/".join(folders))
