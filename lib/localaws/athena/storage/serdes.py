"""The SerDes of text tables: how a line becomes columns, and how a column's text becomes its type.

https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localaws.athena import types
from localaws.athena.analysis.convert import text
from localaws.athena.errors import StatementError
from localaws.athena.storage.lines import Splitter
from localaws.athena.types import Type, duckdb_type, field_name, identifier

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
OPENX_JSON = "org.openx.data.jsonserde.JsonSerDe"
HIVE_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
REGEX = ("org.apache.hadoop.hive.serde2.RegexSerDe", "com.amazonaws.glue.serde.RegexSerDe")
GROK = "com.amazonaws.glue.serde.GrokSerDe"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a table's lines are read: a splitter giving a text a column, and the SQL that types it."""

    splitter: Splitter
    typed: object  # (sql, Type, column) -> sql


def text_format(serde: dict, columns: list[tuple[str, Type]]) -> TextFormat:
    """The reading of a text table.

    Raises
    ------
    StatementError
        HIVE_UNSUPPORTED_FORMAT or NOT_SUPPORTED for a SerDe that is not read here.
    """
    name = serde.get("SerializationLibrary", LAZY)
    parameters = serde.get("Parameters") or {}
    if name == LAZY:
        return _lazy(parameters, columns)
    if name == OPEN_CSV:
        return _open_csv(parameters, columns)
    if name in (OPENX_JSON, HIVE_JSON):
        return _json(parameters, columns, openx=name == OPENX_JSON)
    if name in REGEX:
        return _regex(parameters, columns)
    if name == GROK:
        return _grok(parameters, columns)
    raise StatementError("HIVE_UNSUPPORTED_FORMAT", f"SerDe {name} is not supported by the local Athena")


# --- LazySimple ---


def _delimiter(parameters: dict, *names: str, default: str) -> str:
    for name in names:
        value = parameters.get(name)
        if value:
            if re.fullmatch(r"\d{1,3}", value):  # Hive takes a number for the character of that code
                return chr(int(value))
            return value.encode("utf-8").decode("unicode_escape") if value.startswith("\\") else value
    return default


def _lazy(parameters: dict, columns: list[tuple[str, Type]]) -> TextFormat:
    delimiter = _delimiter(parameters, "field.delim", "serialization.format", default="\x01")
    items = _delimiter(parameters, "collection.delim", "colelction.delim", default="\x02")
    pairs = _delimiter(parameters, "mapkey.delim", default="\x03")
    escape = parameters.get("escape.delim")
    null = parameters.get("serialization.null.format", r"\N")
    width = len(columns)
    padding = [None] * width

    def split(lines: Iterator[str]) -> Iterator[list[str | None]]:
        for line in lines:
            if not escape or escape not in line:
                row = [None if v == null else v for v in line.split(delimiter)]
            else:
                row = _escaped(line, delimiter, escape, null)
            row = row[:width]
            yield row + padding[len(row) :]

    def typed(sql: str, kind: Type, column: str) -> str:
        return lazy_value(sql, kind, [items, pairs, "\x04", "\x05"], null)

    return TextFormat(split, typed)


def _escaped(line: str, delimiter: str, escape: str, null: str) -> list[str | None]:
    """The fields of a line with escapes undone; NULL is told before that, since its sign may hold the
    escape."""
    parts: list[str | None] = []
    start = at = 0
    while at <= len(line):
        if at == len(line) or line.startswith(delimiter, at):
            source = line[start:at]
            undone = re.sub(re.escape(escape) + r"(.)", r"\1", source, flags=re.DOTALL)
            parts.append(None if source == null else undone)
            at += len(delimiter)
            start = at
        else:
            at += 2 if line[at] == escape and at + 1 < len(line) else 1
    return parts


def lazy_value(sql: str, kind: Type, delimiters: list[str], null: str) -> str:
    """Text in Hive's lazy forms; what is not of the type is NULL."""
    name = kind.name
    if types.is_string(kind):
        if name == "char":
            return f"rpad({sql}, {kind.args[0]}, ' ')"
        return f"substr({sql}, 1, {kind.args[0]})" if kind.args else sql
    if name in types.INTEGERS:
        return (
            f"CASE WHEN regexp_full_match({sql}, '[+-]?[0-9]+') THEN TRY_CAST({sql} AS "
            f"{duckdb_type(kind)}) END"
        )
    if name in ("double", "real"):
        return f"TRY(CAST(number_text({sql}, 'DOUBLE') AS {duckdb_type(kind)}))"
    if name == "decimal":
        return f"TRY(CAST(decimal_text({sql}, 'DECIMAL') AS {duckdb_type(kind)}))"
    if name == "boolean":
        return f"CASE lower({sql}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if name == "date":
        return f"TRY(date_text({sql}))"
    if name == "timestamp":
        return f"TRY(timestamp_text(replace({sql}, 'T', ' ')))"
    if name == "varbinary":
        return f"TRY(from_base64({sql}))"
    here, inside = text(delimiters[0]), delimiters[1:] if len(delimiters) > 1 else delimiters
    if name == "array":
        item = lazy_value(f"nullif(x, {text(null)})", kind.args[0], inside, null)
        return (
            f"CASE WHEN {sql} = '' THEN CAST([] AS {duckdb_type(kind)}) ELSE "
            f"list_transform(string_split({sql}, {here}), lambda x: {item}) END"
        )
    if name == "map":
        pair = text(inside[0])
        key = lazy_value(f"string_split(x, {pair})[1]", kind.args[0], inside[1:] or inside, null)
        value = lazy_value(
            f"nullif(string_split(x, {pair})[2], {text(null)})", kind.args[1], inside[1:] or inside, null
        )
        made = f"list_transform(string_split({sql}, {here}), lambda x: {{'key': {key}, 'value': {value}}})"
        return (
            f"CASE WHEN {sql} = '' THEN CAST(MAP {{}} AS {duckdb_type(kind)}) ELSE map_of_entries({made}) END"
        )
    fields = ", ".join(
        f"{identifier(field_name(kind, i))} := "
        f"{lazy_value(f'nullif(string_split({sql}, {here})[{i + 1}], {text(null)})', k, inside, null)}"
        for i, k in enumerate(kind.args)
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"


# --- OpenCSV ---


def _open_csv(parameters: dict, columns: list[tuple[str, Type]]) -> TextFormat:
    separator = _character(parameters.get("separatorChar", ","))
    quote = _character(parameters.get("quoteChar", '"'))
    escape = _character(parameters.get("escapeChar", "\\"))
    width = len(columns)
    padding = [None] * width

    def split(lines: Iterator[str]) -> Iterator[list[str | None]]:
        for line in lines:
            if quote in line or escape in line:
                options = {} if escape == quote else {"escapechar": escape}
                row = next(
                    csv.reader(
                        [line],
                        delimiter=separator,
                        quotechar=quote,
                        doublequote=True,
                        strict=False,
                        **options,
                    ),
                    [""],
                )
            else:
                row = line.split(separator)
            yield [*row[:width], *padding[len(row) :]]

    return TextFormat(split, _open_csv_value)


def _character(value: str) -> str:
    if value.startswith("\\") and len(value) > 1:
        return value.encode().decode("unicode_escape")
    return value[:1] or "\0"


def _open_csv_value(sql: str, kind: Type, column: str) -> str:
    """OpenCSV's columns are text, or numbers; dates are days, timestamps milliseconds since 1970; else
    HIVE_BAD_DATA."""
    name = kind.name
    if types.is_string(kind):
        return sql
    bad = (
        f"concat('HIVE_BAD_DATA: Error parsing field value ''', {sql}, ''' for field "
        f"{column.replace(chr(39), '')}: For input string: \"', {sql}, '\"')"
    )
    whole = f"regexp_full_match({sql}, '[+-]?[0-9]+')"
    if name in types.INTEGERS:
        return f"checked(NOT {whole}, {bad}, TRY_CAST({sql} AS {duckdb_type(kind)}))"
    if name == "date":
        return f"checked(NOT {whole}, {bad}, DATE '1970-01-01' + TRY_CAST({sql} AS INTEGER))"
    if name == "timestamp":
        return f"checked(NOT {whole}, {bad}, make_timestamp(TRY_CAST({sql} AS BIGINT) * 1000))"
    if name in ("double", "real", "decimal"):
        tried = f"TRY_CAST({sql} AS {duckdb_type(kind)})"
        return f"checked({sql} IS NOT NULL AND {tried} IS NULL, {bad}, {tried})"
    if name == "boolean":
        return f"checked(lower({sql}) NOT IN ('true', 'false'), {bad}, lower({sql}) = 'true')"
    raise StatementError("HIVE_UNSUPPORTED_FORMAT", f"OpenCSVSerDe has no type {kind} (column {column})")


# --- JSON ---


class _Literal(str):
    """A number as the line wrote it."""

    __slots__ = ()


def _json(parameters: dict, columns: list[tuple[str, Type]], openx: bool) -> TextFormat:
    names = [n for n, _ in columns]
    kinds = [k for _, k in columns]
    forgiving = parameters.get("ignore.malformed.json", "false").lower() == "true"
    dots = parameters.get("dots.in.keys", "false").lower() == "true"
    sensitive = parameters.get("case.insensitive", "true").lower() == "false"
    sources = {
        k.removeprefix("mapping.").lower(): v for k, v in parameters.items() if k.startswith("mapping.")
    }
    wanted = [sources.get(n, n) for n in names]
    wanted = [w if sensitive else w.lower() for w in wanted]
    decoder = json.JSONDecoder(
        parse_float=_Literal, parse_int=_Literal, parse_constant=_Literal, strict=False
    )

    def row(line: str) -> list[str | None] | None:
        if not line.strip():
            return None if not openx else [None] * len(wanted)
        try:
            found = decoder.decode(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            if forgiving:
                return [None] * len(wanted)
            raise StatementError(
                "HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - JSONException: {line[:200]}"
            )
        keys = found if sensitive else {k.lower(): v for k, v in found.items()}
        if dots:
            keys = {k.replace(".", "_"): v for k, v in keys.items()}
        return [_json_text(keys.get(w), k) for w, k in zip(wanted, kinds, strict=True)]

    def split(lines: Iterator[str]) -> Iterator[list[str | None]]:
        for line in lines:
            made = row(line)
            if made is not None:
                yield made

    return TextFormat(split, _json_value)


def _json_text(value: object, kind: Type) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and kind.name not in ("array", "map", "row"):
        return value
    return _dumped(value, lower=kind.name == "row")


def _dumped(value: object, lower: bool = False) -> str:
    if isinstance(value, _Literal):
        return str(value)
    if isinstance(value, dict):
        inside = (
            f"{json.dumps(k.lower() if lower else k, ensure_ascii=False)}:{_dumped(v, lower)}"
            for k, v in value.items()
        )
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dumped(v, lower) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _json_value(sql: str, kind: Type, column: str) -> str:
    name = kind.name
    if types.is_string(kind):
        return sql
    if name in ("array", "map", "row"):
        return _nested_json(sql, kind)
    bad = (
        f"concat('HIVE_BAD_DATA: Error parsing field value for field {column.replace(chr(39), '')}: "
        f"For input string: \"', {sql}, '\"')"
    )
    if name == "timestamp":
        tried = (
            f"coalesce(TRY_CAST(replace({sql}, 'T', ' ') AS TIMESTAMP), "
            f"TRY(make_timestamp(CAST(round(CAST({sql} AS DOUBLE) * 1000000) AS BIGINT))))"
        )
    elif name == "boolean":
        tried = f"CASE lower({sql}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    elif name in types.INTEGERS:
        tried = (
            f"CASE WHEN regexp_full_match({sql}, '[+-]?[0-9]+') THEN TRY_CAST({sql} AS "
            f"{duckdb_type(kind)}) END"
        )
    elif name == "varbinary":
        return f"encode({sql})"
    else:
        tried = f"TRY_CAST({sql} AS {duckdb_type(kind)})"
    return f"checked({sql} IS NOT NULL AND {tried} IS NULL, {bad}, {tried})"


def _nested_json(sql: str, kind: Type) -> str:
    """A JSON array or object in its type; a scalar inside is taken as its text would be."""
    if types.is_string(kind):
        return (
            f"CASE json_type({sql}) WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN "
            f"json_extract_string({sql}, '$') ELSE CAST({sql} AS VARCHAR) END"
        )
    if kind.name == "array":
        item = _nested_json("CAST(x AS VARCHAR)", kind.args[0])
        return (
            f"CASE WHEN json_type({sql}) = 'ARRAY' THEN list_transform(json_extract({sql}, '$[*]'), "
            f"lambda x: {item}) END"
        )
    if kind.name == "map":
        value = _nested_json("x.value", kind.args[1])
        key = lazy_value("x.key", kind.args[0], ["\x02", "\x03"], "\\N")
        return (
            f"CASE WHEN json_type({sql}) = 'OBJECT' THEN "
            f"map_of_entries(list_transform(json_members({sql}), lambda x: {{'key': {key}, 'value': "
            f"{value}}})) END"
        )
    if kind.name == "row":
        fields = ", ".join(
            f"{identifier(field_name(kind, i))} := "
            f"{_nested_json(f'json_member({sql}, {text(field_name(kind, i))})', k)}"
            for i, k in enumerate(kind.args)
        )
        return f"CASE WHEN json_type({sql}) = 'OBJECT' THEN struct_pack({fields}) END"
    return lazy_value(f"json_extract_string({sql}, '$')", kind, ["\x02", "\x03"], "\\N")


# --- patterns ---


def _by_pattern(compiled: re.Pattern, groups: list[int | None], width: int) -> Splitter:
    nothing: list[str | None] = [None] * width

    def split(lines: Iterator[str]) -> Iterator[list[str | None]]:
        for line in lines:
            match = compiled.fullmatch(line)
            yield nothing if match is None else [match.group(g) if g is not None else None for g in groups]

    return split


def _regex(parameters: dict, columns: list[tuple[str, Type]]) -> TextFormat:
    """Each group is a column; a line that does not match is a row of NULLs."""
    pattern = parameters.get("input.regex")
    if not pattern:
        raise StatementError("HIVE_METASTORE_ERROR", 'This table does not have serde property "input.regex"!')
    flags = re.IGNORECASE if parameters.get("input.regex.case.insensitive", "false").lower() == "true" else 0
    try:
        compiled = re.compile(_python_regex(pattern), flags | re.ASCII)
    except re.error as error:
        raise StatementError("HIVE_METASTORE_ERROR", f"input.regex is not valid: {error}") from error
    if compiled.groups != len(columns):
        raise StatementError(
            "HIVE_CURSOR_ERROR",
            f"Number of matching groups doesn't match the number of columns: {compiled.groups} groups, "
            f"{len(columns)} columns",
        )
    return TextFormat(
        _by_pattern(compiled, list(range(1, compiled.groups + 1)), len(columns)), _pattern_value
    )


def _python_regex(pattern: str) -> str:
    return re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern)


def _pattern_value(sql: str, kind: Type, column: str) -> str:
    return lazy_value(sql, kind, ["\x02", "\x03"], "\\N")


def _grok(parameters: dict, columns: list[tuple[str, Type]]) -> TextFormat:
    """Each column is the grok field of its name; a line that does not match is a row of NULLs."""
    from logformats import grok

    pattern = parameters.get("input.format")
    if not pattern:
        raise StatementError(
            "HIVE_METASTORE_ERROR", 'This table does not have serde property "input.format"!'
        )
    try:
        compiled = grok.compile(pattern, parameters.get("input.grokCustomPatterns"))
    except grok.GrokError as error:
        raise StatementError(
            "HIVE_METASTORE_ERROR", f"The grok pattern of the table is not valid: {error}"
        ) from error
    names = [n for n, _ in columns]

    def split(lines: Iterator[str]) -> Iterator[list[str | None]]:
        nothing: list[str | None] = [None] * len(names)
        for line in lines:
            found = compiled.match(line)
            if found is None:
                yield nothing
            else:
                lower = {k.lower(): v for k, v in found.items()}
                yield [lower.get(n) for n in names]

    return TextFormat(split, _pattern_value)
