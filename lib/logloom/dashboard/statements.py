"""SQL of the dashboard: the files in sql/, with a view's filters and values bound as parameters.

A file names its values (``:start``) and may hold markers (``/* filters */``) for conditions that depend on
the view. Conditions are fixed texts of this module over columns that `view` lists; whatever a user typed goes
in as an execution parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from logloom import patterns, queries
from logloom.dashboard.palette import LEVELS
from logloom.dashboard.view import EVENT_COLUMNS, PATTERNS, ROLLUP_COLUMNS, View

PAGE_ROWS = 100
PATTERN_TEXTS = 3_000  # different ones; the rest is too rare to be grouped
HISTORY_DAYS = 14  # to know what is usual


# What texts and regular expressions are looked for in.
SEARCHED = "concat_ws(' ', message, url_path, url_query)"


@dataclass(frozen=True)
class Statement:
    """SQL with ``?`` and the values in their order: str, int, float.

    `column` is the column whose values an answer's column ``value`` holds.
    """

    name: str
    sql: str
    parameters: tuple[Any, ...] = ()
    column: str = ""


@cache
def text(name: str) -> str:
    """The SQL file `name`, as it stands."""
    return resources.files("logloom.dashboard").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def bind(
    name: str,
    values: Mapping[str, Any],
    fragments: Mapping[str, str] | None = None,
    sql: str | None = None,
) -> Statement:
    """The file `name` (or `sql`) with its markers replaced by `fragments` and its names by ``?``.

    A list becomes several ``?``. A value that the text does not name is left out.
    """
    sql = sql or text(name)
    for marker, fragment in (fragments or {}).items():
        sql = sql.replace(f"/* {marker} */", fragment)
    parameters: list[Any] = []

    def place(match: re.Match) -> str:
        if match[1] is None:
            return match[0]
        value = values[match[1]]
        if isinstance(value, (list, tuple)):
            parameters.extend(value)
            return ", ".join("?" * len(value))
        parameters.append(value)
        return "?"

    sql = re.sub(r"\n[ \t]*(?=\n)", "", queries.TOKENS.sub(place, sql)).strip()
    return Statement(name, sql, tuple(parameters))


def moment(value: datetime) -> str:
    """A time as Trino's CAST reads it."""
    return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")


def conditions(view: View, *, levels: bool = True) -> tuple[str, dict[str, Any]]:
    """The view's filters but the range, as SQL that begins with AND, and its values.

    The empty choice of levels is a condition that nothing fulfils, as the user would expect.
    """
    parts: list[str] = []
    values: dict[str, Any] = {}

    def use(value: Any) -> str:
        values[f"filter_{len(values)}"] = value
        return f":filter_{len(values) - 1}"

    if levels and set(view.levels) != set(LEVELS):
        parts.append(f"log_level IN ({use(list(view.levels))})" if view.levels else "1 = 0")
    if view.sources:
        parts.append(f"source IN ({use(list(view.sources))})")
    if view.status_classes:
        hundreds = [int(one[0]) * 100 for one in view.status_classes]
        between = [f"http_response_status_code BETWEEN {use(n)} AND {use(n + 99)}" for n in hundreds]
        parts.append(f"({' OR '.join(between)})")
    if view.text and view.regex:
        parts.append(f"regexp_like({SEARCHED}, {use(view.text)})")
    elif view.text:
        # Not LIKE: % and _ in a log line are themselves.
        parts.append(f"strpos(lower({SEARCHED}), {use(view.text.lower())}) > 0")
    for pairs, negate in ((view.include, False), (view.exclude, True)):
        for column in dict.fromkeys(column for column, _ in pairs):
            parts.append(_membership(column, [v for c, v in pairs if c == column], negate, use))
    return "".join(f"\n    AND {part}" for part in parts).lstrip(), values


def _membership(column: str, chosen: Sequence[str | None], negate: bool, use) -> str:
    known = [value for value in chosen if value is not None]
    if column in PATTERNS:
        expressions = [patterns.expression(pattern, PATTERNS[column]) for pattern in known]
        # Of nothing to search in, SQL knows neither that it fits nor that it does not.
        terms = [f"coalesce(regexp_like({SEARCHED}, {use(one)}), false)" for one in expressions]
        return f"{'NOT ' if negate else ''}({' OR '.join(terms)})"
    if column == "http_response_status_code":
        known = [int(value) for value in known]
    if negate:
        # NOT IN alone would drop the rows without a value.
        terms = [f"({column} NOT IN ({use(known)}) OR {column} IS NULL)"] if known else []
        terms += [f"{column} IS NOT NULL"] if None in chosen else []
        return " AND ".join(terms)
    terms = [f"{column} IN ({use(known)})"] if known else []
    terms += [f"{column} IS NULL"] if None in chosen else []
    return f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0]


def _range(view: View, first: datetime | None = None) -> dict[str, Any]:
    return {
        "start": moment(view.start),
        "end": moment(view.end),
        "before": moment(view.before),
        "first_day": str((first or view.start).date()),
        "last_day": str((view.end - timedelta(microseconds=1)).date()),
    }


def accounts() -> Statement:
    """What became of every line, by source: the query `accounts` of `logloom.queries`, of all sources."""
    return named("accounts", {"source": ""})


def named(name: str, values: Mapping[str, Any]) -> Statement:
    """One of the queries of `logloom.queries`."""
    return bind(name, values, sql=queries.text(name))


def overview(view: View) -> Statement:
    """Columns bucket (timestamp, null for the period before), log_level, events, bytes; of all levels."""
    width = view.bucket_minutes
    steps = {"hour_step": max(1, width // 60), "minute_step": min(60, width)}
    return _counting("overview", view, steps | _range(view, first=view.before), levels=False)


def history(view: View) -> Statement:
    """Columns bucket (timestamp), events, errors: of the range and `HISTORY_DAYS` before it, in bars of an
    hour or
    more."""
    since = view.start - timedelta(days=HISTORY_DAYS)
    values = {"history": moment(since), "history_day": str(since.date())}
    return _counting("history", view, values | {"hour_step": history_minutes(view) // 60})


def history_minutes(view: View) -> int:
    return max(60, view.bucket_minutes)


def heat(view: View) -> Statement:
    """Columns weekday (1 Monday … 7 Sunday), hour (0 … 23), events."""
    return _counting("heat", view)


def top(view: View, column: str, rows: int = 10) -> Statement:
    """Columns value, events, errors: the most frequent values of a column."""
    if column not in EVENT_COLUMNS:
        raise ValueError(f"there is no column {column} to group by")
    known = column in ROLLUP_COLUMNS
    made = _counting("top", view, {"rows": rows}, fragments={"column": column}, rollup=known)
    return replace(made, column=column)


def text_patterns(view: View, kind: patterns.Kind) -> Statement:
    """Columns example, events, events_before (of the period before), trend (twelve counts), all_events."""
    filters, values = conditions(view)
    values |= _range(view, first=view.before)
    values |= {"milliseconds": int(view.span / timedelta(milliseconds=1)), "rows": PATTERN_TEXTS}
    column = "message" if kind == "message" else "url_path"
    return bind("patterns", values, {"column": column, "filters": filters})


def _counting(
    name: str,
    view: View,
    values: Mapping[str, Any] | None = None,
    *,
    levels: bool = True,
    rollup: bool = True,
    fragments: Mapping[str, str] | None = None,
) -> Statement:
    """A statement over the rollup, or over the kept events where the rollup does not know what is asked."""
    filters, chosen = conditions(view, levels=levels)
    counts = "log_counts" if rollup and view.rollup_knows else text("kept").strip()
    fragments = {**(fragments or {}), "filters": filters, "counts": counts}
    return bind(name, {**_range(view), **chosen, **(values or {})}, fragments)


def event(path: str, line: int, time: datetime, around: int = 5) -> Statement:
    """The event at `line` of the raw object `path`, all columns, with `around` lines before and after it.

    A day before and after its time is looked at: files go over midnight.
    """
    values = {
        "path": path,
        "first_line": line - around,
        "last_line": line + around,
        "day_before": str(time.date() - timedelta(days=1)),
        "day_after": str(time.date() + timedelta(days=1)),
    }
    return bind("event", values)


def events(view: View, after: Sequence[Any] | None = None, rows: int = PAGE_ROWS) -> Statement:
    """A page of events, newest first.

    `after` is the key of the last row of the page before: timestamp, log_file_path, log_file_line.
    """
    filters, values = conditions(view)
    values |= _range(view) | {"rows": rows}
    fragment = ""
    if after:
        key = datetime.fromisoformat(str(after[0]))
        values |= {
            "key_time": moment(key),
            "key_path": str(after[1]),
            "key_line": int(after[2]),
            # Pages further back need not open the days that they have left behind.
            "last_day": min(values["last_day"], str(key.date())),
        }
        fragment = (
            'AND ("timestamp" < CAST(:key_time AS timestamp(6))'
            ' OR ("timestamp" = CAST(:key_time AS timestamp(6)) AND (log_file_path < :key_path'
            " OR (log_file_path = :key_path AND log_file_line < :key_line))))"
        )
    return bind("events", values, {"filters": filters, "after": fragment})
