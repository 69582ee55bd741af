"""Conversions between types: those that Trino makes unasked, and CAST.

https://trino.io/docs/current/functions/conversion.html
"""

from __future__ import annotations

from localaws.athena import types
from localaws.athena.errors import Position, StatementError, not_supported
from localaws.athena.types import Type, duckdb_type, field_name, identifier

_INT_NAMES = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT"}


def text(value: str) -> str:
    """A string as a literal of DuckDB."""
    if "\0" in value:
        pieces = [text(p) for p in value.split("\0")]
        return "(" + " || chr(0) || ".join(pieces) + ")"
    return "'" + value.replace("'", "''") + "'"


def coerce(sql: str, source: Type, target: Type) -> str:
    """Give a value in the type that Trino coerces it to; the two must be coercible."""
    if source == target or (source.name == target.name == "varchar"):
        return sql
    if source == types.UNKNOWN:
        return f"CAST({sql} AS {duckdb_type(target)})"
    if target.name == "timestamp with time zone":
        if source.name == "timestamp with time zone":
            return sql
        return f"at_utc(CAST({sql} AS TIMESTAMP))"
    if target.name == "char":
        return f"rpad({sql}, {target.args[0]}, ' ')"
    if source.name in ("array", "map", "row"):
        return _coerce_inside(sql, source, target, coerce)
    if duckdb_type(source) == duckdb_type(target):
        return sql
    return f"CAST({sql} AS {duckdb_type(target)})"


def _coerce_inside(sql: str, source: Type, target: Type, convert) -> str:
    if duckdb_type(source) == duckdb_type(target) and _plain(source) and _plain(target):
        return sql
    if source.name == "array":
        inner = convert("e", source.args[0], target.args[0])
        return sql if inner == "e" else f"list_transform({sql}, lambda e: {inner})"
    if source.name == "map":
        key = convert("e.key", source.args[0], target.args[0])
        value = convert("e.value", source.args[1], target.args[1])
        return (
            f"map_from_entries(list_transform(map_entries({sql}), lambda e: {{'key': {key}, 'value': "
            f"{value}}}))"
        )
    fields = []
    for index, (one, other) in enumerate(zip(source.args, target.args, strict=True)):
        got = convert(f"({sql}).{identifier(field_name(source, index))}", one, other)
        fields.append(f"{identifier(field_name(target, index))} := {got}")
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"


def _plain(kind: Type) -> bool:
    return kind.name not in ("char",) and all(_plain(a) for a in kind.args if isinstance(a, Type))


def cast(sql: str, source: Type, target: Type, position: Position | None = None) -> str:
    """Write ``CAST(value AS target)``; a value that cannot be converted fails when it is met.

    Raises
    ------
    StatementError
        TYPE_MISMATCH when Trino has no such cast.
    """
    refused = StatementError("TYPE_MISMATCH", f"Cannot cast {source} to {target}", position)
    if source == types.UNKNOWN:
        return f"CAST({sql} AS {duckdb_type(target)})"
    if source == target:
        return sql
    if source.name in ("array", "map", "row") and source.name == target.name:
        if len(source.args) != len(target.args):
            raise refused
        return _coerce_inside(sql, source, target, lambda s, a, b: cast(s, a, b, position))
    if target == types.JSON:
        return to_json(sql, source, position)
    if source == types.JSON:
        return from_json(sql, target, position)
    if target.name == "time with time zone":
        raise not_supported("CAST to time with time zone", position)
    writer = _CASTS.get(target.name)
    written = writer(sql, source, target) if writer else None
    if written is None:
        raise refused
    return written


def _to_integer(sql: str, source: Type, target: Type) -> str | None:
    name, duck = _INT_NAMES[target.name], duckdb_type(target)
    if source.name == "boolean" or source.name in types.INTEGERS:
        return f"CAST({sql} AS {duck})"
    if source.name == "decimal":
        return f"CAST({sql} AS {duck})"
    if source.name in ("double", "real"):
        return f"CAST(whole({sql}, '{name}') AS {duck})"
    if types.is_string(source):
        return f"CAST(whole_text({sql}, '{name}') AS {duck})"
    return None


def _to_float(sql: str, source: Type, target: Type) -> str | None:
    if types.is_string(source):
        sql = f"CAST(number_text({sql}, '{target.name.upper()}') AS DOUBLE)"
        source = types.DOUBLE
    elif source.name != "boolean" and not types.is_number(source):
        return None
    if target == types.REAL and source == types.DOUBLE:
        return f"narrowed({sql})"
    return f"CAST({sql} AS {duckdb_type(target)})"


def _to_decimal(sql: str, source: Type, target: Type) -> str | None:
    if types.is_string(source):
        return f"CAST(decimal_text({sql}, '{str(target).upper()}') AS {duckdb_type(target)})"
    if source.name == "boolean" or types.is_number(source):
        return f"CAST({sql} AS {duckdb_type(target)})"
    return None


def _to_boolean(sql: str, source: Type, target: Type) -> str | None:
    if types.is_number(source):
        return f"({sql} <> 0)"
    return f"boolean_text({sql})" if types.is_string(source) else None


def _to_varchar(sql: str, source: Type, target: Type) -> str | None:
    written = varchar_of(sql, source)
    if written is None or not target.args:
        return written
    if target.name == "char":
        return f"rpad(substr({written}, 1, {target.args[0]}), {target.args[0]}, ' ')"
    if types.is_string(source):
        return f"substr({written}, 1, {target.args[0]})"
    return f"fitting_text({written}, {target.args[0]}, {text(str(source))})"


def varchar_of(sql: str, source: Type) -> str | None:
    """The text of a value as ``CAST(value AS varchar)`` gives it, None where Trino has no such cast."""
    name = source.name
    if types.is_string(source):
        return sql
    if name in ("double", "real"):
        return f"scientific_text({sql})"
    if name == "decimal" and source.args[0] == source.args[1]:  # DuckDB writes no 0 before the point
        return f"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\\.', '\\1' || '0.')"
    if name == "boolean" or name in types.NUMBERS or name in ("date", "uuid", "ipaddress"):
        return f"CAST({sql} AS VARCHAR)"
    if name in ("timestamp", "timestamp with time zone", "time"):
        return time_text(sql, source, source.args[0])
    if name == "interval day to second":
        return f"day_to_second_text({sql})"
    if name == "interval year to month":
        return f"year_to_month_text({sql})"
    return None


def time_text(sql: str, kind: Type, precision: int) -> str:
    """A time or timestamp with so many digits of a second."""
    # DuckDB writes 3, 6 or 9 of them.
    form, have = {0: ("", 0), 3: (".%g", 3), 6: (".%f", 6)}.get(precision, (".%n", 9))
    if kind.name == "time":
        made = f"strftime(DATE '1970-01-01' + {sql}, '%H:%M:%S{form}')"
    else:
        local = f"local_time({sql})" if kind.name == "timestamp with time zone" else sql
        made = f"strftime({local}, '%Y-%m-%d %H:%M:%S{form}')"
    if precision < have:
        made = f"left({made}, {precision - have})"
    elif precision > have:
        made = f"({made} || '{'0' * (precision - have)}')"
    return f"({made} || ' ' || ({sql}).z)" if kind.name == "timestamp with time zone" else made


def _to_date(sql: str, source: Type, target: Type) -> str | None:
    if types.is_string(source):
        return f"date_text({sql})"
    if source.name == "timestamp":
        return f"CAST({sql} AS DATE)"
    return f"CAST(local_time({sql}) AS DATE)" if source.name == "timestamp with time zone" else None


def _to_timestamp(sql: str, source: Type, target: Type) -> str | None:
    if types.is_string(source):
        return rounded(f"timestamp_text({sql})", 9, target.args[0])
    if source.name == "date":
        return f"CAST({sql} AS TIMESTAMP)"
    if source.name == "timestamp":
        return rounded(sql, source.args[0], target.args[0])
    if source.name == "timestamp with time zone":
        return rounded(f"local_time({sql})", source.args[0], target.args[0])
    return None


# Microseconds from the year 1 to 1970: division cuts towards zero, so it is done on numbers above zero.
_SHIFT = 62_135_596_800_000_000


def rounded(sql: str, have: int, want: int) -> str:
    """A timestamp rounded, half up, to a precision."""
    if want >= have or want >= 6:
        return sql
    half = 10 ** (6 - want) // 2
    return f"make_timestamp((epoch_us({sql}) + {_SHIFT + half}) // {half * 2} * {half * 2} - {_SHIFT})"


def _to_zoned(sql: str, source: Type, target: Type) -> str | None:
    if types.is_string(source):
        return f"zoned_text({sql})"
    if source.name in ("date", "timestamp"):
        return f"at_utc(CAST({sql} AS TIMESTAMP))"
    if source.name == "timestamp with time zone":
        inside = rounded(f"({sql}).i", source.args[0], target.args[0])
        return f"{{'i': {inside}, 'z': ({sql}).z}}"
    return None


def _to_time(sql: str, source: Type, target: Type) -> str | None:
    if types.is_string(source):
        return f"time_text({sql})"
    if source.name == "timestamp":
        return f"CAST({sql} AS TIME)"
    if source.name == "time":
        return sql if target.args[0] >= source.args[0] else None
    return f"CAST(local_time({sql}) AS TIME)" if source.name == "timestamp with time zone" else None


def _to_ipaddress(sql: str, source: Type, target: Type) -> str | None:
    if source == types.VARBINARY:
        raise not_supported("CAST of varbinary to ipaddress")
    return f"py_ip_address({sql})" if types.is_string(source) else None


def _to_uuid(sql: str, source: Type, target: Type) -> str | None:
    if source == types.VARBINARY:
        raise not_supported("CAST of varbinary to uuid")
    return f"py_uuid_text({sql})" if types.is_string(source) else None


def _to_varbinary(sql: str, source: Type, target: Type) -> str | None:
    return f"encode({sql})" if types.is_string(source) else None


_CASTS = {
    **dict.fromkeys(types.INTEGERS, _to_integer),
    "real": _to_float,
    "double": _to_float,
    "decimal": _to_decimal,
    "boolean": _to_boolean,
    "varchar": _to_varchar,
    "char": _to_varchar,
    "date": _to_date,
    "timestamp": _to_timestamp,
    "timestamp with time zone": _to_zoned,
    "time": _to_time,
    "varbinary": _to_varbinary,
    "ipaddress": _to_ipaddress,
    "uuid": _to_uuid,
}


# --- JSON ---


def to_json(sql: str, source: Type, position: Position | None = None) -> str:
    """Write ``CAST(value AS JSON)``: the text of the JSON value."""
    name = source.name
    if name == "json":
        return sql
    if types.is_string(source) or name in ("date", "timestamp", "timestamp with time zone"):
        return f"CAST(to_json({varchar_of(sql, source)}) AS VARCHAR)"
    if name in ("boolean", *types.INTEGERS):
        return f"CAST({sql} AS VARCHAR)"
    if name in ("double", "real"):
        return f"java_double({sql})"
    if name == "decimal":
        return f"CAST({sql} AS VARCHAR)"
    if name == "array":
        inside = to_json("e", source.args[0], position)
        return (
            f"('[' || array_to_string(list_transform({sql}, lambda e: coalesce({inside}, 'null')), "
            f"',') || ']')"
        )
    if name == "map" and (key := _json_key("e.key", source.args[0])) is not None:
        inside = to_json("e.value", source.args[1], position)
        pair = f"CAST(to_json(e.key) AS VARCHAR) || ':' || coalesce({inside}, 'null')"
        keyed = f"list_transform(map_entries({sql}), lambda e: {{'key': {key}, 'value': e.value}})"
        entries = f"list_sort_by_key({keyed})"
        return f"('{{' || array_to_string(list_transform({entries}, lambda e: {pair}), ',') || '}}')"
    if name == "row":
        parts = []
        for index, kind in enumerate(source.args):
            inside = to_json(f"({sql}).{identifier(field_name(source, index))}", kind, position)
            key = f"'{text(_quoted_key(source.fields[index] or ''))[1:-1]}:' || "
            parts.append(f"{key}coalesce({inside}, 'null')")
        return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {' || chr(44) || '.join(parts)} || '}}' END"
    raise StatementError("TYPE_MISMATCH", f"Cannot cast {source} to json", position)


def _json_key(sql: str, kind: Type) -> str | None:
    """The text of a map's key, None for a type that cannot be the name of a member."""
    if types.is_string(kind) or kind.name in ("boolean", "decimal", "double", "real", *types.INTEGERS):
        return f"java_double({sql})" if kind.name in ("double", "real") else varchar_of(sql, kind)
    return None


def _quoted_key(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def from_json(sql: str, target: Type, position: Position | None = None) -> str:
    """Write ``CAST(json AS target)``."""
    name = target.name
    if name == "json":
        return sql
    if name == "varchar":
        return _to_varchar(f"json_as_text({sql})", types.VARCHAR, target)
    scalar = f"json_as_scalar({sql}, {text(str(target))})"
    if name == "boolean":
        return f"boolean_text({scalar})"
    if name in types.INTEGERS:
        return f"CAST(json_whole({sql}, {text(_INT_NAMES[name])}) AS {duckdb_type(target)})"
    if name in ("double", "real", "decimal"):
        return f"CAST({scalar} AS {duckdb_type(target)})"
    if name == "array":
        inside = from_json("CAST(e AS VARCHAR)", target.args[0], position)
        return f"list_transform(json_items({sql}), lambda e: {inside})"
    if name == "map" and _json_key("", target.args[0]) is not None:
        inside = from_json("e.value", target.args[1], position)
        key = cast("e.key", types.VARCHAR, target.args[0], position)
        return (
            f"map_from_entries(list_transform(json_members({sql}), lambda e: {{'key': {key}, "
            f"'value': {inside}}}))"
        )
    if name == "row":
        names = ", ".join(text(n or "") for n in target.fields)
        found = f"py_json_fields({sql}, [{names}])"
        fields = ", ".join(
            f"{identifier(field_name(target, i))} := {from_json(f'{found}[{i + 1}]', kind, position)}"
            for i, kind in enumerate(target.args)
        )
        return f"CASE WHEN {found} IS NOT NULL THEN struct_pack({fields}) END"
    raise StatementError("TYPE_MISMATCH", f"Cannot cast json to {target}", position)
