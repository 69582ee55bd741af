"""Which raw objects a run was told to take, beyond those that are new: dates, rejects, and limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logtables.plan import Known, RawObject


@dataclass(frozen=True)
class Selection:
    """What a run reads again, and what it leaves for another run; without values, neither.

    Attributes
    ----------
    reprocess
        Dates (UTC): raw objects with events of one of them are read again, whole.
    replay_rejects
        Whether raw objects of which lines were rejected are read again, whole.
    first, last
        Dates (UTC), both included: a raw object without events between them is left as it is. For a known
        object the audit's events count, also where the object has changed since. For a new one, and one
        without events, it is the date of its LastModified: what it holds is not known before it is read.
    """

    reprocess: frozenset[date] = frozenset()
    replay_rejects: bool = False
    first: date | None = None
    last: date | None = None

    def again(self, known: Known) -> bool:
        """Tell whether an object that has not changed is to be read again."""
        if self.replay_rejects and known.lines_rejected:
            return True
        begin, end = _event_dates(known)
        return any(begin <= day <= end for day in self.reprocess)

    def admits(self, raw: RawObject | None, known: Known | None) -> bool:
        """Tell whether an object lies within the limits; of one of the two at least something is known."""
        if known is not None:
            begin, end = _event_dates(known)
        else:
            begin = end = raw.stored.last_modified.astimezone(UTC).date()
        return (self.first is None or end >= self.first) and (self.last is None or begin <= self.last)


def dates_of(text: str) -> frozenset[date]:
    """Read dates, written as YYYY-MM-DD and separated by commas.

    Raises
    ------
    ValueError
        For what is no date: the sentence names it.
    """
    return frozenset(date_of(word.strip()) for word in text.split(",") if word.strip())


def date_of(text: str) -> date:
    """Read a date, written as YYYY-MM-DD; raises ValueError, which names it, if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Python also reads 20251201 and 2025-W49-1.
    if day is None or day.isoformat() != text:
        raise ValueError(f"{text!r} is not a date: write it as YYYY-MM-DD")
    return day


def _event_dates(known: Known) -> tuple[date, date]:
    first = known.first_event or known.last_modified
    last = known.last_event or known.last_modified
    return first.astimezone(UTC).date(), last.astimezone(UTC).date()
