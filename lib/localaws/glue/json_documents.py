"""JSON in an object: lines, one document, or values one after another; and what a JSON path picks of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from localaws.glue.hive_types import Columns, columns_of_json, of_json
from localaws.glue.samples import Sample, whole

MAX_ROWS = 1000  # that the columns are inferred from
_STEP = re.compile(r"\.([^.\[\]]+)|\[(?:\*|(\d+)|'([^']+)')\]")


@dataclass(frozen=True)
class JsonRows:
    """The JSON of an object: its columns, the share of its lines that are JSON, and how many rows it has."""

    columns: Columns
    certainty: float
    records: int


def read(sample: Sample, json_path: str | None = None) -> JsonRows | None:
    """Read the JSON of an object; None when it is none, or the path finds nothing in it."""
    # Lines before may be broken or comments; JSON further down is still found line by line.
    starts = (sample.text.lstrip()[:1], *(line.lstrip()[:1] for line in sample.lines[:50]))
    if not {"{", "["}.intersection(starts):
        return None
    lines = sample.lines
    values = [value for line in lines if isinstance(value := _parsed(line), dict)]
    if values and (len(values) > 1 or len(lines) == 1):
        rows = [row for value in values for row in _picked(value, json_path)]
        if not rows:
            return None
        estimated = sample.estimated_records(len(lines)) * len(values) / len(lines)
        records = round(estimated * len(rows) / len(values))
        return JsonRows(_columns(rows), len(values) / len(lines), records)
    return _document(whole(sample), json_path)


def _document(sample: Sample, json_path: str | None) -> JsonRows | None:
    decoder, text, at, values = json.JSONDecoder(), sample.text, 0, []
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            return None
        except ValueError:
            if sample.complete or not values:
                return None
            break  # cut by the sample
        if not isinstance(value, dict | list):
            return None
        values.append(value)
    rows = [row for value in values for row in _picked(value, json_path)]
    return JsonRows(_columns(rows), 1.0, sample.estimated_records(len(rows))) if rows else None


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _columns(rows: list[Any]) -> Columns:
    objects = [row for row in rows[:MAX_ROWS] if isinstance(row, dict)]
    if objects:
        return columns_of_json(objects)
    # A table of a top-level array has one column of this name in Glue.
    return {"array": of_json(rows[0])}


def _picked(value: Any, json_path: str | None) -> list[Any]:
    """Give what a path such as ``$``, ``$[*]`` or ``$.records[*]`` picks of a value."""
    if json_path is None or json_path == "$":
        return [value]
    found = [value]
    for name, index, quoted in _STEP.findall(json_path.removeprefix("$")):
        steps: list[Any] = []
        for each in found:
            if (key := name or quoted) and isinstance(each, dict) and key in each:
                steps.append(each[key])
            elif index and isinstance(each, list) and int(index) < len(each):
                steps.append(each[int(index)])
            elif not (name or quoted or index) and isinstance(each, list | dict):
                steps.extend(each if isinstance(each, list) else each.values())
        found = steps
    return found
