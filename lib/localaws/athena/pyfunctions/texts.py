"""Strings, by code points."""

from __future__ import annotations

import unicodedata

from localaws.athena.pyfunctions.registry import function, invalid


@function("VARCHAR", "VARCHAR", returns="BIGINT")
def levenshtein(one: str, two: str) -> int:
    """The number of code points to insert, delete or change."""
    before = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
        before = row
    return before[-1]


@function("VARCHAR", "VARCHAR", returns="BIGINT")
def hamming(one: str, two: str) -> int:
    if len(one) != len(two):
        raise invalid("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(one, two, strict=True))


@function("VARCHAR", returns="VARCHAR")
def reverse(value: str) -> str:
    return value[::-1]


@function("VARCHAR", "VARCHAR", returns="VARCHAR")
def normalize(value: str, form: str) -> str:
    return unicodedata.normalize(form, value)


@function("VARCHAR", returns="BOOLEAN")
def luhn(value: str) -> bool:
    if not all("0" <= c <= "9" for c in value):
        raise invalid("Input contains non-digit characters")
    if not value:
        return False
    digits = [int(c) for c in reversed(value)]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


_SOUNDEX = {
    **dict.fromkeys("BFPV", "1"),
    **dict.fromkeys("CGJKQSXZ", "2"),
    **dict.fromkeys("DT", "3"),
    "L": "4",
    **dict.fromkeys("MN", "5"),
    "R": "6",
}


@function("VARCHAR", returns="VARCHAR")
def soundex(value: str) -> str:
    """American Soundex: letters alike in sound and parted by H or W alone count once."""
    letters = [c for c in value.upper() if c.isalpha()]
    if any(c > "Z" for c in letters):
        bad = next(c for c in letters if c > "Z")
        raise invalid(f"The character is not mapped: {bad} (index={ord(bad) - 65})")
    if not letters:
        return ""
    out, last = letters[0], _SOUNDEX.get(letters[0], "")
    for letter in letters[1:]:
        code = _SOUNDEX.get(letter, "")
        if code and code != last:
            out += code
        if letter not in "HW":
            last = code
    return out[:4].ljust(4, "0")


@function("BLOB", "VARCHAR", returns="VARCHAR")
def from_utf8(value: bytes, replacement: str) -> str:
    """Bytes as text, each invalid sequence replaced."""
    if len(replacement) > 1:
        raise invalid("Replacement character string must empty or a single character")
    out, at = [], 0
    while at < len(value):
        try:
            out.append(value[at:].decode("utf-8"))
            break
        except UnicodeDecodeError as error:
            out.append(value[at : at + error.start].decode("utf-8"))
            out.append(replacement)
            at += error.end
    return "".join(out)


@function("VARCHAR", "VARCHAR", "VARCHAR", returns="STRUCT(k VARCHAR, v VARCHAR)[]")
def pairs(value: str, entry_delimiter: str, key_delimiter: str) -> list[dict]:
    """The entries of ``split_to_map`` and ``split_to_multimap``."""
    if not entry_delimiter:
        raise invalid("entryDelimiter is empty")
    if not key_delimiter:
        raise invalid("keyValueDelimiter is empty")
    if entry_delimiter == key_delimiter:
        raise invalid("entryDelimiter and keyValueDelimiter must not be the same")
    found = []
    parts = value.split(entry_delimiter)
    if parts and not parts[-1]:
        parts.pop()
    for part in parts:
        key, sign, rest = part.partition(key_delimiter)
        if not sign or key_delimiter in rest:
            raise invalid(f"Key-value delimiter must appear exactly once in each entry. Bad input: '{part}'")
        found.append({"k": key, "v": rest})
    return found
