"""Patterns in strings, each in DuckDB's form where it has one: regular expressions and time formats."""

from __future__ import annotations

import re

from localaws.athena.analysis.convert import text
from localaws.athena.errors import Position, StatementError
from localaws.athena.pyfunctions.times import runs

# --- regular expressions: Trino takes Java's syntax, DuckDB RE2's ---


def regex(pattern: str, only_whether: bool = False) -> str | None:
    """A Java pattern for RE2, None where RE2 does not carry its meaning.

    That is looking ahead and behind, back references, possessive quantifiers, atomic groups, intersections of
    classes, and some escapes. Where only whether it matches counts, ``$`` can be written for RE2, which Java
    takes before a last line feed too, can be written for RE2.
    """
    pattern = re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern)
    outside = re.sub(r"\\.", "__", pattern)
    outside = re.sub(r"\[\^?\]?[^\]]*\]", lambda m: "c" * len(m.group()), outside)
    if only_whether and "$" in outside and "(?m" not in outside:
        ends = {m.start() for m in re.finditer(r"\$", outside)}
        pattern = "".join(r"\n?\z" if i in ends else c for i, c in enumerate(pattern))
        outside = outside.replace("$", "_")
    beyond = (
        re.search(r"\(\?(=|!|<=|<!|>)", outside)
        or re.search(r"[*+?}]\+", outside)
        or re.search(r"\\(?:[1-9]|k<)", re.sub(r"\\\\", "", pattern))
        or re.search(r"&&|\[[^\]]*\[(?!:)", pattern)
        or re.search(r"\$", outside)  # before a last line feed too, in Java
        or re.search(r"(?<!\\)(?:\\\\)*\\[hHRZGXeQEpPvVux0]", pattern)
        or re.search(r"\(\?[a-zA-Z]*[xdu]", outside)
        or len(pattern) > 500
    )
    return None if beyond else pattern


def replacement(value: str, groups: int, names: dict[str, int]) -> str | None:
    r"""A Java replacement (``$1``, ``${name}``, ``\$``) as RE2 takes it (``\1``), None where it cannot."""
    out, at = [], 0
    while at < len(value):
        char = value[at]
        if char == "\\":
            if at + 1 >= len(value):
                raise StatementError("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: " + value)
            out.append("\\\\" if value[at + 1] == "\\" else value[at + 1])
            at += 2
        elif char == "$":
            match = re.match(r"\$(?:(\d+)|\{(\w+)\})", value[at:])
            if match is None:
                raise StatementError("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: " + value)
            if match[1]:
                digits = match[1]
                while len(digits) > 1 and int(digits) > groups:  # as many digits as there are groups for
                    digits = digits[:-1]
                number, length = int(digits), 1 + len(digits)
            else:
                number, length = names.get(match[2], -1), len(match.group())
            if not 0 <= number <= groups:
                raise StatementError(
                    "INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: unknown group {{ {number} }}"
                )
            if number > 9:
                return None
            out.append(f"\\{number}")
            at += length
        else:
            out.append(char)
            at += 1
    return "".join(out)


# --- MySQL's time formats: date_format, date_parse. https://trino.io/docs/current/functions/datetime.html ---

_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}


def mysql_format(pattern: str, local: str, zoned: str, position: Position | None) -> str:
    """``date_format``: DuckDB's strftime with MySQL's specifiers translated."""
    out, at = [], 0
    while at < len(pattern):
        if pattern[at] != "%":
            out.append(pattern[at])
            at += 1
            continue
        if at + 1 >= len(pattern):
            raise StatementError("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {pattern}", position)
        letter = pattern[at + 1]
        if letter in "DUuVwX":
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string", position
            )
        out.append(_MYSQL.get(letter, letter))  # %x of no meaning is x
        at += 2
    return f"strftime({local}, {text(''.join(out))})" if out else f"CASE WHEN {local} IS NOT NULL THEN '' END"


def mysql_parse(pattern: str, value: str) -> str | None:
    """``date_parse`` by DuckDB's strptime, NULL for what does not fit; None where it reads otherwise."""
    named = set(re.findall(r"%(.)", pattern))
    if not ("Y" in named and named & set("mcbM") and named & set("de")):
        return None  # DuckDB fills what is missing from 1900
    out, at = [], 0
    while at < len(pattern):
        if pattern[at] != "%":
            out.append(pattern[at])
            at += 1
            continue
        letter = pattern[at + 1] if at + 1 < len(pattern) else ""
        if letter in "vxjyfr%" or letter not in _MYSQL:
            return None
        out.append({"c": "%m", "e": "%d", "k": "%H", "l": "%I"}.get(letter, _MYSQL[letter]))
        at += 2
    return f"try_strptime({value}, {text(''.join(out))})"


# --- Joda's time formats: format_datetime, parse_datetime ---


def _padded(sql: str, width: int) -> str:
    return (
        f"lpad(CAST({sql} AS VARCHAR), CAST(greatest({width}, length(CAST({sql} AS VARCHAR))) AS "
        f"INTEGER), '0')"
    )


def joda_format(pattern: str, local: str, zoned: str, position: Position | None) -> str:
    """``format_datetime``."""
    parts: list[str] = []
    for letter, count in runs(pattern):
        if not count:
            parts.append(text(letter))
            continue
        parts.append(_joda_part(letter, count, local, zoned, position))
    return "(" + " || ".join(parts) + ")" if parts else f"CASE WHEN {local} IS NOT NULL THEN '' END"


def _joda_part(letter: str, count: int, local: str, zoned: str, position: Position | None) -> str:
    if letter in "yY":
        if count == 2:
            return _padded(f"year({local}) % 100", 2)
        return _padded(f"year({local})", count)
    if letter == "x":
        return _padded(f"isoyear({local}) % 100" if count == 2 else f"isoyear({local})", count)
    if letter == "M":
        if count >= 3:
            return f"strftime({local}, '{'%b' if count == 3 else '%B'}')"
        return _padded(f"month({local})", count)
    if letter == "E":
        return f"strftime({local}, '{'%a' if count <= 3 else '%A'}')"
    if letter == "a":
        return f"strftime({local}, '%p')"
    simple = {
        "d": f"day({local})",
        "D": f"dayofyear({local})",
        "e": f"isodow({local})",
        "w": f"weekofyear({local})",
        "H": f"hour({local})",
        "h": f"((hour({local}) + 11) % 12 + 1)",
        "K": f"(hour({local}) % 12)",
        "k": f"((hour({local}) + 23) % 24 + 1)",
        "m": f"minute({local})",
        "s": f"second({local})",
    }
    if letter in simple:
        return _padded(simple[letter], count)
    if letter == "S":
        digits = f"lpad(CAST(millisecond({local}) % 1000 AS VARCHAR), 3, '0')"
        return f"rpad(substr({digits}, 1, {count}), {count}, '0')"
    if letter == "Z":
        if count == 1:
            return f"replace(offset_text({zoned}, '+0000'), ':', '')"
        if count == 2:
            return f"offset_text({zoned}, '+00:00')"
        return f"({zoned}).z"
    if letter == "z":
        return f"py_joda_format({local}, ({zoned}).z, offset_minutes({zoned}), {text(letter * count)})"
    if letter == "G":
        return f"CASE WHEN year({local}) > 0 THEN 'AD' ELSE 'BC' END"
    if letter == "C":
        return _padded(f"(year({local}) // 100)", count)
    raise StatementError(
        "INVALID_FUNCTION_ARGUMENT", f"Illegal pattern component: {letter * count}", position
    )


_STRPTIME = {"yyyy": "%Y", "MM": "%m", "MMM": "%b", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def joda_parse(pattern: str, value: str) -> str | None:
    """``parse_datetime`` by DuckDB's strptime, its instant NULL for what does not fit.

    None for a pattern that it reads otherwise: a part of the date left out, or a zone that does not
    stand at its end.
    """
    cut = runs(pattern)
    zoned = bool(cut) and cut[-1][0] == "Z" and cut[-1][1] in (1, 2)
    out, named = [], set()
    for letter, count in cut[:-1] if zoned else cut:
        if not count:
            out.append(letter.replace("%", "%%"))
            continue
        if letter * count not in _STRPTIME:
            return None
        named.add(letter)
        out.append(_STRPTIME[letter * count])
    if not named >= {"y", "M", "d"}:
        return None
    if not zoned:
        return f"at_utc(try_strptime({value}, {text(''.join(out))}))"
    parsed = f"timezone('UTC', try_strptime({value}, {text(''.join(out) + '%z')}))"
    offset = f"regexp_extract({value}, '([+-][0-9]{{2}}:?[0-9]{{2}})$', 1)"
    return f"{{'i': CAST({parsed} AS TIMESTAMP), 'z': iso_zone({offset})}}"
