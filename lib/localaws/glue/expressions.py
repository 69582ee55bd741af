"""Filters over partition values: the Expression of GetPartitions.

The grammar is that of https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html: comparisons,
BETWEEN, IN, LIKE and IS NULL over partition keys, joined with AND, OR, NOT and parentheses. A value is
compared as its key's type says. Hive's default partition is NULL, with SQL's three-valued logic, but as a
string it equals its name, as on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from localaws.service import AwsError

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"

Predicate = Callable[[Sequence[str]], bool | None]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[^\W\d][\w$.]*|`[^`]+`|"[^"]+")
      | (?P<operator><=|>=|<>|!=|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL"}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compile_expression(expression: str, partition_keys: Sequence[dict[str, Any]]) -> Predicate:
    """Turn an expression into a function of a partition's values.

    Parameters
    ----------
    expression
        The filter; a blank one lets every partition pass.
    partition_keys
        The table's partition keys as Glue has them (``Name``, ``Type``), in order.

    Returns
    -------
    Predicate
        True, False or None (unknown) for the values of one partition; only True passes the filter.

    Raises
    ------
    AwsError
        InvalidInputException, when the expression is no expression over these keys.
    """
    if not expression.strip():
        return lambda values: True
    return _Parser(expression, partition_keys).parse()


class _Key(NamedTuple):
    """A partition key: how to read its typed value from a partition's values, and how to type a literal."""

    read: Callable[[Sequence[str]], Any]
    literal: Callable[[str], Any]
    textual: bool


class _Parser:
    """Recursive descent over the tokens; each rule gives a predicate."""

    def __init__(self, expression: str, partition_keys: Sequence[dict[str, Any]]) -> None:
        self.expression = expression
        self.keys = {
            key["Name"].lower(): (position, key.get("Type", "string"))
            for position, key in enumerate(partition_keys)
        }
        self.tokens = list(self._tokenize())
        self.position = 0

    def _tokenize(self):
        start = 0
        text = self.expression.rstrip()
        while start < len(text):
            match = _TOKEN.match(text, start)
            if match is None:
                raise self._error(f"unexpected {text[start:].strip()[:20]!r}")
            kind, value = match.lastgroup, match.group(match.lastgroup)
            if kind == "name" and value.upper() in _KEYWORDS:
                kind, value = "keyword", value.upper()
            elif kind == "name":
                value = value.strip('`"')
            elif kind == "string":
                value = value[1:-1].replace("''", "'")
            yield kind, value
            start = match.end()

    def _error(self, reason: str) -> AwsError:
        return AwsError(
            "InvalidInputException", f"Invalid partition expression! '{self.expression}': {reason}"
        )

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.position] if self.position < len(self.tokens) else ("end", "its end")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self.position += 1
        return token

    def _take(self, *wanted: str) -> str | None:
        kind, value = self._peek()
        if kind in ("keyword", "operator") and value in wanted:
            self.position += 1
            return value
        return None

    def _expect(self, wanted: str) -> None:
        if self._take(wanted) is None:
            raise self._error(f"expected {wanted} before {self._peek()[1]!r}")

    def parse(self) -> Predicate:
        predicate = self._or()
        if self._peek()[0] != "end":
            raise self._error(f"unexpected {self._peek()[1]!r}")
        return predicate

    def _or(self) -> Predicate:
        terms = [self._and()]
        while self._take("OR"):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else _any(terms)

    def _and(self) -> Predicate:
        terms = [self._not()]
        while self._take("AND"):
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else _all(terms)

    def _not(self) -> Predicate:
        if self._take("NOT"):
            return _negate(self._not())
        if self._take("("):
            predicate = self._or()
            self._expect(")")
            return predicate
        return self._condition()

    def _condition(self) -> Predicate:
        if self._peek()[0] == "name":
            return self._condition_of_key()
        literal = self._next()  # the literal first: 2020 <= year
        operator = self._take(*_COMPARISONS)
        if literal[0] not in ("string", "number") or operator is None or self._peek()[0] != "name":
            raise self._error(f"expected a partition key at {literal[1]!r}")
        key = self._key(self._next()[1])
        return _comparison(key.read, _COMPARISONS[_MIRRORED.get(operator, operator)], key.literal(literal[1]))

    def _condition_of_key(self) -> Predicate:
        key = self._key(self._next()[1])
        read, convert = key.read, key.literal
        if operator := self._take(*_COMPARISONS):
            return _comparison(read, _COMPARISONS[operator], self._literal(convert))
        if self._take("IS"):
            negated = self._take("NOT") is not None
            self._expect("NULL")
            return lambda values: (read(values) in (None, HIVE_NULL)) is not negated
        negated = self._take("NOT") is not None
        if self._take("BETWEEN"):
            low = self._literal(convert)
            self._expect("AND")
            high = self._literal(convert)
            predicate = _comparison(read, lambda value, bounds: bounds[0] <= value <= bounds[1], (low, high))
        elif self._take("IN"):
            self._expect("(")
            options = {self._literal(convert)}
            while self._take(","):
                options.add(self._literal(convert))
            self._expect(")")
            predicate = _comparison(read, lambda value, wanted: value in wanted, options)
        elif self._take("LIKE"):
            kind, pattern = self._next()
            if kind != "string" or not key.textual:
                raise self._error("LIKE compares a key of type string with a string")
            predicate = _comparison(read, lambda value, like: bool(like.fullmatch(value)), _like(pattern))
        else:
            raise self._error(f"expected a comparison before {self._peek()[1]!r}")
        return _negate(predicate) if negated else predicate

    def _literal(self, convert: Callable[[str], Any]) -> Any:
        kind, value = self._next()
        if kind == "name" and value.upper() in ("DATE", "TIMESTAMP"):  # DATE '2026-11-23'
            kind, value = self._next()
        if kind not in ("string", "number"):
            raise self._error(f"expected a value before {value!r}")
        return convert(value)

    def _key(self, name: str) -> _Key:
        if name.lower() not in self.keys:
            raise self._error(f"{name} is not a partition key")
        position, type_name = self.keys[name.lower()]
        convert = _converter(type_name)
        if convert is None:
            raise self._error(f"partition key {name} has the type {type_name}, which a filter cannot compare")

        # Values repeat (24 hours in 100,000 partitions). As text, the default partition's name is itself.
        known: dict[str, Any] = {} if convert is str else {HIVE_NULL: None}

        def read(values: Sequence[str]) -> Any:
            text = values[position]
            if text not in known:
                try:
                    known[text] = convert(text)
                except (ValueError, InvalidOperation):
                    raise AwsError(
                        "InvalidStateException", f'For input string: "{text}" is not {_article(type_name)}.'
                    ) from None
            return known[text]

        def literal(text: str) -> Any:
            try:
                return convert(text)
            except (ValueError, InvalidOperation):
                raise self._error(f'"{text}" is not {_article(type_name)}') from None

        return _Key(read, literal, convert is str)


def _converter(type_name: str) -> Callable[[str], Any] | None:
    base = type_name.lower().split("(")[0].strip()
    if base in _INTEGERS:
        return int
    if base == "decimal":
        return Decimal
    if base == "date":
        return date.fromisoformat
    if base == "timestamp":
        return _timestamp
    return str if base in ("string", "varchar", "char") else None


def _article(type_name: str) -> str:
    base = type_name.lower().split("(")[0].strip()
    return "an integer" if base in _INTEGERS else f"a {base}"


def _timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _like(pattern: str) -> re.Pattern[str]:
    first, *rest = (
        "".join("." if c == "_" else re.escape(c) for c in part) for part in re.split("%+", pattern)
    )
    if not rest:
        return re.compile(first, re.DOTALL)
    # Where a part first fits is as good as any later place: nothing is tried again, so no pattern is slow.
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, re.DOTALL)


def _comparison(
    read: Callable[[Sequence[str]], Any], test: Callable[[Any, Any], bool], right: Any
) -> Predicate:
    def predicate(values: Sequence[str]) -> bool | None:
        left = read(values)
        return None if left is None else test(left, right)

    return predicate


def _all(terms: list[Predicate]) -> Predicate:
    def predicate(values: Sequence[str]) -> bool | None:
        result: bool | None = True
        for term in terms:
            outcome = term(values)
            if outcome is False:
                return False
            if outcome is None:
                result = None
        return result

    return predicate


def _any(terms: list[Predicate]) -> Predicate:
    def predicate(values: Sequence[str]) -> bool | None:
        result: bool | None = False
        for term in terms:
            outcome = term(values)
            if outcome is True:
                return True
            if outcome is None:
                result = None
        return result

    return predicate


def _negate(term: Predicate) -> Predicate:
    def predicate(values: Sequence[str]) -> bool | None:
        outcome = term(values)
        return None if outcome is None else not outcome

    return predicate
