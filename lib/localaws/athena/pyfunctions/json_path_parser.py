"""Reads the SQL/JSON path language into tuples: an operation's name and its parts.

https://trino.io/docs/current/functions/json.html#json-path-language
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from localaws.athena.pyfunctions.jsons import Number
from localaws.athena.pyfunctions.registry import Refused

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<text>"(?:[^"]|"")*")"""
    r"""|(?P<name>\$?[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>\.\.|&&|\|\||==|<>|!=|<=|>=|[-+*/%$@.,()\[\]?!<>]))"""
)


@dataclass(frozen=True, slots=True)
class Path:
    strict: bool
    root: tuple


class _Parser:
    """Reads a path into tuples: an operation's name and its parts."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.bad()
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()

    def bad(self) -> Refused:
        return Refused("INVALID_PATH", f"Failed to parse JSON path: {self.text}")

    def sees(self, *words: str) -> bool:
        ahead = self.tokens[self.at : self.at + len(words)]
        return tuple(t for _, t in ahead) == words and all(k != "text" for k, _ in ahead)

    def take(self, *words: str) -> bool:
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def need(self, word: str) -> None:
        if not self.take(word):
            raise self.bad()

    def path(self) -> Path:
        strict = self.take("strict")
        if not strict and not self.take("lax"):
            raise self.bad()
        root = self.sum()
        if self.at < len(self.tokens):
            raise self.bad()
        return Path(strict, root)

    def sum(self) -> tuple:
        left = self.product()
        while self.sees("+") or self.sees("-"):
            sign = self.tokens[self.at][1]
            self.at += 1
            left = ("arithmetic", sign, left, self.product())
        return left

    def product(self) -> tuple:
        left = self.signed()
        while self.sees("*") or self.sees("/") or self.sees("%"):
            sign = self.tokens[self.at][1]
            self.at += 1
            left = ("arithmetic", sign, left, self.signed())
        return left

    def signed(self) -> tuple:
        if self.take("-"):
            return ("negative", self.signed())
        if self.take("+"):
            return ("positive", self.signed())
        return self.steps(self.primary())

    def primary(self) -> tuple:
        if self.at >= len(self.tokens):
            raise self.bad()
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("literal", Number(text, text.isdigit()))
        if kind == "text":
            return ("literal", text[1:-1].replace('""', '"'))
        if kind == "name":
            words = {"true": True, "false": False, "null": None}
            if text in words:
                return ("literal", words[text])
            if text == "last":
                return ("last",)
            if text.startswith("$"):
                return ("variable", text[1:])
        if text == "$":
            return ("root",)
        if text == "@":
            return ("current",)
        if text == "(":
            inner = self.sum()
            self.need(")")
            return inner
        raise self.bad()

    def steps(self, base: tuple) -> tuple:
        while True:
            if self.take(".."):
                base = ("descendants", base, self.member())
            elif self.take("."):
                base = self.dotted(base)
            elif self.take("["):
                base = self.subscripts(base)
            elif self.take("?"):
                self.need("(")
                base = ("filter", base, self.condition())
                self.need(")")
            else:
                return base

    def dotted(self, base: tuple) -> tuple:
        if self.take("*"):
            return ("members", base)
        name = self.member()
        if not self.take("("):
            return ("member", base, name)
        self.need(")")
        if name not in ("abs", "ceiling", "double", "floor", "keyvalue", "size", "type"):
            raise Refused(
                "NOT_SUPPORTED", f"the JSON path method {name}() is not supported by the local Athena"
            )
        return ("method", base, name)

    def member(self) -> str:
        if self.at >= len(self.tokens):
            raise self.bad()
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return text[1:-1].replace('""', '"')
        if kind == "name":
            return text
        raise self.bad()

    def subscripts(self, base: tuple) -> tuple:
        if self.take("*", "]"):
            return ("items", base)
        places = []
        while True:
            first = self.sum()
            places.append((first, self.sum() if self.take("to") else None))
            if not self.take(","):
                break
        self.need("]")
        return ("places", base, tuple(places))

    # --- conditions of a filter ---

    def condition(self) -> tuple:
        left = self.conjunction()
        while self.take("||"):
            left = ("or", left, self.conjunction())
        return left

    def conjunction(self) -> tuple:
        left = self.test()
        while self.take("&&"):
            left = ("and", left, self.test())
        return left

    def test(self) -> tuple:
        if self.take("!"):
            self.need("(")
            inner = self.condition()
            self.need(")")
            return ("not", inner)
        if self.take("exists"):
            self.need("(")
            inner = self.sum()
            self.need(")")
            return ("exists", inner)
        mark = self.at
        if self.take("("):
            try:
                inner = self.condition()
                self.need(")")
                return ("unknown", inner) if self.take("is", "unknown") else inner
            except Refused:
                self.at = mark
        left = self.sum()
        if self.take("starts", "with"):
            return ("starts", left, self.sum())
        if self.sees("like_regex"):
            raise Refused("NOT_SUPPORTED", "like_regex in a JSON path is not supported by the local Athena")
        for sign in ("==", "<>", "!=", "<=", ">=", "<", ">"):
            if self.take(sign):
                return ("compare", "<>" if sign == "!=" else sign, left, self.sum())
        raise self.bad()


@lru_cache(maxsize=256)
def compiled(path: str) -> Path:
    """Read a path.

    Raises
    ------
    Refused
        INVALID_PATH when it is none, NOT_SUPPORTED for what is not there.
    """
    return _Parser(path).path()
