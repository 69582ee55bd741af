"""Delimited text in an object: delimiter, quotes, header, column types, by the rules of Glue's classifier.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-builtin-rules
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.glue.hive_types import UNSEEN, Columns, merge_all, of_text
from localaws.glue.samples import Sample

DELIMITERS = (",", "|", "\t", ";", "\x01")
MAX_ROWS = 1000
MAX_HEADER_CHARS = 150
_COLUMN_NAME = re.compile(r"[^\x00-\x1f]+\Z")


@dataclass(frozen=True)
class Rules:
    """What a custom CSV classifier fixes; the built-in one fixes nothing."""

    delimiter: str | None = None
    quote: str | None = None
    header: str = "UNKNOWN"  # PRESENT, ABSENT
    names: tuple[str, ...] = ()
    trim: bool = True
    single_column: bool = False
    serde: str = "None"
    types: tuple[str, ...] = ()


BUILT_IN = Rules()


@dataclass(frozen=True)
class Table:
    """Delimited text as it was found."""

    columns: Columns
    delimiter: str
    quote: str | None  # None where no field is quoted
    header: bool
    open_csv: bool  # LazySimpleSerDe cannot read quoted fields
    records: int


def rules(settings: Mapping[str, Any]) -> Rules:
    """Read a CsvClassifier as GetClassifier answers it."""
    return Rules(
        settings.get("Delimiter"),
        settings.get("QuoteSymbol"),
        settings.get("ContainsHeader", "UNKNOWN"),
        tuple(settings.get("Header") or ()),
        not settings.get("DisableValueTrimming", False),
        settings.get("AllowSingleColumn", False),
        settings.get("Serde") or "None",
        tuple(settings.get("CustomDatatypes") or ()) if settings.get("CustomDatatypeConfigured") else (),
    )


def read(sample: Sample, rules: Rules = BUILT_IN) -> Table | None:
    """Read an object as delimited text; None when it is none, or another than the rules ask for."""
    lines = sample.lines[:MAX_ROWS]
    quote = rules.quote or '"'
    if len(lines) < 2:
        return None
    for delimiter in (rules.delimiter,) if rules.delimiter else DELIMITERS:
        if delimiter not in lines[0] and not rules.single_column:
            continue
        rows = _rows(lines, delimiter, quote, rules.trim)
        if rows is None:
            continue
        width = len(rows[0])
        if (width < 2 and not rules.single_column) or (rules.names and len(rules.names) != width):
            continue
        header = _has_header(rows, rules)
        named_otherwise = [name.lower() for name in rows[0]] != [name.lower() for name in rules.names]
        if rules.names and rules.header == "PRESENT" and named_otherwise:
            continue
        quoted = rules.quote is not None or any(_quoted(line, delimiter, quote) for line in lines)
        open_csv = quoted if rules.serde == "None" else rules.serde == "OpenCSVSerDe"
        records = sample.estimated_records(len(sample.lines)) - header
        columns = _columns(rows, header, rules, all_text=open_csv)
        return Table(columns, delimiter, quote if quoted else None, header, open_csv, records)
    return None


def _rows(lines: list[str], delimiter: str, quote: str, trim: bool) -> list[list[str]] | None:
    """Split lines into fields; None unless all have the same number of them, but for a trailing delimiter."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True))
    except csv.Error:
        return None
    if not rows or len({len(row) for row in rows}) != 1:
        return None
    return [[field.strip() for field in row] for row in rows] if trim else rows


def _quoted(line: str, delimiter: str, quote: str) -> bool:
    return line.startswith(quote) or delimiter + quote in line


def _has_header(rows: list[list[str]], rules: Rules) -> bool:
    if rules.header != "UNKNOWN":
        return rules.header == "PRESENT"
    first, rest = rows[0], rows[1:]
    names = first[:-1] if not first[-1] else first
    if len(set(map(str.lower, names))) != len(names):
        return False
    for name in names:
        if of_text(name) != "string" or len(name) >= MAX_HEADER_CHARS or not _COLUMN_NAME.match(name):
            return False
    # Only a row whose types differ from those below it can be told to be the header.
    return any(
        merge_all(of_text(row[i]) for row in rest) not in ("string", UNSEEN) for i in range(len(first))
    )


def _columns(rows: list[list[str]], header: bool, rules: Rules, *, all_text: bool) -> Columns:
    names = list(rules.names) or (rows[0] if header else [])
    data = rows[1:] if header else rows
    columns: Columns = {}
    for i in range(len(rows[0])):
        name = names[i].lower() if i < len(names) and names[i] else f"col{i}"
        if i < len(rules.types):
            type_ = {"LONG": "bigint", "SHORT": "smallint"}.get(rules.types[i], rules.types[i].lower())
        else:
            # OpenCSVSerde knows no type but string (https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html).
            type_ = "string" if all_text else merge_all(of_text(row[i]) for row in data)
        columns[name] = type_
    return columns
