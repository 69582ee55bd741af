"""Rows as CSV that a spreadsheet can open: texts stay texts, whatever they begin with."""

from __future__ import annotations

import re

import pandas as pd

from logloom.dashboard import components as c

MOST_ROWS = 10_000
# A cell of a spreadsheet holds no more (Excel: 32,767 characters); the line itself is in the table.
LONGEST_CELL = 32_000
# What makes a cell a formula, also in its full-width form, or moves to the next cell:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"\s*[=+\-@\t\r|%\uff1d\uff0b\uff0d\uff20]")


def to_csv(frame: pd.DataFrame) -> str:
    """The rows with a head, comma separated (RFC 4180), times in UTC, with the mark that tells Excel UTF-8.

    A text that a spreadsheet would run as a formula begins with an apostrophe; control characters and marks
    of direction stand there by their numbers.
    """
    made = frame.copy(deep=False)
    for name in made.columns:
        if made[name].dtype == object:
            made[name] = [cell(value) if isinstance(value, str) else value for value in made[name]]
    return "\ufeff" + made.to_csv(index=False, lineterminator="\r\n")


def cell(text: str) -> str:
    """A text as a cell that does nothing."""
    shown = c.visible(text[:LONGEST_CELL]) + ("…" if len(text) > LONGEST_CELL else "")
    return f"'{shown}" if _FORMULA.match(text) or _FORMULA.match(shown) else shown
