"""What a report tells, asked of Athena: counts, frequent values, patterns, accounts, the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import pandas as pd

from logloom import patterns, queries
from logloom.dashboard import statements
from logloom.dashboard.data import Trouble, trouble
from logloom.dashboard.palette import ERROR_LEVELS
from logloom.dashboard.panels import known_range, usual_range
from logloom.dashboard.view import View
from logloom.errors import InputError
from logloom.redact import COLUMNS, Redactor
from logloom.report import options
from logloom.settings import Settings

# Widths of the buckets that a report holds, by the longest span that they serve: as fine as zooming asks for,
# and no more of them than a mail carries.
_HOLDS = ((timedelta(hours=12), 1), (timedelta(days=2), 5), (timedelta(days=8), 15), (timedelta(days=32), 30))
_HOURS_SERVE = timedelta(days=800)
# Frequent values and patterns are counted in so many buckets at most.
_COARSE = 32
_COARSE_WIDTHS = (1, 5, 15, 60, 180, 360, 720, 1440)

# Column, title; the order in which they stand in the report.
TOPS = {
    "url_path": "Paths",
    "client_address": "Clients",
    "http_response_status_code": "Status codes",
    "http_request_method": "Methods",
    "user_agent_original": "User agents",
    "http_request_header_referer": "Referrers",
}
MOST_VALUES, MOST_OF_SOURCE = 40, 10
MOST_TEXTS = 60_000
MOST_PATTERNS = 80
LONGEST_VALUE = 300
REJECTS = 8


@dataclass
class Contents:
    """The frames of one report; times are datetime64, UTC without a zone.

    Attributes
    ----------
    view
        Range and filters.
    first_minute, width, coarse_width
        Beginning of the first bucket (midnight of the first day); minutes of a bucket of `counts`, and of one
        of `values` and `pattern_counts`.
    counts
        bucket, source, log_level, status_class (2 … 5 or null), events, bytes.
    values
        By column: bucket, source, log_level, status_class, value, events.
    patterns
        id, kind, pattern, example, source, log_level (of most events), events; most events first.
    pattern_counts
        id, bucket, source, log_level, events.
    accounts, rejects, reject_lines
        As the queries accounts, rejects_by_reason and rejects_sample give them.
    before
        source, events, errors, bytes of the period before; None where nothing was logged then.
    patterns_before
        pattern, kind, source, events of the period before.
    scanned
        Bytes that Athena read.
    """

    view: View
    first_minute: datetime
    width: int
    coarse_width: int
    counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    values: dict[str, pd.DataFrame] = field(default_factory=dict)
    patterns: pd.DataFrame = field(default_factory=pd.DataFrame)
    pattern_counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    patterns_left_out: int = 0
    accounts: pd.DataFrame = field(default_factory=pd.DataFrame)
    rejects: pd.DataFrame = field(default_factory=pd.DataFrame)
    reject_lines: pd.DataFrame = field(default_factory=pd.DataFrame)
    before: pd.DataFrame | None = None
    patterns_before: pd.DataFrame = field(default_factory=pd.DataFrame)
    scanned: int = 0
    redactor: Redactor | None = None

    def hidden(self, text: str, column: str = "") -> str:
        """`text`, a value of `column` or free text, as the report may show it."""
        if self.redactor is None:
            return text
        return self.redactor.value(COLUMNS.get(column, "text"), text)


_COUNTS = ("events", "errors", "lines", "objects")


class Asker:
    """Runs statements, and counts what was read; the tests put another Athena behind it."""

    def __init__(self, settings: Settings, run: Callable[..., queries.QueryResult] | None = None) -> None:
        self._settings = settings
        self._run = run or (lambda sql, values: queries.run_sql(settings, sql, values))
        self.scanned = 0

    def __call__(self, statement: statements.Statement) -> pd.DataFrame:
        try:
            result = self._run(statement.sql, statement.parameters)
        except Exception as error:
            raise _plain(error) from error
        self.scanned += result.data_scanned_bytes
        counts = {name: "int64" for name in _COUNTS if name in result.frame}
        return result.frame.astype(counts)


def view_of(
    ask: Asker, settings: Settings, start: datetime | None, end: datetime | None, filters: list[str]
) -> tuple[View, pd.DataFrame]:
    """The view that is asked for, and the accounts.

    Without dates it is the range that the dashboard shows first: the last 30 days, or all where those would
    hide most lines. A range that goes beyond what was logged stays as it was asked for.

    Raises
    ------
    InputError
        There is nothing in the range; the sentence says from when to when there is.
    """
    accounts = ask(statements.accounts())
    try:
        first, last, _, _ = known_range(accounts, settings.start_date, settings.end_date)
    except Trouble as error:
        raise InputError(f"{error.title}: {error}") from None
    first_known, last_known, _, _ = known_range(accounts, "", "")
    asked = start or end or settings.start_date or settings.end_date
    if not asked and usual_range(accounts, first, last) == "30d":
        first = max(first, last - timedelta(days=30)).replace(hour=0, minute=0)
    begin, finish = start or first, end or last
    begin, finish = _whole_minutes(begin, finish)
    options.check_range(begin, finish)
    if begin >= last_known or finish <= first_known:
        raise InputError(
            f"nothing was logged from {begin:%Y-%m-%d %H:%M} to {finish:%Y-%m-%d %H:%M}: there are events "
            f"from {first_known:%Y-%m-%d %H:%M} to {last_known:%Y-%m-%d %H:%M} (UTC)"
        )
    view = View(start=begin, end=finish, sources=(settings.source,) if settings.source else ())
    view = options.with_filters(view, filters)
    known = set(accounts["source"])
    for source in view.sources:
        if source not in known:
            hint = options.nearest(source, known)
            raise InputError(
                f"there is no source {source!r}; "
                + (f"did you mean {hint!r}?" if hint else f"there are {', '.join(sorted(known))}")
            )
    return view, accounts


def collect(
    ask: Asker,
    view: View,
    accounts: pd.DataFrame,
    *,
    known_patterns: list[dict[str, Any]] = (),
    redactor: Redactor | None = None,
    progress: Callable[[str], None] = lambda what: None,
) -> Contents:
    """Ask everything that a report tells.

    Parameters
    ----------
    view, accounts
        Of `view_of`.
    known_patterns
        Patterns of an earlier report (`kind`, `pattern`): texts that fit them join them.
    redactor
        Learns the names of users here; `hide` gives pseudonyms.

    Raises
    ------
    InputError
        No event fits the filters.
    """
    width, coarse = widths(view)
    midnight = view.start.replace(hour=0, minute=0, second=0, microsecond=0)
    found = Contents(view, midnight, width, coarse, redactor=redactor)
    progress("counts")
    found.counts = ask(_statement("counts", view, width))
    if found.counts.empty:
        said = "; ".join(options.in_words(view))
        raise InputError(
            f"no event between {view.start:%Y-%m-%d %H:%M} and {view.end:%Y-%m-%d %H:%M} (UTC) "
            + (f"fits the filters ({said}): take one away" if said else "was logged: choose another range")
        )
    found.accounts = accounts[accounts["source"].isin(view.sources)] if view.sources else accounts
    for column, title in TOPS.items():
        progress(title.lower())
        extra = {"most": MOST_VALUES, "most_of_source": MOST_OF_SOURCE}
        found.values[column] = ask(_statement("values", view, coarse, extra, column=column))
    progress("patterns")
    texts = ask(_statement("texts", view, coarse, {"rows": MOST_TEXTS}, kept=True))
    days = {"start_date": str(view.start.date()), "end_date": str((view.end - _TICK).date())}
    source = view.sources[0] if len(view.sources) == 1 else ""
    progress("rejects")
    found.rejects = ask(statements.named("rejects_by_reason", {**days, "source": source}))
    found.reject_lines = ask(statements.named("rejects_sample", {**days, "source": source, "limit": REJECTS}))
    progress("the period before")
    earlier = replace(view, start=view.before, end=view.start)
    before = ask(_statement("totals", earlier, width))
    found.before = None if before.empty else before
    texts_before = (
        texts.head(0)
        if before.empty
        else ask(_statement("texts", earlier, coarse, {"rows": MOST_TEXTS}, kept=True))
    )
    if redactor:
        redactor.learn(ask(_statement("names", view, width))["user_name"], kind="user")
        for frame in (texts, texts_before):
            redactor.learn(frame["text"])
        redactor.learn(found.reject_lines["raw_line"])
    progress("patterns")
    _group(found, texts, texts_before, known_patterns)
    found.scanned = ask.scanned
    return found


_TICK = timedelta(microseconds=1)


def widths(view: View) -> tuple[int, int]:
    """Minutes of a bucket of the counts, and of one of values and patterns."""
    width = next((minutes for span, minutes in _HOLDS if view.span <= span), 60)
    if view.span > _HOURS_SERVE:
        width = 180
    minutes = view.span / timedelta(minutes=1)
    coarse = next((one for one in _COARSE_WIDTHS if minutes / one <= _COARSE), 1440)
    return width, max(width, coarse)


def _statement(
    name: str,
    view: View,
    width: int,
    values: dict[str, Any] | None = None,
    *,
    column: str = "",
    kept: bool = False,
) -> statements.Statement:
    filters, chosen = statements.conditions(view)
    in_rollup = not kept and view.rollup_knows and (not column or column in statements.ROLLUP_COLUMNS)
    table = "log_counts" if in_rollup else statements.text("kept").strip()
    sql = resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    bound = {
        "start": statements.moment(view.start),
        "end": statements.moment(view.end),
        "first_day": str(view.start.date()),
        "last_day": str((view.end - _TICK).date()),
        "hour_step": max(1, width // 60),
        "minute_step": min(60, width),
        **chosen,
        **(values or {}),
    }
    fragments = {"filters": filters, "counts": table, "column": column}
    return statements.bind(name, bound, fragments, sql=sql)


def _group(found: Contents, texts: pd.DataFrame, before: pd.DataFrame, known: list[dict[str, Any]]) -> None:
    """Group the texts of both periods into patterns, and count them by bucket, source and level."""
    tables, counts, earlier = [], [], []
    for kind in ("message", "path"):
        now, past = texts[texts["kind"] == kind], before[before["kind"] == kind]
        if now.empty and past.empty:
            continue
        seeds = [one["pattern"] for one in known if one["kind"] == kind]
        both = pd.concat([now[["text", "events"]], past[["text", "events"]]])
        grouped = patterns.find(both, kind=kind, known=seeds)
        found.patterns_left_out += grouped.left_out
        learnt = grouped.table["pattern"].tolist()
        now, past = _with_patterns(now, kind, learnt), _with_patterns(past, kind, learnt)
        counts.append(
            now.groupby(["source", "log_level", "bucket", "pattern"], as_index=False)
            .agg(events=("events", "sum"), example=("text", "first"), most=("events", "max"))
            .assign(kind=kind)
        )
        earlier.append(
            past.groupby(["source", "pattern"], as_index=False)
            .agg(events=("events", "sum"))
            .assign(kind=kind)
        )
    columns = ["pattern", "events", "example", "most", "kind", "source", "log_level", "bucket"]
    whole = pd.concat(counts) if counts else pd.DataFrame(columns=columns)
    found.patterns_before = (
        pd.concat(earlier) if earlier else pd.DataFrame(columns=["pattern", "events", "kind", "source"])
    )
    tables = []
    for (kind, pattern), rows in whole.groupby(["kind", "pattern"], sort=True):
        most = rows.sort_values(["most", "example"], ascending=[False, True]).iloc[0]
        levels = rows.groupby("log_level")["events"].sum()
        sources = rows.groupby("source")["events"].sum()
        tables.append(
            {
                "kind": kind,
                "pattern": pattern,
                "example": most["example"],
                "source": sources.idxmax(),
                "log_level": levels.idxmax(),
                "events": int(rows["events"].sum()),
            }
        )
    names = ["kind", "pattern", "example", "source", "log_level", "events"]
    table = pd.DataFrame(tables, columns=names).sort_values(
        ["events", "pattern"], ascending=[False, True], ignore_index=True
    )
    found.patterns = table.assign(id=range(len(table)))
    found.pattern_counts = whole.merge(found.patterns[["kind", "pattern", "id"]], on=["kind", "pattern"])[
        ["id", "bucket", "source", "log_level", "events"]
    ]


def _with_patterns(texts: pd.DataFrame, kind: patterns.Kind, learnt: list[str]) -> pd.DataFrame:
    """With each text's pattern; most frequent texts first, so that the first of a group is its example."""
    named = texts.assign(pattern=patterns.assign(texts["text"], learnt, kind=kind))
    named = named[named["pattern"].notna()].astype({"events": "int64"})
    return named.sort_values(["events", "text"], ascending=[False, True])


def hide(found: Contents) -> None:
    """Put pseudonyms into every frame that came from log lines, where the report is to be redacted."""
    redactor = found.redactor
    if redactor is None:
        return
    kinds = {"client_address": "address", "user_agent_original": "agent"}
    for column, frame in found.values.items():
        if column in ("http_response_status_code", "http_request_method"):
            continue
        hidden = frame.assign(value=redactor.column(frame["value"], kinds.get(column, "text")))
        # Two spellings of one address are one pseudonym.
        keys = ["bucket", "source", "log_level", "status_class", "value"]
        found.values[column] = hidden.groupby(keys, dropna=False, as_index=False)["events"].sum()
    for name in ("patterns", "reject_lines", "rejects"):
        setattr(found, name, redactor.frame(getattr(found, name), {"pattern": "text", "example": "text"}))
    if len(found.patterns_before):
        found.patterns_before = redactor.frame(found.patterns_before)
    for name in ("counts", "pattern_counts", "accounts", "rejects", "reject_lines", "patterns", "before"):
        frame = getattr(found, name)
        if frame is not None and "source" in frame:
            setattr(found, name, frame.assign(source=redactor.plain_column(frame["source"])))
    for column, frame in found.values.items():
        found.values[column] = frame.assign(source=redactor.plain_column(frame["source"]))
    if len(found.patterns_before):
        found.patterns_before["source"] = redactor.plain_column(found.patterns_before["source"])


def _whole_minutes(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The rollup counts by the minute: a range begins and ends with one."""
    start = start.replace(second=0, microsecond=0)
    if end.second or end.microsecond:
        end = end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return start, end


def _plain(error: Exception) -> Exception:
    """What a failed query means for the one who asked for a report."""
    told = trouble(error)
    return InputError(f"{told.title}: {told}")


def is_error(frame: pd.DataFrame) -> pd.Series:
    """Which rows are of errors."""
    return frame["log_level"].isin(ERROR_LEVELS)
