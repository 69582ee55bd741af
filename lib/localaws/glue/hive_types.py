"""Hive's types, as the catalog's columns have them: inferred from values, merged, and written.

A type is a string (``bigint``), ``["array", type]`` or ``{field: type}`` for a struct, until it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Type = str | list[Any] | dict[str, Any]
Columns = dict[str, Type]

UNSEEN = "null"  # only nulls, or an empty array: any other type wins over it
_WIDENING = ("tinyint", "smallint", "int", "bigint", "float", "double")
_INTEGER = re.compile(r"[+-]?\d{1,19}\Z")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")


def of_json(value: Any) -> Type:
    """Give the type of a value that JSON holds, as Glue's JSON classifier infers it."""
    if isinstance(value, dict):
        return columns_of_json([value])
    if isinstance(value, list):
        return ["array", merge_all(of_json(item) for item in value)]
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return "int"
        return "bigint" if -(2**63) <= value < 2**63 else "string"
    if isinstance(value, float):
        return "double"
    return UNSEEN if value is None else "string"


def columns_of_json(rows: Iterable[dict[str, Any]]) -> Columns:
    """Give the columns of JSON objects, in the order in which they first appear."""
    columns: Columns = {}
    for row in rows:
        for name, value in row.items():
            columns[name] = merge(columns.get(name, UNSEEN), of_json(value))
    return columns


def of_text(value: str) -> str:
    """Give the type that a field of delimited text parses as; an empty one is unseen."""
    if value == "":
        return UNSEEN
    if _INTEGER.match(value) and -(2**63) <= int(value) < 2**63:
        return "bigint"
    if _NUMBER.match(value):
        return "double"
    return "boolean" if value.lower() in ("true", "false") else "string"


def merge(one: Type, other: Type) -> Type:
    """Give the type that holds the values of both: the wider number, the union of structs, else string."""
    if one == other or other == UNSEEN:
        return one
    if one == UNSEEN:
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return merge_columns(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return ["array", merge(one[1], other[1])]
    if one in _WIDENING and other in _WIDENING:
        return max(one, other, key=_WIDENING.index)
    return "string"


def merge_all(types: Iterable[Type]) -> Type:
    """Merge any number of types; none at all is unseen."""
    merged: Type = UNSEEN
    for each in types:
        merged = merge(merged, each)
    return merged


def merge_columns(one: Columns, other: Columns) -> Columns:
    """Give the columns of both, those of the first before the new ones of the second."""
    merged = dict(one)
    for name, type_ in other.items():
        merged[name] = merge(merged.get(name, UNSEEN), type_)
    return merged


def similarity(one: Columns, other: Columns) -> float:
    """Give the share of columns, of all that either has, that both have with types that fit together."""
    if not one and not other:
        return 1.0
    common = sum(
        1
        for name, type_ in one.items()
        if name in other
        and (type_ == "string" or merge(type_, other[name]) != "string" or other[name] == "string")
    )
    return common / len(one.keys() | other.keys())


def write(type_: Type) -> str:
    """Write a type as the catalog has it: ``array<struct<a:int,b:string>>``."""
    if isinstance(type_, dict):
        if not type_:  # Hive has no empty struct
            return "string"
        return "struct<" + ",".join(f"{name}:{write(each)}" for name, each in type_.items()) + ">"
    if isinstance(type_, list):
        return f"array<{write(type_[1])}>"
    return "string" if type_ == UNSEEN else type_


def of_arrow(type_: Any) -> str:
    """Give the Hive type of a `pyarrow.DataType`, as a Parquet or ORC file's schema has it.

    Unsigned integers take the next wider type. Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
    """
    import pyarrow.types as pt

    names = (
        (pt.is_boolean, "boolean"),
        (pt.is_int8, "tinyint"),
        (pt.is_int16, "smallint"),
        (pt.is_uint8, "smallint"),
        (pt.is_int32, "int"),
        (pt.is_uint16, "int"),
        (pt.is_int64, "bigint"),
        (pt.is_uint32, "bigint"),
        (pt.is_uint64, "decimal(20,0)"),
        (pt.is_float16, "float"),
        (pt.is_float32, "float"),
        (pt.is_float64, "double"),
        (pt.is_string, "string"),
        (pt.is_large_string, "string"),
        (pt.is_binary, "binary"),
        (pt.is_large_binary, "binary"),
        (pt.is_fixed_size_binary, "binary"),
        (pt.is_date, "date"),
        (pt.is_timestamp, "timestamp"),
        (pt.is_null, "string"),
    )
    for is_it, name in names:
        if is_it(type_):
            return name
    if pt.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    if pt.is_dictionary(type_):
        return of_arrow(type_.value_type)
    if pt.is_map(type_):
        return f"map<{of_arrow(type_.key_type)},{of_arrow(type_.item_type)}>"
    if pt.is_list(type_) or pt.is_large_list(type_) or pt.is_fixed_size_list(type_):
        return f"array<{of_arrow(type_.value_type)}>"
    if pt.is_struct(type_):
        return "struct<" + ",".join(f"{field.name}:{of_arrow(field.type)}" for field in type_) + ">"
    return "string"  # times of day and durations have no type of their own in Hive
