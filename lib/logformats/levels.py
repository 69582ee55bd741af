"""Level words of all formats, as the six levels of the tables."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

import polars as pl

from logformats.schema import LEVELS

DEFAULT = "INFO"

#: Numeric scales by name: lowest number of each level, ascending, so that `35` on bunyan's is INFO.
#: bunyan, pino: https://getpino.io/#/docs/api?id=loggerlevels-object · OpenTelemetry:
#: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber · Python: the module
#: `logging` · Windows: winmeta's standard levels, 0 is "log always"
ASCENDING = {
    "bunyan": ((0, "TRACE"), (20, "DEBUG"), (30, "INFO"), (40, "WARNING"), (50, "ERROR"), (60, "FATAL")),
    "otel": ((0, "TRACE"), (5, "DEBUG"), (9, "INFO"), (13, "WARNING"), (17, "ERROR"), (21, "FATAL")),
    "windows": (
        (0, "INFO"),
        (1, "FATAL"),
        (2, "ERROR"),
        (3, "WARNING"),
        (4, "INFO"),
        (5, "TRACE"),
        (6, "INFO"),
    ),
    "nextcloud": ((0, "DEBUG"), (1, "INFO"), (2, "WARNING"), (3, "ERROR"), (4, "FATAL")),
}
#: syslog severities 0 (emergency) to 7 (debug), RFC 5424 section 6.2.1
SYSLOG = ("FATAL", "FATAL", "FATAL", "ERROR", "WARNING", "INFO", "INFO", "DEBUG")


@functools.cache
def words() -> dict[str, str]:
    """Level of each level word (lower case)."""
    table = tomllib.loads(
        resources.files("logformats").joinpath("data/levels.toml").read_text(encoding="utf-8")
    )
    return {word: level for level, listed in table.items() for word in listed}


def from_words(text: pl.Expr, own: Mapping[str, str] | None = None, scale: str = "") -> pl.Expr:
    """Levels for level words; null for a word that is not one.

    Parameters
    ----------
    text
        Strings in any case, as `warn`, `WARNING`, `[E]` without brackets, or a number of `scale`.
    own
        A format's own words (lower case), before the common ones.
    scale
        How numbers are meant: a name of `ASCENDING`, or `syslog` (the priority modulo 8). Empty: bunyan's
        from 10 on; lower ones mean too many things to guess.
    """
    clean = text.str.strip_chars(" \t[]<>():").str.to_lowercase()
    clean = clean.str.replace("[+-][0-9]+$", "")  # Go's slog writes levels between its own as WARN+2
    table = words() | {word.lower(): level for word, level in (own or {}).items()}
    level = clean.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
    number = clean.cast(pl.Int64, strict=False)
    if scale in ASCENDING:
        numeric = _ascending(number, scale)
    elif scale == "syslog":
        numeric = _syslog(number)
    else:
        numeric = pl.when(number >= 10).then(_ascending(number, "bunyan"))
    return pl.coalesce(level, numeric)


def from_status(status: pl.Expr) -> pl.Expr:
    """Levels for HTTP status codes: 5xx ERROR, 4xx WARNING, else INFO (null for null)."""
    return (
        pl.when(status >= 500)
        .then(pl.lit("ERROR"))
        .when(status >= 400)
        .then(pl.lit("WARNING"))
        .when(status.is_not_null())
        .then(pl.lit("INFO"))
    )


def _ascending(number: pl.Expr, scale: str) -> pl.Expr:
    level = pl.lit(None, dtype=pl.String)
    for least, name in ASCENDING[scale]:
        level = pl.when(number >= least).then(pl.lit(name)).otherwise(level)
    return level


def _syslog(number: pl.Expr) -> pl.Expr:
    return (number % 8).replace_strict(list(range(8)), list(SYSLOG), default=None, return_dtype=pl.String)


def check(names: object) -> frozenset[str]:
    """`names` as a set of level names; ValueError names one that does not exist."""
    given = frozenset(names)  # type: ignore[call-overload]
    if wrong := sorted(given - set(LEVELS)):
        raise ValueError(f"There is no level {wrong[0]!r}; the levels are {', '.join(LEVELS)}.")
    return given
