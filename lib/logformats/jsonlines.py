"""JSON lines: an object a line, nested keys joined with dots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from logformats.definitions import COLUMNS, COMPOUNDS, LogFormat
from logformats.matched import NO_ROWS, Matched
from logformats.names import assign
from logformats.schema import ATTRIBUTES

MAX_DEPTH = 20  # deeper than this, an object stays JSON text

#: A line of JSON, perhaps behind the container's name that `docker compose logs` puts before it.
OBJECT = r"^(?:[A-Za-z0-9][A-Za-z0-9_.-]* +\| +)?\s*\{"
_PREFIX = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*) +\| +")
CONTAINER = "container.name"

_OTLP_VALUES = ("stringValue", "intValue", "doubleValue", "boolValue")


def parse(text: str) -> dict[str, Any] | None:
    """The object of a line; None if it is no JSON object."""
    container = _PREFIX.match(text)
    if container:
        text = text[container.end() :]
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if container:
        value.setdefault(CONTAINER, container[1])
    return value


def has(value: dict, requires: tuple[str, ...]) -> bool:
    """Whether an object has all keys (not null), nested ones written with dots."""
    return all(_has_key(value, name) for name in requires)


def _has_key(value: object, name: str) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get(name) is not None:
        return True
    first, dot, rest = name.partition(".")
    while dot:
        if first in value and _has_key(value[first], rest):
            return True
        more, dot, rest = rest.partition(".")
        first = f"{first}.{more}"
    return False


def flatten(value: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Keys and values of an object as text: nested keys joined with dots, lists as JSON, nulls left out."""
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, dict) and item and depth < MAX_DEPTH:
            yield from flatten(item, f"{name}.", depth + 1)
        elif item is None:
            continue
        elif isinstance(item, list) and (named := _named_values(item)):
            yield from flatten(named, f"{name}.", depth + 1)
        elif isinstance(item, dict | list | bool):
            yield name, json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        else:
            yield name, str(item)


def _named_values(items: list) -> dict[str, Any]:
    """OpenTelemetry's attributes, a list of key and typed value, as an object; empty for other lists."""
    named = {}
    for item in items:
        if not isinstance(item, dict) or item.keys() != {"key", "value"}:
            return {}
        value = item["value"]
        if not (isinstance(item["key"], str) and isinstance(value, dict)):
            return {}
        named[item["key"]] = next((value[kind] for kind in _OTLP_VALUES if kind in value), value)
    return named


class JsonMatcher:
    """Formats that are a JSON object a line.

    `cache` holds the lines' objects, so that several formats of a chunk parse each line once.
    """

    def __init__(self, definition: LogFormat, cache: dict[str, dict[str, Any] | None]) -> None:
        self.format = definition
        self._cache = cache
        self._assigned: dict[tuple[str, ...], dict[str, str] | None] = {}

    def match(self, lines: pl.DataFrame) -> Matched:
        candidates = lines.filter(pl.col("text").str.contains(OBJECT))
        rows, values, attributes = [], [], []
        for row, text in candidates.iter_rows():
            for flat in self._events(text):
                columns = self._columns(tuple(flat))
                if columns is None:
                    continue
                rows.append(row)
                values.append({c: _plain(flat[k]) for k, c in columns.items() if c in _FILLED})
                attributes.append(
                    [
                        {"key": columns.get(key, key), "value": value}
                        for key, value in flat.items()
                        if columns.get(key) not in _FILLED and value not in self.format.nulls
                    ]
                )
        names = sorted({name for value in values for name in value})
        fields = pl.DataFrame(
            {
                "row": rows,
                **{name: [v.get(name) for v in values] for name in names},
                "attributes": attributes,
            },
            schema={"row": pl.UInt32, **dict.fromkeys(names, pl.String), "attributes": ATTRIBUTES},
        )
        if "message" in names:
            fields = fields.with_columns(pl.col("message").str.strip_chars_end("\r\n"))
        return Matched(fields, NO_ROWS)

    def _events(self, text: str) -> Iterator[dict[str, str]]:
        if text not in self._cache:
            self._cache[text] = parse(text)
        value = self._cache[text]
        if value is None:
            return
        if not self.format.records:
            yield dict(flatten(value))
        elif has(value, self.format.requires):
            for event in _records(value, self.format.records.split(".")):
                yield dict(flatten(event))

    def _columns(self, keys: tuple[str, ...]) -> dict[str, str] | None:
        """What each key fills or is renamed to; None if a line with these keys is not of this format."""
        if keys not in self._assigned:
            if len(self._assigned) > 10_000:
                self._assigned.clear()
            columns = assign(list(keys), self.format.keys)
            timed = {"timestamp", "date"} & set(columns.values())
            fits = self.format.records or set(self.format.requires) <= set(keys)
            self._assigned[keys] = columns if fits and timed else None
        return self._assigned[keys]


_FILLED = frozenset({*COLUMNS, *COMPOUNDS})


def _plain(text: str) -> str:
    """A value for a column: of a list with one text, as HTTP headers come, that text."""
    if text.startswith('["') and text.endswith('"]'):
        items = json.loads(text)
        if len(items) == 1:
            return items[0]
    return text


def _records(value: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    """The objects in the lists at a dotted path; what stands beside a list is given to each of its items."""
    if not path:
        if isinstance(value, dict):
            yield value
        return
    items = value.get(path[0]) if isinstance(value, dict) else None
    if not isinstance(items, list):
        return
    beside = {k: v for k, v in value.items() if k != path[0]}
    for item in items:
        if isinstance(item, dict):
            yield from _records({**beside, **item}, path[1:])
