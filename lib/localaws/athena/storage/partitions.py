"""Which partitions a query reads: from the catalog, or from partition projection.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from localaws.athena.errors import StatementError
from localaws.athena.types import Type, duckdb_type, hive_type, identifier

if TYPE_CHECKING:
    import duckdb

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_MOST_PROJECTED = 1_000_000

Condition = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: its values as text (None for NULL), where it lies, and its own storage, when it has
    one."""

    values: tuple[str | None, ...]
    location: str
    storage: dict | None = None


def keys_of(table: dict) -> list[tuple[str, Type]]:
    return [(k["Name"].lower(), hive_type(k.get("Type", "string"))) for k in table.get("PartitionKeys", [])]


def partitions(catalog, table: dict, conditions: list[Condition], connection: duckdb.DuckDBPyConnection):
    """List the partitions that can hold rows meeting the conditions.

    Parameters
    ----------
    conditions
        Terms over quoted column names; those over partition keys alone prune.
    connection
        Where terms are worked out: DuckDB, as the query's own WHERE will be.
    """
    keys = keys_of(table)
    names = {n for n, _ in keys}
    useful = [c for c in conditions if c[1] <= names]
    parameters = {k.lower(): v for k, v in table.get("Parameters", {}).items()}
    if parameters.get("projection.enabled", "").lower() == "true":
        return _projected(table, parameters, keys, useful, connection)
    return _registered(catalog, table, keys, useful, connection)


def _passing(
    columns: list[list[str | None]], keys: list[tuple[str, Type]], conditions: list[Condition], connection
) -> list[int]:
    """The indexes of the value tuples that meet the conditions."""
    if not conditions or not columns or not columns[0]:
        return list(range(len(columns[0]) if columns else 0))
    out = ", ".join(
        f"TRY_CAST(unnest($v{i}::VARCHAR[]) AS {duckdb_type(kind)}) AS {identifier(name)}"
        for i, (name, kind) in enumerate(keys)
    )
    terms = " AND ".join(f"({sql})" for sql, _ in conditions)
    sql = (
        f"SELECT row_number FROM (SELECT unnest(range(len($v0))) AS row_number, {out}) WHERE {terms} "
        f"ORDER BY 1"
    )
    found = connection.execute(sql, {f"v{i}": values for i, values in enumerate(columns)}).fetchall()
    return [index for (index,) in found]


# --- partitions of the catalog ---


def _registered(catalog, table: dict, keys, conditions: list[Condition], connection) -> list[Partition]:
    expression = " AND ".join(filter(None, (_glue_term(sql) for sql, _ in conditions)))
    request = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"], "ExcludeColumnSchema": True}
    if expression:
        request["Expression"] = expression
    found: list[Partition] = []
    token = None
    while True:
        answer = catalog.get_partitions(**request, **({"NextToken": token} if token else {}))
        for one in answer["Partitions"]:
            values = tuple(None if v == HIVE_NULL else v for v in one["Values"])
            storage = one.get("StorageDescriptor", {})
            found.append(Partition(values, storage.get("Location", ""), storage))
        token = answer.get("NextToken")
        if not token:
            break
    columns = [[p.values[i] for p in found] for i in range(len(keys))]
    return [found[i] for i in _passing(columns, keys, conditions, connection)]


_CAST = re.compile(r"CAST\(('(?:[^']|'')*'|-?\d+) AS (\w+)\)")
_SAFE_TERM = re.compile(
    r"""\(?\s*"\w+"\s*(?:(?:=|<>|<|<=|>|>=)\s*(?:'(?:[^']|'')*'|-?\d+)
        |BETWEEN\s+(?:'(?:[^']|'')*'|-?\d+)\s+AND\s+(?:'(?:[^']|'')*'|-?\d+)
        |IN\s*\((?:'(?:[^']|'')*'|-?\d+)(?:\s*,\s*(?:'(?:[^']|'')*'|-?\d+))*\))\s*\)?""",
    re.VERBOSE,
)


def _bare(sql: str) -> str:
    """A term with its literals out of their casts."""
    while (plain := _CAST.sub(r"\1", sql)) != sql:
        sql = plain
    return sql


def _glue_term(sql: str) -> str | None:
    """A term as GetPartitions takes it, None when it is more than that; DuckDB looks again at what comes
    back."""
    plain = _bare(sql)
    if not _SAFE_TERM.fullmatch(plain):
        return None
    return plain.replace('"', "")


# --- partition projection ---


def _projected(
    table: dict, parameters: dict, keys, conditions: list[Condition], connection
) -> list[Partition]:
    choices: list[list[str]] = []
    for name, kind in keys:
        values = _values(name, kind, parameters, conditions)
        own = [c for c in conditions if c[1] == {name}]
        kept = _passing([values], [(name, kind)], own, connection)
        choices.append([values[i] for i in kept])
    total = 1
    for values in choices:
        total *= len(values)
    if total > _MOST_PROJECTED:
        raise StatementError(
            "GENERIC_USER_ERROR",
            f"The projected partitions of table {table['Name']} are {total}: narrow the query to "
            f"{_MOST_PROJECTED} at most",
        )
    tuples = list(itertools.product(*choices))
    shared = [c for c in conditions if len(c[1]) > 1]
    if shared and tuples:
        columns = [[t[i] for t in tuples] for i in range(len(keys))]
        tuples = [tuples[i] for i in _passing(columns, keys, shared, connection)]
    place = _template(table, parameters, keys)
    return [Partition(values, place(values)) for values in tuples]


def _template(table: dict, parameters: dict, keys):
    """How values become a location: the storage.location.template, or ``key=value`` folders."""
    template = parameters.get("storage.location.template")
    base = table["StorageDescriptor"].get("Location", "").rstrip("/")
    if template is None:
        names = [k["Name"] for k in table["PartitionKeys"]]
        return lambda values: (
            base
            + "/"
            + "".join(f"{n}={quote(v, safe=_UNQUOTED)}/" for n, v in zip(names, values, strict=True))
        )

    def place(values: tuple[str, ...]) -> str:
        out = template
        for (name, _), value in zip(keys, values, strict=True):
            out = re.sub(r"\$\{" + re.escape(name) + r"\}", lambda _, v=value: v, out, flags=re.IGNORECASE)
        return out

    return place


_UNQUOTED = " !$&()+,-.;@_~"


def _values(name: str, kind: Type, parameters: dict, conditions: list[Condition]) -> list[str]:
    prefix = f"projection.{name}."
    sort = parameters.get(prefix + "type", "").lower()
    bad = StatementError(
        "INVALID_TABLE_PROPERTY", f"Table property projection.{name}.type is missing or not valid"
    )
    try:
        if sort == "enum":
            return [v.strip() for v in parameters[prefix + "values"].split(",")]
        if sort == "integer":
            low, high = (int(v) for v in parameters[prefix + "range"].split(","))
            digits = int(parameters.get(prefix + "digits", 0))
            return [
                str(i).zfill(digits)
                for i in range(low, high + 1, int(parameters.get(prefix + "interval", 1)))
            ]
        if sort == "date":
            return list(_dates(name, parameters))
        if sort == "injected":
            return _injected(name, conditions)
    except (KeyError, ValueError) as error:
        raise StatementError(
            "INVALID_TABLE_PROPERTY", f"Partition projection of column {name} is not valid: {error}"
        ) from error
    raise bad


_LITERAL = r"'(?:[^']|'')*'"


def _injected(name: str, conditions: list[Condition]) -> list[str]:
    column = re.escape(identifier(name))
    for sql, names in conditions:
        if names != {name}:
            continue
        plain = _bare(sql)
        match = re.fullmatch(rf"\({column} = ({_LITERAL}|-?\d+)\)", plain) or re.fullmatch(
            rf"\({column} IN \(((?:{_LITERAL}|-?\d+)(?:, (?:{_LITERAL}|-?\d+))*)\)\)", plain
        )
        if match:
            return [
                v[1:-1].replace("''", "'") if v.startswith("'") else v
                for v in re.findall(rf"{_LITERAL}|-?\d+", match.group(1))
            ]
    raise StatementError(
        "CONSTRAINT_VIOLATION",
        f"For the injected projected partition column {name}, the WHERE clause must contain only static "
        f"equality "
        "conditions, and at least one such condition must be present.",
    )


# --- dates ---

_UNIT_WORDS = {
    "year": "year",
    "month": "month",
    "week": "week",
    "day": "day",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
}
_STEPS = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}


def _dates(name: str, parameters: dict) -> Iterable[str]:
    prefix = f"projection.{name}."
    form = parameters[prefix + "format"]
    finest = _finest(form)
    first, last = (_moment(v.strip(), form) for v in parameters[prefix + "range"].split(","))
    unit = _unit(parameters.get(prefix + "interval.unit", finest))
    step = int(parameters.get(prefix + "interval", 1))
    if prefix + "interval.unit" not in parameters and finest not in ("day", "month"):
        raise ValueError("interval and interval.unit are needed for a format finer than days")
    write = _writer(form)
    seen = None
    moment = _floor(first, finest)
    while moment <= last:
        text = write(moment)
        if text != seen:
            yield text
        seen = text
        moment = _after(moment, step, unit)


def _unit(word: str) -> str:
    unit = word.lower().rstrip("s")
    if unit not in _UNIT_WORDS:
        raise ValueError(f"unknown unit {word}")
    return unit


def _finest(form: str) -> str:
    bare = re.sub(r"'[^']*'", "", form)
    for letter, unit in (
        ("s", "second"),
        ("m", "minute"),
        ("H", "hour"),
        ("d", "day"),
        ("M", "month"),
        ("y", "year"),
    ):
        if letter in bare:
            return unit
    raise ValueError(f"format {form} has no date in it")


def _floor(moment: datetime, unit: str) -> datetime:
    fields = {"second": {"microsecond": 0}}
    fields["minute"] = {**fields["second"], "second": 0}
    fields["hour"] = {**fields["minute"], "minute": 0}
    fields["day"] = {**fields["hour"], "hour": 0}
    fields["month"] = {**fields["day"], "day": 1}
    fields["year"] = {**fields["month"], "month": 1}
    return moment.replace(**fields[unit])


def _after(moment: datetime, count: int, unit: str) -> datetime:
    if unit in _STEPS:
        return moment + count * _STEPS[unit]
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last_day))


def _moment(text: str, form: str) -> datetime:
    """A bound of a range: ``NOW``, ``NOW-3DAYS``, or a date in the column's format."""
    match = re.fullmatch(r"NOW(?:\s*([+-])\s*(\d+)\s*(\w+))?", text, re.IGNORECASE)
    if match:
        now = datetime.now(UTC).replace(tzinfo=None)
        if match.group(1) is None:
            return now
        return _after(now, int(match.group(1) + match.group(2)), _unit(match.group(3)))
    return datetime.strptime(text, _python_format(form))


def _python_format(form: str) -> str:
    return "".join(_PYTHON[t] if t in _PYTHON else _literal(t).replace("%", "%%") for t in _tokens(form))


_PYTHON = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "mm": "%M",
    "m": "%M",
    "ss": "%S",
    "s": "%S",
    "MMM": "%b",
    "MMMM": "%B",
}


def _tokens(form: str) -> list[str]:
    found = [m.group() for m in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']", form)]
    for token in found:
        if token[0].isalpha() and token not in _PYTHON:
            raise ValueError(f"date format {form} with {token} is not supported")
    return found


def _literal(token: str) -> str:
    return (token[1:-1] or "'").replace("''", "'") if token.startswith("'") else token


def _writer(form: str):
    tokens = _tokens(form)

    def write(moment: datetime) -> str:
        out = []
        for token in tokens:
            if token in ("M", "d", "H", "m", "s"):
                out.append(str(int(moment.strftime(_PYTHON[token]))))
            elif token in ("yyyy", "uuuu"):
                out.append(f"{moment.year:04d}")
            else:
                out.append(moment.strftime(_PYTHON[token]) if token in _PYTHON else _literal(token))
        return "".join(out)

    return write


def hive_values(path: str, names: list[str]) -> list[str | None] | None:
    """The values in ``a=1/b=2`` folders of a path, or None when its folders are others."""
    folders = {}
    for part in path.split("/")[:-1]:
        key, sign, value = part.partition("=")
        if sign:
            folders[key.lower()] = unquote(value)
    if not all(n in folders for n in names):
        return None
    return [None if folders[n] == HIVE_NULL else folders[n] for n in names]
