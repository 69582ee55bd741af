"""One read of one object: lines matched, joined to events, and each put into its category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from logformats import tables
from logformats.account import Parsed
from logformats.choice import Choice, Found
from logformats.definitions import LogFormat
from logformats.lines import Chunk, without_colours
from logformats.recognise import sample_lines
from logformats.times import Clock

MAX_JOINED_LINES = 10_000
MAX_JOINED_BYTES = 16 << 20

NO_FORMAT = "no format matches this line"
NO_JSON = "it starts as JSON, but it is not one whole object that has a time"
NO_EVENT_BEFORE = "no format matches this line, and there is no event before it that it could belong to"
NO_TIME = "it holds an event that has no time"
BAD_TIME_BEFORE = "no format matches this line, and the time of the line before it cannot be read"
TOO_LONG = f"it follows an event of more than {MAX_JOINED_LINES:,} lines or {MAX_JOINED_BYTES >> 20} MiB"
EVENT, BLANK, JOINED, REJECT = range(4)


@dataclass
class Session:
    """One read of one object; takes its chunks in order and gives what they become."""

    source: str
    path: str
    last_modified: datetime
    drop: frozenset[str]
    clock: Clock
    line: int  # number of the first line that is not settled yet
    skipping: bool  # the lines before the first event belong to the range before
    done: bool = False
    carried: pl.Series | None = None  # the last event, which the next chunk's lines may join
    orphan_reason: str = (
        NO_EVENT_BEFORE  # why a line is rejected that matches nothing and has no event to join
    )
    last_dt: str = ""  # date of the last event
    choice: Choice = field(init=False)
    waiting: list[pl.DataFrame] = field(default_factory=list)  # rejects before the first event

    def choose(self, head: bytes, candidates: Sequence[LogFormat]) -> None:
        """Take the formats that the object's head has first, the others for the lines that these leave."""
        self.choice = Choice(self.clock)
        self.choice.choose(sample_lines(head), candidates)

    def take(self, chunk: Chunk) -> Iterator[Parsed]:
        """Read a chunk; the event that it ends in is kept back where further lines may join it."""
        if self.skipping and chunk.beyond:
            self.done = True  # no event starts in the range
            return
        held = 0 if self.carried is None else len(self.carried)
        raw = pl.concat([self.carried, chunk.lines]) if held else chunk.lines
        self.carried = None
        yield from self._settle(raw, held, chunk)

    def finish(self) -> Iterator[Parsed]:
        """What is kept back at the object's end."""
        if self.carried is not None:
            raw, self.carried = self.carried, None
            yield from self._settle(raw, len(raw), Chunk(raw[:0]), last=True)
        if self.waiting:
            yield self._release(self.last_modified.strftime("%Y-%m-%d"))

    def _settle(self, raw: pl.Series, held: int, chunk: Chunk, last: bool = False) -> Iterator[Parsed]:
        text = without_colours(raw).alias("text")
        lines = pl.DataFrame([pl.int_range(len(raw), dtype=pl.UInt32, eager=True).alias("row"), text])
        damaged = len(raw) - 1 if chunk.damage else len(raw)
        found = self.choice.match(lines, damaged)
        good = np.flatnonzero(found.starts >= 0)
        first, until = 0, len(raw)
        if self.skipping:
            if not len(good):
                self.line += len(raw)
                return
            first, self.skipping = int(good[0]), False
        if chunk.beyond:
            after = good[good >= held]
            if len(after):
                until, self.done = int(after[0]), True
        kinds, owners, reasons = self._categories(lines, found, damaged, chunk.damage)
        if not (last or self.done):
            until = self._carry(raw, found, kinds, until)
        if until > first:
            batch = tables.Batch(
                lines, raw, kinds, owners, reasons, found.events, found.continued, first, until
            )
            yield self._report(batch)
        if self.done and self.waiting:
            # The first event after them is the next range's.
            _, core = found.events[found.starts[until]]
            moment = core.filter(pl.col("row") == until)["timestamp"][0]
            yield self._release(moment.strftime("%Y-%m-%d"))
        self.line += until

    def _release(self, dt: str) -> Parsed:
        """The rejects that waited for a date."""
        rejects, self.waiting = pl.concat(self.waiting), []
        return tables.add_rejects(tables.NOTHING, rejects, dt)

    def _categories(
        self, lines: pl.DataFrame, found: Found, damaged: int, damage: str
    ) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
        """Each row's category, the row of the event that it belongs to (-1: none), and reasons of rejects."""
        size = len(lines)
        rows = np.arange(size)
        starts = found.starts >= 0
        if starts.all():  # none can be continued
            return np.full(size, EVENT, dtype=np.int8), rows, {}
        kinds = np.where(starts, EVENT, REJECT).astype(np.int8)
        blank = np.zeros(size, dtype=bool)
        rest = np.flatnonzero(~starts)
        blank[rest] = (lines["text"].gather(rest).str.strip_chars() == "").to_numpy()
        kinds[(blank | found.silent) & ~starts] = BLANK
        reasons: dict[int, str] = {}
        unread = np.zeros(size, dtype=bool)
        for row, text in found.unread.items():
            if not starts[row]:
                unread[row] = True
                reasons[row] = f"the time cannot be read: {text[:100]}" if text else NO_TIME
        owners = np.maximum.accumulate(np.where(starts | unread, rows, -1))
        multiline = np.array([definition.multiline for definition, _ in found.events] + [False])
        owner_format = np.where(owners >= 0, found.starts[owners], -1)
        free = (kinds == REJECT) & ~unread
        length = np.cumsum(lines["text"].str.len_bytes().to_numpy() + 1)
        short = (rows - owners <= MAX_JOINED_LINES) & (length - length[owners] <= MAX_JOINED_BYTES)
        joins = free & (owners >= 0) & multiline[owner_format]
        kinds[joins & short] = JOINED
        # Empty lines within an event are part of it, those after it are not.
        last_joined = np.full(size + 1, -1)
        joined_rows = np.flatnonzero(kinds == JOINED)
        np.maximum.at(last_joined, owners[joined_rows], joined_rows)
        kinds[found.continued] = JOINED
        kinds[blank & (kinds == BLANK) & (owners >= 0) & (last_joined[owners] > rows)] = JOINED
        rejected = np.flatnonzero(free & (kinds == REJECT))
        is_json = lines["text"].gather(rejected).str.starts_with("{").to_list()
        for row, json_like in zip(rejected, is_json, strict=True):
            owner = owners[row]
            if joins[row]:
                reasons[row] = TOO_LONG
            elif json_like:
                reasons[row] = NO_JSON
            elif owner < 0:
                reasons[row] = self.orphan_reason
            else:
                reasons[row] = BAD_TIME_BEFORE if unread[owner] else NO_FORMAT
        if damaged < size:
            kinds[damaged] = REJECT
            reasons[damaged] = damage
        return kinds, owners, reasons

    def _carry(self, raw: pl.Series, found: Found, kinds: np.ndarray, until: int) -> int:
        """Keep the last event back if more lines may join it; gives the row up to which rows are settled."""
        heads = np.flatnonzero(found.starts >= 0)
        unread = [row for row in found.unread if found.starts[row] < 0]
        if (
            found.unfinished >= 0
            and not found.continued[found.unfinished + 1 :].sum() >= MAX_JOINED_LINES - 1
        ):
            self.carried = raw[found.unfinished :]
            self.orphan_reason = NO_FORMAT
            return found.unfinished
        last = int(heads[-1]) if len(heads) else -1
        if unread and max(unread) > last:
            self.orphan_reason = BAD_TIME_BEFORE
            return until
        if last < 0:
            return until
        if not found.events[found.starts[last]][0].multiline:
            self.orphan_reason = NO_FORMAT
            return until
        if (kinds[last + 1 :] == REJECT).any():
            self.orphan_reason = TOO_LONG
            return until
        self.carried = raw[last:]
        self.orphan_reason = TOO_LONG
        return last

    def _report(self, batch: tables.Batch) -> Parsed:
        """The rows of the tables for settled lines."""
        origin = tables.Origin(self.source, self.path, self.line, self.last_modified.strftime("%Y-%m-%d"))
        events_before = bool(self.last_dt)
        parsed, waiting, first_dt, self.last_dt = tables.build(batch, origin, self.drop, self.last_dt)
        if not events_before and self.last_dt and self.waiting:
            parsed = tables.add_rejects(parsed, pl.concat(self.waiting), first_dt)
            self.waiting = []
        if not waiting.is_empty():
            self.waiting.append(waiting)
        return parsed
