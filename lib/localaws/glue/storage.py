"""How Glue's crawler describes the files of a format in a table: formats, SerDe and parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

GROK = "com.amazonaws.glue.serde.GrokSerDe"
JSON = "org.openx.data.jsonserde.JsonSerDe"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


@dataclass(frozen=True)
class Storage:
    """What stands in a table's StorageDescriptor beside columns and location."""

    input_format: str = TEXT_INPUT
    output_format: str = TEXT_OUTPUT
    serde: str | None = None
    serde_parameters: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(
        default_factory=dict
    )  # of the table: delimiter, skip.header.line.count …

    def descriptor(
        self, columns: list[dict[str, str]], location: str, parameters: dict[str, str]
    ) -> dict[str, Any]:
        """Give the StorageDescriptor of a table or partition."""
        serde: dict[str, Any] = {"Parameters": dict(self.serde_parameters)}
        if self.serde:
            serde = {"SerializationLibrary": self.serde, **serde}
        return {
            "Columns": columns,
            "Location": location,
            "InputFormat": self.input_format,
            "OutputFormat": self.output_format,
            "Compressed": parameters.get("compressionType", "none") != "none",
            "NumberOfBuckets": -1,
            "SerdeInfo": serde,
            "BucketColumns": [],
            "SortColumns": [],
            "Parameters": parameters,
            "StoredAsSubDirectories": False,
        }


UNKNOWN = Storage()

PARQUET = Storage(
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    {"serialization.format": "1"},
)

ORC = Storage(
    "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
    "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    {"serialization.format": "1"},
)


def grok(pattern: str, custom_patterns: str | None) -> Storage:
    """Give the storage of lines that a grok pattern reads."""
    serde = {"input.format": pattern}
    if custom_patterns:
        serde["input.grokCustomPatterns"] = custom_patterns
    parameters = {"grokPattern": pattern}
    if custom_patterns:
        parameters["grokCustomPatterns"] = custom_patterns
    return Storage(serde=GROK, serde_parameters=serde, parameters=parameters)


def json(columns: list[str], json_path: str | None) -> Storage:
    """Give the storage of JSON, with the top-level names that its rows have."""
    parameters = {"jsonPath": json_path} if json_path else {}
    return Storage(serde=JSON, serde_parameters={"paths": ",".join(sorted(columns))}, parameters=parameters)


def xml(row_tag: str) -> Storage:
    """Give the storage of XML: no format and no SerDe of Hive's reads it; Glue's jobs do, by the row tag."""
    return Storage("", "", serde_parameters={"rowTag": row_tag})


def csv(delimiter: str, quote: str | None, header: bool, open_csv: bool) -> Storage:
    """Give the storage of delimited text."""
    parameters = {
        "delimiter": delimiter,
        "columnsOrdered": "true",
        "areColumnsQuoted": "true" if quote else "false",
    }
    if header:
        parameters["skip.header.line.count"] = "1"
    if open_csv:
        serde = {"separatorChar": delimiter, "quoteChar": quote or '"', "escapeChar": "\\"}
        return Storage(serde=OPEN_CSV, serde_parameters=serde, parameters=parameters)
    return Storage(serde=LAZY_SIMPLE, serde_parameters={"field.delim": delimiter}, parameters=parameters)
