"""Rows come back from a table's files as they went in, and Athena's reader of CSV sees what was meant."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logformats.schema import ATTRIBUTES, TIMESTAMP, empty, polars_schema
from logtables.files import FORMATS, columns_of, format_of_file

HOSTILE = 'a,"b"\\c\nd\re\\N\\n\t␤␍␛␛␤\x00é💥'


def row_of(table: str, text: str | None, number: int | None, pairs: list | None) -> pl.DataFrame:
    values = {}
    for name, dtype in polars_schema(table).items():
        if dtype == TIMESTAMP:
            values[name] = datetime(2025, 12, 22, 1, 2, 3, 456789, tzinfo=UTC)
        elif dtype == ATTRIBUTES:
            values[name] = pairs
        else:
            values[name] = text if dtype == pl.String else number
    return pl.DataFrame([values], schema=polars_schema(table))


def lazy_simple(line: str) -> list[str | None]:
    """Read a line as Trino's SimpleDeserializer does: cut at commas with no backslash before, unescape."""
    fields, current, escaped = [], "", False
    for character in line:
        if escaped or character == "\\":
            current += character
            escaped = not escaped
        elif character == ",":
            fields.append(current)
            current = ""
        else:
            current += character
    fields.append(current)

    def value(field: str) -> str | None:
        if field == "\\N":
            return None
        plain, after = "", False
        for character in field:
            if character == "\\" and not after:
                after = True
                continue
            plain += character
            after = False
        return plain

    return [value(field) for field in fields]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("table", ["logs", "log_counts", "log_rejects", "log_audit"])
def test_an_empty_file_has_the_columns(name, table):
    kind = FORMATS[name]
    assert kind.decode(kind.encode(empty(table), table), table).equals(empty(table).drop("dt"))


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(sorted(FORMATS)),
    texts=st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.just(HOSTILE) | st.just("\\N"),
        min_size=1,
    ),
    number=st.none() | st.integers(-(2**31), 2**31 - 1),
    pairs=st.none() | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.just(HOSTILE)),
)
def test_rows_come_back_whatever_is_in_them(name, texts, number, pairs):
    kind = FORMATS[name]
    listed = None if pairs is None else [{"key": key, "value": value} for key, value in pairs.items()]
    rows = pl.concat([row_of("logs", text, number, listed) for text in texts])
    back = kind.decode(kind.encode(rows, "logs"), "logs")
    assert sorted(map(repr, back.rows())) == sorted(map(repr, rows.drop("dt").rows()))


def test_csv_says_to_athena_what_was_meant():
    kind = FORMATS["csv"]
    pairs = [{"key": "k,\n", "value": HOSTILE}]
    data = kind.encode(row_of("logs", HOSTILE, None, pairs), "logs").decode()
    header, line, rest = data.split("\n")
    assert rest == "" and "\r" not in data
    assert header.split(",") == [column.name for column in columns_of("logs")]
    fields = dict(zip(header.split(","), lazy_simple(line), strict=True))
    assert fields["timestamp"] == "2025-12-22 01:02:03.456789"
    assert fields["http_response_status_code"] is None
    assert fields["message"] == 'a,"b"\\c␤d␍e\\N\\n\t␛␤␛␍␛␛␛␛␛␤\x00é💥'
    assert json.loads(fields["attributes"]) == {"k,\n": HOSTILE}


def test_csv_of_a_torn_file_is_refused():
    with pytest.raises(ValueError, match="does not have the table's columns"):
        FORMATS["csv"].decode(b"header\nonly,three,fields\n", "log_rejects")


def test_parquet_is_what_athena_and_spark_read():
    rows = row_of("logs", "x", 1, [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])
    file = pq.ParquetFile(io.BytesIO(FORMATS["parquet"].encode(rows, "logs")))
    schema = str(file.schema)
    assert "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds" in schema
    assert "attributes (Map)" in schema
    # Trino refuses a map with a key that occurs twice.
    assert file.read().column("attributes").to_pylist() == [[("a", "2")]]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_rows_are_sorted_so_that_statistics_prune():
    times = [datetime(2025, 1, 1, hour, tzinfo=UTC) for hour in (3, 1, 2)]
    rows = pl.concat([row_of("logs", "x", 1, None).with_columns(timestamp=pl.lit(time)) for time in times])
    rows = rows.cast({"timestamp": TIMESTAMP})
    back = FORMATS["parquet"].decode(FORMATS["parquet"].encode(rows, "logs"), "logs")
    assert back["timestamp"].to_list() == sorted(times)


def test_the_paths_of_a_file_are_known():
    rows = pl.concat([row_of("log_rejects", text, 1, None) for text in ("a", "b", "a")])
    for kind in FORMATS.values():
        assert kind.paths(kind.encode(rows, "log_rejects"), "log_rejects") == {"a", "b"}


def test_a_format_is_known_by_the_name():
    assert format_of_file("logs/dt=2025-01-01/x.parquet").name == "parquet"
    assert format_of_file("x.csv").name == "csv"
    assert format_of_file("x.parquet.crc") is None
