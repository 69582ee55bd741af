"""What the user looks at: the filters as one checked value.

The browser holds them as JSON (and in the URL); anybody can send anything there, so everything is checked
here before it is used: levels and columns against what there is, times parsed, lengths bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from logloom.dashboard.palette import LEVELS
from logloom.errors import LogloomError

# The columns that can be filtered by a value, and whether the rollup has them too.
ROLLUP_COLUMNS = ("source", "http_response_status_code", "http_request_method")
EVENT_COLUMNS = (
    *ROLLUP_COLUMNS,
    "url_path",
    "client_address",
    "user_agent_original",
    "http_request_header_referer",
    "service_name",
    "format",
    "log_file_path",
)
# A filter by a pattern of `logloom.patterns`: no column of the table, but included and excluded like one.
PATTERNS = {"message_pattern": "message", "path_pattern": "path"}
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")
LONGEST_TEXT = 500  # Athena takes parameters of 1024 characters, quotes doubled
MOST_VALUES = 50

# Widths of a bar, in minutes. Each divides the next but one at most, and all divide a day, so that buckets of
# any width add up to days.
BUCKETS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
MOST_BARS = 120


class BadView(LogloomError):
    """A filter that cannot be understood; the sentence says which and what is expected."""


@dataclass(frozen=True)
class View:
    """Filters of the dashboard.

    Attributes
    ----------
    start, end
        The range, UTC without a zone, end excluded.
    levels
        Levels to show, in the order of `LEVELS`.
    sources
        Sources to show; empty means all.
    status_classes
        Of ``2xx`` … ``5xx``; empty means all, lines without a status code too.
    text, regex
        Free text looked for in message and path, or a regular expression (Trino's syntax).
    include, exclude
        (column, value) pairs; values of one column are alternatives. A value of None means "no value".
    """

    start: datetime
    end: datetime
    levels: tuple[str, ...] = LEVELS
    sources: tuple[str, ...] = ()
    status_classes: tuple[str, ...] = ()
    text: str = ""
    regex: bool = False
    include: tuple[tuple[str, str | None], ...] = field(default=())
    exclude: tuple[tuple[str, str | None], ...] = field(default=())

    @classmethod
    def from_store(cls, store: Mapping[str, Any]) -> View:
        """Check what came from the browser.

        Raises
        ------
        BadView
            A value that is none of the ones there are, or a range that ends before it begins.
        """
        if not isinstance(store, Mapping):
            raise BadView("The filters of this page cannot be read: reset them.")
        start, end = _time(store.get("start"), "from"), _time(store.get("end"), "to")
        if start >= end:
            raise BadView(f"The range ends ({end}) before it begins ({start}): choose a later end.")
        levels = _chosen(store.get("levels"), LEVELS, "level")
        return cls(
            start=start,
            end=end,
            levels=tuple(level for level in LEVELS if level in levels),
            sources=tuple(sorted(_strings(store.get("sources"), "sources"))),
            status_classes=tuple(
                sorted(_chosen(store.get("status_classes"), STATUS_CLASSES, "status class"))
            ),
            text=_text(store.get("text")),
            regex=bool(store.get("regex")),
            include=_pairs(store.get("include")),
            exclude=_pairs(store.get("exclude")),
        )

    @property
    def span(self) -> timedelta:
        return self.end - self.start

    @property
    def before(self) -> datetime:
        """Start of the period before, of the same length."""
        return self.start - self.span

    @property
    def bucket_minutes(self) -> int:
        """Width of a bar: the narrowest that gives at most `MOST_BARS` of them."""
        minutes = self.span / timedelta(minutes=1)
        return next((width for width in BUCKETS if minutes / width <= MOST_BARS), BUCKETS[-1])

    @property
    def rollup_knows(self) -> bool:
        """Whether log_counts can answer for these filters."""
        return not self.text and all(column in ROLLUP_COLUMNS for column, _ in (*self.include, *self.exclude))

    def without_levels(self) -> View:
        return replace(self, levels=LEVELS)


def _time(value: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadView(f"'{name}' is not a time like 2026-03-31 14:00:00 (UTC).") from None
    if moment.tzinfo is not None or not 1970 <= moment.year <= 2200:
        raise BadView(f"'{name}' is not a time between 1970 and 2200, in UTC without a zone.")
    return moment


def _strings(value: Any, name: str) -> set[str]:
    if value is None:
        return set()
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise BadView(f"The filter '{name}' takes a list of at most {MOST_VALUES} values.")
    if not all(isinstance(one, str) and len(one) <= LONGEST_TEXT for one in value):
        raise BadView(f"A value of the filter '{name}' is not a text of at most {LONGEST_TEXT} characters.")
    return set(value)


def _chosen(value: Any, known: tuple[str, ...], name: str) -> set[str]:
    chosen = _strings(value, name)
    unknown = sorted(chosen - set(known))
    if unknown:
        raise BadView(f"There is no {name} '{unknown[0][:40]}': choose of {', '.join(known)}.")
    return chosen


def _text(value: Any) -> str:
    text = "" if value is None else value
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise BadView(f"The text to look for is longer than {LONGEST_TEXT} characters: shorten it.")
    return text.strip()


def _pairs(value: Any) -> tuple[tuple[str, str | None], ...]:
    pairs = value or []
    if not isinstance(pairs, list) or len(pairs) > MOST_VALUES:
        raise BadView(f"There are more than {MOST_VALUES} filters of values: reset some.")
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and pair[0] in (*EVENT_COLUMNS, *PATTERNS)):
            raise BadView("A filter names a column that is not there: reset the filters.")
        one = pair[1]
        if one is not None and not (isinstance(one, str) and len(one) <= 2 * LONGEST_TEXT):
            raise BadView("A filter's value is not a text: reset the filters.")
        if pair[0] in PATTERNS and not one:
            raise BadView("A filter by a pattern has none: reset the filters.")
        if pair[0] == "http_response_status_code" and one is not None and not re.fullmatch(r"\d{1,9}", one):
            raise BadView("A status code is a number: reset the filters.")
    return tuple(sorted({(pair[0], pair[1]) for pair in pairs}, key=lambda pair: (pair[0], pair[1] or "")))
