"""Values written in the statement, arithmetic on them and on columns, and the current time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from localaws.athena import types
from localaws.athena.analysis.convert import cast, coerce, text
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.pyfunctions.registry import Refused
from localaws.athena.pyfunctions.times import zone_id
from localaws.athena.sql import nodes
from localaws.athena.types import Type, duckdb_type


@dataclass(frozen=True, slots=True)
class Session:
    """What a statement knows of its surroundings: the database it names tables in, and when it began
    (UTC)."""

    database: str
    started: datetime
    catalog: str = "awsdatacatalog"
    user: str = "123456789012"


def number(node: nodes.Number, negative: bool = False) -> Value:
    sign = "-" if negative else ""
    if node.kind == "integer":
        value = int(sign + node.text)
        if not -(2**63) <= value < 2**63:
            raise StatementError("SYNTAX_ERROR", f"Invalid numeric literal: {node.text}", node.position)
        kind = types.INTEGER if -(2**31) <= value < 2**31 else types.BIGINT
        if negative and value == -(2**31):
            kind = types.BIGINT  # Trino negates 2147483648, which is a bigint
        return Value(f"CAST({value} AS {duckdb_type(kind)})", kind, value)
    if node.kind == "double":
        return Value(f"CAST({sign}{node.text} AS DOUBLE)", types.DOUBLE, float(sign + node.text))
    whole, _, fraction = node.text.partition(".")
    whole = whole.lstrip("0")
    precision = max(len(whole) + len(fraction), 1)
    if precision > 38:
        raise StatementError("SYNTAX_ERROR", f"Invalid decimal literal: {node.text}", node.position)
    kind = types.decimal(precision, len(fraction))
    return Value(f"CAST('{sign}{whole or '0'}.{fraction}' AS {duckdb_type(kind)})", kind, sign + node.text)


def string(value: str) -> Value:
    return Value(text(value), types.varchar(len(value)), value)


_DATE = re.compile(r"\s*([+-]?\d{4,6})-(\d{1,2})-(\d{1,2})\s*")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,12}))?)?")
_TIMESTAMP = re.compile(
    r"(\d{4,6}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d{1,12}))?)?))?(?: "
    r"?([A-Za-z][\w/+-]*|[+-]\d{2}:\d{2}))?"
)


def typed(node: nodes.Typed) -> Value:
    """``DATE '…'``, ``TIMESTAMP '…'`` and the like."""
    name, value = node.type_name, node.value
    invalid = StatementError("INVALID_LITERAL", f"'{value}' is not a valid {name} literal", node.position)
    if name == "date":
        if not _DATE.fullmatch(value) or not _is_date(value.strip()):
            raise invalid
        return Value(f"CAST({text(value.strip())} AS DATE)", types.DATE, value.strip())
    if name == "timestamp":
        return _timestamp(value, invalid)
    if name == "time":
        if re.search(r"[+-]\d{2}:\d{2}$", value):
            raise not_supported("a time with time zone", node.position)
        match = _TIME.fullmatch(value)
        if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
            raise invalid
        full = value if match[3] else f"{value}:00"
        return Value(f"CAST('{full}' AS TIME)", Type("time", (len(match[4] or ""),)))
    if name == "decimal":
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value):
            raise invalid
        sign = "-" if value.startswith("-") else ""
        return number(nodes.Number(node.position, "decimal", value.lstrip("+-")), negative=bool(sign))
    if name == "json":
        return Value(f"py_json_parse({text(value)})", types.JSON)
    if name in ("varchar", "char"):
        return Value(text(value), Type(name, (len(value),)) if name == "char" else types.VARCHAR, value)
    kind = types.simple_type(name, [])
    if name in ("boolean", "uuid", "ipaddress"):
        return Value(cast(text(value), types.VARCHAR, kind), kind)
    try:
        float(value) if name in ("double", "real") else int(value)
    except ValueError:
        raise invalid from None
    return Value(f"CAST({text(value)} AS {duckdb_type(kind)})", kind)


def _is_date(value: str) -> bool:
    year, month, day = value.rsplit("-", 2)
    try:
        datetime(int(year) if 0 < int(year) < 10000 else 2000, int(month), int(day))
    except ValueError:
        return False
    return True


def _timestamp(value: str, invalid: StatementError) -> Value:
    match = _TIMESTAMP.fullmatch(value)
    if match is None or not _is_date(match[1]):
        raise invalid
    clock = match[2] or "00:00:00"
    hours, minutes, *seconds = clock.split(":")
    if int(hours) > 23 or int(minutes) > 59 or (seconds and float(seconds[0]) >= 60):
        raise invalid
    full = f"{match[1]} {clock if seconds else clock + ':00'}"
    precision = len(match[3] or "")
    if precision > 6:
        if full[-(precision - 6) :].strip("0"):
            raise not_supported("a timestamp literal finer than a microsecond")
        full = full[: -(precision - 6)]
    sql = f"CAST('{full}' AS TIMESTAMP)"
    if match[4]:
        try:
            zone = zone_id(match[4])
        except Refused:
            raise invalid from None
        return Value(f"at_zone({sql}, {text(zone)})", Type("timestamp with time zone", (precision,)))
    return Value(sql, Type("timestamp", (precision,)))


_MILLIS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}


def interval(node: nodes.Interval) -> Value:
    """An interval: months in an integer, or milliseconds in a bigint."""
    invalid = StatementError("INVALID_LITERAL", f"Invalid INTERVAL literal: {node.value}", node.position)
    sign = -1 if node.negative else 1
    value = node.value.strip()
    if value.startswith(("-", "+")):
        sign *= -1 if value[0] == "-" else 1
        value = value[1:]
    if node.unit in ("YEAR", "MONTH"):
        pattern = r"(\d+)-(\d+)" if node.to == "MONTH" else r"(\d+)"
        match = re.fullmatch(pattern, value)
        if match is None:
            raise invalid
        months = int(match[1]) * (12 if node.unit == "YEAR" else 1) + (int(match[2]) if node.to else 0)
        return Value(f"CAST({sign * months} AS INTEGER)", types.YEAR_TO_MONTH, sign * months)
    units = list(_MILLIS)
    span = units[units.index(node.unit) : units.index(node.to or node.unit) + 1]
    if not span:
        raise invalid
    patterns = {"DAY": r"(\d+)", "HOUR": r"(\d+)", "MINUTE": r"(\d+)", "SECOND": r"(\d+(?:\.\d{1,3})?)"}
    separators = {"DAY": " ", "HOUR": ":", "MINUTE": ":", "SECOND": ""}
    pattern = "".join(patterns[u] + (separators[u] if u != span[-1] else "") for u in span)
    match = re.fullmatch(pattern, value)
    if match is None:
        raise invalid
    millis = round(sum(float(g) * _MILLIS[u] for g, u in zip(match.groups(), span, strict=True)))
    return Value(f"CAST({sign * millis} AS BIGINT)", types.DAY_TO_SECOND, sign * millis)


def check_like(pattern: str, escape: str) -> None:
    """Refuse an escape before anything but ``%``, ``_`` and itself, as Trino does."""
    at = 0
    while at < len(pattern):
        if pattern[at] == escape:
            if pattern[at + 1 : at + 2] not in ("%", "_", escape) or at + 1 >= len(pattern):
                raise StatementError(
                    "INVALID_FUNCTION_ARGUMENT",
                    "Escape character must be followed by '%', '_' or the escape character itself",
                )
            at += 1
        at += 1


def current(node: nodes.CurrentTime, session: Session) -> Value:
    """The time at which the statement began, the same everywhere in it."""
    now = session.started
    if node.name == "current_date":
        return Value(f"CAST('{now:%Y-%m-%d}' AS DATE)", types.DATE, f"{now:%Y-%m-%d}")
    if node.name == "current_user":
        return string(session.user)
    if node.name == "current_catalog":
        return string(session.catalog)
    if node.name == "current_schema":
        return string(session.database)
    precision = 3 if node.precision is None else node.precision
    fraction = f"{now.microsecond:06d}"[: min(precision, 6)]
    stamp = f"{now:%Y-%m-%d %H:%M:%S}" + (f".{fraction}" if fraction else "")
    sql = f"CAST('{stamp}' AS TIMESTAMP)"
    if node.name == "localtimestamp":
        return Value(sql, Type("timestamp", (precision,)))
    if node.name == "current_timestamp":
        return Value(f"{{'i': {sql}, 'z': 'UTC'}}", Type("timestamp with time zone", (precision,)))
    if node.name == "localtime":
        return Value(f"CAST({sql} AS TIME)", Type("time", (precision,)))
    raise not_supported(node.name, node.position)


# --- arithmetic ---


def arithmetic(node: nodes.Arithmetic, left: Value, right: Value) -> Value:
    """``+ - * / % ||`` with Trino's result types, overflow and division.

    https://trino.io/docs/current/functions/math.html, https://trino.io/docs/current/functions/decimal.html
    """
    operator, a, b = node.operator, left.type, right.type
    if operator == "||":
        return _concatenation(node, left, right)
    refused = StatementError("TYPE_MISMATCH", f"Cannot apply operator: {a} {operator} {b}", node.position)
    if types.UNKNOWN in (a, b):
        other = b if a == types.UNKNOWN else a
        kind = other if types.is_number(other) else types.INTEGER if other == types.UNKNOWN else None
        if kind is None and not (other.name.startswith("interval") or other.name in ("date", "timestamp")):
            raise refused
        kind = kind or other
        return Value(f"CAST(NULL AS {duckdb_type(kind)})", kind)
    if types.is_number(a) and types.is_number(b):
        return _numbers(operator, left, right)
    found = _times(operator, left, right)
    if found is None:
        raise refused
    return found


def _concatenation(node: nodes.Arithmetic, left: Value, right: Value) -> Value:
    a, b = left.type, right.type
    if "char" in (a.name, b.name) and all(types.is_string(k) and k.args for k in (a, b)):
        first = f"rpad({left.sql}, {a.args[0]}, ' ')" if a.name == "char" else left.sql
        return Value(f"({first} || {right.sql})", Type("char", (a.args[0] + b.args[0],)))
    if all(types.is_string(k) or k == types.UNKNOWN for k in (a, b)):
        return Value(f"(CAST({left.sql} AS VARCHAR) || CAST({right.sql} AS VARCHAR))", types.VARCHAR)
    if a == b == types.VARBINARY:
        return Value(f"({left.sql} || {right.sql})", types.VARBINARY)
    if "array" in (a.name, b.name):
        of = a.args[0] if a.name == "array" else a
        other = b.args[0] if b.name == "array" else b
        kind = types.common_type(of, other)
        if kind is not None:
            one, two = (
                coerce(v.sql, v.type, types.array(kind))
                if v.type.name == "array"
                else f"[{coerce(v.sql, v.type, kind)}]"
                for v in (left, right)
            )
            sql = (
                f"CASE WHEN {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL THEN "
                f"list_concat({one}, {two}) END"
            )
            return Value(
                sql if a.name == b.name == "array" else f"list_concat({one}, {two})", types.array(kind)
            )
    raise StatementError("TYPE_MISMATCH", f"Cannot apply operator: {a} || {b}", node.position)


def _numbers(operator: str, left: Value, right: Value) -> Value:
    kind = types.common_type(left.type, right.type)
    if kind.name == "decimal":
        return _decimals(operator, left, right)
    one, two = coerce(left.sql, left.type, kind), coerce(right.sql, right.type, kind)
    if kind.name in types.INTEGERS:
        if operator == "/":
            return Value(f"divide_whole({one}, {two})", kind)
        if operator == "%":
            return Value(f"remainder({one}, {two})", kind)
    return Value(f"({one} {operator} {two})", kind)


def _decimals(operator: str, left: Value, right: Value) -> Value:
    a, b = types.as_decimal(left.type), types.as_decimal(right.type)
    (p1, s1), (p2, s2) = a.args, b.args
    if operator in "+-":
        scale = max(s1, s2)
        kind = types.decimal(min(38, max(p1 - s1, p2 - s2) + scale + 1), scale)
        one, two = (f"CAST({v.sql} AS {duckdb_type(kind)})" for v in (left, right))
        return Value(f"CAST({one} {operator} {two} AS {duckdb_type(kind)})", kind)
    one, two = coerce(left.sql, left.type, a), coerce(right.sql, right.type, b)
    if operator == "*":
        if s1 + s2 > 38:
            raise StatementError("NUMERIC_VALUE_OUT_OF_RANGE", "DECIMAL result scale exceeds 38")
        kind = types.decimal(min(38, p1 + p2), s1 + s2)
        return Value(f"CAST({one} * {two} AS {duckdb_type(kind)})", kind)
    if operator == "%":
        kind = types.decimal(min(p2 - s2, p1 - s1) + max(s1, s2) or 1, max(s1, s2))
        return Value(f"CAST(remainder({one}, {two}) AS {duckdb_type(kind)})", kind)
    scale = max(s1, s2)
    kind = types.decimal(min(38, p1 + s2 + max(s2 - s1, 0)), scale)
    units = (
        f"divide_units({units_of(one, s1)} * CAST({10 ** (scale + s2 - s1)} AS HUGEINT), {units_of(two, s2)})"
    )
    return Value(from_units(units, kind), kind)


def units_of(sql: str, scale: int) -> str:
    """A decimal as the whole number of its smallest units."""
    if scale == 0:
        return f"CAST({sql} AS HUGEINT)"
    return (
        f"CAST(CAST({sql} AS DECIMAL(38,{scale})) * CAST({10**scale} AS DECIMAL({scale + 1},0)) AS HUGEINT)"
    )


def from_units(sql: str, kind: Type) -> str:
    """The decimal of so many smallest units."""
    precision, scale = kind.args
    if scale == 0:
        return f"CAST({sql} AS {duckdb_type(kind)})"
    unit = f"CAST('0.{'1'.zfill(scale)}' AS DECIMAL({scale + 1},{scale}))"
    return (
        f"CAST(CAST({sql} AS DECIMAL({38 - scale if precision < 38 else 38},0)) * {unit} AS "
        f"{duckdb_type(kind)})"
    )


def _times(operator: str, left: Value, right: Value) -> Value | None:
    a, b = left.type.name, right.type.name
    if operator == "+" and a.startswith("interval") and not b.startswith("interval"):
        return _times("+", right, left)
    if operator == "*" and b.startswith("interval") and types.is_number(left.type):
        return _times("*", right, left)
    if a.startswith("interval"):
        if a == b and operator in "+-":
            return Value(f"({left.sql} {operator} {right.sql})", left.type)
        if types.is_number(right.type) and operator in "*/":
            duck = duckdb_type(left.type)
            if operator == "*":
                return Value(f"CAST({left.sql} * {right.sql} AS {duck})", left.type)
            return Value(f"CAST(trunc({left.sql} / CAST({right.sql} AS DOUBLE)) AS {duck})", left.type)
        return None
    if operator not in "+-":
        return None
    if a == b and a in ("date", "timestamp", "timestamp with time zone", "time") and operator == "-":
        return _difference(a, left, right)
    if {a, b} <= {"date", "timestamp", "timestamp with time zone"} and operator == "-":
        kind = types.common_type(left.type, right.type)
        one, two = (Value(coerce(v.sql, v.type, kind), kind) for v in (left, right))
        return _difference(kind.name, one, two)
    if b == "interval year to month" and a in ("date", "timestamp", "timestamp with time zone"):
        return _moved(left, f"to_months(CAST({operator}({right.sql}) AS INTEGER))")
    if b == "interval day to second" and a in ("date", "timestamp", "timestamp with time zone", "time"):
        if a == "date" and isinstance(right.literal, int) and right.literal % 86_400_000:
            raise StatementError("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")
        return _moved(left, f"to_microseconds({operator}({right.sql}) * 1000)")
    return None


def _difference(name: str, left: Value, right: Value) -> Value:
    if name == "date":
        return Value(f"(CAST({left.sql} - {right.sql} AS BIGINT) * 86400000)", types.DAY_TO_SECOND)
    field = ".i" if name == "timestamp with time zone" else ""
    one, two = f"({left.sql}){field}", f"({right.sql}){field}"
    if name == "time":
        one, two = (f"(DATE '1970-01-01' + {s})" for s in (one, two))
    return Value(f"((epoch_us({one}) - epoch_us({two})) // 1000)", types.DAY_TO_SECOND)


def _moved(value: Value, by: str) -> Value:
    name = value.type.name
    if name == "timestamp with time zone":
        if by.startswith("to_months"):  # months are counted on the clock of the zone
            return Value(f"at_zone(local_time({value.sql}) + {by}, ({value.sql}).z)", value.type)
        return Value(f"{{'i': ({value.sql}).i + {by}, 'z': ({value.sql}).z}}", value.type)
    if name == "time":
        return Value(f"CAST(DATE '1970-01-01' + {value.sql} + {by} AS TIME)", value.type)
    duck = duckdb_type(value.type)
    return Value(f"CAST({value.sql} + {by} AS {duck})", value.type)
