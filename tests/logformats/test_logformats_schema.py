"""The tables' columns in polars, Arrow and Hive."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import logformats
import polars as pl
import pyarrow as pa
import pytest
from logformats import levels, schema


@pytest.mark.parametrize("table", schema.TABLES)
def test_types_agree(table):
    frame = schema.empty(table)
    arrow = schema.to_arrow(frame, table)
    assert arrow.schema.names == frame.columns == [c.name for c in schema.TABLES[table]]
    assert frame.columns[-1] == schema.PARTITION
    hive = {c["Name"]: c["Type"] for c in schema.hive_columns(table)}
    assert list(hive) == frame.columns[:-1]
    for name, type_ in hive.items():
        assert (type_ == "bigint") == (
            frame.schema[name] == pl.Int64 and arrow.schema.field(name).type == pa.int64()
        )


def test_attributes_become_a_map():
    line = b'192.0.2.7 - bob [17/May/2015:10:05:01 +0000] "GET / HTTP/1.1" 200 1 "-" "curl"\n'
    (parsed,) = logformats.read(
        io.BytesIO(line * 2), source="s", path="p", last_modified=datetime(2026, 1, 1, tzinfo=UTC)
    )
    arrow = schema.to_arrow(parsed.events, "logs")
    assert arrow.schema.field("attributes").type == pa.map_(pa.string(), pa.string())
    expected = [("user.name", "bob"), ("network.protocol.version", "1.1")]
    assert arrow.column("attributes").to_pylist() == [expected, expected]
    assert parsed.events.schema == schema.polars_schema("logs")
    assert parsed.counts.schema == schema.polars_schema("log_counts")
    assert parsed.rejects.schema == schema.polars_schema("log_rejects")


@pytest.mark.parametrize(
    ("word", "scale", "expected"),
    [
        ("warn", "", "WARNING"),
        ("[Note]", "", "INFO"),
        ("E", "", "ERROR"),
        ("EMERGENCY", "", "FATAL"),
        ("35", "bunyan", "INFO"),
        ("60", "", "FATAL"),
        ("3", "", None),
        ("34", "syslog", "FATAL"),
        ("165", "syslog", "INFO"),
        ("7", "syslog", "DEBUG"),
        ("17", "otel", "ERROR"),
        ("ERROR+2", "", "ERROR"),
        ("purple", "", None),
    ],
)
def test_level_words(word, scale, expected):
    found = pl.select(levels.from_words(pl.lit(word), scale=scale)).item()
    assert found == expected


def test_own_words_come_first():
    assert pl.select(levels.from_words(pl.lit("note"), {"Note": "DEBUG"})).item() == "DEBUG"


def test_status_codes():
    frame = pl.DataFrame({"s": [200, 302, 404, 500, 599, None]})
    found = frame.select(levels.from_status(pl.col("s"))).to_series().to_list()
    assert found == ["INFO", "INFO", "WARNING", "ERROR", "ERROR", None]
