"""Formats of the user's own: a name and one grok line each, no code."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from logformats import ambiguity
from logformats import grok as grok_module
from logformats.definitions import FormatError, LogFormat, formats, from_table

#: What a format may say besides its grok, with the type of each.
OPTIONS = {"title": str, "patterns": (str, dict), "times": list, "levels": dict, "multiline": bool}
#: https://docs.aws.amazon.com/glue/latest/webapi/API_GrokClassifier.html
GLUE_GROK_CHARACTERS, GLUE_PATTERNS_CHARACTERS = 2048, 16_000


def user_formats(named: Mapping[str, Any]) -> tuple[LogFormat, ...]:
    """Formats of the user's own, in their order.

    Parameters
    ----------
    named
        For each name a grok line, or a mapping with `grok` and what else `user_format` takes.

    Raises
    ------
    FormatError, logformats.grok.GrokError
        One sentence about the first that cannot be.
    """
    taken = {each.name for each in formats()}
    made = []
    for name, told in named.items():
        name = str(name)
        if name in taken:
            raise FormatError(
                f"the format {name} comes with Logloom (see `logloom formats`): give yours another name."
            )
        if isinstance(told, str):
            told = {"grok": told}
        if not isinstance(told, Mapping) or not isinstance(told.get("grok"), str):
            raise FormatError(f"the format {name} is no grok line, and no mapping with `grok`, either.")
        options = {key: value for key, value in told.items() if key != "grok" and value is not None}
        for key, value in options.items():
            if key not in OPTIONS:
                raise FormatError(
                    f"the format {name}: there is no {key!r} in a format; there are grok"
                    f", {', '.join(OPTIONS)}."
                )
            if key == "times" and isinstance(value, str):
                options[key] = [value]
            elif not isinstance(value, OPTIONS[key]):
                raise FormatError(f"the format {name}: {key} is {value!r}, which it cannot be.")
        made.append(user_format(name, told["grok"], **options))
    return tuple(made)


@functools.lru_cache(maxsize=16)
def from_json(text: str) -> tuple[LogFormat, ...]:
    """As `user_formats`, from JSON text, as a job's argument is. The same text gives the same formats."""
    return user_formats(json.loads(text)) if text else ()


def user_format(
    name: str,
    grok: str,
    *,
    title: str = "",
    patterns: str | Mapping[str, str] = "",
    times: Sequence[str] = (),
    levels: Mapping[str, str] | None = None,
    multiline: bool = True,
) -> LogFormat:
    """A format of the user's own, from one grok line.

    Fields may have the columns' names or usual names for them (`clientip`, `verb`, `ts` …, see `names.toml`);
    others become attributes. One field must be the time. Times without a zone are UTC.

    Parameters
    ----------
    name
        Letters, digits, `_` and `-`.
    grok
        The pattern for a whole line.
    patterns
        Custom patterns, one a line (`NAME regular expression`), or by name.
    times
        Layouts of the time (names in `times.toml`, or a strptime format with `%`); all are tried if empty.
    levels
        Its own level words and their levels.
    multiline
        Whether lines that match no format belong to the event before.

    Raises
    ------
    FormatError, logformats.grok.GrokError
        With the reason, for a pattern that does not compile, has no time, or could keep an engine busy
        without end on some line.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name):
        raise FormatError(f"A format's name has letters, digits, _ and - only; this has not: {name!r}")
    try:
        custom = grok_module.parse_patterns(patterns) if isinstance(patterns, str) else dict(patterns)
        made = from_table(
            {
                "name": name,
                "title": title or name,
                "grok": grok.strip(),
                "patterns": {str(key): str(value) for key, value in custom.items()},
                "times": [str(layout) for layout in times],
                "levels": {str(word): str(level) for word, level in (levels or {}).items()},
                "level_from": "status",
                "multiline": multiline,
                "order": 0,
                "glue": True,
                "nulls": ["-", ""],
            },
            f"the format {name}",
        )
        compiled = made.compiled
    except grok_module.GrokError as error:
        raise grok_module.GrokError(f"the format {name}: {error}") from None
    try:
        pl.Series([""]).str.extract_groups(compiled.regex)
    except pl.exceptions.ComputeError as error:
        reason = " ".join(str(error).split())
        if "size limit" in reason:
            raise FormatError(
                f"the format {name}: its repetitions of repetitions make an expression too large to run; "
                "write + or * for large counts."
            ) from None
        raise FormatError(
            f"the format {name}: no look-around and no back-references, please: no line may"
            f" keep an expression busy ({reason[-120:]})."
        ) from error
    if part := ambiguity.exponential(compiled.python.pattern):
        raise FormatError(
            f"the format {name}: a hostile line could keep it busy without end, since {part} can repeat"
            " over the same text in more than one way: leave out one of the two repetitions."
        )
    used = grok_module.references(made.grok, dict(made.patterns))
    if (
        len(made.grok) > GLUE_GROK_CHARACTERS
        or sum(len(f"{key} {value}\n") for key, value in used.items()) > GLUE_PATTERNS_CHARACTERS
    ):
        raise FormatError(
            f"the format {name} is too long for a classifier of Glue ({GLUE_GROK_CHARACTERS:,} characters,"
            f" and {GLUE_PATTERNS_CHARACTERS:,} of custom patterns): move parts of it into `patterns`."
        )
    return made
