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
MANY_LINES = 200
PATIENCE_S = 0.25

_LOGFMT = re.compile(logfmt.LINE.removesuffix("$") + r"\Z")


def spread(lines: list[str]) -> list[str]:
    """Some of the lines that are not empty, spread over all; the first ones always."""
    texts = [line for line in lines if line and not line.isspace()]
    head, rest = texts[: SAMPLE // 3], texts[SAMPLE // 3 :]
    step = max(1, -(-len(rest) // (SAMPLE - SAMPLE // 3)))
    return head + rest[::step]


def formats_of(objects: Sequence[list[str]], candidates: Sequence[LogFormat]) -> list[set[LogFormat]]:
    """For each object the formats that its lines have, by some lines of each.

    A line has the first candidate that accepts it; one that is too long to look at has all that could. The
    first line is the object's: only there a header without a mark of its own is looked for.

    Of many objects at once, the lines are looked at together by the engine that takes many lines at a time.
    """
    if sum(map(len, objects)) > MANY_LINES:
        return _formats_of_many(objects, candidates)
    return [_formats_of_one(texts, candidates) for texts in objects]


def _formats_of_one(texts: list[str], candidates: Sequence[LogFormat]) -> set[LogFormat]:
    found: set[LogFormat] = set()
    for number, text in enumerate(texts):
        parsed = jsonlines.parse(text)
        for candidate in _starting(candidates, text, parsed is not None):
            if number and _headed(candidate):
                continue
            if accepts(candidate, text, parsed):
                found.add(candidate)
                if len(text) <= MAX_LINE:
                    break
    return found


def _formats_of_many(objects: Sequence[list[str]], candidates: Sequence[LogFormat]) -> list[set[LogFormat]]:
    found: list[set[LogFormat]] = [set() for _ in objects]
    of_object = [number for number, texts in enumerate(objects) for _ in texts]
    firsts = [place == 0 for texts in objects for place in range(len(texts))]
    texts = pl.Series("text", [text for each in objects for text in each], dtype=pl.String)
    long = texts.str.len_chars() > MAX_LINE
    for number in long.arg_true():
        # By itself, as the first line is or is not.
        several = [texts[number]] if firsts[number] else ["", texts[number]]
        found[of_object[number]] |= _formats_of_one(several, candidates)
    left = (~long).arg_true()
    parsed = {n: jsonlines.parse(texts[n]) for n in left if "{" in texts[n][:200]}
    for candidate in candidates:
        if left.is_empty():
            break
        if candidate.kind == "grok":
            rules = [candidate.compiled.regex, *candidate.comments]
            takes = texts.gather(left).str.contains("|".join(f"(?:{rule})" for rule in rules))
        elif candidate.kind == "logfmt":
            takes = texts.gather(left).str.contains(logfmt.LINE)
        else:
            takes = pl.Series(
                [
                    (firsts[n] or not _headed(candidate)) and accepts(candidate, texts[n], parsed.get(n))
                    for n in left
                ],
                dtype=pl.Boolean,
            )
        for number in left.filter(takes):
            found[of_object[number]].add(candidate)
        left = left.filter(~takes)
    return found


def _headed(candidate: LogFormat) -> bool:
    """Whether a format's header is one by its place alone."""
    return candidate.kind == "delimited" and not candidate.header.startswith("^#")


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
        found.update(
            c
            for c in _starting(candidates, text, parsed is not None)
            if c not in found and accepts(c, text, parsed)
        )
    return found


def _starting(candidates: Sequence[LogFormat], text: str, is_json: bool) -> list[LogFormat]:
    """The candidates whose lines can start as this one does."""
    return _by_first(tuple(candidates), text[:1] if text[:1].isascii() else "é", is_json)


@functools.lru_cache(maxsize=4096)
def _by_first(candidates: tuple[LogFormat, ...], first: str, is_json: bool) -> list[LogFormat]:
    possible = [c for c in candidates if is_json or c.kind != "json"]
    return [c for c in possible if c.firsts is None or first in c.firsts or not first.isascii()]


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
