"""Regular expressions of Java's syntax, for the patterns that RE2 does not carry.

https://trino.io/docs/current/functions/regexp.html
"""

from __future__ import annotations

import re
from functools import lru_cache

import regex

from localaws.athena.pyfunctions.registry import Refused, function, invalid

_SECONDS = 20  # for one value: a pattern that explodes must not hold the engine


@lru_cache(maxsize=512)
def compiled(pattern: str) -> regex.Pattern:
    """A Java pattern.

    Raises
    ------
    Refused
        INVALID_FUNCTION_ARGUMENT when it is none.
    """
    try:
        return regex.compile(_as_python(pattern), regex.VERSION1)
    except regex.error as error:
        raise invalid(f"{error.msg}: {pattern}") from error


def _as_python(pattern: str) -> str:
    r"""What Java writes otherwise: ``\Q…\E``, ``\z``, ``\Z``, ``\h``, ``\e``, ``\x{…}``."""
    pattern = re.sub(r"\\Q(.*?)(?:\\E|$)", lambda m: re.escape(m[1]), pattern, flags=re.DOTALL)
    swaps = {"z": r"\Z", "Z": r"(?=\n?\Z)", "h": r"[ \t\xA0]", "e": r"\x1B"}

    def swap(match: re.Match) -> str:
        if match[1]:
            return f"\\U{int(match[1], 16):08x}"
        return swaps.get(match[2], match[0])

    return re.sub(r"\\(?:x\{([0-9A-Fa-f]+)\}|(.))", swap, pattern, flags=re.DOTALL)


def matches(pattern: str, text: str):
    """The matches in a text, one after another."""
    try:
        yield from compiled(pattern).finditer(text, timeout=_SECONDS)
    except TimeoutError:
        raise Refused("GENERIC_USER_ERROR", f"regular expression took over {_SECONDS} s: {pattern}") from None


def _group(found: regex.Match, group: int) -> str | None:
    count = found.re.groups
    if group < 0:
        raise invalid("Group cannot be negative")
    if group > count:
        raise invalid(f"Pattern has {count} groups. Cannot access group {group}")
    return found.group(group)


@function("VARCHAR", "VARCHAR", returns="BOOLEAN")
def regexp_like(text: str, pattern: str) -> bool:
    return next(matches(pattern, text), None) is not None


@function("VARCHAR", "VARCHAR", returns="BIGINT")
def regexp_count(text: str, pattern: str) -> int:
    return sum(1 for _ in matches(pattern, text))


@function("VARCHAR", "VARCHAR", "BIGINT", returns="VARCHAR")
def regexp_extract(text: str, pattern: str, group: int) -> str | None:
    if group > compiled(pattern).groups or group < 0:
        raise invalid(f"Pattern has {compiled(pattern).groups} groups. Cannot access group {group}")
    found = next(matches(pattern, text), None)
    return None if found is None else _group(found, group)


@function("VARCHAR", "VARCHAR", "BIGINT", returns="VARCHAR[]")
def regexp_extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    if group > compiled(pattern).groups or group < 0:
        raise invalid(f"Pattern has {compiled(pattern).groups} groups. Cannot access group {group}")
    return [_group(m, group) for m in matches(pattern, text)]


@function("VARCHAR", "VARCHAR", returns="VARCHAR[]")
def regexp_split(text: str, pattern: str) -> list[str]:
    out, at = [], 0
    for found in matches(pattern, text):
        out.append(text[at : found.start()])
        at = found.end()
    return [*out, text[at:]]


@function("VARCHAR", "VARCHAR", "BIGINT", "BIGINT", returns="INTEGER")
def regexp_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    """Where the n-th match from a place starts, counted from 1; -1 where there is none."""
    if start < 1:
        raise invalid("start position cannot be smaller than 1")
    if occurrence < 1:
        raise invalid("occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    for count, found in enumerate(matches(pattern, text[start - 1 :]), 1):
        if count == occurrence:
            return found.start() + start
    return -1


@function("VARCHAR", "VARCHAR", "VARCHAR", returns="VARCHAR")
def regexp_replace(text: str, pattern: str, replacement: str) -> str:
    out, at = [], 0
    for found in matches(pattern, text):
        out.append(text[at : found.start()])
        out.append(_replaced(found, replacement))
        at = found.end()
    return "".join([*out, text[at:]])


def _replaced(found: regex.Match, replacement: str) -> str:
    r"""A Java replacement: ``$1``, ``${name}``, ``\$``."""
    out, at = [], 0
    while at < len(replacement):
        char = replacement[at]
        if char == "\\":
            if at + 1 == len(replacement):
                raise invalid("Illegal replacement sequence: " + replacement)
            out.append(replacement[at + 1])
            at += 2
            continue
        if char != "$":
            out.append(char)
            at += 1
            continue
        match = re.match(r"\$(?:(\d+)|\{(\w+)\})", replacement[at:])
        if match is None:
            raise invalid("Illegal replacement sequence: " + replacement)
        if match[2]:
            if match[2] not in found.re.groupindex:
                raise invalid(f"Illegal replacement sequence: unknown group {{ {match[2]} }}")
            out.append(found.group(match[2]) or "")
            at += match.end()
            continue
        digits = match[1]
        while len(digits) > 1 and int(digits) > found.re.groups:
            digits = digits[:-1]
        if int(digits) > found.re.groups:
            raise invalid(f"Illegal replacement sequence: unknown group {{ {digits} }}")
        out.append(found.group(int(digits)) or "")
        at += 1 + len(digits)
    return "".join(out)


@function("VARCHAR", "VARCHAR", returns="STRUCT(before VARCHAR, groups VARCHAR[])[]")
def regexp_pieces(text: str, pattern: str) -> list[dict]:
    """A text cut at its matches: what stands before each and its groups; the last piece has no groups."""
    out, at = [], 0
    for found in matches(pattern, text):
        out.append({"before": text[at : found.start()], "groups": list(found.groups())})
        at = found.end()
    return [*out, {"before": text[at:], "groups": None}]


@function("VARCHAR", "VARCHAR", "VARCHAR", returns="BOOLEAN")
def like(text: str, pattern: str, escape: str) -> bool:
    """LIKE with an escape that is not a literal."""
    return _like(pattern, escape).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _like(pattern: str, escape: str) -> re.Pattern:
    if len(escape) != 1:
        raise invalid("Escape string must be a single character")
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == escape:
            if pattern[at + 1 : at + 2] not in ("%", "_", escape) or at + 1 == len(pattern):
                raise invalid("Escape character must be followed by '%', '_' or the escape character itself")
            out.append(re.escape(pattern[at + 1]))
            at += 2
            continue
        out.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        at += 1
    return re.compile("".join(out), re.DOTALL)
