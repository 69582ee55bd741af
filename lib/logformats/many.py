"""Read many small objects together: for a few hundred lines, calling polars takes longer than its work."""

from __future__ import annotations

import io
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from logformats import categories, levels, screening, tables
from logformats.account import Account
from logformats.categories import BLANK, EVENT, JOINED, REJECT
from logformats.choice import Choice, Found
from logformats.definitions import LogFormat
from logformats.definitions import formats as all_formats
from logformats.lines import CHUNK_BYTES, chunks, without_colours
from logformats.reader import read
from logformats.recognise import LATEST, SAMPLE_BYTES, sample_lines
from logformats.schema import empty, polars_schema
from logformats.times import Clock


@dataclass(frozen=True)
class Whole:
    """An object with all its bytes; `path` and `last_modified` as `read` takes them."""

    path: str
    last_modified: datetime
    data: bytes


@dataclass(frozen=True)
class ParsedMany:
    """What some objects became: rows of the tables, and the account of each object by its path."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    counts: pl.DataFrame
    accounts: dict[str, Account]


@dataclass(frozen=True)
class _Lines:
    """An object's lines, and those of its head."""

    whole: Whole
    lines: pl.Series
    head: list[str]


def read_many(
    objects: Sequence[Whole],
    *,
    source: str,
    drop_levels: Collection[str] = (),
    formats: Sequence[LogFormat] | None = None,
    time_zone: str = "UTC",
) -> Iterator[ParsedMany]:
    """Read objects of one source, each wholly; together they give what `read` gives of each.

    Objects that have the same formats are read as one. By itself is read what needs it: objects that are
    damaged, whose fields a header names, that hold a container's lines, or times without a year.

    Parameters
    ----------
    objects
        Small ones: all their lines are in memory at once.
    source, drop_levels, formats, time_zone
        As `read` takes them.
    """
    drop = levels.check(drop_levels)
    candidates = tuple(formats) if formats is not None else all_formats()
    alone: list[Whole] = []
    prepared: list[_Lines] = []
    for whole in objects:
        # No more than two: a little compressed data may be a lot of text.
        parts = list(itertools.islice(chunks(io.BytesIO(whole.data), 0, None, CHUNK_BYTES), 2))
        if len(parts) == 1 and not parts[0].damage:
            prepared.append(_Lines(whole, parts[0].lines, sample_lines(whole.data[:SAMPLE_BYTES])))
        else:
            alone.append(whole)
    found = screening.formats_of([screening.spread(each.head) for each in prepared], candidates)
    groups: dict[frozenset[LogFormat], list[_Lines]] = {}
    for each, chosen in zip(prepared, found, strict=True):
        if any(c.kind == "delimited" or c.embeds for c in chosen):
            alone.append(each.whole)
        else:
            groups.setdefault(frozenset(chosen), []).append(each)
    for chosen, members in groups.items():
        together = _Together(members, candidates, chosen, Clock(LATEST, time_zone, years=False))
        alone += [members[number].whole for number in together.unfit()]
        if rest := [each for number, each in enumerate(members) if number not in together.unfit()]:
            if len(rest) < len(members):
                together = _Together(rest, candidates, chosen, together.clock)
            yield together.parsed(source, drop)
    for whole in alone:
        yield _read_alone(whole, source, drop, candidates, time_zone)


def _read_alone(
    whole: Whole, source: str, drop: frozenset[str], candidates: tuple[LogFormat, ...], time_zone: str
) -> ParsedMany:
    parsed = list(
        read(
            io.BytesIO(whole.data),
            source=source,
            path=whole.path,
            last_modified=whole.last_modified,
            drop_levels=drop,
            formats=candidates,
            time_zone=time_zone,
        )
    )
    return ParsedMany(
        pl.concat([empty("logs"), *(p.events for p in parsed)]),
        pl.concat([empty("log_rejects"), *(p.rejects for p in parsed)]),
        pl.concat([empty("log_counts"), *(p.counts for p in parsed)]),
        {whole.path: sum((p.account for p in parsed), Account())},
    )


class _Together:
    """Lines of several objects, one after the other, tried against the formats that all of them have."""

    def __init__(
        self,
        members: list[_Lines],
        candidates: tuple[LogFormat, ...],
        chosen: frozenset[LogFormat],
        clock: Clock,
    ) -> None:
        self.clock = clock
        self._members = members
        sizes = np.array([len(each.lines) for each in members])
        self._object = np.repeat(np.arange(len(members)), sizes)
        self._begins = (np.cumsum(sizes) - sizes)[self._object]
        self._raw = pl.concat([each.lines for each in members])
        text = without_colours(self._raw).alias("text")
        rows = pl.int_range(len(text), dtype=pl.UInt32, eager=True).alias("row")
        self._lines = pl.DataFrame([rows, text])
        choice = Choice(clock)
        choice.take(members[0].head, candidates, set(chosen))
        self._found: Found = choice.match(self._lines)
        self._containers = {c.name for c in candidates if c.embeds}

    def unfit(self) -> set[int]:
        """The numbers of objects that have to be read by themselves."""
        rows = [row for row in self._found.unread if self._found.starts[row] < 0]
        for definition, core in self._found.events:
            if definition.name in self._containers:
                rows += core["row"].to_list()
        return set(self._object[rows].tolist()) if rows else set()

    def parsed(self, source: str, drop: frozenset[str]) -> ParsedMany:
        """The rows of the tables."""
        found = self._found
        kinds, owners, reasons = categories.of(
            self._lines, found, categories.NO_EVENT_BEFORE, begins=self._begins
        )
        size = len(self._lines)
        batch = tables.Batch(
            self._lines, self._raw, kinds, owners, reasons, found.events, found.continued, 0, size
        )
        counted, kept = tables.rows_of(batch, found.events, drop)
        events = tables.in_order([core for _, core in counted])
        return ParsedMany(
            self._events(tables.in_order(kept), source),
            self._rejects(kinds, reasons, events, source),
            self._counts(events, source),
            self._accounts(kinds, counted, kept, events),
        )

    def _of(self, rows: pl.Series) -> pl.Series:
        """The object of each row."""
        return pl.Series("object", self._object[rows.to_numpy()])

    def _paths(self, objects: pl.Series) -> pl.Series:
        return pl.Series([each.whole.path for each in self._members], dtype=pl.String).gather(objects)

    def _events(self, kept: pl.DataFrame | None, source: str) -> pl.DataFrame:
        if kept is None:
            return empty("logs")
        rows = kept["row"].to_numpy()
        return kept.with_columns(
            source=pl.lit(source),
            log_file_path=self._paths(self._of(kept["row"])),
            log_file_line=pl.Series(rows - self._begins[rows] + 1, dtype=pl.Int64),
            dt=pl.col("timestamp").dt.strftime("%Y-%m-%d"),
        ).select(polars_schema("logs").names())

    def _counts(self, events: pl.DataFrame | None, source: str) -> pl.DataFrame:
        if events is None:
            return empty("log_counts")
        counts = tables.counted(events.with_columns(self._of(events["row"])), ("object",))
        return counts.with_columns(source=pl.lit(source), log_file_path=self._paths(counts["object"])).select(
            polars_schema("log_counts").names()
        )

    def _rejects(
        self, kinds: np.ndarray, reasons: dict[int, str], events: pl.DataFrame | None, source: str
    ) -> pl.DataFrame:
        """Rejects with the date of the object's event before them, else after them, else the object's."""
        rows = np.flatnonzero(kinds == REJECT)
        if not len(rows):
            return empty("log_rejects")
        own = self._object[rows]
        modified = np.array([each.whole.last_modified.strftime("%Y-%m-%d") for each in self._members])
        dates = modified[own].astype(object)
        numbers = rows - self._begins[rows] + 1
        if events is not None:
            heads = events["row"].to_numpy()
            days = events["timestamp"].dt.strftime("%Y-%m-%d").to_numpy()
            before = np.searchsorted(heads, rows) - 1
            after = np.minimum(before + 1, len(heads) - 1)
            has_before = (before >= 0) & (self._object[heads[before]] == own)
            has_after = (self._object[heads[after]] == own) & (numbers <= tables.MAX_WAITING)
            dates = np.where(has_before, days[before], np.where(has_after, days[after], dates))
        return pl.DataFrame(
            {
                "raw_line": self._raw.gather(rows),
                "reason": [reasons[int(row)] for row in rows],
                "source": [source] * len(rows),
                "log_file_path": self._paths(pl.Series(own)),
                "log_file_line": numbers,
                "dt": pl.Series(dates.tolist(), dtype=pl.String),
            },
            schema=polars_schema("log_rejects"),
        )

    def _accounts(
        self,
        kinds: np.ndarray,
        counted: list[tuple[str, pl.DataFrame]],
        kept: list[pl.DataFrame],
        events: pl.DataFrame | None,
    ) -> dict[str, Account]:
        many = len(self._members)
        by_kind = {
            kind: np.bincount(self._object[kinds == kind], minlength=many)
            for kind in (EVENT, BLANK, JOINED, REJECT)
        }
        stayed = np.zeros(many, dtype=np.int64)
        for each in kept:
            stayed += np.bincount(self._object[each["row"].unique().to_numpy()], minlength=many)
        formats: list[dict[str, int]] = [{} for _ in range(many)]
        for name, core in counted:
            numbers = np.bincount(self._object[core["row"].unique().to_numpy()], minlength=many)
            for number in np.flatnonzero(numbers):
                formats[number][name] = formats[number].get(name, 0) + int(numbers[number])
        spans: dict[int, tuple[datetime, datetime]] = {}
        if events is not None:
            span = events.group_by(self._of(events["row"])).agg(
                first=pl.col("timestamp").min(), last=pl.col("timestamp").max()
            )
            spans = {number: (first, last) for number, first, last in span.iter_rows()}
        return {
            each.whole.path: Account(
                lines_read=len(each.lines),
                lines_kept=int(stayed[number]),
                lines_dropped=int(by_kind[EVENT][number] - stayed[number]),
                lines_rejected=int(by_kind[REJECT][number]),
                lines_joined=int(by_kind[JOINED][number]),
                lines_blank=int(by_kind[BLANK][number]),
                first_event=spans.get(number, (None, None))[0],
                last_event=spans.get(number, (None, None))[1],
                formats=formats[number],
            )
            for number, each in enumerate(self._members)
        }
