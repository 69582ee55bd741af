"""The texts of SHOW CREATE TABLE and DESCRIBE."""

from __future__ import annotations

from localaws.athena import types
from localaws.athena.errors import DdlError
from localaws.athena.hive import formats


def _quoted(value: str) -> str:
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "'" + "".join(escapes.get(c, c if c.isprintable() else f"\\u{ord(c):04x}") for c in value) + "'"


def _columns(columns: list[dict]) -> list[str]:
    lines = []
    for index, column in enumerate(columns):
        comment = f" COMMENT {_quoted(column['Comment'])}" if column.get("Comment") else ""
        end = ")" if index == len(columns) - 1 else ", "
        lines.append(f"  `{column['Name']}` {column.get('Type', 'string')}{comment}{end}")
    return lines


def _pairs(pairs: dict[str, str]) -> list[str]:
    items = sorted(pairs.items())
    return [
        f"  {_quoted(n)}={_quoted(v)}{')' if i == len(items) - 1 else ', '}" for i, (n, v) in enumerate(items)
    ]


def create_table(table: dict) -> list[str]:
    """The CREATE EXTERNAL TABLE statement that makes the table."""
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo", {})
    lines = [
        f"CREATE EXTERNAL TABLE `{table['DatabaseName']}.{table['Name']}`(",
        *_columns(storage.get("Columns", [])),
    ]
    parameters = dict(table.get("Parameters", {}))
    parameters.pop("EXTERNAL", None)
    comment = parameters.pop("comment", None)
    if comment:
        lines.append(f"COMMENT {_quoted(comment)}")
    if table.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_columns(table["PartitionKeys"])]
    if storage.get("BucketColumns"):
        lines += ["CLUSTERED BY ( ", *(f"  {c}" for c in storage["BucketColumns"]), ") "]
        lines.append(f"INTO {storage['NumberOfBuckets']} BUCKETS")
    library = serde.get("SerializationLibrary", formats.LAZY)
    properties = serde.get("Parameters") or {}
    lines += ["ROW FORMAT SERDE ", f"  '{library}' "]
    if properties:
        lines += ["WITH SERDEPROPERTIES ( ", *_pairs(properties)]
    lines += [
        "STORED AS INPUTFORMAT ",
        f"  '{storage.get('InputFormat', formats.TEXT_INPUT)}' ",
        "OUTPUTFORMAT ",
        f"  '{storage.get('OutputFormat', formats.TEXT_OUTPUT)}'",
        "LOCATION",
        f"  '{storage.get('Location', '')}'",
    ]
    if parameters:
        lines += ["TBLPROPERTIES (", *_pairs(parameters)]
    return lines


def _inside(columns: list[dict], path: list[str]) -> dict:
    """A column, or what is inside one: a field of a struct, ``$elem$``, ``$key$`` or ``$value$``.

    Raises
    ------
    DdlError
        When there is none.
    """
    missing = DdlError(f"FAILED: SemanticException [Error 10002]: Invalid column reference {'.'.join(path)}")
    column = next((c for c in columns if c["Name"].lower() == path[0]), None)
    if column is None:
        raise missing
    if len(path) == 1:
        return column
    kind = types.hive_type(column["Type"])
    for step in path[1:]:
        if kind.name == "row" and step in kind.fields:
            kind = kind.args[kind.fields.index(step)]
        elif (kind.name, step) in (("array", "$elem$"), ("map", "$key$")):
            kind = kind.args[0]
        elif (kind.name, step) == ("map", "$value$"):
            kind = kind.args[1]
        else:
            raise missing
    return {"Name": path[-1], "Type": types.hive_name(kind), "Comment": "from deserializer"}


def describe(table: dict, form: str | None, only: str | None) -> list[str]:
    """The lines of DESCRIBE: name, type and comment, padded and parted by tabs."""

    def line(column: dict) -> str:
        parts = (column["Name"], column.get("Type", "string"), column.get("Comment", ""))
        return "\t".join(p.ljust(20) for p in parts)

    storage = table.get("StorageDescriptor", {})
    keys = table.get("PartitionKeys", [])
    columns = [*storage.get("Columns", []), *keys]
    if only is not None:
        return [line(_inside(columns, only.split(".")))]
    lines = [line(c) for c in columns]
    if keys:
        lines += [
            "\t \t ",
            "# Partition Information\t \t ",
            "# col_name            \tdata_type           \tcomment             ",
            "\t \t ",
        ]
        lines += [line(k) for k in keys]
    if form is None:
        return lines
    details = {
        "Database:": table["DatabaseName"],
        "Location:": storage.get("Location", ""),
        "Table Type:": table.get("TableType", ""),
        "SerDe Library:": storage.get("SerdeInfo", {}).get("SerializationLibrary", ""),
        "InputFormat:": storage.get("InputFormat", ""),
        "OutputFormat:": storage.get("OutputFormat", ""),
    }
    lines += ["\t \t ", "# Detailed Table Information\t \t "]
    lines += [f"{n.ljust(20)}\t{v}\t " for n, v in details.items()]
    lines += [
        "Table Parameters:\t \t ",
        *(f"\t{n.ljust(20)}\t{v}" for n, v in sorted(table.get("Parameters", {}).items())),
    ]
    return lines
