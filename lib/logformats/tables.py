"""Settled lines as rows of the tables `logs`, `log_rejects` and `log_counts`, and their account."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from logformats.account import Account, Parsed
from logformats.categories import BLANK, EVENT, JOINED, REJECT
from logformats.definitions import LogFormat
from logformats.events import complete, read_body
from logformats.schema import empty, polars_schema

#: A reject before the first event waits for that event's date if its line number is not above this; the
#: others take the object's own date, so that what waits in memory has a bound.
MAX_WAITING = 10_000

NOTHING = Parsed(empty("logs"), empty("log_rejects"), empty("log_counts"), Account())


@dataclass(frozen=True)
class Origin:
    """Where lines come from: `source` and `log_file_path`, the number of row 0, the object's date."""

    source: str
    path: str
    line: int
    dt: str


@dataclass(frozen=True)
class Batch:
    """Lines whose category is settled: rows `first` to `until`, `until` excluded, of a chunk.

    lines, raw
        Frame of `row` and `text` (without colours), and the lines as they are.
    kinds, owners, reasons
        Category of each row, row of the event that it belongs to, reason of each reject.
    events
        Each format with the core of its events.
    continued
        Rows whose text is in their event's message already.
    """

    lines: pl.DataFrame
    raw: pl.Series
    kinds: np.ndarray
    owners: np.ndarray
    reasons: dict[int, str]
    events: list[tuple[LogFormat, pl.DataFrame]]
    continued: np.ndarray
    first: int
    until: int


def build(
    batch: Batch, origin: Origin, drop: frozenset[str], last_dt: str
) -> tuple[Parsed, pl.DataFrame, str, str]:
    """The tables' rows for a batch.

    Returns
    -------
    The rows; rejects that wait for the date of the object's first event; the dates of the first and of the
    last event (`last_dt` if there is none).
    """
    whole = batch.first == 0 and batch.until == len(batch.lines)
    cores = batch.events
    if not whole:
        inside = pl.col("row").is_between(batch.first, batch.until, closed="left")
        cores = [(definition, core.filter(inside)) for definition, core in batch.events]
    by_format, kept = rows_of(batch, cores, drop)
    kept_lines = sum(each["row"].n_unique() for each in kept)
    formats: dict[str, int] = {}
    for name, core in by_format:
        formats[name] = formats.get(name, 0) + core["row"].n_unique()
    all_events = in_order([core for _, core in by_format])
    rejects, waiting = _rejects(batch, origin, all_events, last_dt)
    kinds = np.bincount(batch.kinds[batch.first : batch.until], minlength=4)
    event_lines = int(kinds[EVENT])
    first_dt = last_dt
    first_event = last_event = None
    if all_events is not None:
        times = all_events["timestamp"]
        first_dt, last_dt = _dt(times[0]), _dt(times[-1])
        first_event, last_event = times.min(), times.max()
    account = Account(
        lines_read=batch.until - batch.first,
        lines_kept=kept_lines,
        lines_dropped=event_lines - kept_lines,
        lines_rejected=int(kinds[REJECT]),
        lines_joined=int(kinds[JOINED]),
        lines_blank=int(kinds[BLANK]),
        first_event=first_event,
        last_event=last_event,
        formats=formats,
    )
    parsed = Parsed(_events(kept, origin), rejects, _counts(all_events, origin), account)
    return parsed, waiting, first_dt, last_dt


def rows_of(
    batch: Batch, cores: list[tuple[LogFormat, pl.DataFrame]], drop: frozenset[str]
) -> tuple[list[tuple[str, pl.DataFrame]], list[pl.DataFrame]]:
    """The rows of events that are counted, each with its format's name, and those that are kept."""
    joined = _joined_text(batch)
    counted, kept = [], []
    for definition, core in cores:
        if core.is_empty():
            continue
        if definition.body:
            core = read_body(_with_joined(core, joined), definition)
        counted.append((definition.name, core.select(_COUNTED)))
        stays = core.filter(~pl.col("log_level").is_in(list(drop))) if drop else core
        if stays.is_empty():
            continue
        if definition.multiline and not definition.body:
            stays = _with_joined(stays, joined)
        events = complete(stays, definition)
        kept.append(events.with_columns(format=pl.lit(definition.name)))
    return counted, kept


def in_order(frames: list[pl.DataFrame]) -> pl.DataFrame | None:
    """Frames with `row` as one in the order of the rows; None for none."""
    if not frames:
        return None
    together = pl.concat(frames)
    return together.sort("row", maintain_order=True) if len(frames) > 1 else together


_COUNTED = (
    "row",
    "timestamp",
    "log_level",
    "http_response_status_code",
    "http_request_method",
    "http_response_body_size",
)


def add_rejects(parsed: Parsed, rejects: pl.DataFrame, dt: str) -> Parsed:
    """`parsed` with rejects of before, which take the date `dt`."""
    return replace(parsed, rejects=pl.concat([rejects.with_columns(dt=pl.lit(dt)), parsed.rejects]))


def _dt(moment) -> str:
    return moment.strftime("%Y-%m-%d")


def _joined_text(batch: Batch) -> pl.DataFrame | None:
    """The text of each event's further lines, by the event's row."""
    rows = np.flatnonzero((batch.kinds == JOINED) & ~batch.continued)
    rows = rows[(rows >= batch.first) & (rows < batch.until)]
    if not len(rows):
        return None
    further = pl.DataFrame(
        {"row": pl.Series(batch.owners[rows], dtype=pl.UInt32), "text": batch.lines["text"].gather(rows)}
    )
    return further.group_by("row", maintain_order=True).agg(further=pl.col("text").str.join("\n"))


def _with_joined(events: pl.DataFrame, joined: pl.DataFrame | None) -> pl.DataFrame:
    if joined is None:
        return events if "message" in events.columns else events.with_columns(message=pl.lit(None, pl.String))
    events = events.join(joined, on="row", how="left", maintain_order="left")
    if "message" not in events.columns:
        return events.rename({"further": "message"})
    whole = pl.concat_str("message", "further", separator="\n", ignore_nulls=True)
    return events.with_columns(
        message=pl.when(pl.col("further").is_null()).then(pl.col("message")).otherwise(whole)
    ).drop("further")


def _events(kept: list[pl.DataFrame], origin: Origin) -> pl.DataFrame:
    events = in_order(kept)
    if events is None:
        return empty("logs")
    return events.with_columns(
        source=pl.lit(origin.source),
        log_file_path=pl.lit(origin.path),
        log_file_line=pl.col("row").cast(pl.Int64) + origin.line,
        dt=pl.col("timestamp").dt.strftime("%Y-%m-%d"),
    ).select(polars_schema("logs").names())


def _counts(events: pl.DataFrame | None, origin: Origin) -> pl.DataFrame:
    if events is None:
        return empty("log_counts")
    return (
        counted(events)
        .with_columns(source=pl.lit(origin.source), log_file_path=pl.lit(origin.path))
        .select(polars_schema("log_counts").names())
    )


def counted(events: pl.DataFrame, keys: tuple[str, ...] = ()) -> pl.DataFrame:
    """Events and their bytes by minute, level, status and method (and other keys), with `dt`."""
    minute = pl.col("timestamp").dt.truncate("1m").alias("minute")
    return (
        events.group_by(
            *keys,
            minute,
            "log_level",
            "http_response_status_code",
            "http_request_method",
            maintain_order=True,
        )
        .agg(
            events=pl.len().cast(pl.Int64),
            bytes=pl.col("http_response_body_size").sum(),
        )
        .with_columns(dt=pl.col("minute").dt.strftime("%Y-%m-%d"))
    )


def _rejects(
    batch: Batch, origin: Origin, events: pl.DataFrame | None, last_dt: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rejects with the date of the event before them, else after them, and those that wait for one."""
    rows = np.flatnonzero(batch.kinds[batch.first : batch.until] == REJECT) + batch.first
    if not len(rows):
        return empty("log_rejects"), empty("log_rejects")
    if events is None:
        dates = np.full(len(rows), last_dt or None, dtype=object)
    else:
        event_dates = events["timestamp"].dt.strftime("%Y-%m-%d").to_numpy()
        before = np.searchsorted(events["row"].to_numpy(), rows) - 1
        dates = np.where(before >= 0, event_dates[before], last_dt or event_dates[0]).astype(object)
    numbers = rows + origin.line
    if not last_dt:
        leading = before < 0 if events is not None else np.ones(len(rows), dtype=bool)
        dates[leading & (numbers > MAX_WAITING)] = origin.dt
    frame = pl.DataFrame(
        {
            "raw_line": batch.raw.gather(rows),
            "reason": [batch.reasons[int(row)] for row in rows],
            "source": [origin.source] * len(rows),
            "log_file_path": [origin.path] * len(rows),
            "log_file_line": numbers,
            "dt": pl.Series(list(dates), dtype=pl.String),
        },
        schema=polars_schema("log_rejects"),
    )
    return frame.filter(pl.col("dt").is_not_null()), frame.filter(pl.col("dt").is_null())
