"""Schedules of crawlers: cron expressions as AWS has them.

Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

import re

FORM = "cron(minutes hours day-of-month month day-of-week year)"
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
# Name, least, greatest, names, and the patterns of a field's own wildcards.
_FIELDS = (
    ("minutes", 0, 59, {}, None),
    ("hours", 0, 23, {}, None),
    ("day-of-month", 1, 31, {}, r"\?|L|LW|\d{1,2}W"),
    ("month", 1, 12, _MONTHS, None),
    ("day-of-week", 1, 7, _DAYS, r"\?|L|\w{1,3}L|\w{1,3}#[1-5]"),
    ("year", 1970, 2199, {}, None),
)


def problem(schedule: str) -> str | None:
    """Say what is wrong with a schedule; None when it is one."""
    found = re.fullmatch(r"cron\((.*)\)", schedule, re.DOTALL)
    fields = found[1].split() if found else []
    if len(fields) != len(_FIELDS):
        return f"it must be {FORM}"
    for text, (name, low, high, names, special) in zip(fields, _FIELDS, strict=True):
        if special and re.fullmatch(special, text.upper()):
            continue
        for part in text.upper().split(","):
            if not _is_range(part, low, high, names):
                return f"{part!r} is no value of {name}, {low} to {high}"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "one of day-of-month and day-of-week must be ?, and not both"
    return None


def _is_range(text: str, low: int, high: int, names: dict[str, int]) -> bool:
    """Tell whether a text is ``*``, a value or a range of them, with or without ``/step``."""
    span, slash, step = text.partition("/")
    if slash and not (step.isascii() and step.isdigit() and 0 < int(step) <= high):
        return False
    if span == "*":
        return True
    values = [_value(each, names) for each in span.split("-")]
    return len(values) <= 2 and all(value is not None and low <= value <= high for value in values)


def _value(text: str, names: dict[str, int]) -> int | None:
    if text in names:
        return names[text]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
