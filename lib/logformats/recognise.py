"""Which formats a sample of lines has."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from logformats.decompress import DamagedError, blocks
from logformats.definitions import LogFormat, formats
from logformats.events import time_text
from logformats.lines import without_colour
from logformats.matching import DelimitedMatcher, matcher_for
from logformats.times import clock_for, parse

SAMPLE_BYTES = 64 << 10
SAMPLE_LINES = 500
LATEST = datetime(2099, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Detection:
    """A format that lines of a sample have, and the share of the lines that it accounts for (0 to 1)."""

    format: str
    share: float


def detect(
    sample: bytes, *, path: str = "", candidates: Sequence[LogFormat] | None = None
) -> list[Detection]:
    """Formats of a sample, the one with the most lines first; none if no line has a known one.

    Parameters
    ----------
    sample
        The first bytes of an object, as they are (compressed, UTF-16 …); a last line that is cut off does not
        count.
    path
        Its name, for the year of times without one.
    candidates
        Formats to look for; all that there are if None.
    """
    lines = sample_lines(sample)
    shares = recognise(lines, candidates if candidates is not None else formats(), path)
    found = [Detection(definition.name, share) for definition, share in shares]
    return sorted(found, key=lambda d: -d.share)


def sample_lines(sample: bytes) -> list[str]:
    """Whole lines at the start of an object, from its first bytes; at least one, be it cut off."""
    text = bytearray()
    whole = len(sample) < SAMPLE_BYTES
    try:
        for block in blocks(io.BytesIO(sample)):
            text += block
            if len(text) > SAMPLE_BYTES:
                break
    except DamagedError:
        whole = False  # a sample of a compressed object is cut off of course
    if len(text) > SAMPLE_BYTES:
        del text[SAMPLE_BYTES:]
        whole = False
    cut = len(text) if whole else text.rfind(b"\n") + 1
    lines = (
        text[: cut or len(text)].decode("utf-8", "backslashreplace").split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    )
    return [without_colour(line.rstrip("\r").replace("\0", "\\x00")) for line in lines]


def in_order(lines: list[str], candidates: Sequence[LogFormat]) -> Sequence[LogFormat]:
    """Candidates in the order in which to try them on an object with these first lines.

    Where the first line names the fields of the next one, what reads such files comes before all but the
    user's own formats: the rows of a table may look like lines of another.
    """
    first, *rest = [line for line in lines[:20] if line.strip()][:2] or [""]
    tables = []
    for candidate in candidates:
        if candidate.kind == "delimited" and not candidate.header.startswith("^#"):
            matcher = DelimitedMatcher(candidate)
            if re.match(candidate.header, first) and matcher.learn(first) and matcher.fits(rest[:1]):
                tables.append(candidate)
    if not tables:
        return candidates
    own = [c for c in candidates if c.order == 0]
    return [*own, *tables, *(c for c in candidates if c not in own and c not in tables)]


def recognise(
    lines: list[str], candidates: Sequence[LogFormat], path: str = ""
) -> list[tuple[LogFormat, float]]:
    """Candidates that lines have, in the order in which they are tried, each with its share of the
    lines that are not empty.

    A line counts for the first candidate that matches it and can read its time. Lines that match none count
    for the event before them, if its format has events of several lines.
    """
    frame = pl.DataFrame({"text": lines}, schema={"text": pl.String}).with_row_index("row")
    frame = frame.filter(pl.col("text").str.strip_chars() != "")
    if frame.is_empty():
        return []
    clock = clock_for(path, LATEST)  # whether a time can be read does not depend on the year
    owner = pl.Series("owner", [None] * (frame["row"][-1] + 1), dtype=pl.Int32)
    left = frame
    cache: dict = {}
    candidates = in_order(lines, candidates)
    for number, definition in enumerate(candidates):
        if left.is_empty():
            break
        matched = matcher_for(definition, cache).match(left)
        rows = matched.fields
        if not rows.is_empty():
            read = parse(time_text(rows), definition.times, clock).is_not_null()
            rows = rows.filter(read)
        if rows.is_empty():
            continue
        both = pl.concat([rows["row"].cast(pl.UInt32), matched.silent.cast(pl.UInt32)]).unique()
        owner = owner.scatter(both, number)
        left = left.filter(~pl.col("row").is_in(both.implode()))
    counts = [0] * len(candidates)
    before: int | None = None
    for row in frame["row"]:
        found = owner[row]
        if found is not None:
            counts[found] += 1
            before = found
        elif before is not None and candidates[before].multiline:
            counts[before] += 1
    return [
        (definition, count / len(frame))
        for definition, count in zip(candidates, counts, strict=True)
        if count
    ]
