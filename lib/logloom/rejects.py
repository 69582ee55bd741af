"""The lines that no format matched: grouped into patterns, and a format proposed for the largest group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from logformats.propose import Proposal, propose

from logloom import patterns, queries

if TYPE_CHECKING:
    import pandas as pd

    from logloom.settings import Settings

MOST_LINES = 20_000
_HIDDEN = re.compile(r"<(?:\*|[a-z]+)>")


@dataclass(frozen=True)
class Rejects:
    """Lines that no format matched.

    Attributes
    ----------
    groups
        A row a group, the largest first: `pattern` (``<number>``, ``<address>`` … and ``<*>`` for what
        varies), `lines` (int), `share` (float, 0 to 1, of all such lines), `example` (the most frequent
        line).
    largest
        The format proposed for the largest group.
    source
        The source that most of the largest group's lines are of.
    """

    groups: pd.DataFrame
    largest: Proposal
    source: str

    def parameters(self) -> str:
        """The proposed format as it is put into a parameter file; a sentence where there is none."""
        if self.groups.empty:
            return "No line was rejected because no format matches it."
        if not self.largest.grok:
            return f"No format can be proposed for the largest group: {self.largest.reason}."
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", self.source).strip("_") or "own"
        quoted = self.largest.grok.replace("'", "''")
        return (
            f"# It matches {self.largest.matched:,} of {self.largest.lines:,} different lines.\n"
            f"formats:\n  {name}_lines: '{quoted}'"
        )


def find(settings: Settings) -> Rejects:
    """Group the rejected lines (20,000 different ones at most); propose a format for the largest group."""
    return group(queries.run(settings, "rejects_lines", limit=MOST_LINES).frame)


def group(rejected: pd.DataFrame) -> Rejects:
    """Group lines, and propose a format for the largest group.

    Parameters
    ----------
    rejected
        A row a different line: `source`, `raw_line`, `lines` (how many there are of it).
    """
    found = patterns.find(rejected[["raw_line", "lines"]]).table
    groups = found.rename(columns={"events": "lines"})[["pattern", "lines", "share", "example"]]
    if groups.empty:
        return Rejects(groups, Proposal("", 0, 0, "there are no lines"), "")
    of_group = rejected[members(rejected["raw_line"].to_list(), groups["pattern"].iloc[0])]
    sources = of_group.groupby("source")["lines"].sum()
    largest = propose(of_group["raw_line"].to_list())
    return Rejects(groups, largest, sources.idxmax() if len(sources) else "")


def members(lines: list[str], pattern: str) -> list[bool]:
    """Tell which lines are of a pattern: the same text where it does not vary, whatever stands between."""
    words = [".*".join(map(re.escape, _HIDDEN.split(word))) for word in pattern.split(" ")]
    regex = r"^\s*" + r"\s+".join(words)
    # Rust's regular expressions know none of the escapes that Python's adds for these.
    regex = re.sub(r"\\([^\w\s\\.+*?()|\[\]{}^$#&~-])", r"\1", regex)
    return pl.Series(lines, dtype=pl.String).str.contains(regex).to_list()
