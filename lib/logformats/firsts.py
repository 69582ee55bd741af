"""With which characters the lines start that a regular expression can match.

Most lines fail a format at their first character. Knowing the characters saves trying: 80 formats on a line
cost as much as two.
"""

from __future__ import annotations

import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

#: The printable characters of ASCII; any other first character counts as possible.
ASCII = frozenset(map(chr, range(128)))


def first_characters(pattern: re.Pattern[str]) -> frozenset[str] | None:
    """The ASCII characters that a match of `pattern` can start with; None if it could also be empty.

    A line that starts with another ASCII character cannot match. Nothing is said of lines that start with a
    character beyond ASCII.
    """
    parsed = parser.parse(pattern.pattern, pattern.flags)
    firsts, empty = _of_sequence(parsed, bool(pattern.flags & re.IGNORECASE))
    return None if empty else frozenset(firsts)


def _of_sequence(items, ignore_case: bool) -> tuple[set[str], bool]:
    """Possible first characters, and whether the sequence can be empty."""
    firsts: set[str] = set()
    for item in items:
        found, empty = _of_item(item, ignore_case)
        firsts |= found
        if not empty:
            return firsts, False
    return firsts, True


def _of_item(item, ignore_case: bool) -> tuple[set[str], bool]:
    code, value = item
    if code is op.AT:
        return set(), True
    if code is op.LITERAL:
        return _cases({chr(value)}, ignore_case), False
    if code is op.NOT_LITERAL:
        return set(ASCII) - {chr(value)}, False
    if code is op.IN:
        return _cases(_of_class(value), ignore_case), False
    if code is op.SUBPATTERN:
        _, add, remove, inner = value
        ignore_case = (ignore_case or bool(add & re.IGNORECASE)) and not remove & re.IGNORECASE
        return _of_sequence(inner, ignore_case)
    if code is op.BRANCH:
        found = [_of_sequence(branch, ignore_case) for branch in value[1]]
        return set().union(*(firsts for firsts, _ in found)), any(empty for _, empty in found)
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        least, _, inner = value
        firsts, empty = _of_sequence(inner, ignore_case)
        return firsts, empty or least == 0
    return set(ASCII), True  # anything else: it could start with all, or with what follows


def _cases(characters: set[str], ignore_case: bool) -> set[str]:
    if ignore_case:
        characters = {case for c in characters for case in (c.lower(), c.upper())}
    return characters & ASCII


def _of_class(members) -> set[str]:
    found: set[str] = set()
    negated = False
    for code, value in members:
        if code is op.NEGATE:
            negated = True
        elif code is op.LITERAL:
            found.add(chr(value))
        elif code is op.RANGE:
            found.update(c for c in ASCII if value[0] <= ord(c) <= value[1])
        else:  # \d, \w and their like
            if negated:
                return set(ASCII)
            found |= ASCII
    return set(ASCII) - found if negated else found
