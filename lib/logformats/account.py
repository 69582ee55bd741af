"""What became of the lines of an object: one category for each line, and nothing left over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl


@dataclass(frozen=True)
class Account:
    """Lines of an object (or of a part of it) by what became of them; accounts add up with `+`.

    lines_read
        All lines, and always the sum of the other five.
    lines_kept, lines_dropped
        Lines whose events stay, and lines whose events have a level that is dropped.
    lines_rejected
        Lines that no format matched, or whose time cannot be read.
    lines_joined
        Lines that belong to the event of a line before (stack traces, SQL), whatever became of that event.
    lines_blank
        Empty lines, and lines that hold no event by their format's own rules (W3C directives, a CSV's
        header).
    first_event, last_event
        Earliest and latest event (UTC), dropped ones included; None without events.
    formats
        Number of lines with events for each format.
    """

    lines_read: int = 0
    lines_kept: int = 0
    lines_dropped: int = 0
    lines_rejected: int = 0
    lines_joined: int = 0
    lines_blank: int = 0
    first_event: datetime | None = None
    last_event: datetime | None = None
    formats: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether each line read is in exactly one category."""
        return self.lines_read == (
            self.lines_kept + self.lines_dropped + self.lines_rejected + self.lines_joined + self.lines_blank
        )

    def __add__(self, other: Account) -> Account:
        if not isinstance(other, Account):
            return NotImplemented
        firsts = [t for t in (self.first_event, other.first_event) if t is not None]
        lasts = [t for t in (self.last_event, other.last_event) if t is not None]
        return Account(
            lines_read=self.lines_read + other.lines_read,
            lines_kept=self.lines_kept + other.lines_kept,
            lines_dropped=self.lines_dropped + other.lines_dropped,
            lines_rejected=self.lines_rejected + other.lines_rejected,
            lines_joined=self.lines_joined + other.lines_joined,
            lines_blank=self.lines_blank + other.lines_blank,
            first_event=min(firsts, default=None),
            last_event=max(lasts, default=None),
            formats=dict(Counter(self.formats) + Counter(other.formats)),
        )


@dataclass(frozen=True)
class Parsed:
    """What a stretch of an object became.

    events
        Rows of the table `logs` whose level is not dropped.
    rejects
        Rows of `log_rejects`.
    counts
        Rows of `log_counts` for all events, dropped ones included. A minute that two stretches share has rows
        in both: add them up.
    account
        What became of the stretch's lines.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame
    counts: pl.DataFrame
    account: Account
