"""Trino's types as Athena has them: their names, Hive's names for them, and DuckDB's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes
    ----------
    name
        Trino's base name: ``varchar``, ``decimal``, ``timestamp with time zone``, ``row`` …
    args
        Length, precision and scale, or the types inside.
    fields
        A row's field names, None for a nameless one.
    """

    name: str
    args: tuple = ()
    fields: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        if self.name == "row":
            inside = [
                f"{name} {kind}" if name else str(kind)
                for name, kind in zip(self.fields, self.args, strict=True)
            ]
            return f"row({', '.join(inside)})"
        if self.name in ("timestamp with time zone", "time with time zone"):
            return f"{self.name.split()[0]}({self.args[0]}) with time zone"
        if self.args:
            separator = "," if self.name == "decimal" else ", "
            return f"{self.name}({separator.join(str(a) for a in self.args)})"
        return self.name


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
TIME = Type("time", (3,))
TIMESTAMP = Type("timestamp", (3,))
TIMESTAMP_TZ = Type("timestamp with time zone", (3,))
TIME_TZ = Type("time with time zone", (3,))
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")
JSON = Type("json")

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
NUMBERS = (*INTEGERS, "real", "double", "decimal")
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_LADDER = (*INTEGERS, "decimal", "real", "double")


def varchar(length: int | None = None) -> Type:
    return Type("varchar", (length,)) if length is not None else VARCHAR


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def array(of: Type) -> Type:
    return Type("array", (of,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def row(types: list[Type], names: list[str | None]) -> Type:
    return Type("row", tuple(types), tuple(names))


def field_name(kind: Type, index: int) -> str:
    """The name under which DuckDB's struct holds a row's field."""
    return kind.fields[index] or f"field{index}"


def is_string(kind: Type) -> bool:
    return kind.name in ("varchar", "char")


def is_number(kind: Type) -> bool:
    return kind.name in NUMBERS


def as_decimal(kind: Type) -> Type:
    """The decimal that holds any value of an integer type."""
    return kind if kind.name == "decimal" else decimal(_DIGITS[kind.name], 0)


def comparable(kind: Type) -> bool:
    if kind.name in ("array", "row", "map"):
        return all(comparable(a) for a in kind.args)
    return kind.name not in ("json_path", "hyperloglog", "function")


def orderable(kind: Type) -> bool:
    if kind.name in ("array", "row"):
        return all(orderable(a) for a in kind.args)
    return kind.name not in ("map", "json", "hyperloglog", "function")


def coerces(source: Type, target: Type) -> bool:
    """Whether Trino casts a value of one type to the other without being asked."""
    if source in (target, UNKNOWN):
        return True
    common = common_type(source, target)
    return common == target


@lru_cache(maxsize=4096)
def common_type(one: Type, two: Type) -> Type | None:
    """The type to which Trino coerces values of both, or None where it refuses to.

    https://trino.io/docs/current/language/types.html
    """
    if one == two:
        return one
    if one == UNKNOWN:
        return two
    if two == UNKNOWN:
        return one
    if one.name in _LADDER and two.name in _LADDER:
        return _common_number(one, two)
    a, b = one.name, two.name
    if a == b:
        return _common_of_one_name(one, two)
    pair = {a, b}
    if pair == {"varchar", "char"}:
        text, padded = (one, two) if a == "varchar" else (two, one)
        length = max(text.args[0], padded.args[0]) if text.args else None
        return Type("char", (length,)) if length else None
    if pair == {"date", "timestamp"}:
        return one if a == "timestamp" else two
    if pair == {"date", "timestamp with time zone"}:
        return one if a != "date" else two
    if pair == {"timestamp", "timestamp with time zone"}:
        return Type("timestamp with time zone", (max(one.args[0], two.args[0]),))
    if pair == {"time", "time with time zone"}:
        return Type("time with time zone", (max(one.args[0], two.args[0]),))
    return None


def _common_number(one: Type, two: Type) -> Type:
    a, b = one.name, two.name
    if "double" in (a, b):
        return DOUBLE
    if "real" in (a, b):
        return REAL
    if "decimal" in (a, b):
        left, right = as_decimal(one), as_decimal(two)
        scale = max(left.args[1], right.args[1])
        whole = max(left.args[0] - left.args[1], right.args[0] - right.args[1])
        return decimal(min(38, whole + scale), scale)
    return one if INTEGERS.index(a) > INTEGERS.index(b) else two


def _common_of_one_name(one: Type, two: Type) -> Type | None:
    if one.name == "varchar":
        return varchar(max(one.args[0], two.args[0])) if one.args and two.args else VARCHAR
    if one.name in ("char", "time", "timestamp", "time with time zone", "timestamp with time zone"):
        return Type(one.name, (max(one.args[0], two.args[0]),))
    if one.name in ("array", "map", "row"):
        if len(one.args) != len(two.args):
            return None
        inside = [common_type(a, b) for a, b in zip(one.args, two.args, strict=True)]
        if any(i is None for i in inside):
            return None
        names = tuple(a if a == b else None for a, b in zip(one.fields, two.fields, strict=True))
        return Type(one.name, tuple(inside), names)
    return None


# --- DuckDB's names ---

_DUCK = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    # DuckDB keeps no zone with an instant, Trino does: a struct of the instant in UTC and the zone.
    "timestamp with time zone": "STRUCT(i TIMESTAMP, z VARCHAR)",
    "time with time zone": "STRUCT(t TIME, z VARCHAR)",
    "interval day to second": "BIGINT",  # milliseconds
    "interval year to month": "INTEGER",  # months
    "json": "VARCHAR",  # its text
    "ipaddress": "VARCHAR",
    "hyperloglog": "UBIGINT[]",  # the hashes of all values: exact, where Trino estimates
    "uuid": "VARCHAR",
}


def identifier(name: str) -> str:
    """A name in double quotes, as DuckDB takes it."""
    return '"' + name.replace('"', '""') + '"'


def duckdb_type(kind: Type) -> str:
    """The type in which DuckDB holds values of a Trino type."""
    if kind.name == "decimal":
        return f"DECIMAL({kind.args[0]},{kind.args[1]})"
    if kind.name == "array":
        return f"{duckdb_type(kind.args[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb_type(kind.args[0])}, {duckdb_type(kind.args[1])})"
    if kind.name == "row":
        inside = ", ".join(
            f"{identifier(field_name(kind, i))} {duckdb_type(a)}" for i, a in enumerate(kind.args)
        )
        return f"STRUCT({inside})"
    return _DUCK[kind.name]


# --- names in text ---

_SIMPLE = {
    "boolean": BOOLEAN,
    "tinyint": TINYINT,
    "smallint": SMALLINT,
    "integer": INTEGER,
    "int": INTEGER,
    "bigint": BIGINT,
    "real": REAL,
    "double": DOUBLE,
    "varchar": VARCHAR,
    "varbinary": VARBINARY,
    "date": DATE,
    "json": JSON,
    "time": TIME,
    "timestamp": TIMESTAMP,
    "char": Type("char", (1,)),
    "decimal": decimal(38, 0),
    "unknown": UNKNOWN,
    "uuid": Type("uuid"),
    "ipaddress": Type("ipaddress"),
    "hyperloglog": Type("hyperloglog"),
}


def simple_type(name: str, args: list) -> Type | None:
    """A type from its name and arguments in Trino's SQL, None when there is no such type."""
    name = name.lower()
    if name == "array" and len(args) == 1:
        return array(args[0])
    if name == "map" and len(args) == 2:
        return map_of(*args)
    numbers = all(isinstance(a, int) for a in args)
    if name in ("varchar", "char") and len(args) == 1 and numbers:
        return Type(name, (args[0],))
    if name == "decimal" and numbers and len(args) in (1, 2):
        precision, scale = (args[0], 0) if len(args) == 1 else args
        return decimal(precision, scale) if 1 <= precision <= 38 and scale <= precision else None
    if name in ("time", "timestamp", "time with time zone", "timestamp with time zone"):
        return Type(name, (args[0] if args else 3,))
    return _SIMPLE.get(name) if not args else None


_HIVE = {
    "boolean": BOOLEAN,
    "tinyint": TINYINT,
    "smallint": SMALLINT,
    "int": INTEGER,
    "integer": INTEGER,
    "bigint": BIGINT,
    "long": BIGINT,
    "float": REAL,
    "real": REAL,
    "double": DOUBLE,
    "string": VARCHAR,
    "varchar": VARCHAR,
    "binary": VARBINARY,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "decimal": decimal(10, 0),
}


class UnknownHiveType(ValueError):
    """A type in the catalog that Athena has not."""


@lru_cache(maxsize=4096)
def hive_type(text: str) -> Type:
    """A type from the catalog: ``array<struct<name:string,n:bigint>>``.

    Raises
    ------
    UnknownHiveType
        When Athena has no such type.
    """
    kind, rest = _hive(text.strip())
    if rest.strip():
        raise UnknownHiveType(text)
    return kind


def _hive(text: str) -> tuple[Type, str]:
    match = re.match(r"\s*([A-Za-z_]+)\s*", text)
    if match is None:
        raise UnknownHiveType(text)
    name, rest = match.group(1).lower(), text[match.end() :]
    if name == "array" and rest.startswith("<"):
        of, rest = _hive(rest[1:])
        return array(of), _expect(rest, ">", text)
    if name == "map" and rest.startswith("<"):
        key, rest = _hive(rest[1:])
        value, rest = _hive(_expect(rest, ",", text))
        return map_of(key, value), _expect(rest, ">", text)
    if name == "struct" and rest.startswith("<"):
        return _hive_struct(rest[1:], text)
    if rest.startswith("("):
        inside, rest = rest[1:].split(")", 1)
        try:
            args = [int(a) for a in inside.split(",")]
        except ValueError:
            raise UnknownHiveType(text) from None
        kind = simple_type(name, args) if name in ("varchar", "char", "decimal", "timestamp") else None
        if kind is None:
            raise UnknownHiveType(text)
        return kind, rest
    if name not in _HIVE:
        raise UnknownHiveType(text)
    return _HIVE[name], rest


def _hive_struct(rest: str, text: str) -> tuple[Type, str]:
    names, kinds = [], []
    while True:
        match = re.match(r"\s*(?:`([^`]+)`|([^:\s<>,`]+))\s*:", rest)
        if match is None:
            raise UnknownHiveType(text)
        names.append((match.group(1) or match.group(2)).lower())
        kind, rest = _hive(rest[match.end() :])
        kinds.append(kind)
        rest = rest.lstrip()
        if rest.startswith(","):
            rest = rest[1:]
            continue
        return row(kinds, names), _expect(rest, ">", text)


def _expect(rest: str, sign: str, text: str) -> str:
    rest = rest.lstrip()
    if not rest.startswith(sign):
        raise UnknownHiveType(text)
    return rest[1:]


_TO_HIVE = {"integer": "int", "real": "float", "varbinary": "binary", "varchar": "string"}


def hive_name(kind: Type) -> str:
    """The catalog's name of a Trino type.

    Raises
    ------
    UnknownHiveType
        For a type that no column of a table can have (an interval, a timestamp with time zone …).
    """
    if kind.name == "array":
        return f"array<{hive_name(kind.args[0])}>"
    if kind.name == "map":
        return f"map<{hive_name(kind.args[0])},{hive_name(kind.args[1])}>"
    if kind.name == "row":
        inside = ",".join(f"{field_name(kind, i)}:{hive_name(a)}" for i, a in enumerate(kind.args))
        return f"struct<{inside}>"
    if kind.name == "decimal":
        return f"decimal({kind.args[0]},{kind.args[1]})"
    if kind.name in ("varchar", "char") and kind.args:
        return f"{kind.name}({kind.args[0]})"
    if kind.name == "timestamp":
        return "timestamp"
    if kind.name in _TO_HIVE:
        return _TO_HIVE[kind.name]
    if kind.name in _HIVE:
        return kind.name
    raise UnknownHiveType(str(kind))
