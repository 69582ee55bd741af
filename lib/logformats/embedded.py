"""Lines within lines: what a container wrote, in the lines of its runtime.

Docker and Kubernetes write each line of a container with a time and a stream of their own, and part long
ones. Here they become whole again, and what is in them is read by its own format: its level, its fields, its
further lines. The time stays the runtime's.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from logformats.definitions import LogFormat
from logformats.events import read_core
from logformats.matched import ATTRIBUTE, PARTIAL, STREAM
from logformats.matching import matcher_for
from logformats.recognise import LATEST
from logformats.times import Clock

if TYPE_CHECKING:
    from logformats.choice import Choice, Found

MAX_LINES = 10_000


def whole_lines(fields: pl.DataFrame, definition: LogFormat, found: Found) -> pl.DataFrame:
    """Join the parts of long lines; the rows of later parts are marked in `found` as continued.

    Parameters
    ----------
    fields
        What the container format's matcher gave; `PARTIAL` is `P` where more of the line follows in the next
        one of the same stream.
    """
    if PARTIAL not in fields.columns:
        return fields
    partial = (fields[PARTIAL] == "P").fill_null(False).to_numpy()
    if not partial.any():
        return fields.drop(PARTIAL)
    rows = fields["row"].to_numpy()
    streams = fields[STREAM].to_numpy() if STREAM in fields.columns else np.zeros(len(rows))
    follows = np.zeros(len(rows), dtype=bool)
    follows[1:] = partial[:-1] & (np.diff(rows) == 1) & (streams[1:] == streams[:-1])
    heads = _heads(follows)
    if partial[-1]:
        found.unfinished = int(rows[heads[-1]])
    found.continued[rows[heads != np.arange(len(rows))]] = True
    whole = fields.select(pl.Series("head", heads), "message").group_by("head", maintain_order=True)
    messages = whole.agg(pl.col("message").fill_null("").str.join(""))
    return fields[messages["head"]].with_columns(messages["message"]).drop(PARTIAL)


def _heads(follows: np.ndarray) -> np.ndarray:
    """For each place the one that its chain begins at; chains end after `MAX_LINES`."""
    places = np.arange(len(follows))
    heads = np.maximum.accumulate(np.where(follows, -1, places))
    return np.maximum(heads, heads + (places - heads) // MAX_LINES * MAX_LINES)


@dataclass
class Inner:
    """The formats within a container format's lines."""

    choice: Choice

    @staticmethod
    def of(definition: LogFormat, head: list[str], candidates: Sequence[LogFormat]) -> Inner:
        """Choose from lines of an object's head."""
        from logformats.choice import Choice

        choice = Choice(Clock(LATEST), timed=False)
        fields = matcher_for(definition).match(_lines(pl.Series("text", head, dtype=pl.String))).fields
        messages = fields["message"].drop_nulls().to_list() if len(fields) else []
        choice.choose(messages, within(tuple(candidates)))
        return Inner(choice)

    def read(
        self, fields: pl.DataFrame, definition: LogFormat, clock: Clock, found: Found, *, joined: bool
    ) -> tuple[pl.DataFrame, list[tuple[LogFormat, pl.DataFrame]]]:
        """Read the messages of a container format's lines.

        Parameters
        ----------
        joined
            Whether lines that no format matches belong to the event before them in the same stream, if that
            one's format has events of several lines; they are marked in `found` as continued.

        Returns
        -------
        The lines whose message is of no known format, and the events of the others: formats that carry the
        container format's name, with the core of their events.
        """
        inside = self.choice.match(_lines(fields["message"].fill_null("")))
        if not inside.events:
            return fields, []
        further = _further_lines(fields, inside, found) if joined else None
        outer = read_core(fields, definition, clock)
        events = [
            (wrapped(inner, definition), _around(outer, core, further)) for inner, core in inside.events
        ]
        return fields.filter(pl.Series((inside.starts < 0) & ~inside.continued)), events


def _lines(text: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        [pl.int_range(len(text), dtype=pl.UInt32, eager=True).alias("row"), text.alias("text")]
    )


@functools.lru_cache(maxsize=16)
def within(candidates: tuple[LogFormat, ...]) -> tuple[LogFormat, ...]:
    """The formats that may be within a container's lines; JSON and logfmt need no time there."""
    plain = [c for c in candidates if not c.embeds and c.kind != "delimited"]
    timeless = [
        dataclasses.replace(c, requires=requires, timeless=True, samples=())
        for c in plain
        for name, requires in (("json_lines", ()), ("logfmt", ("msg",)), ("logfmt", ("level",)))
        if c.name == name
    ]
    return *(c for c in plain if c.order < 900), *timeless, *(c for c in plain if c.order >= 900)


@functools.lru_cache(maxsize=1024)
def wrapped(inner: LogFormat, outer: LogFormat) -> LogFormat:
    """A format within the lines of another, whose name it carries."""
    return dataclasses.replace(
        inner, name=outer.name, constants={**outer.constants, **inner.constants}, samples=()
    )


def _further_lines(fields: pl.DataFrame, inside: Found, found: Found) -> pl.DataFrame | None:
    """The lines that belong to the event before them: their text by that event's place, marked everywhere."""
    rows = fields["row"].to_numpy()
    places = np.arange(len(rows))
    others = np.cumsum(~found.continued)
    follows = np.zeros(len(rows), dtype=bool)
    follows[1:] = others[rows[1:]] - others[rows[:-1]] == 1  # nothing but parts of the same line between
    if STREAM in fields.columns:
        streams = fields[STREAM].to_numpy()
        follows[1:] &= streams[1:] == streams[:-1]
    event = inside.starts >= 0
    before = np.maximum.accumulate(np.where(event, places, -1))
    broken = np.maximum.accumulate(np.where(follows, -1, places))
    multiline = np.array([definition.multiline for definition, _ in inside.events] + [False])
    joins = ~event & ~inside.silent & (before >= broken) & (before >= 0)
    joins &= multiline[np.where(before >= 0, inside.starts[before], -1)] & (places - before < MAX_LINES)
    if not joins.any():
        return None
    inside.continued |= joins
    found.continued[rows[joins]] = True
    texts = pl.DataFrame(
        {
            "place": pl.Series(before[joins], dtype=pl.UInt32),
            "text": fields["message"].filter(pl.Series(joins)),
        }
    )
    return texts.group_by("place", maintain_order=True).agg(
        further=pl.col("text").fill_null("").str.join("\n").str.strip_chars_end("\n")
    )


def _around(outer: pl.DataFrame, core: pl.DataFrame, further: pl.DataFrame | None) -> pl.DataFrame:
    """The core of events, with the row, the time and the attributes of the lines that they are in."""
    around = outer[core["row"]]
    if further is not None:
        core = core.join(further, left_on="row", right_on="place", how="left", maintain_order="left")
        texts = ["message", "further"] if "message" in core.columns else ["further"]
        core = core.with_columns(message=pl.concat_str(texts, separator="\n", ignore_nulls=True))
        core = core.drop("further")
    columns = {name: core[name] for name in core.columns}
    columns |= {name: around[name] for name in ("row", "timestamp", "time_text")}
    for name in around.columns:
        if name.startswith(ATTRIBUTE) or name == "service_name":
            columns.setdefault(name, around[name])
    if "attributes" in around.columns:
        own = columns.get("attributes")
        lists = [around["attributes"].fill_null([])] + ([] if own is None else [own.fill_null([])])
        columns["attributes"] = pl.select(pl.concat_list(lists)).to_series()
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])
