"""Lines to fields: which lines a format matches, and the text of each field.

A matcher works on a chunk of lines at once. This module holds those whose fields have an order: one regular
expression, or a header line; `jsonlines` and `logfmt` hold those whose fields name themselves.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from logformats import jsonlines, logfmt
from logformats.definitions import COLUMNS, COMPOUNDS, LogFormat
from logformats.grok import Grok
from logformats.matched import ATTRIBUTE, NO_ROWS, Matched
from logformats.names import assign, column_of


class Matcher(Protocol):
    """Reads the lines of one format, chunk after chunk of one object."""

    format: LogFormat

    def match(self, lines: pl.DataFrame) -> Matched:
        """Match lines: a frame with `row` (ascending) and `text`."""


def matcher_for(definition: LogFormat, cache: dict[str, Any] | None = None) -> Matcher:
    """A new matcher, for one object; matchers of one object share `cache`, which its user empties."""
    if definition.kind == "json":
        return jsonlines.JsonMatcher(definition, cache)
    kinds = {"grok": GrokMatcher, "logfmt": logfmt.LogfmtMatcher, "delimited": DelimitedMatcher}
    return kinds[definition.kind](definition)


def target(name: str, definition: LogFormat) -> str:
    """The frame column that a field of that name becomes."""
    if name in definition.keys:
        return _column(definition.keys[name])
    if name in COLUMNS or name in COMPOUNDS:
        return name
    # Definitions name columns as they are; only a user's own grok has usual names.
    if definition.order == 0 and (column := column_of(name)):
        return column
    return ATTRIBUTE + name


def _column(name: str) -> str:
    return name if name in COLUMNS or name in COMPOUNDS else ATTRIBUTE + name


def silent_rows(lines: pl.DataFrame, patterns: tuple[str, ...]) -> pl.Series:
    """Rows whose text one of `patterns` matches."""
    if not patterns or lines.is_empty():
        return NO_ROWS
    return lines.filter(pl.col("text").str.contains("|".join(f"(?:{p})" for p in patterns)))["row"]


class GrokMatcher:
    """Formats that are one regular expression, or a narrower and faster one and it."""

    def __init__(self, definition: LogFormat) -> None:
        self.format = definition
        self._stages = _stages(definition)

    def match(self, lines: pl.DataFrame) -> Matched:
        silent = silent_rows(lines, self.format.comments)
        found = []
        left = lines
        for stage in self._stages:
            fields = stage.match(left)
            if len(fields):
                found.append(fields)
            if len(fields) == len(left):
                break
            if len(fields):
                left = left.filter(~pl.col("row").is_in(fields["row"].implode()))
        if not found:
            return Matched(self._stages[-1].empty, silent)
        if len(found) == 1:
            return Matched(found[0], silent)
        return Matched(pl.concat(found, how="diagonal").sort("row"), silent)


@functools.lru_cache(maxsize=1024)
def _stages(definition: LogFormat) -> tuple[_Stage, ...]:
    return tuple(_Stage.of(compiled, definition) for compiled in definition.stages)


@dataclass(frozen=True)
class _Stage:
    """One regular expression of a format.

    groups
        The groups for each column that it fills; of several, one takes part in a match.
    witness
        The groups of the time, which tell a match from none.
    """

    regex: str
    groups: dict[str, list[str]]
    witness: list[str]
    empty: pl.DataFrame

    @staticmethod
    def of(compiled: Grok, definition: LogFormat) -> _Stage:
        groups: dict[str, list[str]] = {}
        for field in compiled.fields:
            groups.setdefault(target(field.name, definition), []).append(field.group)
        witness = groups.get("timestamp") or groups.get("date") or groups.get("time_of_day") or []
        empty = pl.DataFrame(schema={"row": pl.UInt32, **dict.fromkeys(groups, pl.String)})
        return _Stage(compiled.regex, groups, witness, empty)

    def match(self, lines: pl.DataFrame) -> pl.DataFrame:
        if lines.is_empty():
            return self.empty
        values = lines["text"].str.extract_groups(self.regex).struct.unnest()
        fields = pl.DataFrame([lines["row"], *(self._merged(values, c, g) for c, g in self.groups.items())])
        times = self._merged(values, "time", self.witness)
        if not times.null_count():
            return fields
        return fields.filter(times.is_not_null())

    @staticmethod
    def _merged(values: pl.DataFrame, column: str, groups: list[str]) -> pl.Series:
        first = values[groups[0]].alias(column)
        if len(groups) == 1:
            return first
        return pl.select(pl.coalesce(values[group] for group in groups).alias(column)).to_series()


class DelimitedMatcher:
    """Files whose header line names their fields: W3C extended logs, CSV, VPC flow logs.

    It remembers the header from chunk to chunk; a header in the middle of the file changes the fields from
    there.
    """

    def __init__(self, definition: LogFormat) -> None:
        self.format = definition
        self._names: list[str] = []
        self._header = ""
        self._separator = definition.separator
        self._date = ""

    def match(self, lines: pl.DataFrame) -> Matched:
        if lines.is_empty():
            return Matched(pl.DataFrame(schema={"row": pl.UInt32}), NO_ROWS)
        headers = lines.filter(pl.col("text").str.contains(self.format.header))
        if not self.format.header.startswith("^#"):
            # A row of words is a header at the head of the object, and where it is the same again.
            header = self._header or self._first_text(lines)
            headers = headers.filter(pl.col("text") == header)
        silent = [headers["row"], silent_rows(lines, self.format.comments)]
        dates = lines.filter(pl.col("text").str.contains(r"^#Date: "))
        marks = sorted([*headers.iter_rows(), *dates.iter_rows()])
        frames = []
        first = lines["row"][0]
        for row, text in [*marks, (lines["row"][-1] + 1, "")]:
            segment = lines.filter(pl.col("row").is_between(first, row, closed="left"))
            if self._names and len(segment):
                frames.append(self._fields(segment))
            first = row
            if text.startswith("#Date: "):
                self._date = text.removeprefix("#Date: ").split(" ")[0]
            elif text:
                self.learn(text)
        fields = pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema={"row": pl.UInt32})
        silent_all = pl.concat([s.cast(pl.UInt32) for s in silent]).unique().sort()
        fields = fields.filter(~pl.col("row").is_in(silent_all.implode()))
        return Matched(fields, silent_all)

    @staticmethod
    def _first_text(lines: pl.DataFrame) -> str:
        """The object's first line that is not empty, if it is among these."""
        for number, (row, text) in enumerate(lines.iter_rows()):
            if row != number:
                break
            if text.strip():
                return text
        return ""

    def learn(self, header: str) -> bool:
        """Take the fields from a header line, if they are ones of this format; whether they are."""
        found = re.match(self.format.header, header)
        listed = found.group(found.lastindex or 0)
        separator = self.format.separator or max(",\t;|", key=listed.count)
        between = r"\s+" if self.format.header.startswith("^#") else re.escape(separator)
        names = [part.strip().strip('"') for part in re.split(between, listed.strip(" "))]
        self._separator = separator
        fits = len(names) > 1 and set(self.format.requires) <= set(names) and len(set(names)) == len(names)
        columns = assign(names, self.format.keys)
        timed = {"timestamp", "date", "time_of_day"} & set(columns.values())
        self._names = names if fits and timed else []
        self._header = header if self._names else ""
        return bool(self._names)

    def fits(self, texts: list[str]) -> bool:
        """Whether lines have as many fields as the header that was learnt; false for no lines."""
        frame = pl.DataFrame(
            {"row": range(len(texts)), "text": texts}, schema={"row": pl.UInt32, "text": pl.String}
        )
        return bool(self._names and texts) and len(self._fields(frame)) == len(texts)

    def _fields(self, lines: pl.DataFrame) -> pl.DataFrame:
        separator = r"[ \t]+" if self._separator == " " else re.escape(self._separator)
        plain = r"[^ \t]*" if self._separator == " " else f"[^{re.escape(self._separator)}]*"
        one = f'("(?:[^"]|"")*"|{plain})' if self._separator != "\t" else f"({plain})"
        regex = "^" + separator.join([one] * len(self._names)) + r"[ \t]*$"
        groups = (
            lines.select("row", pl.col("text").str.extract_groups(regex))
            .unnest("text")
            .filter(pl.col("1").is_not_null())
        )
        columns = assign(self._names, self.format.keys)
        values = []
        for at, name in enumerate(self._names, 1):
            value = pl.col(str(at))
            if self._separator != "\t":
                inner = value.str.slice(1, value.str.len_chars() - 2).str.replace_all('""', '"', literal=True)
                value = pl.when(value.str.starts_with('"')).then(inner).otherwise(value)
            column = columns.get(name)
            values.append(value.alias(_column(column) if column else ATTRIBUTE + name))
        fields = groups.select("row", *values)
        if self._date and not {"timestamp", "date"} & set(fields.columns):
            fields = fields.with_columns(date=pl.lit(self._date))
        return fields
