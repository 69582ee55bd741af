"""Tokens of a statement, each with its line and column.

Trino's lexical rules: https://trino.io/docs/current/language/reserved.html; Hive DDL adds identifiers in
backquotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena.errors import Position, StatementError


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a value or a sign.

    Attributes
    ----------
    kind
        ``word``, ``quoted`` ("…"), ``backquoted``, ``string``, ``unicode``, ``binary``, ``integer``,
        ``decimal``, ``double``, ``sign`` or ``end``.
    text
        A word as written, a string's value with its quotes undone, else the source text.
    upper
        The text in capitals, by which keywords are found; empty for what cannot be one.
    """

    kind: str
    text: str
    upper: str
    position: Position
    start: int
    stop: int


_PATTERN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\r\n]*|/\*.*?\*/)
    | (?P<unicode>[Uu]&'(?:[^']|'')*')
    | (?P<binary>[Xx]'[^']*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<backquoted>`(?:[^`]|``)*`)
    | (?P<double>(?:\d+(?:\.\d*)?|\.\d+)[Ee][+-]?\d+)
    | (?P<decimal>\d+\.\d*|\.\d+)
    | (?P<digits>\d[A-Za-z0-9_]*)
    | (?P<word>[A-Za-z_][A-Za-z0-9_@]*)
    | (?P<sign><>|!=|<=|>=|\|\||->|=>|[-+*/%=<>.,()\[\]?:;@{}|^$])
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[Token]:
    """Cut a statement into tokens, the last of kind ``end``.

    Raises
    ------
    StatementError
        SYNTAX_ERROR for a character that no token starts with, and for a string without an end.
    """
    found: list[Token] = []
    at, line, line_start = 0, 1, 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        position = (line, at - line_start + 1)
        if match is None:
            # Trino names the character that it cannot read on with.
            raise StatementError("SYNTAX_ERROR", f"mismatched input '{text[at]}'", position)
        kind, source = match.lastgroup, match.group()
        if kind not in ("space", "comment"):
            found.append(_token(kind, source, position, at, match.end()))
        newlines = source.count("\n")
        if newlines:
            line += newlines
            line_start = at + source.rfind("\n") + 1
        at = match.end()
    found.append(Token("end", "<EOF>", "", (line, len(text) - line_start + 1), len(text), len(text)))
    return found


def _token(kind: str, source: str, position: Position, start: int, stop: int) -> Token:
    if kind == "word":
        return Token("word", source, source.upper(), position, start, stop)
    if kind == "sign":
        return Token("sign", source, source, position, start, stop)
    if kind == "digits":
        if source.isdigit():
            return Token("integer", source, "", position, start, stop)
        raise StatementError(
            "SYNTAX_ERROR",
            "identifiers must not start with a digit; surround the identifier with double quotes",
            position,
        )
    if kind == "string":
        return Token("string", source[1:-1].replace("''", "'"), "", position, start, stop)
    if kind == "quoted":
        return Token("quoted", source[1:-1].replace('""', '"'), "", position, start, stop)
    if kind == "backquoted":
        return Token("backquoted", source[1:-1].replace("``", "`"), "", position, start, stop)
    if kind == "unicode":
        return Token("unicode", source[3:-1].replace("''", "'"), "", position, start, stop)
    if kind == "binary":
        return Token("binary", source[2:-1], "", position, start, stop)
    return Token(kind, source, "", position, start, stop)
