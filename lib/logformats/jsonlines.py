"""JSON lines: an object a line, nested keys joined with dots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

import polars as pl

from logformats import attributes, jsonshapes
from logformats.attributes import Pairs
from logformats.definitions import COLUMNS, COMPOUNDS, LogFormat
from logformats.lines import without_colour
from logformats.matched import ATTRIBUTE, NO_ROWS, PARTIAL, STREAM, Matched
from logformats.names import assign

#: Lines are read by their shape where there are so many at least, by so many shapes at most.
FEWEST, MAX_SHAPES = 64, 8
MAX_DEPTH = 20  # deeper than this, an object stays JSON text

#: A line of JSON, perhaps behind the container's name that `docker compose logs` puts before it.
OBJECT = r"^(?:[A-Za-z0-9][A-Za-z0-9_.-]* +\| +)?\s*\{"
_PREFIX = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*) +\| +")
CONTAINER = "container.name"

_OTLP_VALUES = ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue")
#: Docker parts a line of so many bytes or more; a part has no line feed at its end.
#: https://github.com/moby/moby/blob/master/daemon/logger/copier.go
DOCKER_BYTES = 16_384


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
    if "\\ud" in text or "\\uD" in text:
        value = _without_surrogates(value)
    if container:
        value.setdefault(CONTAINER, container[1])
    return value


def _without_surrogates(value: Any) -> Any:
    """A value with halves of surrogate pairs, which are no text, written as `\\udXXX`."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
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


def flatten(value: dict[str, Any]) -> dict[str, str]:
    """Keys and values of an object as text: nested keys joined with dots, lists as JSON, nulls left out."""
    flat: dict[str, str] = {}
    _flatten(value, "", flat, 0)
    return flat


def _flatten(value: dict[str, Any], prefix: str, flat: dict[str, str], depth: int) -> None:
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            flat[prefix + key] = item
        elif kind is int:
            flat[prefix + key] = repr(item)
        elif kind is float:
            flat[prefix + key] = repr(item) if abs(item) < 1e16 else format(item, ".0f")
        elif item is None:
            continue
        elif kind is dict and item and depth < MAX_DEPTH:
            _flatten(item, f"{prefix}{key}.", flat, depth + 1)
        elif kind is list and (named := _named_values(item)):
            _flatten(named, f"{prefix}{key}.", flat, depth + 1)
        elif kind is bool:
            flat[prefix + key] = "true" if item else "false"
        elif kind is list and all(type(one) is str for one in item):
            flat[prefix + key] = (
                f"[{','.join(map(encode_basestring, item))}]"  # as below, in a tenth of the time
            )
        else:
            flat[prefix + key] = json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def _named_values(items: list) -> dict[str, Any]:
    """A list of names with their values as an object; empty for other lists.

    These are OpenTelemetry's attributes (key and typed value), and HTTP headers as AWS writes them (name and
    value).
    """
    named = {}
    for item in items:
        if not isinstance(item, dict) or len(item) != 2 or "value" not in item:
            return {}
        name, value = item.get("key", item.get("name")), item["value"]
        if not isinstance(name, str):
            return {}
        if "key" in item:
            if not isinstance(value, dict):
                return {}
            value = _any_value(value)
        named[name] = value
    return named


def _any_value(value: dict[str, Any]) -> Any:
    """OpenTelemetry's AnyValue, which names its type, as what it is.

    https://opentelemetry.io/docs/specs/otel/logs/data-model/#type-any
    """
    for kind in _OTLP_VALUES:
        if kind in value:
            return value[kind]
    if isinstance(pairs := (value.get("kvlistValue") or {}).get("values"), list):
        return _named_values(pairs) or value
    if isinstance(items := (value.get("arrayValue") or {}).get("values"), list):
        return [_any_value(item) if isinstance(item, dict) else item for item in items]
    return value


class JsonMatcher:
    """Formats that are a JSON object a line.

    `cache` holds the lines' objects, so that several formats of a chunk parse each line once; keeping them
    costs as much as parsing them, so it is None where there is but one.
    """

    def __init__(self, definition: LogFormat, cache: dict[str, dict[str, Any] | None] | None) -> None:
        self.format = definition
        self._cache = cache
        self._plans: dict[tuple[str, ...], Plan | None] = {}

    def match(self, lines: pl.DataFrame) -> Matched:
        left = lines.filter(pl.col("text").str.contains(OBJECT))
        frames: list[pl.DataFrame] = []
        if not self.format.records:
            left = self._by_shape(left, frames)
        frames.append(self._one_by_one(left))
        fields = frames[0]
        if len(frames) > 1:
            fields = pl.concat([f for f in frames if len(f)] or frames[:1], how="diagonal").sort("row")
        if len(fields.columns) > 2:
            listed = pl.col(pl.String).str.contains(r'^\[(?:"|[0-9]{1,3}[,\]])')
            if any(fields.select(listed.any()).row(0)):
                fields = fields.with_columns(pl.col(pl.String).map_elements(_plain, return_dtype=pl.String))
        if self.format.embeds and len(fields):
            part = ~pl.col("message").str.ends_with("\n") & (
                pl.col("message").str.len_bytes() >= DOCKER_BYTES
            )
            fields = fields.with_columns(pl.when(part).then(pl.lit("P")).alias(PARTIAL))
        if "message" in fields.columns:
            fields = fields.with_columns(pl.col("message").str.strip_chars_end("\r\n"))
        return Matched(fields, NO_ROWS)

    def _by_shape(self, left: pl.DataFrame, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Read the lines of the most frequent shapes; gives those that are left."""
        tries = MAX_SHAPES
        while len(left) >= FEWEST and tries:
            tries -= 1
            # Each time from another place: a rare shape at the head does not hide the others.
            shape = jsonshapes.shape_of(left["text"][len(left) * tries // MAX_SHAPES])
            if shape is None:
                continue
            values = jsonshapes.read(left, shape)
            if values.is_empty():
                continue
            left = left.filter(~pl.col("row").is_in(values["row"].implode()))
            plan = self._plan(dict.fromkeys(shape.keys, ""))
            if plan is None:
                continue  # lines of another format
            places = {key: values.columns[1 + n] for n, key in enumerate(shape.keys)}
            listed = attributes.interleaved(
                [
                    values[places[key]].alias(ATTRIBUTE + name)
                    for key, name in zip(plan.others, plan.names, strict=True)
                ],
                set(self.format.nulls),
                len(values),
            )
            filled = [values[places[key]].alias(column) for key, column in plan.filled]
            frames.append(pl.DataFrame([values["row"], *filled, listed]))
        return left

    def _one_by_one(self, candidates: pl.DataFrame) -> pl.DataFrame:
        rows: list[int] = []
        columns: dict[str, list[str | None]] = {}
        pairs = Pairs()
        nulls = frozenset(self.format.nulls)
        for row, text in zip(candidates["row"].to_list(), candidates["text"].to_list(), strict=True):
            for flat in self._events(text):
                plan = self._plan(flat)
                if plan is None:
                    if self.format.records:  # an event without a time: its line cannot be read as a whole
                        rows.append(row)
                        pairs.add((), (), nulls)
                    continue
                for key, column in plan.filled:
                    values = columns.setdefault(column, [])
                    values.extend([None] * (len(rows) - len(values)))
                    values.append(flat[key])
                pairs.add(plan.names, [flat[key] for key in plan.others], nulls)
                rows.append(row)
        for values in columns.values():
            values.extend([None] * (len(rows) - len(values)))
        series = [pl.Series(name, values, dtype=pl.String) for name, values in columns.items()]
        return pl.DataFrame([pl.Series("row", rows, dtype=pl.UInt32), *series, pairs.series()])

    def _events(self, text: str) -> Iterator[dict[str, str]]:
        if self._cache is None:
            value = parse(text)
        else:
            if text not in self._cache:
                self._cache[text] = parse(text)
            value = self._cache[text]
        if value is None:
            return
        if not self.format.records:
            yield flatten(value)
        elif has(value, self.format.requires):
            for event in _records(value, self.format.records.split(".")):
                yield flatten(_plain_record(event))

    def _plan(self, flat: dict[str, str]) -> Plan | None:
        """What becomes of each key; None if a line with these keys is not of this format."""
        keys = tuple(flat)
        if keys not in self._plans:
            if len(self._plans) > 10_000:
                self._plans.clear()
            columns = assign(list(keys), self.format.keys)
            timed = {"timestamp", "date"} & set(columns.values())
            fits = self.format.records or set(self.format.requires) <= set(keys)
            if fits and (timed or self.format.timeless):
                self._plans[keys] = Plan.of(keys, columns, _OWN_COLUMNS if self.format.embeds else {})
            else:
                self._plans[keys] = None
        return self._plans[keys]


@dataclass(frozen=True)
class Plan:
    """What becomes of a line's keys: those that fill columns, and the others with their attributes' names."""

    filled: tuple[tuple[str, str], ...]
    others: tuple[str, ...]
    names: tuple[str, ...]

    @staticmethod
    def of(keys: tuple[str, ...], columns: dict[str, str], own: dict[str, str]) -> Plan:
        """The plan for these keys; `own` are attributes that have a column to themselves."""
        columns = {key: own.get(column, column) for key, column in columns.items()}
        apart = {*_FILLED, *own.values()}
        filled = tuple((key, columns[key]) for key in keys if columns.get(key) in apart)
        others = tuple(key for key in keys if columns.get(key) not in apart)
        return Plan(filled, others, tuple(columns.get(key, key) for key in others))


_FILLED = frozenset({*COLUMNS, *COMPOUNDS})
_OWN_COLUMNS = {STREAM.removeprefix(ATTRIBUTE): STREAM}


def _plain(text: str) -> str:
    """A value for a column: of a list with one text, as HTTP headers come, that text.

    The systemd journal writes what is no text, or holds control characters, as a list of bytes, and a field
    that was given several times as a list (https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format).
    """
    if not (text.startswith("[") and text.endswith("]")):
        return text
    try:
        items = json.loads(text)
    except ValueError:
        return text
    if len(items) == 1 and isinstance(items[0], str):
        return items[0]
    if items and all(type(item) is int and 0 <= item < 256 for item in items):
        return without_colour(bytes(items).replace(b"\0", b"\\x00").decode("utf-8", "backslashreplace"))
    return text


def _plain_record(event: dict[str, Any]) -> dict[str, Any]:
    """A record of OpenTelemetry's with a body of any type as text, and without a time that is not set.

    An unset time is 0 or missing; then the time at which it was observed is the record's
    (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-observedtimestamp).
    """
    if isinstance(body := event.get("body"), dict):
        value = _any_value(body)
        if not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        event["body"] = value
    if str(event.get("timeUnixNano", "0")) == "0" and "observedTimeUnixNano" in event:
        event.pop("timeUnixNano", None)
    return event


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
