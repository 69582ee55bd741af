"""One read of one object: lines matched, joined to events, and each put into its category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from logformats import categories, tables
from logformats.account import Parsed
from logformats.categories import (
    BAD_TIME_BEFORE,
    MAX_JOINED_LINES,
    NO_EVENT_BEFORE,
    NO_FORMAT,
    REJECT,
    TOO_LONG,
)
from logformats.choice import Choice, Found
from logformats.definitions import LogFormat
from logformats.lines import Chunk, without_colours
from logformats.recognise import sample_lines
from logformats.times import Clock


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
        kinds, owners, reasons = categories.of(
            lines, found, self.orphan_reason, damaged=damaged, damage=chunk.damage
        )
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
