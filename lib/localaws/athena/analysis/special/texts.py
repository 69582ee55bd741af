"""Regular expressions, whose patterns are translated, and JSON paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert, patterns
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.special.base import arity, special, unexpected


def _regex(scope: Expressions, node: nodes.Call, index: int) -> str:
    value = scope.value(node.arguments[index])
    if not types.is_string(value.type):
        raise unexpected(node, [value], f"{node.name}(varchar(x), JoniRegExp, …)")
    if not isinstance(value.literal, str):
        raise not_supported(f"{node.name} with a pattern that is not a literal", node.position)
    return convert.text(patterns.regex(value.literal, node.position))


@special(
    "regexp_like", "regexp_count", "regexp_extract", "regexp_extract_all", "regexp_split", "regexp_position"
)
def _regexp(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 3)
    value = scope.typed(node.arguments[0], types.VARCHAR, node.name)
    pattern = _regex(scope, node, 1)
    group = "0"
    if len(node.arguments) == 3:
        number = scope.value(node.arguments[2])
        if not isinstance(number.literal, int) or node.name not in ("regexp_extract", "regexp_extract_all"):
            raise not_supported(f"{node.name} with such a third argument", node.position)
        groups = patterns.group_count(pattern)
        if not 0 <= number.literal <= groups:
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT",
                f"Pattern has {groups} groups. Cannot access group {number.literal}",
            )
        group = str(number.literal)
    if node.name == "regexp_like":
        return Value(f"regexp_matches({value}, {pattern})", types.BOOLEAN)
    if node.name == "regexp_count":
        return Value(f"CAST(len(regexp_extract_all({value}, {pattern})) AS BIGINT)", types.BIGINT)
    if node.name == "regexp_extract_all":
        return Value(f"regexp_extract_all({value}, {pattern}, {group})", types.array(types.VARCHAR))
    if node.name == "regexp_split":
        return Value(f"regexp_split_to_array({value}, {pattern})", types.array(types.VARCHAR))
    if node.name == "regexp_position":
        before = f"regexp_extract({value}, {convert.text('(?s)^(.*?)(?:')} || {pattern} || ')', 1)"
        return Value(
            f"CASE WHEN {value} IS NULL THEN NULL WHEN regexp_matches({value}, {pattern}) THEN "
            f"CAST(length({before}) + 1 AS INTEGER) ELSE -1 END",
            types.INTEGER,
        )
    # No match is NULL in Trino and an empty string in DuckDB.
    return Value(
        f"CASE WHEN regexp_matches({value}, {pattern}) THEN regexp_extract({value}, {pattern}, {group}) END",
        types.VARCHAR,
    )


@special("regexp_replace")
def _regexp_replace(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 3)
    value = scope.typed(node.arguments[0], types.VARCHAR, node.name)
    pattern = _regex(scope, node, 1)
    replacement = ""
    if len(node.arguments) == 3:
        if isinstance(node.arguments[2], nodes.Lambda):
            raise not_supported("regexp_replace with a lambda", node.position)
        found = scope.value(node.arguments[2])
        if not isinstance(found.literal, str):
            raise not_supported("regexp_replace with a replacement that is not a literal", node.position)
        replacement = patterns.replacement(
            found.literal, patterns.group_count(pattern), patterns.group_names(pattern)
        )
    return Value(f"regexp_replace({value}, {pattern}, {convert.text(replacement)}, 'g')", types.VARCHAR)


# --- JSON ---


@special("json_extract", "json_extract_scalar", "json_size")
def _json_extract(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value = scope.value(node.arguments[0])
    path = scope.value(node.arguments[1])
    if not (types.is_string(value.type) or value.type in (types.JSON, types.UNKNOWN)) or not types.is_string(
        path.type
    ):
        raise unexpected(
            node, [value, path], f"{node.name}(varchar(x), JsonPath), {node.name}(json, JsonPath)"
        )
    if not isinstance(path.literal, str):
        raise not_supported(f"{node.name} with a path that is not a literal", node.position)
    pointer = convert.text(patterns.json_pointer(path.literal, node.position))
    source = f"CASE WHEN json_valid({value.sql}) THEN {value.sql} END"
    found = f"json_extract({source}, {pointer})"
    if node.name == "json_extract":
        return Value(f"CAST({found} AS VARCHAR)", types.JSON)
    if node.name == "json_size":
        return Value(
            f"CASE json_type({found}) WHEN 'ARRAY' THEN CAST(json_array_length({found}) AS BIGINT) "
            f"WHEN 'OBJECT' THEN CAST(len(json_keys({found})) AS BIGINT) WHEN NULL THEN NULL ELSE "
            f"CASE WHEN {found} IS NOT NULL THEN 0 END END",
            types.BIGINT,
        )
    return Value(
        f"CASE WHEN json_type({found}) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN "
        f"json_extract_string({source}, {pointer}) END",
        types.VARCHAR,
    )


@special("json_array_contains")
def _json_array_contains(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, wanted = (scope.value(a) for a in node.arguments)
    if not (types.is_string(value.type) or value.type == types.JSON):
        raise unexpected(node, [value, wanted], "json_array_contains(json, value)")
    items = f"json_extract({value.sql}, '$[*]')"
    if types.is_string(wanted.type):
        test = f"json_type(x) = 'VARCHAR' AND json_extract_string(x, '$') = {wanted.sql}"
    elif wanted.type == types.BOOLEAN:
        test = f"json_type(x) = 'BOOLEAN' AND CAST(x AS VARCHAR) = CAST({wanted.sql} AS VARCHAR)"
    elif wanted.type.name in types.INTEGERS:
        test = f"json_type(x) IN ('UBIGINT', 'BIGINT') AND CAST(x AS VARCHAR) = CAST({wanted.sql} AS VARCHAR)"
    else:
        raise not_supported("json_array_contains of such a value", node.position)
    return Value(
        f"CASE WHEN json_valid({value.sql}) AND json_type({value.sql}) = 'ARRAY' THEN "
        f"len(list_filter({items}, lambda x: {test})) > 0 END",
        types.BOOLEAN,
    )


@special("json_array_get")
def _json_array_get(scope: Expressions, node: nodes.Call) -> Value:
    raise not_supported("json_array_get", node.position)
