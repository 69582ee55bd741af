"""Results as Athena writes them: a CSV file of quoted texts, and the types of its columns.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

from collections.abc import Iterator

from localaws.athena.analysis.convert import text, time_text, varchar_of
from localaws.athena.types import Type, field_name, identifier

_PRECISION = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "date": 0,
    "varbinary": 1_073_741_824,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "time": 3,
    "time with time zone": 3,
}
_VARCHAR_MAX = 2_147_483_647


def column_info(name: str, kind: Type) -> dict:
    """A column as GetQueryResults describes it."""
    precision, scale = _PRECISION.get(kind.name, 0), 0
    if kind.name == "decimal":
        precision, scale = kind.args
    elif kind.name in ("varchar", "char"):
        precision = kind.args[0] if kind.args else _VARCHAR_MAX
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": "float" if kind.name == "real" else kind.name,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind.name in ("varchar", "char"),
    }


def shown(sql: str, kind: Type) -> str:
    """DuckDB's SQL for a value's text in a result file; NULL stays NULL."""
    name = kind.name
    if name in ("double", "real"):
        return f"java_double({sql})"
    if name == "varbinary":
        return f"bytes_text({sql})"
    if name in ("json", "unknown", "uuid", "ipaddress"):
        return f"CAST({sql} AS VARCHAR)"
    if name in ("timestamp", "timestamp with time zone", "time"):
        return time_text(sql, kind, max(kind.args[0], 3))  # Athena writes milliseconds always
    if name == "array":
        inside = shown("e", kind.args[0])
        return (
            f"('[' || array_to_string(list_transform({sql}, lambda e: coalesce({inside}, 'null')), "
            f"', ') || ']')"
        )
    if name == "map":
        key, value = shown("e.key", kind.args[0]), shown("e.value", kind.args[1])
        pair = f"{key} || '=' || coalesce({value}, 'null')"
        return (
            f"('{{' || array_to_string(list_transform(map_entries({sql}), lambda e: {pair}), ', ') || '}}')"
        )
    if name == "row":
        parts = [
            f"{text(field_name(kind, i) + '=')}, "
            f"coalesce({shown(f'({sql}).{identifier(field_name(kind, i))}', k)}, 'null')"
            for i, k in enumerate(kind.args)
        ]
        inside = ", ', ', ".join(parts)
        return f"CASE WHEN {sql} IS NOT NULL THEN concat('{{', {inside}, '}}') END"
    return varchar_of(sql, kind)


def as_lines(sql: str, kinds: list[Type]) -> str:
    """A query that gives each row of another as one line of CSV."""
    parts = []
    for index, kind in enumerate(kinds):
        value = shown(f"q.c{index}", kind)
        if _may_need_quotes(kind):
            value = f"replace({value}, '\"', '\"\"')"
        parts.append(f"coalesce('\"' || {value} || '\"', '')")
    return f"SELECT {' || chr(44) || '.join(parts)} FROM ({sql}) AS q"


def _may_need_quotes(kind: Type) -> bool:
    return kind.name in ("varchar", "char", "json", "array", "map", "row")


def header(names: list[str]) -> str:
    return ",".join('"' + n.replace('"', '""') + '"' for n in names)


def rows(data: str) -> Iterator[list[str | None]]:
    """Read a result file back: a quoted text, or None for nothing between two commas."""
    at, row = 0, []
    while at < len(data):
        if data[at] == '"':
            end = at + 1
            while True:
                end = data.index('"', end)
                if data[end + 1 : end + 2] != '"':
                    break
                end += 2
            row.append(data[at + 1 : end].replace('""', '"'))
            at = end + 1
        else:
            row.append(None)
        if at < len(data) and data[at] == ",":
            at += 1
            if at == len(data) or data[at] == "\n":
                row.append(None)
            else:
                continue
        at += 1
        yield row
        row = []
