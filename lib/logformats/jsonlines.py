"""JSON lines: an object a line, nested keys joined with dots."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from logformats.definitions import COLUMNS, COMPOUNDS, LogFormat
from logformats.matched import NO_ROWS, Matched
from logformats.names import assign
from logformats.schema import ATTRIBUTES

MAX_DEPTH = 20  # deeper than this, an object stays JSON text
MAX_KEYS = 2000  # a line with more attributes keeps the rest as JSON text


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
        elif isinstance(item, dict | list | bool):
            yield name, json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        else:
            yield name, str(item)


class JsonMatcher:
    """Formats that are a JSON object a line."""

    def __init__(self, definition: LogFormat) -> None:
        self.format = definition
        self._assigned: dict[tuple[str, ...], dict[str, str] | None] = {}

    def match(self, lines: pl.DataFrame) -> Matched:
        candidates = lines.filter(pl.col("text").str.contains(r"^\s*\{"))
        rows, values, attributes = [], [], []
        for row, text in candidates.iter_rows():
            for flat in self._events(text):
                columns = self._columns(tuple(flat))
                if columns is None:
                    continue
                rows.append(row)
                values.append({column: flat[key] for key, column in columns.items()})
                attributes.append([{"key": k, "value": v} for k, v in flat.items() if k not in columns])
        names = sorted({name for value in values for name in value})
        fields = pl.DataFrame(
            {
                "row": rows,
                **{name: [v.get(name) for v in values] for name in names},
                "attributes": attributes,
            },
            schema={"row": pl.UInt32, **dict.fromkeys(names, pl.String), "attributes": ATTRIBUTES},
        )
        return Matched(fields, NO_ROWS)

    def _events(self, text: str) -> list[dict[str, str]]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        if not self.format.records:
            return [dict(flatten(value))]
        return [dict(flatten(event)) for event in _records(value, self.format.records.split("."))]

    def _columns(self, keys: tuple[str, ...]) -> dict[str, str] | None:
        """Column for each key that fills one; None if a line with these keys is not of this format."""
        if keys not in self._assigned:
            if len(self._assigned) > 10_000:
                self._assigned.clear()
            columns = assign(list(keys), self.format.keys)
            known = {k: c for k, c in columns.items() if c in COLUMNS or c in COMPOUNDS}
            fits = set(self.format.requires) <= set(keys) and {"timestamp", "date"} & set(known.values())
            self._assigned[keys] = known if fits else None
        return self._assigned[keys]


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
