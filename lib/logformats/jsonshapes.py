"""JSON lines by their shape: lines whose objects differ in values alone are read by one regular expression.

A shape is learnt from one line: its keys in their order, and the kind of each value. What a shape cannot say
exactly as a JSON parser would (numbers that Python would write otherwise, nested lists …) it does not match.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

MAX_KEYS = 60
MAX_TEXT = 4_000  # of a line that a shape is learnt from

_STRING = r'"((?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*)"'
_INTEGER = r"(0|-?[1-9][0-9]{0,17})"
_FLOAT = r"(-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,17})"
_STRINGS = r'(\[(?:"[^"\\\x00-\x1f]*"(?:,"[^"\\\x00-\x1f]*")*)?\])'


_ESCAPES = {
    '\\"': '"',
    "\\\\": "\\",
    "\\/": "/",
    "\\b": "\b",
    "\\f": "\f",
    "\\n": "\n",
    "\\r": "\r",
    "\\t": "\t",
}


@dataclass(frozen=True)
class Shape:
    """A shape of objects: a regular expression with a group for each value, and the values' flat keys.

    strings, floats
        The places of values that are texts (they may hold escapes), and of those that are fractions.
    """

    regex: str
    keys: tuple[str, ...]
    strings: tuple[int, ...]
    floats: tuple[int, ...]


class _NoShapeError(Exception):
    """A line has no shape that can be said exactly."""


class _Pairs(list):
    """An object as its pairs, which may name a key twice."""


def shape_of(text: str) -> Shape | None:
    """The shape of a line; None if it has none, or is no JSON object."""
    if len(text) > MAX_TEXT:
        return None
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    return _shape(_frozen(pairs)) if isinstance(pairs, _Pairs) else None


def _frozen(value: Any) -> Any:
    """What a value's shape depends on, as a key of a cache."""
    if isinstance(value, _Pairs):
        return ("object", *((key, _frozen(item)) for key, item in value))
    if isinstance(value, list):
        return "strings" if all(isinstance(item, str) for item in value) else "other"
    return {str: "string", int: "integer", float: "float", bool: "boolean", type(None): "null"}[type(value)]


@functools.lru_cache(maxsize=4096)
def _shape(pairs: tuple) -> Shape | None:
    keys: list[str] = []
    kinds: list[str] = []
    try:
        regex = _object(pairs, "", keys, kinds)
    except _NoShapeError:
        return None
    if not keys or len(keys) > MAX_KEYS or len(set(keys)) < len(keys):
        return None
    places = range(len(keys))
    return Shape(
        rf"^[ \t]*{regex}[ \t]*$",
        tuple(keys),
        tuple(n for n in places if kinds[n] == "string"),
        tuple(n for n in places if kinds[n] == "float"),
    )


def _object(pairs: tuple, prefix: str, keys: list[str], kinds: list[str]) -> str:
    parts = []
    if len(pairs) == 1 and prefix:  # an empty object within is a value of its own
        raise _NoShapeError
    for key, kind in pairs[1:]:
        if not re.fullmatch(r'[^"\\\x00-\x1f]+', key):
            raise _NoShapeError
        parts.append(rf'"{_literal(key)}"[ \t]*:[ \t]*{_value(kind, prefix + key, keys, kinds)}')
    return r"\{[ \t]*" + r"[ \t]*,[ \t]*".join(parts) + r"[ \t]*\}"


def _value(kind: Any, key: str, keys: list[str], kinds: list[str]) -> str:
    if isinstance(kind, tuple):
        return _object(kind, f"{key}.", keys, kinds)
    if kind == "null":
        return "null"
    regexes = {
        "string": _STRING,
        "integer": _INTEGER,
        "float": _FLOAT,
        "boolean": "(true|false)",
        "strings": _STRINGS,
    }
    if kind not in regexes:
        raise _NoShapeError
    keys.append(key)
    kinds.append(kind)
    return regexes[kind]


def _literal(text: str) -> str:
    return re.sub(r"([\\.^$*+?()\[\]{}|#&~-])", r"\\\1", text)


def read(lines: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Values of the lines (`row`, `text`) that have the shape: `row`, and a text column for each key."""
    values = lines.select("row", pl.col("text").str.extract_groups(shape.regex)).unnest("text")
    columns = values.columns[1:]
    values = values.filter(pl.col(columns[0]).is_not_null())
    for place in shape.floats:
        # As Python writes them: the shortest text that is this number, without an exponent.
        column = pl.col(columns[place])
        number = column.cast(pl.Float64)
        plain = (number == 0) | number.abs().is_between(1e-4, 1e15)
        values = values.filter((number.cast(pl.String) == column) & plain)
    for place in shape.strings:
        column = values[columns[place]]
        if column.str.contains("\\", literal=True).any():
            values = _unescaped(values, columns[place])
    return values


def _unescaped(values: pl.DataFrame, name: str) -> pl.DataFrame:
    column = values[name]
    # Each escape begins with a backslash and is found from the left, so that `\\\\n` is no line feed.
    plain = column.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    coded = column.str.contains("\\u", literal=True)
    if coded.any():
        rows = coded.arg_true()
        texts = [_text(text) for text in column.gather(rows)]
        plain = plain.scatter(rows, pl.Series(texts, dtype=pl.String))
    return values.with_columns(plain.alias(name)).filter(pl.col(name).is_not_null())


def _text(escaped: str) -> str | None:
    try:
        text = json.loads(f'"{escaped}"')
    except ValueError:
        return None
    return text if text.isascii() or not re.search("[\ud800-\udfff]", text) else None
