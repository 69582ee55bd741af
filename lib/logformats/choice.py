"""Which formats an object's lines are tried against, and what they make of a chunk of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from logformats import embedded, screening
from logformats.definitions import LogFormat
from logformats.events import read_core
from logformats.matching import Matcher, matcher_for
from logformats.recognise import LATEST, in_order
from logformats.schema import TIMESTAMP
from logformats.times import Clock

#: What the time of any format looks like somewhere in the line, or JSON: a cheap test before all formats are
#: tried.
MAYBE_EVENT = r"[0-9]{1,2}:[0-9]{2}|[0-9]{6}|^\s*\{"
MAX_SCREENED = 1000  # lines that are looked at one by one before other formats are tried on them


@dataclass
class Found:
    """What the formats made of a chunk's lines.

    events
        Each format with the core of its events (see `read_core`), all with a time.
    starts
        For each row, the place in `events` of the format that matched it; -1 for none.
    unread
        Rows that a format matched but whose time cannot be read, with that time.
    silent
        Rows that hold no event by their format's rules.
    continued
        Rows whose text is in the message of the event before already: the rest of a line that a container's
        runtime parted, or of an event of several lines within one.
    unfinished
        The row of an event whose last line says that more of it follows; -1 if there is none.
    """

    events: list[tuple[LogFormat, pl.DataFrame]]
    starts: np.ndarray
    unread: dict[int, str]
    silent: np.ndarray
    continued: np.ndarray
    unfinished: int = -1

    @staticmethod
    def nothing(size: int) -> Found:
        """What is found in `size` lines before any format was tried."""
        none = np.full(size, -1, dtype=np.int32)
        return Found([], none, {}, np.zeros(size, dtype=bool), np.zeros(size, dtype=bool))


@dataclass
class Choice:
    """The formats of one object: those that its head has, and all others for the lines that these leave."""

    clock: Clock
    timed: bool = True  # whether an event needs a time of its own
    chosen: list[Matcher] = field(default_factory=list)
    others: list[LogFormat] = field(default_factory=list)
    inner: dict[LogFormat, embedded.Inner] = field(default_factory=dict)  # made when they are needed
    head: list[str] = field(default_factory=list)
    candidates: Sequence[LogFormat] = ()
    cache: dict[str, Any] = field(default_factory=dict)  # the chunk's lines as JSON

    def choose(self, head: list[str], candidates: Sequence[LogFormat]) -> None:
        """Choose from lines of the object's head."""
        self.take(head, candidates, screening.formats_of([screening.spread(head)], candidates)[0])

    def take(self, head: list[str], candidates: Sequence[LogFormat], found: set[LogFormat]) -> None:
        """Take `found` as what the object's head has."""
        names = {c.name for c in found}
        found = found | {c for c in candidates if names.intersection(c.within)}
        shared = self.cache if sum(c.kind == "json" for c in found) > 1 else None
        self.chosen = [matcher_for(c, shared) for c in in_order(head, candidates) if c in found]
        self.others = [c for c in candidates if c not in found and c.kind != "delimited"]
        self.head, self.candidates = head, candidates

    def match(self, lines: pl.DataFrame, whole: int | None = None) -> Found:
        """Try the chosen formats on all lines (`row` from 0, `text`), and the others on what these leave.

        Only the first `whole` lines are tried, if it is given: the others are damaged.
        """
        found = Found.nothing(len(lines))
        left = lines[:whole] if whole is not None and whole < len(lines) else lines
        for matcher in self.chosen:
            could = left
            if matcher.format.hint and not left.is_empty():
                could = left.filter(pl.col("text").str.contains(matcher.format.hint, literal=True))
            taken = self._try(matcher, could, found, chosen=True)
            if could is left:
                left = taken
            elif len(taken) < len(could):
                left = left.filter(pl.Series(self._free(found)[left["row"].to_numpy()]))
        if not left.is_empty() and self.others:
            if self.timed:
                left = left.filter(pl.col("text").str.contains(MAYBE_EVENT))
            for definition in self._promising(left):
                could = self._starting(left, definition)
                taken = self._try(matcher_for(definition, self.cache), could, found)
                if len(taken) < len(could):
                    left = left.filter(pl.Series(self._free(found)[left["row"].to_numpy()]))
        self.cache.clear()
        return found

    @staticmethod
    def _free(found: Found) -> np.ndarray:
        return (found.starts < 0) & ~found.silent & ~found.continued

    @staticmethod
    def _starting(left: pl.DataFrame, definition: LogFormat) -> pl.DataFrame:
        """The lines that start as the format's can."""
        if definition.firsts is None or len(left) <= MAX_SCREENED:
            return left
        first = pl.col("text").str.slice(0, 1)
        return left.filter(first.is_in(list(definition.firsts)) | ~first.str.contains("^[[:ascii:]]"))

    def _promising(self, left: pl.DataFrame) -> list[LogFormat]:
        """Those of the other formats that could match some of the lines."""
        if len(left) > MAX_SCREENED:
            return self.others
        accepting = screening.accepting(left["text"], self.others)
        return [definition for definition in self.others if definition in accepting]

    def _try(
        self, matcher: Matcher, left: pl.DataFrame, found: Found, *, chosen: bool = False
    ) -> pl.DataFrame:
        """Let a format take its lines; gives those that are left."""
        if left.is_empty():
            return left
        matched = matcher.match(left)
        definition = matcher.format
        if len(matched.silent):
            found.silent[matched.silent.to_numpy()] = True
            left = left.filter(~pl.col("row").is_in(matched.silent.implode()))
        fields = matched.fields
        if fields.is_empty():
            return left
        events = []
        if definition.embeds:
            fields, events = self._unwrapped(definition, fields, found, joined=chosen)
        if not fields.is_empty():
            core = read_core(fields, definition, self.clock)
            if not self.timed:
                core = core.with_columns(timestamp=pl.lit(LATEST, dtype=TIMESTAMP))
            events.append((definition, core))
        took = [_take(found, each, core) for each, core in events]
        if not any(took):
            return left
        return left.filter(pl.Series(((found.starts < 0) & ~found.continued)[left["row"].to_numpy()]))

    def _unwrapped(
        self, definition: LogFormat, fields: pl.DataFrame, found: Found, *, joined: bool
    ) -> tuple[pl.DataFrame, list[tuple[LogFormat, pl.DataFrame]]]:
        """What the lines within a container's lines are; the container's lines that are nothing more."""
        if joined:  # elsewhere, byte ranges could begin within such a line
            fields = embedded.whole_lines(fields, definition, found)
        if definition not in self.inner:
            self.inner[definition] = embedded.Inner.of(definition, self.head, self.candidates)
        return self.inner[definition].read(fields, definition, self.clock, found, joined=joined)


def _take(found: Found, definition: LogFormat, core: pl.DataFrame) -> bool:
    """Put events among what was found; whether any has a time."""
    if core["timestamp"].null_count():
        unread = core.filter(pl.col("timestamp").is_null())
        for row, text in unread.select("row", "time_text").iter_rows():
            found.unread.setdefault(row, text or "")
        core = core.filter(pl.col("timestamp").is_not_null())
        if definition.records:  # a line of several events is whole, or it is rejected
            core = core.filter(~pl.col("row").is_in(unread["row"].unique().implode()))
    if core.is_empty():
        return False
    found.starts[core["row"].to_numpy()] = len(found.events)
    found.events.append((definition, core))
    return True
