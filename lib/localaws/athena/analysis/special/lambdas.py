"""Functions that take lambdas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type, duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.special.base import arity, of_kind, special, unexpected


def translated_lambda(
    scope: Expressions, node: nodes.Call, index: int, kinds: list[Type]
) -> tuple[list[str], Value]:
    """Translate the lambda in an argument; its parameters have these types."""
    function = node.arguments[index]
    if not isinstance(function, nodes.Lambda) or len(function.parameters) != len(kinds):
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters for function {node.name}: argument {index + 1} must be a lambda of "
            f"{len(kinds)} argument{'s' if len(kinds) > 1 else ''}",
            node.position,
        )
    names, before = scope.with_variables(function.parameters, kinds)
    grouping = scope.grouping
    try:
        return names, scope.value(function.body)
    finally:
        scope.scope, scope.grouping = before, grouping


def predicate(node: nodes.Call, body: Value) -> str:
    if body.type not in (types.BOOLEAN, types.UNKNOWN):
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters for function {node.name}: the lambda gives {body.type}, not boolean",
            node.position,
        )
    return convert.coerce(body.sql, body.type, types.BOOLEAN)


@special("transform")
def _transform(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    of = of_kind(scope, node, 0, "array")
    (name,), body = translated_lambda(scope, node, 1, [of.type.args[0]])
    return Value(f"list_transform({of.sql}, lambda {name}: {body.sql})", types.array(body.type))


@special("filter")
def _filter(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    of = of_kind(scope, node, 0, "array")
    (name,), body = translated_lambda(scope, node, 1, [of.type.args[0]])
    return Value(f"list_filter({of.sql}, lambda {name}: {predicate(node, body)})", of.type)


@special("any_match", "all_match", "none_match")
def _match(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    of = of_kind(scope, node, 0, "array")
    (name,), body = translated_lambda(scope, node, 1, [of.type.args[0]])
    results = f"list_transform({of.sql}, lambda {name}: {predicate(node, body)})"
    decides, otherwise = {"any_match": ("true", "false"), "all_match": ("false", "true")}.get(
        node.name, ("true", "true")
    )
    answer = "false" if node.name in ("none_match", "all_match") else "true"
    sql = (
        f"CASE WHEN {of.sql} IS NULL THEN NULL WHEN coalesce(list_contains({results}, {decides}), "
        f"false) THEN {answer} "
        f"WHEN has_null({results}) THEN NULL ELSE {otherwise} END"
    )
    return Value(sql, types.BOOLEAN)


@special("reduce")
def _reduce(scope: Expressions, node: nodes.Call) -> Value:
    """``reduce(array, start, (state, item) -> state, state -> result)``."""
    arity(node, 4, 4)
    of = of_kind(scope, node, 0, "array")
    start = scope.value(node.arguments[1])
    item, state = of.type.args[0], start.type
    names, body = translated_lambda(scope, node, 2, [state, item])
    if not types.coerces(body.type, state):
        wider = types.common_type(body.type, state)
        if wider is None:
            raise unexpected(node, [of, start], "reduce(array(T), S, function(S,T,S), function(S,R))")
        state = wider
        names, body = translated_lambda(scope, node, 2, [state, item])
    final_names, final = translated_lambda(scope, node, 3, [state])
    # DuckDB's list_reduce needs state and items of one type, so the states ride in a list of structs.
    duck_state, duck_item = duckdb_type(state), duckdb_type(item)
    first = (
        f"{{'s': CAST({convert.coerce(start.sql, start.type, state)} AS {duck_state}), 'x': "
        f"CAST(NULL AS {duck_item})}}"
    )
    others = (
        f"list_transform({of.sql}, lambda x{names[1]}: {{'s': CAST(NULL AS {duck_state}), 'x': "
        f"CAST(x{names[1]} AS {duck_item})}})"
    )
    step = with_names(convert.coerce(body.sql, body.type, state), {names[0]: "(a).s", names[1]: "(b).x"})
    walked = (
        f"(list_reduce(list_concat([{first}], {others}), lambda a, b: "
        f"{{'s': CAST({step} AS {duck_state}), 'x': CAST(NULL AS {duck_item})}})).s"
    )
    result = with_names(final.sql, {final_names[0]: walked})
    return Value(f"CASE WHEN {of.sql} IS NOT NULL THEN {result} END", final.type)


def with_names(sql: str, names: dict[str, str]) -> str:
    """Put expressions in the place of a lambda's parameters; the names occur nowhere else, strings are
    left alone."""
    pieces = re.split(r"('(?:[^']|'')*')", sql)
    pattern = re.compile(r"\b(" + "|".join(names) + r")\b")
    return "".join(
        piece if i % 2 else pattern.sub(lambda m: names[m.group()], piece) for i, piece in enumerate(pieces)
    )


@special("zip_with")
def _zip_with(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 3, 3)
    one, two = of_kind(scope, node, 0, "array"), of_kind(scope, node, 1, "array")
    names, body = translated_lambda(scope, node, 2, [one.type.args[0], two.type.args[0]])
    index = f"i{scope.translator.fresh()}"
    inside = with_names(body.sql, {names[0]: f"({one.sql})[{index}]", names[1]: f"({two.sql})[{index}]"})
    sql = (
        f"CASE WHEN {one.sql} IS NOT NULL AND {two.sql} IS NOT NULL THEN list_transform(range(1, "
        f"greatest(len({one.sql}), len({two.sql})) + 1), lambda {index}: {inside}) END"
    )
    return Value(sql, types.array(body.type))


@special("zip")
def _zip(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 5)
    values = [of_kind(scope, node, i, "array") for i in range(len(node.arguments))]
    kind = types.row([v.type.args[0] for v in values], [None] * len(values))
    index = f"i{scope.translator.fresh()}"
    fields = ", ".join(f"field{i} := ({v.sql})[{index}]" for i, v in enumerate(values))
    longest = f"greatest({', '.join(f'len({v.sql})' for v in values)})"
    nulls = " AND ".join(f"{v.sql} IS NOT NULL" for v in values)
    return Value(
        f"CASE WHEN {nulls} THEN list_transform(range(1, {longest} + 1), lambda {index}: "
        f"struct_pack({fields})) END",
        types.array(kind),
    )


@special("array_sort")
def _array_sort(scope: Expressions, node: nodes.Call) -> Value | None:
    if len(node.arguments) == 1:
        return None
    raise not_supported("array_sort with a lambda", node.position)


def _entries(scope: Expressions, node: nodes.Call) -> tuple[Value, list[str], Value, str]:
    of = of_kind(scope, node, 0, "map")
    names, body = translated_lambda(scope, node, 1, list(of.type.args))
    entry = f"e{scope.translator.fresh()}"
    return of, names, body, entry


@special("map_filter")
def _map_filter(scope: Expressions, node: nodes.Call) -> Value:
    of, names, body, entry = _entries(scope, node)
    inside = with_names(predicate(node, body), {names[0]: f"{entry}.key", names[1]: f"{entry}.value"})
    return Value(f"map_from_entries(list_filter(map_entries({of.sql}), lambda {entry}: {inside}))", of.type)


@special("transform_values", "transform_keys")
def _transform_map(scope: Expressions, node: nodes.Call) -> Value:
    of, names, body, entry = _entries(scope, node)
    inside = with_names(body.sql, {names[0]: f"{entry}.key", names[1]: f"{entry}.value"})
    if node.name == "transform_values":
        fields, kind = f"'key': {entry}.key, 'value': {inside}", types.map_of(of.type.args[0], body.type)
    else:
        fields, kind = f"'key': {inside}, 'value': {entry}.value", types.map_of(body.type, of.type.args[1])
    made = f"list_transform(map_entries({of.sql}), lambda {entry}: {{{fields}}})"
    return Value(
        f"map_of_unique({made})" if node.name == "transform_keys" else f"map_from_entries({made})", kind
    )
