"""What a report is asked for: its range and filters, read from words of a command line and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from logloom.errors import InputError
from logloom.settings import LEVELS, nearest

if TYPE_CHECKING:
    from logloom.dashboard.view import View

# Short names of what is filtered most; any column of the events goes by its own name.
SHORT_NAMES = {
    "status_code": "http_response_status_code",
    "method": "http_request_method",
    "path": "url_path",
    "client": "client_address",
    "user_agent": "user_agent_original",
    "referrer": "http_request_header_referer",
    "service": "service_name",
}
OWN = ("level", "source", "status", "text", "regex")


def moment(text: str, *, end: bool = False, name: str = "from") -> datetime:
    """Read a day or a time, UTC; as an end, a day is included.

    Raises
    ------
    InputError
        It is neither.
    """
    text = text.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--{name} {text!r} is no day and no time: write 2026-03-31 or 2026-03-31T14:00 (UTC)"
        ) from None
    if found.tzinfo is not None:
        if found.utcoffset():
            raise InputError(f"--{name} {text!r} is not in UTC: give the time in UTC, without a zone")
        found = found.replace(tzinfo=None)
    if not 1970 <= found.year <= 2200:
        raise InputError(f"--{name} {text!r} is not between the years 1970 and 2200")
    if end and re.fullmatch(r"\d{4}-?(\d\d-?\d\d|W\d\d-?\d?)", text):
        found += timedelta(days=1)
    return found


def check_range(start: datetime, end: datetime) -> None:
    """See that a range is one.

    Raises
    ------
    InputError
        It ends before it begins; as an end, the day before is meant where it is midnight.
    """
    if start >= end:
        last = end - timedelta(days=1) if end.time() == datetime.min.time() else end
        raise InputError(
            f"the range begins at {start:%Y-%m-%d %H:%M} and ends at {last:%Y-%m-%d %H:%M}: give a later --to"
        )


def with_filters(view: View, filters: Sequence[str]) -> View:
    """Lay filters over a view.

    Parameters
    ----------
    filters
        ``NAME=VALUE`` or ``NAME!=VALUE``: level, source and status (``5xx``), each several parted by commas;
        text (looked for in message and path), regex, or any column of the events, such as client_address,
        by that name or one of `SHORT_NAMES`.

    Raises
    ------
    InputError
        A filter is not of that form, there is no such column, or it has no such value.
    """
    from logloom.dashboard.view import EVENT_COLUMNS, STATUS_CLASSES, BadView, View

    levels, sources, statuses, text, regex = set(), set(view.sources), set(), "", False
    include, exclude = list(view.include), list(view.exclude)
    for one in filters:
        found = re.fullmatch(r"\s*([\w.]+)\s*(!?=)(.*)", one, re.DOTALL)
        if not found:
            raise InputError(
                f"the filter {one!r} is not NAME=VALUE: write level=ERROR,FATAL or client_address!=192.0.2.7"
            )
        name, equals, value = found[1], found[2], found[3]
        known = [*OWN, *SHORT_NAMES, *EVENT_COLUMNS]
        if name not in known:
            hint = nearest(name, known)
            raise InputError(
                f"there is no column {name!r} to filter by; "
                + (f"did you mean {hint!r}?" if hint else f"there are {', '.join([*OWN, *EVENT_COLUMNS])}")
            )
        if not value.strip():
            raise InputError(f"the filter {one!r} has no value")
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if name in ("text", "regex") and equals == "!=":
            raise InputError(f"{name} cannot be excluded: write {name}=…")
        if name == "level":
            chosen = {part.upper() for part in parts}
            _among(chosen, LEVELS, "level")
            levels |= chosen if equals == "=" else set(LEVELS) - chosen
        elif name == "status":
            chosen = {part.lower() for part in parts}
            _among(chosen, STATUS_CLASSES, "class of status codes")
            statuses |= chosen if equals == "=" else set(STATUS_CLASSES) - chosen
        elif name == "source" and equals == "=":
            sources |= set(parts)
        elif name in ("text", "regex"):
            if text:
                raise InputError("one text or regex at a time can be looked for")
            text, regex = value, name == "regex"
        else:
            pair = [SHORT_NAMES.get(name, name), value]
            (include if equals == "=" else exclude).append(tuple(pair))
    store = {
        "start": view.start.isoformat(),
        "end": view.end.isoformat(),
        "levels": sorted(levels) if levels else list(LEVELS),
        "sources": sorted(sources),
        "status_classes": sorted(statuses),
        "text": text,
        "regex": regex,
        "include": [list(pair) for pair in include],
        "exclude": [list(pair) for pair in exclude],
    }
    try:
        checked = View.from_store(store)
    except BadView as error:
        raise InputError(str(error)) from None
    return replace(checked, start=view.start, end=view.end)


def in_words(view: View, hidden: Callable[[str, str], str] = lambda text, column: text) -> list[str]:
    """The filters of a view, each in words: for the head of a report.

    `hidden` is given a value and its column ("" for free text), and gives what may be shown.
    """
    said = []
    if set(view.levels) != set(LEVELS):
        said.append(f"level {', '.join(view.levels) or 'none'}")
    if view.sources:
        said.append(f"source {', '.join(hidden(one, '') for one in view.sources)}")
    if view.status_classes:
        said.append(f"status {', '.join(view.status_classes)}")
    if view.text:
        said.append(f"{'matching' if view.regex else 'containing'} {hidden(view.text, '')}")
    for pairs, sign in ((view.include, "="), (view.exclude, "≠")):
        said += [f"{column} {sign} {hidden(value or '', column)}" for column, value in pairs]
    return said


def _among(chosen: set[str], known: Sequence[str], what: str) -> None:
    for one in sorted(chosen - set(known)):
        hint = nearest(one, known)
        raise InputError(
            f"there is no {what} {one!r}; "
            + (f"did you mean {hint}?" if hint else f"there are {', '.join(known)}")
        )
