"""Functions that take lambdas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError
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
    return reduced(scope, node, of.sql, of.type.args[0], scope.value(node.arguments[1]), final=3)


def reduced(
    scope: Expressions, node: nodes.Call, items: str, item: Type, start: Value, final: int | None
) -> Value:
    """Walk a list with the lambda of the third argument; `final` names the one for the last state."""
    state = start.type
    names, body = translated_lambda(scope, node, 2, [state, item])
    if not types.coerces(body.type, state):
        wider = types.common_type(body.type, state)
        if wider is None:
            raise unexpected(node, [start], f"{node.name}(…, S, function(S,T,S), …)")
        state = wider
        names, body = translated_lambda(scope, node, 2, [state, item])
    # DuckDB's list_reduce needs state and items of one type, so the states ride in a list of structs.
    duck_state, duck_item = duckdb_type(state), duckdb_type(item)
    first = (
        f"{{'s': CAST({convert.coerce(start.sql, start.type, state)} AS {duck_state}), 'x': "
        f"CAST(NULL AS {duck_item})}}"
    )
    others = (
        f"list_transform({items}, lambda x{names[1]}: {{'s': CAST(NULL AS {duck_state}), 'x': "
        f"CAST(x{names[1]} AS {duck_item})}})"
    )
    step = with_names(convert.coerce(body.sql, body.type, state), {names[0]: "(a).s", names[1]: "(b).x"})
    walked = (
        f"(list_reduce(list_concat([{first}], {others}), lambda a, b: "
        f"{{'s': CAST({step} AS {duck_state}), 'x': CAST(NULL AS {duck_item})}})).s"
    )
    if final is None:
        return Value(f"CASE WHEN len({items}) > 0 THEN {walked} END", state)
    final_names, made = translated_lambda(scope, node, final, [state])
    result = with_names(made.sql, {final_names[0]: walked})
    return Value(f"CASE WHEN {items} IS NOT NULL THEN {result} END", made.type)


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
    """With a comparator: it is asked for every two items, and Python sorts by its answers."""
    if len(node.arguments) == 1:
        return None
    arity(node, 2, 2)
    of = of_kind(scope, node, 0, "array")
    names, body = translated_lambda(scope, node, 1, [of.type.args[0]] * 2)
    if not types.coerces(body.type, types.INTEGER):
        raise unexpected(node, [of], "array_sort(array(T), function(T,T,integer))")
    one, two = (f"i{scope.translator.fresh()}" for _ in "ab")
    asked = with_names(body.sql, {names[0]: f"({of.sql})[{one}]", names[1]: f"({of.sql})[{two}]"})
    places = f"range(1, len({of.sql}) + 1)"
    row = f"list_transform({places}, lambda {two}: CAST({asked} AS BIGINT))"
    matrix = f"list_transform({places}, lambda {one}: {row})"
    return Value(f"list_transform(py_sorted_places({matrix}), lambda p: ({of.sql})[p])", of.type)


@special("map_zip_with")
def _map_zip_with(scope: Expressions, node: nodes.Call) -> Value:
    """The keys of both maps; a value that one lacks is NULL."""
    arity(node, 3, 3)
    one, two = of_kind(scope, node, 0, "map"), of_kind(scope, node, 1, "map")
    key = types.common_type(one.type.args[0], two.type.args[0])
    if key is None:
        raise unexpected(node, [one, two], "map_zip_with(map(K,V1), map(K,V2), function(K,V1,V2,V3))")
    names, body = translated_lambda(scope, node, 2, [key, one.type.args[1], two.type.args[1]])
    k = f"k{scope.translator.fresh()}"
    inside = with_names(body.sql, {names[0]: k, names[1]: f"({one.sql})[{k}]", names[2]: f"({two.sql})[{k}]"})
    keys = f"distinct_items(list_concat(map_keys({one.sql}), map_keys({two.sql})))"
    entries = f"list_transform({keys}, lambda {k}: {{'key': {k}, 'value': {inside}}})"
    whole = f"CASE WHEN {one.sql} IS NOT NULL AND {two.sql} IS NOT NULL THEN map_from_entries({entries}) END"
    return Value(whole, types.map_of(key, body.type))


@special("split_to_map")
def _split_to_map(scope: Expressions, node: nodes.Call) -> Value | None:
    """With a lambda: what becomes of the values of a key that comes again."""
    if len(node.arguments) != 4:
        return None
    parts = [scope.typed(a, types.VARCHAR, "split_to_map") for a in node.arguments[:3]]
    names, body = translated_lambda(scope, node, 3, [types.VARCHAR] * 3)
    if not types.is_string(body.type):
        raise unexpected(node, [body], "split_to_map(varchar, varchar, varchar, function(varchar, …))")
    entry, one, two = (f"{letter}{scope.translator.fresh()}" for letter in "eab")
    inside = with_names(body.sql, {names[0]: f"({entry}).key", names[1]: one, names[2]: two})
    grouped = (
        f"map_entries(multimap_of_entries(list_transform(py_pairs({', '.join(parts)}), "
        "lambda e: {'key': e.k, 'value': e.v})))"
    )
    merged = f"list_reduce(({entry}).value, lambda {one}, {two}: {inside})"
    made = f"{{'key': ({entry}).key, 'value': {merged}}}"
    sql = f"map_from_entries(list_transform({grouped}, lambda {entry}: {made}))"
    return Value(sql, types.map_of(types.VARCHAR, types.VARCHAR))


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
