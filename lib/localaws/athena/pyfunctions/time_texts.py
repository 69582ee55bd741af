"""Times written by patterns that are not known before a statement runs.

https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

from datetime import datetime

from localaws.athena.pyfunctions.registry import function, invalid
from localaws.athena.pyfunctions.times import DAYS, MONTHS, MYSQL_REFUSED, runs, zone_of


@function("TIMESTAMP", "VARCHAR", "BIGINT", "VARCHAR", returns="VARCHAR")
def joda_format(local: datetime, zone: str, minutes: int, pattern: str) -> str:
    """``format_datetime``: a time on the clock of a zone that is so many minutes from UTC."""
    return "".join(
        _joda_part(letter, count, local, zone, minutes) if count else letter
        for letter, count in runs(pattern)
    )


def _joda_part(letter: str, count: int, t: datetime, zone: str, minutes: int) -> str:
    week_year, week, weekday = t.isocalendar()
    if letter in "yYx":
        year = week_year if letter == "x" else t.year
        return f"{year % 100:02d}" if count == 2 else str(year).zfill(count)
    if letter == "M" and count >= 3:
        return MONTHS[t.month - 1][:3] if count == 3 else MONTHS[t.month - 1]
    if letter == "E":
        return DAYS[weekday - 1][:3] if count <= 3 else DAYS[weekday - 1]
    if letter == "S":
        return f"{t.microsecond // 1000:03d}"[:count].ljust(count, "0")
    if letter in "Zz":
        sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
        if letter == "z":
            return _zone_name(zone, t, count)
        if count == 1:
            return f"{sign}{ahead // 60:02d}{ahead % 60:02d}"
        return f"{sign}{ahead // 60:02d}:{ahead % 60:02d}" if count == 2 else zone
    texts = {"a": "AM" if t.hour < 12 else "PM", "G": "AD"}
    if letter in texts:
        return texts[letter]
    numbers = {
        "C": t.year // 100,
        "M": t.month,
        "d": t.day,
        "D": t.timetuple().tm_yday,
        "e": weekday,
        "w": week,
        "H": t.hour,
        "h": (t.hour + 11) % 12 + 1,
        "K": t.hour % 12,
        "k": (t.hour + 23) % 24 + 1,
        "m": t.minute,
        "s": t.second,
    }
    if letter not in numbers:
        raise invalid(f"Illegal pattern component: {letter * count}")
    return str(numbers[letter]).zfill(count)


def _zone_name(zone: str, t: datetime, count: int) -> str:
    if zone == "UTC":
        return "UTC" if count < 4 else "Coordinated Universal Time"
    if zone[0] in "+-":
        return zone
    return zone_of(zone).tzname(t) or zone


_MYSQL_LETTERS = {
    "a": lambda t: DAYS[t.weekday()][:3],
    "b": lambda t: MONTHS[t.month - 1][:3],
    "c": lambda t: str(t.month),
    "d": lambda t: f"{t.day:02d}",
    "e": lambda t: str(t.day),
    "f": lambda t: f"{t.microsecond:06d}",
    "H": lambda t: f"{t.hour:02d}",
    "h": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "I": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "i": lambda t: f"{t.minute:02d}",
    "j": lambda t: f"{t.timetuple().tm_yday:03d}",
    "k": lambda t: str(t.hour),
    "l": lambda t: str((t.hour + 11) % 12 + 1),
    "M": lambda t: MONTHS[t.month - 1],
    "m": lambda t: f"{t.month:02d}",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "r": lambda t: f"{(t.hour + 11) % 12 + 1:02d}:{t:%M:%S} {'AM' if t.hour < 12 else 'PM'}",
    "S": lambda t: f"{t.second:02d}",
    "s": lambda t: f"{t.second:02d}",
    "T": lambda t: f"{t:%H:%M:%S}",
    "v": lambda t: f"{t.isocalendar()[1]:02d}",
    "W": lambda t: DAYS[t.weekday()],
    "x": lambda t: str(t.isocalendar()[0]),
    "Y": lambda t: f"{t.year:04d}",
    "y": lambda t: f"{t.year % 100:02d}",
    "%": lambda t: "%",
}


@function("TIMESTAMP", "VARCHAR", returns="VARCHAR")
def mysql_format(local: datetime, pattern: str) -> str:
    """``date_format``."""
    out, at = [], 0
    while at < len(pattern):
        if pattern[at] != "%" or at + 1 == len(pattern):
            out.append(pattern[at])
            at += 1
            continue
        letter = pattern[at + 1]
        if letter in MYSQL_REFUSED:
            raise invalid(f"%{letter} not supported in date format string")
        write = _MYSQL_LETTERS.get(letter)
        out.append(write(local) if write else letter)
        at += 2
    return "".join(out)
