"""Columns of the four tables that log files become, with their types in polars, Arrow and Hive.

Column names follow the OpenTelemetry log and HTTP conventions with dots as underscores
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/). Times are UTC, to the microsecond.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

#: Level words of the tables, least severe first.
LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")

TIMESTAMP = pl.Datetime("us", "UTC")
ATTRIBUTES = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its polars type and its Hive (Glue, Athena) type."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    hive: str


def _columns(*columns: tuple[str, str]) -> tuple[Column, ...]:
    dtypes = {
        "string": pl.String,
        "int": pl.Int32,
        "bigint": pl.Int64,
        "timestamp": TIMESTAMP,
        "map<string,string>": ATTRIBUTES,
    }
    return tuple(Column(name, dtypes[hive], hive) for name, hive in columns)


#: The tables' columns in their order; `dt` (UTC date, `YYYY-MM-DD`) is the partition key of each.
TABLES: dict[str, tuple[Column, ...]] = {
    "logs": _columns(
        ("timestamp", "timestamp"),
        ("log_level", "string"),
        ("source", "string"),
        ("format", "string"),
        ("message", "string"),
        ("client_address", "string"),
        ("http_request_method", "string"),
        ("url_path", "string"),
        ("url_query", "string"),
        ("http_response_status_code", "int"),
        ("http_response_body_size", "bigint"),
        ("user_agent_original", "string"),
        ("http_request_header_referer", "string"),
        ("service_name", "string"),
        ("attributes", "map<string,string>"),
        ("log_file_path", "string"),
        ("log_file_line", "bigint"),
        ("dt", "string"),
    ),
    "log_counts": _columns(
        ("minute", "timestamp"),
        ("source", "string"),
        ("log_level", "string"),
        ("http_response_status_code", "int"),
        ("http_request_method", "string"),
        ("events", "bigint"),
        ("bytes", "bigint"),
        ("log_file_path", "string"),
        ("dt", "string"),
    ),
    "log_rejects": _columns(
        ("raw_line", "string"),
        ("reason", "string"),
        ("source", "string"),
        ("log_file_path", "string"),
        ("log_file_line", "bigint"),
        ("dt", "string"),
    ),
    "log_audit": _columns(
        ("batch_id", "string"),
        ("job_run_id", "string"),
        ("source", "string"),
        ("log_file_path", "string"),
        ("etag", "string"),
        ("object_size", "bigint"),
        ("last_modified", "timestamp"),
        ("formats", "string"),
        ("lines_read", "bigint"),
        ("lines_kept", "bigint"),
        ("lines_dropped", "bigint"),
        ("lines_rejected", "bigint"),
        ("lines_joined", "bigint"),
        ("lines_blank", "bigint"),
        ("first_event", "timestamp"),
        ("last_event", "timestamp"),
        ("committed_at", "timestamp"),
        ("dt", "string"),
    ),
}

PARTITION = "dt"


@functools.cache
def polars_schema(table: str) -> pl.Schema:
    """Name and polars type of each column of `table`, the partition key last."""
    return pl.Schema({column.name: column.dtype for column in TABLES[table]})


def hive_columns(table: str) -> list[dict[str, str]]:
    """The table's columns as Glue wants them (`Name`, `Type`), without the partition key."""
    return [{"Name": c.name, "Type": c.hive} for c in TABLES[table] if c.name != PARTITION]


def empty(table: str) -> pl.DataFrame:
    """A frame of `table` without rows."""
    return pl.DataFrame(schema=polars_schema(table))


@functools.cache
def arrow_schema(table: str) -> pa.Schema:
    """The table's Arrow schema; `attributes` is a real map, which Athena reads as `map<varchar,varchar>`."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "map<string,string>": pa.map_(pa.string(), pa.string()),
    }
    return pa.schema([(column.name, types[column.hive]) for column in TABLES[table]])


def to_arrow(frame: pl.DataFrame, table: str) -> pa.Table:
    """Turn a frame of `table` (its columns, in any order) into an Arrow table ready for Parquet.

    polars holds `attributes` as a list of key and value pairs; in Arrow it becomes a map.
    """
    import pyarrow as pa

    schema = arrow_schema(table)
    arrow = frame.select(schema.names).rechunk().to_arrow()
    columns = []
    for field in schema:
        column = arrow.column(field.name)
        if pa.types.is_map(field.type):
            column = _map_array(column.combine_chunks())
        columns.append(column.cast(field.type))
    return pa.table(columns, schema=schema)


def _map_array(lists: pa.LargeListArray) -> pa.MapArray:
    """Lists of key and value as a map; Arrow has no cast from the one to the other."""
    import pyarrow as pa

    pairs = lists.flatten()  # starts where the lists do, also of a slice
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.MapArray.from_arrays(
        pa.array(offsets),
        pairs.field("key").cast(pa.string()),
        pairs.field("value").cast(pa.string()),
    )
