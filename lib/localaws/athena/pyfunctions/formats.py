"""``format()`` with Java's Formatter. https://trino.io/docs/current/functions/conversion.html"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from localaws.athena.pyfunctions.jsons import java_double
from localaws.athena.pyfunctions.registry import function, invalid
from localaws.athena.pyfunctions.times import DAYS, MONTHS

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?(<)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([tT]?[a-zA-Z%])")
_INTEGERS = ("tinyint", "smallint", "integer", "bigint")


@function("VARCHAR", "VARCHAR[]", "VARCHAR[]", returns="VARCHAR")
def java_format(pattern: str, kinds: list[str], values: list[str | None]) -> str:
    """Write values, given as their texts and the names of their types, by a pattern."""
    out, at, following, last = [], 0, 0, -1
    while at < len(pattern):
        if pattern[at] != "%":
            out.append(pattern[at])
            at += 1
            continue
        match = _SPECIFIER.match(pattern, at)
        if match is None:
            raise invalid(f"Invalid format string: {pattern}")
        at = match.end()
        index, again, flags, width, precision, letter = match.groups()
        if letter == "%":
            out.append(_wide("%", flags, width))
            continue
        if letter == "n":
            out.append("\n")
            continue
        if again:
            which = last
        elif index:
            which = int(index) - 1
        else:
            which, following = following, following + 1
        if not 0 <= which < len(values):
            raise invalid(f"Format specifier '{match.group()}'")
        last = which
        text = _written(
            letter, flags, int(width) if width else 0, precision, kinds[which], values[which], pattern
        )
        out.append(_wide(text, flags, width))
    return "".join(out)


def _wide(text: str, flags: str, width: str | None) -> str:
    size = int(width) if width else 0
    return text.ljust(size) if "-" in flags else text.rjust(size)


def _written(
    letter: str, flags: str, width: int, precision: str | None, kind: str, value: str | None, pattern: str
) -> str:
    lower = letter.lower()
    if lower == "b":
        text = "false" if value is None else value if kind == "boolean" else "true"
        return text.upper() if letter == "B" else text[: int(precision)] if precision else text
    if lower == "s":
        text = "null" if value is None else java_double(float(value)) if kind in ("double", "real") else value
        text = text[: int(precision)] if precision else text
        return text.upper() if letter == "S" else text
    if value is None:
        return "null"
    if lower[0] == "t" and len(lower) == 2:
        return _time(letter[1], value, pattern)
    if lower == "d" and kind in _INTEGERS:
        return _signed(_grouped(str(abs(int(value))), flags), int(value) < 0, flags, width)
    if lower in "xo" and kind in _INTEGERS:
        bits = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}[kind]
        text = format(int(value) & ((1 << bits) - 1), lower)
        text = ("0x" if lower == "x" else "0") + text if "#" in flags else text
        text = text.zfill(width) if "0" in flags else text
        return text.upper() if letter == "X" else text
    if lower == "c" and kind in _INTEGERS:
        return chr(int(value))
    if lower == "f" and kind in ("double", "real", "decimal"):
        if value in ("NaN", "Infinity", "-Infinity"):
            return value
        digits = int(precision) if precision is not None else 6
        number = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        whole, _, fraction = f"{abs(number):f}".partition(".")
        text = _grouped(whole, flags) + (f".{fraction}" if fraction else "")
        return _signed(text, value.startswith("-"), flags, width)
    if lower == "e" and kind in ("double", "real", "decimal"):
        text = f"{abs(Decimal(value)):.{int(precision) if precision is not None else 6}e}"
        mantissa, _, exponent = text.partition("e")
        text = _signed(
            f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}", value.startswith("-"), flags, width
        )
        return text.upper() if letter == "E" else text
    if lower == "h":
        raise invalid(f"Invalid format string: {pattern} (%h is not there)")
    raise invalid(f"Invalid format string: {pattern} ({lower} != {_java_class(kind)})")


def _java_class(kind: str) -> str:
    if kind in _INTEGERS:
        return "java.lang.Long"
    return {
        "varchar": "java.lang.String",
        "boolean": "java.lang.Boolean",
        "double": "java.lang.Double",
        "real": "java.lang.Float",
        "decimal": "java.math.BigDecimal",
    }.get(kind, "java.lang.Object")


def _grouped(digits: str, flags: str) -> str:
    return f"{int(digits):,}" if "," in flags else digits


def _signed(text: str, negative: bool, flags: str, width: int) -> str:
    if negative and "(" in flags:
        return f"({text.zfill(width - 2) if '0' in flags else text})"
    sign = "-" if negative else "+" if "+" in flags else " " if " " in flags else ""
    return sign + (text.zfill(width - len(sign)) if "0" in flags else text)


_TIMES = {
    "Y": lambda t: f"{t.year:04d}",
    "y": lambda t: f"{t.year % 100:02d}",
    "m": lambda t: f"{t.month:02d}",
    "d": lambda t: f"{t.day:02d}",
    "e": lambda t: str(t.day),
    "B": lambda t: MONTHS[t.month - 1],
    "b": lambda t: MONTHS[t.month - 1][:3],
    "h": lambda t: MONTHS[t.month - 1][:3],
    "A": lambda t: DAYS[t.weekday()],
    "a": lambda t: DAYS[t.weekday()][:3],
    "j": lambda t: f"{t.timetuple().tm_yday:03d}",
    "H": lambda t: f"{t.hour:02d}",
    "k": lambda t: str(t.hour),
    "I": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "l": lambda t: str((t.hour + 11) % 12 + 1),
    "M": lambda t: f"{t.minute:02d}",
    "S": lambda t: f"{t.second:02d}",
    "L": lambda t: f"{t.microsecond // 1000:03d}",
    "N": lambda t: f"{t.microsecond * 1000:09d}",
    "p": lambda t: "am" if t.hour < 12 else "pm",
    "F": lambda t: f"{t.year:04d}-{t.month:02d}-{t.day:02d}",
    "T": lambda t: f"{t:%H:%M:%S}",
    "R": lambda t: f"{t:%H:%M}",
    "D": lambda t: f"{t:%m/%d/}{t.year % 100:02d}",
    "r": lambda t: f"{(t.hour + 11) % 12 + 1:02d}:{t:%M:%S} {'AM' if t.hour < 12 else 'PM'}",
}


def _time(letter: str, value: str, pattern: str) -> str:
    if letter not in _TIMES:
        raise invalid(f"Invalid format string: {pattern}")
    match = re.match(r"(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+)(?:\.(\d+))?)?", value)
    if match is None:
        raise invalid(f"Invalid format string: {pattern} ({letter} != java.lang.Object)")
    year, month, day, hour, minute, second = (int(g or 0) for g in match.groups()[:6])
    micros = int((match[7] or "0")[:6].ljust(6, "0"))
    return _TIMES[letter](datetime(year, month, day, hour, minute, second, micros))
