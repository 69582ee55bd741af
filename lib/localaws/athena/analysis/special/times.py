"""Dates and times: units, zones, formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert, patterns
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.pyfunctions import times
from localaws.athena.pyfunctions.registry import Refused
from localaws.athena.sql import nodes
from localaws.athena.types import Type, duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.special.base import SPECIAL, arity, special, unexpected

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")


def _unit(scope: Expressions, node: nodes.Call) -> str:
    value = scope.value(node.arguments[0])
    if not isinstance(value.literal, str):
        raise not_supported(f"{node.name} with a unit that is not a literal", node.position)
    unit = value.literal.lower()
    if unit not in _UNITS:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT",
            f"'{value.literal}' is not a valid Timestamp field",
            node.position,
        )
    return unit


def _by_unit(scope: Expressions, node: nodes.Call) -> Value | None:
    """A call whose unit is known only when it runs: one form for each unit; None when it is a literal."""
    unit = scope.value(node.arguments[0])
    if isinstance(unit.literal, str) or not types.is_string(unit.type):
        return None
    forms, kind = [], types.UNKNOWN
    for name in _UNITS:
        try:
            arguments = [nodes.String(node.position, name), *node.arguments[1:]]
            value = SPECIAL[node.name](scope, nodes.Call(node.position, node.name, arguments))
        except StatementError as error:
            if error.code != "INVALID_FUNCTION_ARGUMENT":
                raise
            continue  # no unit of such a type
        forms.append(f"WHEN '{name}' THEN {value.sql}")
        kind = value.type
    bad = f"concat('INVALID_FUNCTION_ARGUMENT: ', {unit.sql}, ' is not a valid Timestamp field')"
    otherwise = f"checked({unit.sql} IS NOT NULL, {bad}, CAST(NULL AS {duckdb_type(kind)}))"
    return Value(f"CASE lower({unit.sql}) {' '.join(forms)} ELSE {otherwise} END", kind)


_TIMES = ("date", "timestamp", "timestamp with time zone", "time")


@special("date_trunc")
def _date_trunc(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    if (several := _by_unit(scope, node)) is not None:
        return several
    unit = _unit(scope, node)
    value = scope.value(node.arguments[1])
    kind = value.type
    if kind.name not in _TIMES:
        raise unexpected(
            node,
            [scope.value(node.arguments[0]), value],
            "date_trunc(varchar(x), date), date_trunc(varchar(x), timestamp(p)), …",
        )
    if kind.name == "date" and unit in ("millisecond", "second", "minute", "hour"):
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field", node.position
        )
    if kind.name == "timestamp with time zone":
        return Value(f"at_zone(date_trunc('{unit}', local_time({value.sql})), ({value.sql}).z)", kind)
    if kind.name == "time":
        if unit not in ("millisecond", "second", "minute", "hour"):
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid Time field", node.position
            )
        return Value(f"CAST(date_trunc('{unit}', DATE '1970-01-01' + {value.sql}) AS TIME)", kind)
    return Value(f"CAST(date_trunc('{unit}', {value.sql}) AS {duckdb_type(kind)})", kind)


@special("date_add")
def _date_add(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 3, 3)
    if (several := _by_unit(scope, node)) is not None:
        return several
    unit = _unit(scope, node)
    count, value = (scope.value(a) for a in node.arguments[1:])
    if not types.coerces(count.type, types.BIGINT) or value.type.name not in _TIMES:
        raise unexpected(
            node,
            [scope.value(node.arguments[0]), count, value],
            "date_add(varchar(x), bigint, date), date_add(varchar(x), bigint, timestamp(p)), …",
        )
    kind = value.type
    small = ("millisecond", "second", "minute", "hour")
    if kind.name == "date" and unit in small:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field", node.position
        )
    number = convert.coerce(count.sql, count.type, types.BIGINT)
    step = {
        "millisecond": f"to_milliseconds({number})",
        "second": f"to_seconds({number})",
        "minute": f"to_minutes({number})",
        "hour": f"to_hours({number})",
        "day": f"to_days(CAST({number} AS INTEGER))",
        "week": f"to_days(CAST({number} * 7 AS INTEGER))",
        "month": f"to_months(CAST({number} AS INTEGER))",
        "quarter": f"to_months(CAST({number} * 3 AS INTEGER))",
        "year": f"to_months(CAST({number} * 12 AS INTEGER))",
    }[unit]
    if kind.name == "timestamp with time zone":
        if unit in small:
            return Value(
                f"CASE WHEN {value.sql} IS NOT NULL AND {number} IS NOT NULL THEN {{'i': "
                f"({value.sql}).i + {step}, 'z': ({value.sql}).z}} END",
                kind,
            )
        return Value(f"at_zone(local_time({value.sql}) + {step}, ({value.sql}).z)", kind)
    if kind.name == "time":
        return Value(f"CAST(DATE '1970-01-01' + {value.sql} + {step} AS TIME)", kind)
    return Value(f"CAST({value.sql} + {step} AS {duckdb_type(kind)})", kind)


@special("date_diff")
def _date_diff(scope: Expressions, node: nodes.Call) -> Value:
    """Whole units from the first to the second."""
    arity(node, 3, 3)
    if (several := _by_unit(scope, node)) is not None:
        return several
    unit = _unit(scope, node)
    one, two = (scope.value(a) for a in node.arguments[1:])
    kind = types.common_type(one.type, two.type)
    if kind is None or kind.name not in _TIMES:
        raise unexpected(
            node,
            [scope.value(node.arguments[0]), one, two],
            "date_diff(varchar(x), date, date), date_diff(varchar(x), timestamp(p), timestamp(p)), …",
        )
    if kind.name == "date" and unit in ("millisecond", "second", "minute", "hour"):
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field", node.position
        )
    sqls = [convert.coerce(v.sql, v.type, kind) for v in (one, two)]
    if kind.name == "timestamp with time zone":
        sqls = (
            [f"({sqls[0]}).i", f"({sqls[1]}).i"]
            if unit in ("millisecond", "second", "minute", "hour")
            else [
                f"local_time({sqls[0]})",
                f"timezone(zone_id(({sqls[0]}).z), timezone('UTC', ({sqls[1]}).i))",
            ]
        )
    if kind.name == "time":
        sqls = [f"(DATE '1970-01-01' + {s})" for s in sqls]
    return Value(f"datesub('{unit}', {sqls[0]}, {sqls[1]})", types.BIGINT)


@special("at_timezone")
def _at_timezone(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, zone = (scope.value(a) for a in node.arguments)
    if value.type.name == "timestamp":
        value = Value(f"at_utc({value.sql})", Type("timestamp with time zone", value.type.args))
    if value.type.name != "timestamp with time zone":
        raise unexpected(node, [value, zone], "at_timezone(timestamp(p) with time zone, varchar(x))")
    if zone.type.name == "interval day to second":
        minutes = f"({zone.sql} // 60000)"
        return Value(f"{{'i': ({value.sql}).i, 'z': offset_sign_text({minutes})}}", value.type)
    if not types.is_string(zone.type):
        raise unexpected(node, [value, zone], "at_timezone(timestamp(p) with time zone, varchar(x))")
    if isinstance(zone.literal, str):
        named = convert.text(zone_name(zone.literal, node))
    else:
        named = f"py_zone_id({zone.sql})"
    return Value(
        f"CASE WHEN {value.sql} IS NOT NULL THEN {{'i': ({value.sql}).i, 'z': {named}}} END", value.type
    )


def zone_name(name: str, node: nodes.Node) -> str:
    """The zone that a literal names.

    Raises
    ------
    StatementError
        INVALID_FUNCTION_ARGUMENT when there is none of the name.
    """
    try:
        return times.zone_id(name)
    except Refused as error:
        message = str(error).split(": ", 1)[1]
        raise StatementError("INVALID_FUNCTION_ARGUMENT", message, node.position) from error


@special("with_timezone")
def _with_timezone(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, zone = (scope.value(a) for a in node.arguments)
    if value.type.name not in ("timestamp", "date") or not types.is_string(zone.type):
        raise unexpected(node, [value, zone], "with_timezone(timestamp(p), varchar(x))")
    local = convert.coerce(value.sql, value.type, types.TIMESTAMP)
    literal = isinstance(zone.literal, str)
    named = convert.text(zone_name(zone.literal, node)) if literal else f"py_zone_id({zone.sql})"
    precision = value.type.args or (3,)
    return Value(f"at_zone({local}, {named})", Type("timestamp with time zone", precision))


@special("to_iso8601")
def _to_iso8601(scope: Expressions, node: nodes.Call) -> Value | None:
    arity(node, 1, 1)
    value = scope.value(node.arguments[0])
    if value.type.name not in ("timestamp", "timestamp with time zone"):
        return None
    local = Value(_local(value), Type("timestamp", value.type.args))
    written = f"replace({convert.varchar_of(local.sql, local.type)}, ' ', 'T')"
    if value.type.name == "timestamp with time zone":
        written = f"({written} || offset_text({value.sql}, 'Z'))"
    return Value(written, types.VARCHAR)


@special("now")
def _now(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 0, 0)
    return scope.value(nodes.CurrentTime(node.position, "current_timestamp", None))


_ZONED_PARTS = [
    "day",
    "day_of_month",
    "day_of_week",
    "dow",
    "day_of_year",
    "doy",
    "hour",
    "minute",
    "second",
    "millisecond",
    "month",
    "quarter",
    "week",
    "week_of_year",
    "year",
    "year_of_week",
    "yow",
    "last_day_of_month",
]


@special(*_ZONED_PARTS)
def _part(scope: Expressions, node: nodes.Call) -> Value | None:
    """Parts of a time with a zone are those of the clock there; of an interval, its own."""
    from localaws.athena.analysis.calls import apply, choose
    from localaws.athena.analysis.functions import scalars

    if len(node.arguments) != 1:
        return None
    value = scope.value(node.arguments[0])
    if value.type.name == "interval day to second":
        unit = {
            "day": (86_400_000, 10**12),
            "hour": (3_600_000, 24),
            "minute": (60_000, 60),
            "second": (1000, 60),
            "millisecond": (1, 1000),
        }
        if node.name in unit:
            by, of = unit[node.name]
            return Value(f"({value.sql} // {by} % {of})", types.BIGINT)
    if value.type.name == "interval year to month" and node.name in ("year", "month"):
        return Value(
            f"CAST({value.sql} {'// 12' if node.name == 'year' else '% 12'} AS BIGINT)", types.BIGINT
        )
    if value.type.name == "timestamp with time zone":
        value = Value(f"local_time({value.sql})", types.TIMESTAMP)
    if value.type.name == "date" and node.name in ("hour", "minute", "second", "millisecond"):
        raise unexpected(
            node, [value], f"{node.name}(timestamp(p)), {node.name}(timestamp(p) with time zone), …"
        )
    signature, variables = choose(node, [value], scalars[node.name])
    return apply(signature, variables, [value])


def _local(value: Value) -> str | None:
    """A time as a timestamp on the clock it shows."""
    if value.type.name == "timestamp":
        return value.sql
    if value.type.name == "date":
        return f"CAST({value.sql} AS TIMESTAMP)"
    return f"local_time({value.sql})" if value.type.name == "timestamp with time zone" else None


@special("date_format", "format_datetime")
def _format(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, pattern = (scope.value(a) for a in node.arguments)
    local = _local(value)
    if local is None or not types.is_string(pattern.type):
        raise unexpected(
            node,
            [value, pattern],
            f"{node.name}(timestamp(p), varchar(x)), {node.name}(timestamp(p) with time zone, varchar(x))",
        )
    zoned = value.sql if value.type.name == "timestamp with time zone" else f"at_utc({local})"
    if isinstance(pattern.literal, str):
        write = patterns.mysql_format if node.name == "date_format" else patterns.joda_format
        sql = write(pattern.literal, local, zoned, node.position)
    elif node.name == "date_format":
        sql = f"py_mysql_format({local}, {pattern.sql})"
    else:
        sql = f"py_joda_format({local}, ({zoned}).z, offset_minutes({zoned}), {pattern.sql})"
    return Value(sql, types.VARCHAR)


@special("date_parse", "parse_datetime")
def _parse(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    values = [scope.value(a) for a in node.arguments]
    if not all(types.is_string(v.type) or v.type == types.UNKNOWN for v in values):
        raise unexpected(node, values, f"{node.name}(varchar(x), varchar(y))")
    text, pattern = (convert.coerce(v.sql, v.type, types.VARCHAR) for v in values)
    literal = values[1].literal
    if node.name == "parse_datetime":
        _check(times.joda_form, literal, node)
        fast = patterns.joda_parse(literal, text) if isinstance(literal, str) else None
        slow = f"py_joda_parse({text}, {pattern})"
        sql = f"CASE WHEN ({fast}).i IS NOT NULL THEN {fast} ELSE {slow} END" if fast else slow
        return Value(sql, types.TIMESTAMP_TZ)
    _check(times.mysql_form, literal, node)
    fast = patterns.mysql_parse(literal, text) if isinstance(literal, str) else None
    slow = f"py_mysql_parse({text}, {pattern})"
    return Value(
        f"CASE WHEN {fast} IS NOT NULL THEN {fast} ELSE {slow} END" if fast else slow, types.TIMESTAMP
    )


def _check(read, pattern: object, node: nodes.Call) -> None:
    """Refuse a literal pattern that is none before anything runs."""
    if not isinstance(pattern, str):
        return
    try:
        read(pattern)
    except Refused as error:
        _, code, message = str(error).split(":", 2)
        raise StatementError(code, message.strip(), node.position) from error


@special("to_char", "to_date", "to_timestamp")
def _teradata(scope: Expressions, node: nodes.Call) -> Value:
    """https://trino.io/docs/current/functions/teradata.html"""
    arity(node, 2, 2)
    value, pattern = (scope.value(a) for a in node.arguments)
    if not types.is_string(pattern.type):
        raise unexpected(node, [value, pattern], f"{node.name}(…, varchar(x))")
    form = f"py_teradata_pattern({pattern.sql})"
    if node.name == "to_char":
        if value.type.name not in ("timestamp with time zone", "timestamp", "date"):
            raise unexpected(node, [value, pattern], "to_char(timestamp(p) with time zone, varchar(x))")
        zoned = convert.coerce(value.sql, value.type, types.TIMESTAMP_TZ)
        sql = f"py_joda_format(local_time({zoned}), ({zoned}).z, offset_minutes({zoned}), {form})"
        return Value(sql, types.VARCHAR)
    if not types.is_string(value.type):
        raise unexpected(node, [value, pattern], f"{node.name}(varchar(x), varchar(y))")
    parsed = f"(py_joda_parse({value.sql}, {form})).i"
    if node.name == "to_date":
        return Value(f"CAST({parsed} AS DATE)", types.DATE)
    return Value(parsed, types.TIMESTAMP)


@special("from_unixtime")
def _from_unixtime(scope: Expressions, node: nodes.Call) -> Value | None:
    """With hours and minutes: the offset of the zone."""
    if len(node.arguments) != 3:
        return None
    values = [scope.value(a) for a in node.arguments]
    if not types.coerces(values[0].type, types.DOUBLE) or any(
        v.type.name not in types.INTEGERS for v in values[1:]
    ):
        raise unexpected(node, values, "from_unixtime(double, bigint, bigint)")
    instant = f"make_timestamp(CAST(round(CAST({values[0].sql} AS DOUBLE) * 1000) AS BIGINT) * 1000)"
    minutes = f"CAST({values[1].sql} * 60 + {values[2].sql} AS BIGINT)"
    return Value(f"{{'i': {instant}, 'z': offset_sign_text({minutes})}}", types.TIMESTAMP_TZ)


@special("from_unixtime_nanos", "from_iso8601_timestamp_nanos")
def _nanos(scope: Expressions, node: nodes.Call) -> Value:
    raise not_supported(f"{node.name}, whose result is finer than a microsecond,", node.position)


@special("format")
def _format_text(scope: Expressions, node: nodes.Call) -> Value:
    values = [scope.value(a) for a in node.arguments]
    if len(values) < 2 or not types.is_string(values[0].type):
        raise unexpected(node, values, "format(varchar, row(…))")
    names, texts = [], []
    for value in values[1:]:
        written = (
            f"CAST({value.sql} AS VARCHAR)"
            if value.type.name in ("double", "real", "json", "unknown")
            else convert.varchar_of(value.sql, value.type)
        )
        if written is None:
            raise not_supported(f"format of {value.type}", node.position)
        # DuckDB writes the infinities as inf.
        if value.type.name in ("double", "real"):
            written = f"CASE WHEN isfinite({value.sql}) THEN {written} ELSE java_double({value.sql}) END"
        names.append(convert.text(value.type.name))
        texts.append(written)
    sql = f"py_java_format({values[0].sql}, [{', '.join(names)}], [{', '.join(texts)}])"
    return Value(sql, types.VARCHAR)


@special("uuid")
def _uuid(scope: Expressions, node: nodes.Call) -> Value:
    return Value("CAST(uuid() AS VARCHAR)", Type("uuid"))
