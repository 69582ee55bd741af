"""Log formats as data: what `definitions/*.toml` say.

A definition carries its own sample lines and what they must become; the tests read them back. A new format is
a new file and nothing else.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from logformats import grok as grok_module
from logformats.firsts import first_characters
from logformats.schema import LEVELS, TABLES
from logformats.times import layouts

#: Fields that fill a column of `logs`; all other names go to `attributes`.
COLUMNS = tuple(
    c.name
    for c in TABLES["logs"]
    if c.name not in ("source", "format", "attributes", "log_file_path", "log_file_line", "dt")
)
#: Fields that are read further: a request line, a URL, a date and a time of day in two fields.
COMPOUNDS = ("request", "url", "date", "time_of_day")

KINDS = ("grok", "json", "logfmt", "delimited")


class FormatError(ValueError):
    """A definition that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Sample:
    """Lines of a format (one event, or one line that is no event) and what they must become."""

    lines: tuple[str, ...]
    becomes: Mapping[str, Any]
    last_modified: str | None = None
    path: str = ""


@dataclass(frozen=True, eq=False)
class LogFormat:
    """One log format.

    name, title
        Its name in the tables, and what a person calls it.
    kind
        `grok`, `json`, `logfmt` or `delimited` (fields in the order of a header line).
    grok, fast, patterns
        Of kind grok: the pattern for a whole line, whose fields are columns of `logs`, `COMPOUNDS`, or
        attributes. `fast` gives the same for the most usual lines, written so that no two ways through a line
        are open at once: the engine then finds the fields in one pass.
    keys
        Column for each key (json, logfmt) or header name (delimited), before the usual names of `names.toml`.
    requires
        Keys or header names that a line or a header must have to be of this format.
    times
        Layouts of its times (names in `times.toml`), tried in order; empty for all.
    levels, scale, default_level, level_from
        Its own level words; how level numbers are meant; the level of a line without one; `status` or
        `message` where the level comes from the HTTP status or from words that the message starts with.
    level_rules
        (regular expression, level) on the message, for lines without a level.
    multiline
        Whether lines that match no format belong to the event before.
    body
        Regular expressions with named groups, read on an event's message once its lines are joined: more
        fields (`__` in a group's name is a dot).
    comments
        Regular expressions of lines that hold no event.
    header, separator
        Of kind delimited: the regular expression of the header line, whose group lists the names, and what
        parts the fields.
    nulls
        Texts that mean that there is no value.
    constants
        Values of columns or attributes that all its lines have.
    within
        Formats of which its lines are a special case: where an object has one of these, it is tried first.
    hint
        Text that stands in all its lines.
    embeds
        Whether the lines of a container are in its lines (see `embedded`).
    timeless
        Whether its lines need no time, since they are in lines that have one.
    records
        Of kind json: dotted path to a list in the line whose items are the events.
    order
        Recognition tries lower numbers first: the more a format demands of a line, the lower.
    glue
        Whether it is registered as a grok classifier in Glue.
    """

    name: str
    title: str
    kind: str = "grok"
    grok: str = ""
    fast: str = ""
    patterns: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""
    default_level: str = "INFO"
    level_from: str = ""
    level_rules: tuple[tuple[str, str], ...] = ()
    multiline: bool = False
    body: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    header: str = ""
    separator: str = ""
    nulls: tuple[str, ...] = ("-",)
    constants: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    hint: str = ""
    embeds: bool = False
    timeless: bool = False
    records: str = ""
    order: int = 500
    glue: bool = False
    samples: tuple[Sample, ...] = ()

    @functools.cached_property
    def compiled(self) -> grok_module.Grok:
        """The compiled grok of a format of kind grok."""
        return grok_module.compile(self.grok, dict(self.patterns))

    @functools.cached_property
    def stages(self) -> tuple[grok_module.Grok, ...]:
        """What is tried on a line, one after the other: `fast`, if there is one, and `grok`."""
        if not self.fast:
            return (self.compiled,)
        return grok_module.compile(self.fast, dict(self.patterns)), self.compiled

    @functools.cached_property
    def firsts(self) -> frozenset[str] | None:
        """The ASCII characters that its lines start with; None if that is not known."""
        if self.kind == "grok" and not self.comments:
            return first_characters(self.compiled.python)
        return None

    def __repr__(self) -> str:
        return f"LogFormat({self.name!r})"


@functools.cache
def formats() -> tuple[LogFormat, ...]:
    """All formats that come with the package, in order of recognition."""
    folder = resources.files("logformats").joinpath("definitions")
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            definition = from_table(tomllib.loads(entry.read_text(encoding="utf-8")), entry.name)
            if definition.name != entry.name.removesuffix(".toml"):
                raise FormatError(f"{entry.name} must carry the name of its format, {definition.name}.")
            found.append(definition)
    return tuple(sorted(found, key=lambda f: (f.order, f.name)))


def named(name: str) -> LogFormat:
    """The format of that name; KeyError if there is none."""
    for candidate in formats():
        if candidate.name == name:
            return candidate
    raise KeyError(name)


def from_table(table: Mapping[str, Any], where: str) -> LogFormat:
    """A format from a definition's table; FormatError, with `where`, for what cannot be."""
    values = dict(table)
    samples = tuple(
        Sample(
            tuple(s["lines"]) if "lines" in s else (s["line"],),
            s.get("becomes", {}),
            s.get("last_modified"),
            s.get("path", ""),
        )
        for s in values.pop("samples", ())
    )
    for name in ("requires", "times", "body", "comments", "nulls", "within"):
        if name in values:
            values[name] = tuple(values[name])
    values["level_rules"] = tuple((r["match"], r["level"]) for r in values.pop("level_rules", ()))
    if unknown := set(values) - set(LogFormat.__dataclass_fields__):
        raise FormatError(f"{where}: there is no key {sorted(unknown)[0]!r} in a format definition.")
    made = LogFormat(samples=samples, **values)
    if made.kind not in KINDS:
        raise FormatError(f"{where}: the kind {made.kind!r} is none of {', '.join(KINDS)}.")
    if strange := [t for t in made.times if "%" not in t and t not in layouts()]:
        raise FormatError(f"{where}: {strange[0]!r} is no layout of times; they are {', '.join(layouts())}.")
    wrong = {*made.levels.values(), *(level for _, level in made.level_rules), made.default_level} - set(
        LEVELS
    )
    if wrong:
        raise FormatError(f"{where}: {sorted(wrong)[0]!r} is no level; the levels are {', '.join(LEVELS)}.")
    if made.kind == "grok":
        from logformats.names import column_of

        columns = {column_of(name) for name in made.compiled.names}
        if not columns & {"timestamp", "date"}:
            raise FormatError(
                f"{where}: one field of the grok must be the time, as in %{{TIMESTAMP_ISO8601:timestamp}}."
            )
    return made
