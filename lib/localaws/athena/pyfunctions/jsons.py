"""JSON as Jackson reads and writes it for Trino. https://trino.io/docs/current/functions/json.html"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from json.decoder import scanstring

from localaws.athena.pyfunctions.registry import Refused, function, invalid

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


class NoJson(ValueError):
    """A text that is not JSON."""


class Number:
    """A number with its text: whole ones are kept, others are doubles when they are written again."""

    __slots__ = ("text", "whole")

    def __init__(self, text: str, whole: bool) -> None:
        self.text, self.whole = text, whole

    def written(self) -> str:
        return (
            self.text
            if self.whole and self.text != "-0"
            else "0"
            if self.whole
            else java_double(float(self.text))
        )


def java_double(value: float) -> str:
    """``Double.toString``."""
    if value != value:
        return '"NaN"'
    if value in (float("inf"), float("-inf")):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    _, digits, exponent = Decimal(repr(value)).as_tuple()
    exponent += len(digits) - 1
    fraction = "".join(map(str, digits[1:])).rstrip("0") or "0"
    return f"{'-' if value < 0 else ''}{digits[0]}.{fraction}E{exponent}"


class Reader:
    """Steps through a JSON text value by value: what is found needs nothing of what follows it."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def space(self) -> str:
        """Step over white space; the character that is next."""
        self.at = _SPACE.match(self.text, self.at).end()
        return self.text[self.at : self.at + 1]

    def expect(self, sign: str) -> None:
        if self.space() != sign:
            raise NoJson(self.text)
        self.at += 1

    def string(self) -> str:
        if self.space() != '"':
            raise NoJson(self.text)
        try:
            found, self.at = scanstring(self.text, self.at + 1, True)
        except ValueError:
            raise NoJson(self.text) from None
        return found

    def value(self, depth: int = 0):
        """The value that is next: dict, list, str, `Number`, bool or None; of equal keys the last counts."""
        if depth > 1000:
            raise NoJson(self.text)
        char = self.space()
        if char == "{":
            return {key: self.value(depth + 1) for key in self.members()}
        if char == "[":
            return [self.value(depth + 1) for _ in self.items()]
        if char == '"':
            return self.string()
        for word, meant in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meant
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            raise NoJson(self.text)
        self.at = match.end()
        return Number(match.group(), match[1] is None and match[2] is None)

    def members(self):
        """The keys of an object; the caller reads the value after each."""
        self.expect("{")
        if self.space() == "}":
            self.at += 1
            return
        while True:
            key = self.string()
            self.expect(":")
            yield key
            if self.space() == "}":
                self.at += 1
                return
            self.expect(",")

    def items(self):
        """The places of an array; the caller reads the value at each."""
        self.expect("[")
        if self.space() == "]":
            self.at += 1
            return
        index = 0
        while True:
            yield index
            index += 1
            if self.space() == "]":
                self.at += 1
                return
            self.expect(",")

    def end(self) -> None:
        if self.space():
            raise NoJson(self.text)


def parsed(text: str):
    """A whole JSON text as Python values."""
    reader = Reader(text)
    found = reader.value()
    reader.end()
    return found


def written(value, ordered: bool = False) -> str:
    """The text of a value; with its keys in order where Trino orders them."""
    if isinstance(value, Number):
        return value.written()
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda i: i[0].encode("utf-16-be")) if ordered else value.items()
        return "{" + ",".join(f"{quoted(k)}:{written(v, ordered)}" for k, v in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(v, ordered) for v in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    return {None: "null", True: "true", False: "false"}[value]


def quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"\\u([0-9a-f]{4})", lambda m: "\\u" + m[1].upper(), text)


@function("VARCHAR", returns="VARCHAR")
def json_parse(text: str) -> str:
    """A text as a JSON value: keys in order, numbers with fractions as doubles."""
    try:
        return written(parsed(text), ordered=True)
    except (NoJson, RecursionError):
        raise invalid(f"Cannot convert value to JSON: '{text}'") from None


# --- json_extract's paths: steps of names and places ---

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_0-9:\-]+)|\.?\[\s*"(?P<quoted>(?:[^"\\]|\\.)*)"\s*\]|\[\s*(?P<place>\d+)\s*\]"""
    r"""|\.?\[(?P<bare>[^\]"*]+)\]|(?P<wild>\.\*|\[\*\]|\.\.)"""
)


@lru_cache(maxsize=512)
def steps(path: str) -> tuple[str, ...]:
    """The names and places of a path such as ``$.store.book[0]``.

    Raises
    ------
    Refused
        INVALID_FUNCTION_ARGUMENT for what is no path; NOT_SUPPORTED for a wildcard.
    """
    bad = invalid(f"Invalid JSON path: '{path}'")
    if not path:
        raise bad
    if not path.startswith("$"):
        path = "$" + path if path[0] in ".[" else "$." + path
    found, at = [], 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise bad
        if match["wild"]:
            raise Refused(
                "NOT_SUPPORTED", f"a JSON path with a wildcard is not supported by the local Athena: '{path}'"
            )
        if match["quoted"] is not None:
            found.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        else:
            found.append(match["name"] or match["place"] or match["bare"])
        at = match.end()
    return tuple(found)


def _stand_at(reader: Reader, names: tuple[str, ...]) -> bool:
    """Step to the value of a path; whether it is there. The first of equal keys counts."""
    for name in names:
        char = reader.space()
        if char == "{":
            for key in reader.members():
                if key == name:
                    break
                reader.value()
            else:
                return False
        elif char == "[":
            if not name.isdigit():
                reader.value()
                return False
            for place in reader.items():
                if place == int(name):
                    break
                reader.value()
            else:
                return False
        else:
            reader.value()
            return False
    return True


@function("VARCHAR", "VARCHAR", returns="VARCHAR")
def json_extract(text: str, path: str) -> str | None:
    """The JSON at a path, NULL where there is none or the text is no JSON up to there."""
    reader, names = Reader(text), steps(path)
    try:
        return written(reader.value()) if reader.space() and _stand_at(reader, names) else None
    except (NoJson, RecursionError):
        return None


@function("VARCHAR", "VARCHAR", returns="VARCHAR")
def json_extract_scalar(text: str, path: str) -> str | None:
    """The text of the scalar at a path, numbers as they were written."""
    reader, names = Reader(text), steps(path)
    try:
        found = reader.value() if reader.space() and _stand_at(reader, names) else None
    except (NoJson, RecursionError):
        return None
    if isinstance(found, Number):
        return found.text
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else None


@function("VARCHAR", "VARCHAR", returns="BIGINT")
def json_size(text: str, path: str) -> int | None:
    """How many members or items the value at a path has; a scalar has none."""
    reader, names = Reader(text), steps(path)
    try:
        if not reader.space() or not _stand_at(reader, names):
            return None
        found = reader.value()
    except (NoJson, RecursionError):
        return None
    return len(found) if isinstance(found, dict | list) else 0


@function("VARCHAR", "BIGINT", returns="VARCHAR")
def json_array_get(text: str, place: int) -> str | None:
    """An item of an array, counted from 0, or from the end below 0."""
    try:
        found = parsed(text)
    except (NoJson, RecursionError):
        return None
    if not isinstance(found, list) or not -len(found) <= place < len(found):
        return None
    item = found[place]
    return item if isinstance(item, str) else None if item is None else written(item)


@function("VARCHAR", "VARCHAR", "VARCHAR", returns="BOOLEAN")
def json_array_contains(text: str, kind: str, wanted: str) -> bool | None:
    """Whether an array holds a value, which is given as its text and the kind of it."""
    try:
        found = parsed(text)
    except (NoJson, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    if kind == "varchar":
        return wanted in [i for i in found if isinstance(i, str)]
    if kind == "boolean":
        return (wanted == "true") in [i for i in found if isinstance(i, bool)]
    if kind == "double":
        return float(wanted) in [float(i.text) for i in found if isinstance(i, Number) and not i.whole]
    return int(wanted) in [int(i.text) for i in found if isinstance(i, Number) and i.whole]


@function("VARCHAR", returns="BIGINT")
def json_array_length(text: str) -> int | None:
    try:
        found = parsed(text)
    except (NoJson, RecursionError):
        return None
    return len(found) if isinstance(found, list) else None


@function("VARCHAR", returns="BOOLEAN")
def is_json_scalar(text: str) -> bool:
    try:
        return not isinstance(parsed(text), dict | list)
    except (NoJson, RecursionError):
        raise invalid(f"Invalid JSON value: {text}") from None


@function("VARCHAR", "VARCHAR[]", returns="VARCHAR[]")
def json_fields(text: str, names: list[str]) -> list[str | None] | None:
    """The JSON of a row's fields: of an object by name, of an array by place; a missing one is NULL.

    An empty name stands for a field that has none, which only an array can fill.
    """
    found = parsed(text)
    if found is None:
        return None
    if isinstance(found, list):
        if len(found) != len(names):
            raise Refused(
                "INVALID_CAST_ARGUMENT",
                f"Cannot cast to row. Expected a JSON array of {len(names)} elements",
            )
        return [written(i) for i in found]
    if not isinstance(found, dict):
        raise Refused(
            "INVALID_CAST_ARGUMENT",
            f"Cannot cast to row. Expected a json array or object, but got {written(found)}",
        )
    lower = {k.lower(): v for k, v in found.items()}
    return [written(lower[n.lower()]) if n.lower() in lower else None for n in names]
