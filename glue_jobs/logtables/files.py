"""The files of a table: Parquet, or CSV as Athena's LazySimpleSerDe reads it."""

from __future__ import annotations

import io
import json
import re
from typing import Protocol

import polars as pl
from logformats.schema import ATTRIBUTES, PARTITION, TABLES, TIMESTAMP, Column

# What a file is sorted by, so that the statistics of its row groups and pages prune.
SORTED_BY = {
    "logs": ("timestamp", "log_file_path", "log_file_line"),
    "log_counts": ("minute", "source", "log_level"),
    "log_rejects": ("log_file_path", "log_file_line"),
    "log_audit": ("log_file_path",),
}


class TableFormat(Protocol):
    """How a table's rows stand in a file, and what its Glue table must say to have them read."""

    name: str
    suffix: str

    def encode(self, frame: pl.DataFrame, table: str) -> bytes:
        """Give the file that holds these rows (columns of the table, without the partition key)."""

    def decode(self, data: bytes, table: str) -> pl.DataFrame:
        """Give the rows of a file."""

    def paths(self, data: bytes, table: str) -> set[str]:
        """Give the raw objects that rows of a file come from."""

    def columns(self, table: str) -> list[dict[str, str]]:
        """Give the columns (`Name`, `Type`) of the Glue table."""

    def storage(self) -> dict[str, object]:
        """Give the part of the Glue table's StorageDescriptor that names the format."""


def columns_of(table: str) -> tuple[Column, ...]:
    """Give the columns that stand in a table's files: all but the partition key."""
    return tuple(column for column in TABLES[table] if column.name != PARTITION)


class ParquetFormat:
    """Parquet with zstd; times are UTC microseconds (``isAdjustedToUTC``), attributes a real map."""

    name = "parquet"
    suffix = ".parquet"

    def encode(self, frame: pl.DataFrame, table: str) -> bytes:
        buffer = io.BytesIO()
        rows = frame.select(
            # The cast also settles keys that occur twice, which Athena refuses in a map.
            pl.col(column.name).cast(pl.Map(pl.String, pl.String))
            if column.dtype == ATTRIBUTES
            else column.name
            for column in columns_of(table)
        ).sort(SORTED_BY[table], maintain_order=True)
        rows.write_parquet(buffer, compression="zstd", statistics=True)
        return buffer.getvalue()

    def decode(self, data: bytes, table: str) -> pl.DataFrame:
        return pl.read_parquet(io.BytesIO(data)).select(
            pl.col(column.name).cast(column.dtype) for column in columns_of(table)
        )

    def paths(self, data: bytes, table: str) -> set[str]:
        frame = pl.read_parquet(io.BytesIO(data), columns=["log_file_path"])
        return set(frame.to_series().unique())

    def columns(self, table: str) -> list[dict[str, str]]:
        return [{"Name": column.name, "Type": column.hive} for column in columns_of(table)]

    def storage(self) -> dict[str, object]:
        return {
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        }


class CsvFormat:
    r"""Comma separated text with a header, for LazySimpleSerDe: ``\`` before ``,`` and ``\``, ``\N`` is null.

    Not OpenCSVSerDe: it knows no null in a number and no typed time
    (https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html). Neither reads a line feed inside a field,
    since the text is cut into lines first; so line feeds and carriage returns in a value are written as
    their symbols, ``␤`` and ``␍``, and a symbol that was in the value has ``␛`` before it. ``attributes`` is
    JSON text.
    """

    name = "csv"
    suffix = ".csv"

    def encode(self, frame: pl.DataFrame, table: str) -> bytes:
        columns = columns_of(table)
        rows = frame.sort(SORTED_BY[table], maintain_order=True)
        lines = rows.select(
            pl.concat_str([_as_text(column).fill_null("\\N") for column in columns], separator=",")
        )
        header = ",".join(column.name for column in columns)
        return "\n".join([header, *lines.to_series(), ""]).encode()

    def decode(self, data: bytes, table: str) -> pl.DataFrame:
        columns = columns_of(table)
        lines = data.decode().split("\n")[1:-1]
        pattern = "(?s)^" + ",".join([r"((?:[^,\\]|\\.)*)"] * len(columns)) + "$"
        fields = pl.DataFrame({"line": lines}, schema={"line": pl.String}).select(
            pl.col("line").str.extract_groups(pattern).alias("fields")
        )
        if fields["fields"].struct.field("1").null_count():
            raise ValueError("a line of the CSV file does not have the table's columns")
        return fields.select(
            _from_text(pl.col("fields").struct.field(str(number)), column)
            for number, column in enumerate(columns, 1)
        )

    def paths(self, data: bytes, table: str) -> set[str]:
        return set(self.decode(data, table)["log_file_path"].unique())

    def columns(self, table: str) -> list[dict[str, str]]:
        return [
            {"Name": column.name, "Type": "string" if column.dtype == ATTRIBUTES else column.hive}
            for column in columns_of(table)
        ]

    def storage(self) -> dict[str, object]:
        return {
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {
                    "field.delim": ",",
                    "serialization.format": ",",
                    "escape.delim": "\\",
                    "serialization.null.format": "\\N",
                },
            },
        }


FORMATS: dict[str, TableFormat] = {kind.name: kind for kind in (ParquetFormat(), CsvFormat())}


def format_of_file(key: str) -> TableFormat | None:
    """Tell the format of a file by its name."""
    return next((kind for kind in FORMATS.values() if key.endswith(kind.suffix)), None)


_SYMBOLS = (("\n", "␤"), ("\r", "␍"))


def _as_text(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.dtype == TIMESTAMP:
        return value.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    if column.dtype == ATTRIBUTES:  # JSON has no line feed in it
        value = value.map_elements(_json_of_pairs, return_dtype=pl.String)
    elif column.dtype == pl.String:
        for symbol in "␛␤␍":
            value = value.str.replace_all(symbol, "␛" + symbol, literal=True)
        for character, symbol in _SYMBOLS:
            value = value.str.replace_all(character, symbol, literal=True)
    else:
        return value.cast(pl.String)
    return value.str.replace_all(r"([\\,])", r"\${1}")


def _from_text(field: pl.Expr, column: Column) -> pl.Expr:
    value = pl.when(field != "\\N").then(field)
    if column.dtype == TIMESTAMP:
        times = value.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC")
        return times.alias(column.name)
    if column.dtype not in (pl.String, ATTRIBUTES):
        return value.cast(column.dtype).alias(column.name)
    text = value.str.replace_all(r"(?s)\\(.)", "${1}")
    if column.dtype == ATTRIBUTES:
        return text.map_elements(_pairs_of_json, return_dtype=ATTRIBUTES).alias(column.name)
    plain = text
    for character, symbol in _SYMBOLS:
        plain = plain.str.replace_all(symbol, character, literal=True)
    escaped = text.str.contains("␛", literal=True)
    slowly = pl.when(escaped).then(text).map_elements(_unescape, return_dtype=pl.String)
    return pl.when(escaped).then(slowly).otherwise(plain).alias(column.name)


def _unescape(text: str) -> str:
    characters = {symbol: character for character, symbol in _SYMBOLS}
    return re.sub("␛(.)|([␤␍])", lambda found: found[1] or characters[found[2]], text)


def _json_of_pairs(pairs: pl.Series) -> str:
    return json.dumps({pair["key"]: pair["value"] for pair in pairs}, ensure_ascii=False)


def _pairs_of_json(text: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in json.loads(text).items()]
