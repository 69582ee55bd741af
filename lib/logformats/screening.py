"""A quick first look at single lines: which formats could match them.

The formats' regular expressions run in Rust on whole chunks; for a handful of lines, calling that engine for
each of many formats takes far longer than the lines do. Python's engine gives the same answer on them one by
one. Since it can backtrack without end on a hostile line, it only sees short lines, and never a user's own
expression; none of ours is exponential (see `ambiguity`, and the tests).
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, Sequence

import polars as pl

from logformats import jsonlines, logfmt
from logformats.definitions import LogFormat
from logformats.matching import DelimitedMatcher, matcher_for

MAX_LINE = 2000
SAMPLE = 30
PATIENCE_S = 0.25

_LOGFMT = re.compile(logfmt.LINE.removesuffix("$") + r"\Z")


def spread(lines: list[str]) -> list[str]:
    """Some of the lines that are not empty, spread over all; the first ones always."""
    texts = [line for line in lines if line and not line.isspace()]
    head, rest = texts[: SAMPLE // 3], texts[SAMPLE // 3 :]
    step = max(1, -(-len(rest) // (SAMPLE - SAMPLE // 3)))
    return head + rest[::step]


def formats_of(texts: Iterable[str], candidates: Sequence[LogFormat]) -> set[LogFormat]:
    """For each line the first candidate that accepts it; for a line too long to look at, all that could.

    The first line is the object's: only there a header without a mark of its own is looked for.
    """
    found: set[LogFormat] = set()
    for number, text in enumerate(texts):
        parsed = jsonlines.parse(text)
        for candidate in _starting(candidates, text):
            if number and candidate.kind == "delimited" and not candidate.header.startswith("^#"):
                continue
            if accepts(candidate, text, parsed):
                found.add(candidate)
                if len(text) <= MAX_LINE:
                    break
    return found


def accepting(texts: Iterable[str], candidates: Sequence[LogFormat]) -> set[LogFormat]:
    """All candidates that accept one of the lines at least; more than these, once that takes too long.

    A candidate too many costs time, and changes nothing in what becomes of the lines.
    """
    found: set[LogFormat] = set()
    until = time.perf_counter() + PATIENCE_S
    for text in texts:
        if time.perf_counter() > until:
            return set(candidates)
        parsed = jsonlines.parse(text)
        found.update(c for c in _starting(candidates, text) if c not in found and accepts(c, text, parsed))
    return found


def _starting(candidates: Sequence[LogFormat], text: str) -> list[LogFormat]:
    """The candidates whose lines can start as this one does."""
    return _by_first(tuple(candidates), text[:1] if text[:1].isascii() else "é")


@functools.lru_cache(maxsize=4096)
def _by_first(candidates: tuple[LogFormat, ...], first: str) -> list[LogFormat]:
    return [c for c in candidates if c.firsts is None or first in c.firsts or not first.isascii()]


def accepts(definition: LogFormat, text: str, parsed: dict | None) -> bool:
    """Whether a line is of a format; true, too, where that is not to be said cheaply.

    Parameters
    ----------
    definition
        The format.
    text
        The line.
    parsed
        The line's JSON object, if it is one.
    """
    if definition.kind == "json":
        return parsed is not None and jsonlines.has(parsed, definition.requires)
    if definition.kind == "delimited":
        return re.match(definition.header, text) is not None and DelimitedMatcher(definition).learn(text)
    if len(text) > MAX_LINE:
        return parsed is None
    if definition.kind == "logfmt":
        return "=" in text and _LOGFMT.match(text) is not None
    if definition.order == 0:
        frame = pl.DataFrame({"row": [0], "text": [text]}, schema={"row": pl.UInt32, "text": pl.String})
        return not matcher_for(definition).match(frame).fields.is_empty()
    silent = _silent(definition.comments)
    return definition.compiled.python.match(text) is not None or bool(silent and silent.search(text))


@functools.cache
def _silent(comments: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{c})" for c in comments)) if comments else None
