"""Athena SQL over the cleaned tables: the files of this folder, each a query with a name and parameters.

A value reaches SQL as an Athena execution parameter, never as text in the statement; the names of tables
stand in the files, and their database comes from the settings.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import logging
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from logloom import aws
from logloom.errors import InputError, QueryFailed
from logloom.refusals import explained

if TYPE_CHECKING:
    import pandas as pd

    from logloom.settings import Settings

# https://aws.amazon.com/athena/pricing/: by the byte scanned, rounded up to megabytes, at least 10 of them.
MEGABYTE = 1 << 20
TERABYTE = 1 << 40
LEAST_CHARGED_BYTES = 10 * MEGABYTE
LONGEST_PARAMETER = (
    1024  # https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
)
# What a query is given where it asks for it and the caller does not say.
FIRST_DATE, LAST_DATE = "1970-01-01", "9999-12-31"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")
DEFAULTS: dict[str, Any] = {
    "levels": LEVELS,
    "limit": 100,
    "bucket": "hour",
    "text": "",
    "before_time": f"{LAST_DATE} 23:59:59",
    "before_path": "",
    "before_line": 0,
}
# A comment, a text, a quoted name, or a placeholder: only the last is of interest.
TOKENS = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|:([a-z_][a-z0-9_]*)", re.S)


@dataclass(frozen=True)
class QueryResult:
    """The answer to a query, and what it took.

    Attributes
    ----------
    frame
        The rows; a timestamp is `datetime64`, UTC without a zone, and an integer that can be null `Int64`.
    sql, parameters
        The statement and its parameters as they went to Athena.
    data_scanned_bytes
        What Athena read, and charges for.
    engine_ms
        How long its engine took.
    query_execution_id
        Athena's id of the query.
    """

    frame: pd.DataFrame
    sql: str
    parameters: tuple[str, ...]
    data_scanned_bytes: int
    engine_ms: int
    query_execution_id: str


def names() -> list[str]:
    """Give the names of the queries there are."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql"))


def text(name: str) -> str:
    """Give the SQL of a query.

    Raises
    ------
    InputError
        There is no such query; with the nearest name.
    """
    if name not in names() and name not in _check_names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}"
        raise InputError(f"there is no query {name!r}; {hint}")
    return resources.files(__name__).joinpath(*f"{name}.sql".split("/")).read_text(encoding="utf-8")


def parameters(sql: str) -> list[str]:
    """Give the names of the placeholders in a query, each once, in order."""
    return list(dict.fromkeys(found[1] for found in TOKENS.finditer(sql) if found[1]))


def run(settings: Settings, name: str, **values: Any) -> QueryResult:
    """Run one of the queries.

    Parameters
    ----------
    settings
        Dates and source apply where the query asks for them and `values` does not say.
    name
        One of `names()`.
    values
        Values of the query's placeholders: text, numbers, dates, times, or lists of these.

    Raises
    ------
    InputError
        There is no such query, it has no such placeholder, or a value is missing or not one that SQL can
        have.
    QueryFailed
        With Athena's reason.
    """
    sql = text(name)
    asked = parameters(sql)
    for unknown in values.keys() - set(asked):
        near = difflib.get_close_matches(unknown, asked, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(asked) or 'none'}"
        raise InputError(f"the query {name} has no parameter {unknown!r}; {hint}")
    given = {**DEFAULTS, **_from_settings(settings), **values}
    statement, positional = bind(sql, given)
    return _execute(settings, statement, positional)


def run_sql(settings: Settings, sql: str, parameters: Sequence[Any] = ()) -> QueryResult:
    """Run any statement in the settings' database, with a value for each ``?``.

    Raises
    ------
    InputError
        A value is not one that SQL can have.
    QueryFailed
        With Athena's reason.
    """
    return _execute(settings, sql, [literal(value) for value in parameters])


def bind(sql: str, values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Put ``?`` for the placeholders, and give the parameters in their order.

    A list becomes several ``?``, and an empty one NULL, which nothing is in: for ``IN (:levels)``.

    Raises
    ------
    InputError
        A placeholder has no value.
    """
    positional: list[str] = []

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if not name:
            return found[0]
        if name not in values:
            raise InputError(f"the query needs a value for {name!r}")
        value = values[name]
        if isinstance(value, Collection) and not isinstance(value, (str, bytes, Mapping)):
            positional.extend(literal(item) for item in value)
            return ", ".join("?" * len(value)) or "NULL"
        positional.append(literal(value))
        return "?"

    return TOKENS.sub(replace, sql), positional


def literal(value: Any) -> str:
    """Give an execution parameter as Athena takes it: the text of an SQL literal.

    Times are text in UTC, for the SQL to cast; a time without a zone is UTC.

    Raises
    ------
    InputError
        It is of a type that SQL has no literal for, or longer than Athena takes.
    """
    if isinstance(value, bool):
        found = "true" if value else "false"
    elif isinstance(value, (int, Decimal)):
        found = str(value)
    elif isinstance(value, float) and math.isfinite(value):
        found = repr(value) if "e" in repr(value) else f"{value!r}e0"
    elif isinstance(value, datetime.datetime):
        utc = value.astimezone(datetime.UTC) if value.tzinfo else value
        found = f"'{utc:%Y-%m-%d %H:%M:%S.%f}'"
    elif isinstance(value, datetime.date):
        found = f"'{value.isoformat()}'"
    elif isinstance(value, str):
        found = "'" + value.replace("'", "''") + "'"
    else:
        raise InputError(f"{value!r} cannot be a value in a query: give text, a number, a date or a time")
    if len(found) > LONGEST_PARAMETER:
        raise InputError(
            f"a value in a query has {len(found)} characters, of at most {LONGEST_PARAMETER}: shorten it"
        )
    return found


def price(settings: Settings, results: QueryResult | Iterable[QueryResult] | int) -> float:
    """Give the US dollars that Athena charges for queries, or for one that scans so many bytes."""
    if isinstance(results, int):
        scanned = [results]
    elif isinstance(results, QueryResult):
        scanned = [results.data_scanned_bytes]
    else:
        scanned = [result.data_scanned_bytes for result in results]
    charged = sum(max(LEAST_CHARGED_BYTES, math.ceil(b / MEGABYTE) * MEGABYTE) for b in scanned if b)
    return charged / TERABYTE * settings.price_per_tb


def _from_settings(settings: Settings) -> dict[str, Any]:
    return {
        "start_date": settings.start_date or FIRST_DATE,
        "end_date": settings.end_date or LAST_DATE,
        "source": settings.source,
    }


def _check_names() -> list[str]:
    files = resources.files(__name__).joinpath("checks").iterdir()
    return [f"checks/{file.name.removesuffix('.sql')}" for file in files if file.name.endswith(".sql")]


def _execute(settings: Settings, sql: str, positional: list[str]) -> QueryResult:
    import pyathena

    connection = _connection(settings)
    with explained("asking Athena"):
        try:
            cursor = connection.cursor()
            cursor.execute(sql, positional or None, paramstyle="qmark" if positional else None)
            frame = cursor.as_pandas()
        except pyathena.error.Error as error:
            raise QueryFailed(_reason(error)) from error
    return QueryResult(
        frame=frame,
        sql=sql,
        parameters=tuple(positional),
        data_scanned_bytes=cursor.data_scanned_in_bytes or 0,
        engine_ms=cursor.engine_execution_time_in_millis or 0,
        query_execution_id=cursor.query_id,
    )


def _connection(settings: Settings) -> Any:
    session = aws.session(settings)  # each time, since it starts the local AWS when that is not running
    keys = ("profile", "region", "bucket", "database", "athena_prefix", "workgroup")
    return _connect(_Hashable(session), *(getattr(settings, key) for key in keys))


@dataclass(frozen=True)
class _Hashable:
    """A session that is equal to any other: only the settings tell whether a connection can be used again."""

    session: Any = dataclasses.field(compare=False)


@cache
def _connect(session, profile, region, bucket, database, athena_prefix, workgroup) -> Any:
    # PyAthena logs each failure with its traceback, and raises it as well.
    logging.getLogger("pyathena").addHandler(logging.NullHandler())
    from pyathena import connect
    from pyathena.pandas.cursor import PandasCursor

    from logloom.settings import LOCAL_PROFILE

    return connect(
        session=session.session,
        region_name=region,
        s3_staging_dir=f"s3://{bucket}/{athena_prefix}/",
        schema_name=database,
        work_group=workgroup,
        poll_interval=0.02 if profile == LOCAL_PROFILE else 0.5,
        cursor_class=PandasCursor,
    )


def _reason(error: Exception) -> str:
    cause = error.__cause__
    answer = getattr(cause, "response", {}).get("Error", {})
    return answer.get("Message") or str(error)
