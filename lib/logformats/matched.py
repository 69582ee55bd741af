"""What every matcher gives."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

ATTRIBUTE = "@"  # before the name of an attribute that has a column of its own
#: Of container formats: the stream that a line came from, and `P` where more of the line follows.
STREAM = ATTRIBUTE + "log.iostream"
PARTIAL = ATTRIBUTE + "log.partial"

NO_ROWS = pl.Series("row", [], dtype=pl.UInt32)


@dataclass(frozen=True)
class Matched:
    """What a matcher made of lines.

    fields
        A row for each line that it matched (some have several: `row` repeats), with `row` and the fields as
        strings: under the columns that they fill, and attributes under `@` and their name. Attributes without
        a fixed set of names come as a ready column `attributes`.
    silent
        Rows of lines that hold no event by the format's own rules.
    """

    fields: pl.DataFrame
    silent: pl.Series
