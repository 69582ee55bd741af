"""Times read by patterns: MySQL's (``date_parse``), Joda's (``parse_datetime``) and ISO 8601.

https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localaws.athena.pyfunctions.registry import function, invalid

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_JODA_NUMBERS = "yYxMdDewHhKkms"


def runs(pattern: str) -> list[tuple[str, int]]:
    """Cut a Joda pattern into (letter, count), and (text, 0) for what stands for itself."""
    found: list[tuple[str, int]] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "'":
            if pattern.startswith("''", at):
                found.append(("'", 0))
                at += 2
                continue
            end = at + 1
            literal = ""
            while end < len(pattern) and (pattern[end] != "'" or pattern.startswith("''", end)):
                literal += pattern[end]
                end += 2 if pattern[end] == "'" else 1
            found.append((literal, 0))
            at = end + 1
        elif char.isascii() and char.isalpha():
            end = at
            while end < len(pattern) and pattern[end] == char:
                end += 1
            found.append((char, end - at))
            at = end
        else:
            found.append((char, 0))
            at += 1
    return found


MYSQL_REFUSED = "DUuVwX"


def zone_of(name: str):
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name)
    if match:
        ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-ahead if match[1] == "-" else ahead)
    try:
        return ZoneInfo("UTC" if name in ("Z", "UTC", "GMT", "UT") else name)
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(f"Unknown time-zone ID: {name}") from None


# --- reading ---

# Names of the parts that a pattern finds; numbers unless a table reads them.
_NAMES = {
    "month_name": r"(?i:" + "|".join(MONTHS) + "|" + "|".join(m[:3] for m in MONTHS) + ")",
    "day_name": r"(?i:" + "|".join(DAYS) + "|" + "|".join(d[:3] for d in DAYS) + ")",
    "half": r"(?i:am|pm)",
    "zone": r"[+-]\d{2}:?\d{2}|[A-Za-z][A-Za-z0-9_+/-]*",
    "era": r"(?i:AD|BC)",
}


class _Form:
    """A pattern as a regular expression with the parts that it reads, in order."""

    def __init__(self) -> None:
        self.source: list[str] = []
        self.parts: list[str] = []

    def number(self, part: str, low: int, high: int) -> None:
        self.source.append(f"(\\d{{{low},{high}}})")
        self.parts.append(part)

    def name(self, part: str) -> None:
        self.source.append(f"({_NAMES[part]})")
        self.parts.append(part)

    def text(self, literal: str) -> None:
        self.source.append(re.escape(literal))

    def read(self, text: str) -> dict[str, str] | None:
        match = re.fullmatch("".join(self.source), text)
        return None if match is None else dict(zip(self.parts, match.groups(), strict=True))


@lru_cache(maxsize=256)
def joda_form(pattern: str) -> _Form:
    form = _Form()
    cut = runs(pattern)
    for index, (letter, count) in enumerate(cut):
        following = cut[index + 1] if index + 1 < len(cut) else ("", 0)
        # A number next to another has the width of its letters.
        tight = following[1] > 0 and (following[0] in _JODA_NUMBERS or following[0] == "S")
        widest = count if tight else 9
        if not count:
            form.text(letter)
        elif letter in "yY":
            if count == 2:
                form.number("short_year", 2, 2) if tight else form.number("short_year", 1, 9)
            else:
                form.number("year", 1, widest)
        elif letter == "x":
            form.number("week_year", 1, widest)
        elif letter == "M" and count >= 3:
            form.name("month_name")
        elif letter == "S":
            form.number("fraction", 1, count)
        elif letter in "Zz":
            form.name("zone")
        elif letter in ("E", "a", "G"):
            form.name({"E": "day_name", "a": "half", "G": "era"}[letter])
        elif letter in "MdDewHhKkms":
            names = {
                "M": "month",
                "d": "day",
                "D": "year_day",
                "e": "week_day",
                "w": "week",
                "H": "hour",
                "h": "half_hour",
                "K": "half_hour",
                "k": "late_hour",
                "m": "minute",
                "s": "second",
            }
            most = 3 if letter == "D" else 1 if letter == "e" else 2
            form.number(names[letter], 1, max(count, most) if not tight else count)
        else:
            raise invalid(f"Illegal pattern component: {letter * count}")
    return form


@lru_cache(maxsize=256)
def mysql_form(pattern: str) -> _Form:
    form = _Form()
    simple = {
        "c": ("month", 2),
        "m": ("month", 2),
        "d": ("day", 2),
        "e": ("day", 2),
        "f": ("fraction", 9),
        "H": ("hour", 2),
        "k": ("hour", 2),
        "h": ("half_hour", 2),
        "I": ("half_hour", 2),
        "l": ("half_hour", 2),
        "i": ("minute", 2),
        "j": ("year_day", 3),
        "S": ("second", 2),
        "s": ("second", 2),
        "v": ("week", 2),
        "x": ("week_year", 4),
        "Y": ("year", 4),
        "y": ("pivot_year", 2),
    }
    names = {"a": "day_name", "W": "day_name", "b": "month_name", "M": "month_name", "p": "half"}
    at = 0
    pattern = pattern.replace("%T", "%H:%i:%S").replace("%r", "%I:%i:%S %p")
    while at < len(pattern):
        if pattern[at] != "%" or at + 1 == len(pattern):
            form.text(pattern[at])
            at += 1
            continue
        letter = pattern[at + 1]
        at += 2
        if letter in MYSQL_REFUSED:
            raise invalid(f"%{letter} not supported in date format string")
        if letter in simple:
            part, most = simple[letter]
            form.number(part, 1, most)
        elif letter in names:
            form.name(names[letter])
        else:
            form.text(letter)
    return form


def _moment(parts: dict[str, str], text: str) -> datetime:
    """The time that the parts name; what is missing is that of 1970-01-01 00:00."""
    bad = invalid(f'Cannot parse "{text}": a value is out of its range')
    numbers = {k: int(v) for k, v in parts.items() if v.isdigit() and k != "fraction"}
    year = numbers.get("year", 1970)
    if "short_year" in parts:
        short = numbers["short_year"]
        # Joda's two digits mean the year of that ending from 80 before this one to 19 after it.
        low = datetime.now(UTC).year - 80
        year = low + (short - low) % 100 if len(parts["short_year"]) == 2 else short
    if "pivot_year" in numbers:
        year = 1970 + (numbers["pivot_year"] - 70) % 100
    month, day = numbers.get("month", 1), numbers.get("day", 1)
    if "month_name" in parts:
        month = next(i for i, m in enumerate(MONTHS, 1) if m[:3].lower() == parts["month_name"][:3].lower())
    hour = numbers.get("hour", 0)
    if "late_hour" in numbers:
        hour = numbers["late_hour"] % 24
    if "half_hour" in numbers:
        if numbers["half_hour"] > 12:
            raise bad
        hour = numbers["half_hour"] % 12 + (12 if parts.get("half", "am").lower() == "pm" else 0)
    micros = int((parts.get("fraction") or "0")[:6].ljust(6, "0"))
    try:
        if "year_day" in numbers:
            found = datetime(year, 1, 1) + timedelta(days=numbers["year_day"] - 1)
            if found.year != year:
                raise bad
        elif "week_year" in numbers or "week" in numbers:
            found = datetime.fromisocalendar(
                numbers.get("week_year", year), numbers.get("week", 1), numbers.get("week_day", 1)
            )
        else:
            found = datetime(year, month, day)
        return found.replace(
            hour=hour, minute=numbers.get("minute", 0), second=numbers.get("second", 0), microsecond=micros
        )
    except ValueError:
        raise bad from None


@function("VARCHAR", "VARCHAR", returns="TIMESTAMP")
def mysql_parse(text: str, pattern: str) -> datetime:
    """``date_parse``, to the millisecond."""
    parts = mysql_form(pattern).read(text)
    if parts is None:
        raise invalid(f'Invalid format: "{text}"')
    found = _moment(parts, text)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


@function("VARCHAR", "VARCHAR", returns="STRUCT(i TIMESTAMP, z VARCHAR)")
def joda_parse(text: str, pattern: str) -> dict:
    """``parse_datetime``: the instant and its zone, UTC where the text names none."""
    parts = joda_form(pattern).read(text)
    if parts is None:
        raise invalid(f'Invalid format: "{text}" is malformed')
    local = _moment(parts, text)
    local = local.replace(microsecond=local.microsecond // 1000 * 1000)
    named = parts.get("zone")
    if named is None:
        return {"i": local, "z": "UTC"}
    zone = zone_of(named)
    instant = local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    match = re.fullmatch(r"([+-]\d{2}):?(\d{2})", named)
    shown = f"{match[1]}:{match[2]}" if match else named
    return {"i": instant, "z": "UTC" if shown in ("+00:00", "-00:00", "Z", "UTC", "GMT", "UT") else shown}


_ISO = re.compile(
    r"(\d{4})(?:-(?:(\d{2})(?:-(\d{2}))?|W(\d{2})(?:-(\d))?|(\d{3})))?"
    r"(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


@function("VARCHAR", returns="STRUCT(i TIMESTAMP, z VARCHAR)")
def iso_timestamp(text: str) -> dict:
    """ISO 8601 of dates by month, week or day of the year, to the millisecond; UTC where there is no zone."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise invalid(f'Invalid format: "{text}"')
    year, month, day, week, weekday, yearday, hour, minute, second, fraction, zone = match.groups()
    try:
        if week:
            local = datetime.fromisocalendar(int(year), int(week), int(weekday or 1))
        elif yearday:
            local = datetime(int(year), 1, 1) + timedelta(days=int(yearday) - 1)
        else:
            local = datetime(int(year), int(month or 1), int(day or 1))
        millis = int((fraction or "0")[:3].ljust(3, "0"))
        local = local.replace(hour=int(hour or 0), minute=int(minute or 0), second=int(second or 0))
        local = local.replace(microsecond=millis * 1000)
    except ValueError:
        raise invalid(f'Cannot parse "{text}": a value is out of its range') from None
    if zone in (None, "Z"):
        return {"i": local, "z": "UTC"}
    sign, hours, minutes = zone[0], int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    ahead = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    shown = f"{sign}{hours:02d}:{minutes:02d}" if ahead else "UTC"
    return {"i": local - ahead, "z": shown}


_TERADATA = {
    "yyyy": "yyyy",
    "yy": "yy",
    "mm": "MM",
    "dd": "dd",
    "hh24": "HH",
    "hh": "hh",
    "mi": "mm",
    "ss": "ss",
}


@function("VARCHAR", returns="VARCHAR")
def teradata_pattern(pattern: str) -> str:
    """Teradata's date pattern as Joda's. https://trino.io/docs/current/functions/teradata.html"""
    out, at = [], 0
    while at < len(pattern):
        word = next((w for w in _TERADATA if pattern.lower().startswith(w, at)), None)
        if word is not None:
            out.append(_TERADATA[word])
            at += len(word)
        elif pattern[at] in "-/,.;: ":
            out.append(pattern[at])
            at += 1
        else:
            raise invalid(f"Failed to tokenize string [{pattern}] at offset [{at}]")
    return "".join(out)


@function("VARCHAR", returns="VARCHAR")
def zone_id(name: str) -> str:
    """The name of a zone as Trino keeps it.

    Raises
    ------
    Refused
        INVALID_FUNCTION_ARGUMENT where there is no such zone.
    """
    match = re.fullmatch(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?", name)
    if match:
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours > 14 or minutes > 59:
            raise invalid(f"'{name}' is not a valid time zone")
        return f"{match[1]}{hours:02d}:{minutes:02d}" if hours or minutes else "UTC"
    if name in (
        "Z",
        "z",
        "UTC",
        "UT",
        "GMT",
        "GMT0",
        "Etc/UTC",
        "Etc/GMT",
        "Zulu",
        "Etc/Zulu",
        "UCT",
        "Etc/UCT",
    ):
        return "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid(f"'{name}' is not a valid time zone") from None
    return name
