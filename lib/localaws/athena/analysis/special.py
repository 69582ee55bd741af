"""Functions whose DuckDB form depends on more than their types: lambdas, formats, zones, paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert, patterns
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type, duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions

SPECIAL: dict[str, Callable[[Expressions, nodes.Call], Value | None]] = {}


def _special(*names: str):
    def register(function):
        for name in names:
            SPECIAL[name] = function
        return function

    return register


def _arity(node: nodes.Call, low: int, high: int) -> None:
    if not low <= len(node.arguments) <= high:
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({len(node.arguments)} of them) for function {node.name}",
            node.position,
        )


def _unexpected(node: nodes.Call, values: list[Value], expected: str) -> StatementError:
    given = ", ".join(str(v.type) for v in values)
    return StatementError(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({given}) for function {node.name}. Expected: {expected}",
        node.position,
    )


# --- conditionals ---


@_special("coalesce")
def _coalesce(scope: Expressions, node: nodes.Call) -> Value:
    if len(node.arguments) < 2:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT",
            "The 'coalesce' function must have at least two arguments",
            node.position,
        )
    sqls, kind = scope.common(
        [scope.value(a) for a in node.arguments], node.position, "All COALESCE operands must be the same type"
    )
    return Value(f"coalesce({', '.join(sqls)})", kind)


@_special("nullif")
def _nullif(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    left, right = (scope.value(a) for a in node.arguments)
    if types.common_type(left.type, right.type) is None:
        raise StatementError(
            "TYPE_MISMATCH",
            f"Types are not comparable with NULLIF: {left.type} vs {right.type}",
            node.position,
        )
    equal = scope.compare("=", left, right, node.position)
    return Value(f"CASE WHEN {equal.sql} THEN NULL ELSE {left.sql} END", left.type)


@_special("if")
def _if(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 3)
    condition = scope.condition(node.arguments[0], "IF condition")
    results = [scope.value(a) for a in node.arguments[1:]]
    sqls, kind = scope.common(results, node.position, "Result types for IF must be the same")
    otherwise = f" ELSE {sqls[1]}" if len(sqls) > 1 else ""
    return Value(f"CASE WHEN {condition} THEN {sqls[0]}{otherwise} END", kind)


@_special("try")
def _try(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 1, 1)
    value = scope.value(node.arguments[0])
    return Value(f"TRY({value.sql})", value.type)


@_special("typeof")
def _typeof(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 1, 1)
    return Value(convert.text(str(scope.value(node.arguments[0]).type)), types.VARCHAR)


@_special("greatest", "least")
def _extreme(scope: Expressions, node: nodes.Call) -> Value:
    values = [scope.value(a) for a in node.arguments]
    kind = types.UNKNOWN
    for value in values:
        found = types.common_type(kind, value.type)
        if found is None or not types.orderable(found):
            raise _unexpected(node, values, f"{node.name}(E) E:orderable")
        kind = found
    sqls = [convert.coerce(v.sql, v.type, kind) for v in values]
    if kind.name == "timestamp with time zone":
        raise not_supported(f"{node.name} of timestamps with time zone", node.position)
    nulls = " OR ".join(f"{s} IS NULL" for s in sqls)
    return Value(f"CASE WHEN {nulls} THEN NULL ELSE {node.name}({', '.join(sqls)}) END", kind)


@_special("concat")
def _concat(scope: Expressions, node: nodes.Call) -> Value:
    values = [scope.value(a) for a in node.arguments]
    if len(values) < 2:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments", node.position
        )
    from localaws.athena.analysis.literals import arithmetic

    whole = values[0]
    for value in values[1:]:
        step = nodes.Arithmetic(node.position, "||", node, node)
        try:
            whole = arithmetic(step, whole, value)
        except StatementError:
            raise _unexpected(
                node,
                values,
                "concat(E, array(E)) E, concat(array(E)) E, concat(array(E), E) E, concat(char(x), char(y)), "
                "concat(varbinary), concat(varchar)",
            ) from None
    return whole


@_special("grouping")
def _grouping(scope: Expressions, node: nodes.Call) -> Value:
    if scope.grouping is None:
        raise StatementError(
            "MISSING_GROUP_BY",
            "A GROUPING() operation can only be used with a corresponding GROUPING "
            "SET/CUBE/ROLLUP/GROUP BY clause",
            node.position,
        )
    values = [scope.value(a) for a in node.arguments]
    return Value(f"CAST(grouping({', '.join(v.sql for v in values)}) AS INTEGER)", types.INTEGER)


# --- numbers ---


@_special("round")
def _round(scope: Expressions, node: nodes.Call) -> Value:
    """Half away from zero; a decimal loses its scale (or keeps it when digits are given)."""
    _arity(node, 1, 2)
    values = [scope.value(a) for a in node.arguments]
    if not types.is_number(values[0].type) or (
        len(values) == 2 and values[1].type.name not in types.INTEGERS
    ):
        raise _unexpected(
            node, values, "round(bigint), round(decimal(p,s)), round(double), round(double, integer)"
        )
    value, kind = values[0], values[0].type
    if len(values) == 1:
        if kind.name in types.INTEGERS:
            return value
        if kind.name == "decimal":
            precision, scale = kind.args
            result = types.decimal(min(38, precision - scale + min(1, scale)) or 1, 0)
            return Value(f"CAST(round({value.sql}, 0) AS {duckdb_type(result)})", result)
        return Value(f"CAST(round({value.sql}) AS {duckdb_type(kind)})", kind)
    digits = values[1].sql
    if kind.name == "decimal":
        precision, scale = kind.args
        result = types.decimal(min(38, precision + 1), scale)
        if not isinstance(values[1].literal, int):
            raise not_supported("round of a decimal to digits that are not a literal", node.position)
        return Value(f"CAST(round({value.sql}, {values[1].literal}) AS {duckdb_type(result)})", result)
    return Value(f"CAST(round({value.sql}, CAST({digits} AS INTEGER)) AS {duckdb_type(kind)})", kind)


@_special("abs", "ceil", "ceiling", "floor", "sign", "truncate", "mod")
def _decimal_form(scope: Expressions, node: nodes.Call) -> Value | None:
    """The forms for decimals; the others are in the table."""
    values = [scope.value(a) for a in node.arguments]
    if not values or not any(v.type.name == "decimal" for v in values):
        return None
    if node.name == "mod" and len(values) == 2 and all(types.is_number(v.type) for v in values):
        if any(v.type.name in ("double", "real") for v in values):
            return None
        from localaws.athena.analysis.literals import arithmetic

        return arithmetic(nodes.Arithmetic(node.position, "%", node, node), values[0], values[1])
    value, kind = values[0], values[0].type
    precision, scale = kind.args
    if node.name == "abs" and len(values) == 1:
        return Value(f"CAST(abs({value.sql}) AS {duckdb_type(kind)})", kind)
    if node.name == "sign" and len(values) == 1:
        return Value(f"CAST(sign({value.sql}) AS DECIMAL(1,0))", types.decimal(1, 0))
    if node.name in ("ceil", "ceiling", "floor") and len(values) == 1:
        result = types.decimal(min(38, precision - scale + min(scale, 1)) or 1, 0)
        name = "floor" if node.name == "floor" else "ceil"
        return Value(f"CAST({name}({value.sql}) AS {duckdb_type(result)})", result)
    if node.name == "truncate" and len(values) == 1:
        result = types.decimal(max(precision - scale, 1), 0)
        return Value(f"CAST(trunc({value.sql}) AS {duckdb_type(result)})", result)
    return None


# --- lambdas ---


def _lambda(scope: Expressions, node: nodes.Call, index: int, kinds: list[Type]) -> tuple[list[str], Value]:
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


def _of(scope: Expressions, node: nodes.Call, index: int, name: str) -> Value:
    value = scope.value(node.arguments[index])
    if value.type.name != name:
        raise _unexpected(node, [value], f"{node.name}({name}, …)")
    return value


def _predicate(node: nodes.Call, body: Value) -> str:
    if body.type not in (types.BOOLEAN, types.UNKNOWN):
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters for function {node.name}: the lambda gives {body.type}, not boolean",
            node.position,
        )
    return convert.coerce(body.sql, body.type, types.BOOLEAN)


@_special("transform")
def _transform(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    of = _of(scope, node, 0, "array")
    (name,), body = _lambda(scope, node, 1, [of.type.args[0]])
    return Value(f"list_transform({of.sql}, lambda {name}: {body.sql})", types.array(body.type))


@_special("filter")
def _filter(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    of = _of(scope, node, 0, "array")
    (name,), body = _lambda(scope, node, 1, [of.type.args[0]])
    return Value(f"list_filter({of.sql}, lambda {name}: {_predicate(node, body)})", of.type)


@_special("any_match", "all_match", "none_match")
def _match(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    of = _of(scope, node, 0, "array")
    (name,), body = _lambda(scope, node, 1, [of.type.args[0]])
    results = f"list_transform({of.sql}, lambda {name}: {_predicate(node, body)})"
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


@_special("reduce")
def _reduce(scope: Expressions, node: nodes.Call) -> Value:
    """``reduce(array, start, (state, item) -> state, state -> result)``."""
    _arity(node, 4, 4)
    of = _of(scope, node, 0, "array")
    start = scope.value(node.arguments[1])
    item, state = of.type.args[0], start.type
    names, body = _lambda(scope, node, 2, [state, item])
    if not types.coerces(body.type, state):
        wider = types.common_type(body.type, state)
        if wider is None:
            raise _unexpected(node, [of, start], "reduce(array(T), S, function(S,T,S), function(S,R))")
        state = wider
        names, body = _lambda(scope, node, 2, [state, item])
    final_names, final = _lambda(scope, node, 3, [state])
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
    step = _with_names(convert.coerce(body.sql, body.type, state), {names[0]: "(a).s", names[1]: "(b).x"})
    walked = (
        f"(list_reduce(list_concat([{first}], {others}), lambda a, b: "
        f"{{'s': CAST({step} AS {duck_state}), 'x': CAST(NULL AS {duck_item})}})).s"
    )
    result = _with_names(final.sql, {final_names[0]: walked})
    return Value(f"CASE WHEN {of.sql} IS NOT NULL THEN {result} END", final.type)


def _with_names(sql: str, names: dict[str, str]) -> str:
    """Put expressions in the place of a lambda's parameters; the names occur nowhere else, strings are
    left alone."""
    pieces = re.split(r"('(?:[^']|'')*')", sql)
    pattern = re.compile(r"\b(" + "|".join(names) + r")\b")
    return "".join(
        piece if i % 2 else pattern.sub(lambda m: names[m.group()], piece) for i, piece in enumerate(pieces)
    )


@_special("zip_with")
def _zip_with(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 3, 3)
    one, two = _of(scope, node, 0, "array"), _of(scope, node, 1, "array")
    names, body = _lambda(scope, node, 2, [one.type.args[0], two.type.args[0]])
    index = f"i{scope.translator.fresh()}"
    inside = _with_names(body.sql, {names[0]: f"({one.sql})[{index}]", names[1]: f"({two.sql})[{index}]"})
    sql = (
        f"CASE WHEN {one.sql} IS NOT NULL AND {two.sql} IS NOT NULL THEN list_transform(range(1, "
        f"greatest(len({one.sql}), len({two.sql})) + 1), lambda {index}: {inside}) END"
    )
    return Value(sql, types.array(body.type))


@_special("zip")
def _zip(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 5)
    values = [_of(scope, node, i, "array") for i in range(len(node.arguments))]
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


@_special("array_sort")
def _array_sort(scope: Expressions, node: nodes.Call) -> Value | None:
    if len(node.arguments) == 1:
        return None
    raise not_supported("array_sort with a lambda", node.position)


def _entries(scope: Expressions, node: nodes.Call) -> tuple[Value, list[str], Value, str]:
    of = _of(scope, node, 0, "map")
    names, body = _lambda(scope, node, 1, list(of.type.args))
    entry = f"e{scope.translator.fresh()}"
    return of, names, body, entry


@_special("map_filter")
def _map_filter(scope: Expressions, node: nodes.Call) -> Value:
    of, names, body, entry = _entries(scope, node)
    inside = _with_names(_predicate(node, body), {names[0]: f"{entry}.key", names[1]: f"{entry}.value"})
    return Value(f"map_from_entries(list_filter(map_entries({of.sql}), lambda {entry}: {inside}))", of.type)


@_special("transform_values", "transform_keys")
def _transform_map(scope: Expressions, node: nodes.Call) -> Value:
    of, names, body, entry = _entries(scope, node)
    inside = _with_names(body.sql, {names[0]: f"{entry}.key", names[1]: f"{entry}.value"})
    if node.name == "transform_values":
        fields, kind = f"'key': {entry}.key, 'value': {inside}", types.map_of(of.type.args[0], body.type)
    else:
        fields, kind = f"'key': {inside}, 'value': {entry}.value", types.map_of(body.type, of.type.args[1])
    made = f"list_transform(map_entries({of.sql}), lambda {entry}: {{{fields}}})"
    return Value(
        f"map_of_unique({made})" if node.name == "transform_keys" else f"map_from_entries({made})", kind
    )


# --- arrays and maps ---


@_special("element_at")
def _element_at(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    base, index = (scope.value(a) for a in node.arguments)
    if base.type.name == "array" and index.type.name in types.INTEGERS:
        return Value(f"array_item_or_null({base.sql}, {index.sql})", base.type.args[0])
    if base.type.name == "map" and types.coerces(index.type, base.type.args[0]):
        return Value(
            f"({base.sql})[{convert.coerce(index.sql, index.type, base.type.args[0])}]", base.type.args[1]
        )
    raise _unexpected(node, [base, index], "element_at(array(E), bigint) E, element_at(map(K,V), K) K, V")


@_special("array_join")
def _array_join(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 3)
    of = _of(scope, node, 0, "array")
    rest = [scope.typed(a, types.VARCHAR, "array_join's separator") for a in node.arguments[1:]]
    item = (
        convert.varchar_of("x", of.type.args[0]) if of.type.args[0] != types.UNKNOWN else "CAST(x AS VARCHAR)"
    )
    if item is None:
        raise _unexpected(node, [of], "array_join(array(T), varchar), array_join(array(T), varchar, varchar)")
    if len(rest) == 2:
        return Value(
            f"coalesce(array_to_string(list_transform({of.sql}, lambda x: coalesce({item}, {rest[1]})), "
            f"{rest[0]}), "
            f"CASE WHEN {of.sql} IS NOT NULL THEN '' END)",
            types.VARCHAR,
        )
    joined = (
        f"array_to_string(list_transform(list_filter({of.sql}, lambda x: x IS NOT NULL), lambda x: "
        f"{item}), {rest[0]})"
    )
    return Value(f"coalesce({joined}, CASE WHEN {of.sql} IS NOT NULL THEN '' END)", types.VARCHAR)


@_special("map")
def _map(scope: Expressions, node: nodes.Call) -> Value:
    if not node.arguments:
        return Value("MAP {}", types.map_of(types.UNKNOWN, types.UNKNOWN))
    _arity(node, 2, 2)
    keys, values = _of(scope, node, 0, "array"), _of(scope, node, 1, "array")
    sql = f"map_of_arrays({keys.sql}, {values.sql})"
    return Value(sql, types.map_of(keys.type.args[0], values.type.args[0]))


@_special("map_from_entries")
def _map_from_entries(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 1, 1)
    of = _of(scope, node, 0, "array")
    row = of.type.args[0]
    if row.name != "row" or len(row.args) != 2:
        raise _unexpected(node, [of], "map_from_entries(array(row(K,V))) K:comparable, V")
    key, value = (types.identifier(types.field_name(row, i)) for i in (0, 1))
    entries = f"list_transform({of.sql}, lambda e: {{'key': e.{key}, 'value': e.{value}}})"
    return Value(f"map_of_unique({entries})", types.map_of(*row.args))


@_special("map_entries")
def _map_entries(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 1, 1)
    of = _of(scope, node, 0, "map")
    sql = f"list_transform(map_entries({of.sql}), lambda e: struct_pack(field0 := e.key, field1 := e.value))"
    return Value(sql, types.array(types.row(list(of.type.args), [None, None])))


@_special("map_concat")
def _map_concat(scope: Expressions, node: nodes.Call) -> Value:
    values = [_of(scope, node, i, "map") for i in range(len(node.arguments))]
    kind = values[0].type
    for value in values[1:]:
        kind = types.common_type(kind, value.type) if kind else None
    if kind is None or len(values) < 2:
        raise _unexpected(node, values, "map_concat(map(K,V)) K:comparable, V")
    sqls = ", ".join(convert.coerce(v.sql, v.type, kind) for v in values)
    return Value(f"map_concat({sqls})", kind)


@_special("sequence")
def _sequence(scope: Expressions, node: nodes.Call) -> Value:
    """Whole numbers, dates or timestamps from start to stop, both included."""
    _arity(node, 2, 3)
    values = [scope.value(a) for a in node.arguments]
    kind = types.common_type(values[0].type, values[1].type)
    refused = _unexpected(
        node, values, "sequence(bigint, bigint), sequence(bigint, bigint, bigint), sequence(date, date), …"
    )
    if kind is None:
        raise refused
    start, stop = (convert.coerce(v.sql, v.type, kind) for v in values[:2])
    if kind.name in types.INTEGERS:
        step = convert.coerce(values[2].sql, values[2].type, types.BIGINT) if len(values) == 3 else None
        if len(values) == 3 and values[2].type.name not in types.INTEGERS:
            raise refused
        start, stop = (f"CAST({s} AS BIGINT)" for s in (start, stop))
        by = step or f"CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END"
        sql = f"number_sequence({start}, {stop}, {by})"
        return Value(sql, types.array(types.BIGINT))
    if kind.name in ("date", "timestamp"):
        if len(values) == 2:
            step = "INTERVAL 1 DAY" if kind.name == "date" else None
        elif values[2].type.name == "interval day to second":
            step = f"to_microseconds({values[2].sql} * 1000)"
        elif values[2].type.name == "interval year to month":
            step = f"to_months({values[2].sql})"
        else:
            step = None
        if step is None:
            raise refused
        made = f"generate_series(CAST({start} AS TIMESTAMP), CAST({stop} AS TIMESTAMP), {step})"
        return Value(f"CAST({made} AS {duckdb_type(kind)}[])", types.array(kind))
    raise refused


# --- regular expressions ---


def _regex(scope: Expressions, node: nodes.Call, index: int) -> str:
    value = scope.value(node.arguments[index])
    if not types.is_string(value.type):
        raise _unexpected(node, [value], f"{node.name}(varchar(x), JoniRegExp, …)")
    if not isinstance(value.literal, str):
        raise not_supported(f"{node.name} with a pattern that is not a literal", node.position)
    return convert.text(patterns.regex(value.literal, node.position))


@_special(
    "regexp_like", "regexp_count", "regexp_extract", "regexp_extract_all", "regexp_split", "regexp_position"
)
def _regexp(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 3)
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


@_special("regexp_replace")
def _regexp_replace(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 3)
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


@_special("json_extract", "json_extract_scalar", "json_size")
def _json_extract(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    value = scope.value(node.arguments[0])
    path = scope.value(node.arguments[1])
    if not (types.is_string(value.type) or value.type in (types.JSON, types.UNKNOWN)) or not types.is_string(
        path.type
    ):
        raise _unexpected(
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


@_special("json_array_contains")
def _json_array_contains(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    value, wanted = (scope.value(a) for a in node.arguments)
    if not (types.is_string(value.type) or value.type == types.JSON):
        raise _unexpected(node, [value, wanted], "json_array_contains(json, value)")
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


@_special("json_array_get")
def _json_array_get(scope: Expressions, node: nodes.Call) -> Value:
    raise not_supported("json_array_get", node.position)


# --- dates and times ---

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")


def _unit(scope: Expressions, node: nodes.Call) -> str:
    value = scope.value(node.arguments[0])
    if not isinstance(value.literal, str):
        raise not_supported(f"{node.name} with a unit that is not a literal", node.position)
    unit = value.literal.lower()
    if unit not in _UNITS:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT",
            f"'{value.literal}' is not a valid Timestamp field",
            node.position,
        )
    return unit


_TIMES = ("date", "timestamp", "timestamp with time zone", "time")


@_special("date_trunc")
def _date_trunc(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    unit = _unit(scope, node)
    value = scope.value(node.arguments[1])
    kind = value.type
    if kind.name not in _TIMES:
        raise _unexpected(
            node,
            [scope.value(node.arguments[0]), value],
            "date_trunc(varchar(x), date), date_trunc(varchar(x), timestamp(p)), …",
        )
    if kind.name == "date" and unit in ("millisecond", "second", "minute", "hour"):
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field", node.position
        )
    if kind.name == "timestamp with time zone":
        return Value(f"at_zone(date_trunc('{unit}', local_time({value.sql})), ({value.sql}).z)", kind)
    if kind.name == "time":
        if unit not in ("millisecond", "second", "minute", "hour"):
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid Time field", node.position
            )
        return Value(f"CAST(date_trunc('{unit}', DATE '1970-01-01' + {value.sql}) AS TIME)", kind)
    return Value(f"CAST(date_trunc('{unit}', {value.sql}) AS {duckdb_type(kind)})", kind)


@_special("date_add")
def _date_add(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 3, 3)
    unit = _unit(scope, node)
    count, value = (scope.value(a) for a in node.arguments[1:])
    if not types.coerces(count.type, types.BIGINT) or value.type.name not in _TIMES:
        raise _unexpected(
            node,
            [scope.value(node.arguments[0]), count, value],
            "date_add(varchar(x), bigint, date), date_add(varchar(x), bigint, timestamp(p)), …",
        )
    kind = value.type
    small = ("millisecond", "second", "minute", "hour")
    if kind.name == "date" and unit in small:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field", node.position
        )
    number = convert.coerce(count.sql, count.type, types.BIGINT)
    step = {
        "millisecond": f"to_milliseconds({number})",
        "second": f"to_seconds({number})",
        "minute": f"to_minutes({number})",
        "hour": f"to_hours({number})",
        "day": f"to_days(CAST({number} AS INTEGER))",
        "week": f"to_days(CAST({number} * 7 AS INTEGER))",
        "month": f"to_months(CAST({number} AS INTEGER))",
        "quarter": f"to_months(CAST({number} * 3 AS INTEGER))",
        "year": f"to_months(CAST({number} * 12 AS INTEGER))",
    }[unit]
    if kind.name == "timestamp with time zone":
        if unit in small:
            return Value(
                f"CASE WHEN {value.sql} IS NOT NULL AND {number} IS NOT NULL THEN {{'i': "
                f"({value.sql}).i + {step}, 'z': ({value.sql}).z}} END",
                kind,
            )
        return Value(f"at_zone(local_time({value.sql}) + {step}, ({value.sql}).z)", kind)
    if kind.name == "time":
        return Value(f"CAST(DATE '1970-01-01' + {value.sql} + {step} AS TIME)", kind)
    return Value(f"CAST({value.sql} + {step} AS {duckdb_type(kind)})", kind)


@_special("date_diff")
def _date_diff(scope: Expressions, node: nodes.Call) -> Value:
    """Whole units from the first to the second."""
    _arity(node, 3, 3)
    unit = _unit(scope, node)
    one, two = (scope.value(a) for a in node.arguments[1:])
    kind = types.common_type(one.type, two.type)
    if kind is None or kind.name not in _TIMES:
        raise _unexpected(
            node,
            [scope.value(node.arguments[0]), one, two],
            "date_diff(varchar(x), date, date), date_diff(varchar(x), timestamp(p), timestamp(p)), …",
        )
    if kind.name == "date" and unit in ("millisecond", "second", "minute", "hour"):
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field", node.position
        )
    sqls = [convert.coerce(v.sql, v.type, kind) for v in (one, two)]
    if kind.name == "timestamp with time zone":
        sqls = (
            [f"({sqls[0]}).i", f"({sqls[1]}).i"]
            if unit in ("millisecond", "second", "minute", "hour")
            else [
                f"local_time({sqls[0]})",
                f"timezone(zone_id(({sqls[0]}).z), timezone('UTC', ({sqls[1]}).i))",
            ]
        )
    if kind.name == "time":
        sqls = [f"(DATE '1970-01-01' + {s})" for s in sqls]
    return Value(f"datesub('{unit}', {sqls[0]}, {sqls[1]})", types.BIGINT)


@_special("at_timezone")
def _at_timezone(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    value, zone = (scope.value(a) for a in node.arguments)
    if value.type.name == "timestamp":
        value = Value(f"at_utc({value.sql})", Type("timestamp with time zone", value.type.args))
    if value.type.name != "timestamp with time zone":
        raise _unexpected(node, [value, zone], "at_timezone(timestamp(p) with time zone, varchar(x))")
    if zone.type.name == "interval day to second":
        minutes = f"({zone.sql} // 60000)"
        return Value(f"{{'i': ({value.sql}).i, 'z': offset_sign_text({minutes})}}", value.type)
    if not types.is_string(zone.type):
        raise _unexpected(node, [value, zone], "at_timezone(timestamp(p) with time zone, varchar(x))")
    return Value(
        f"CASE WHEN {value.sql} IS NOT NULL THEN {{'i': ({value.sql}).i, 'z': {zone.sql}}} END", value.type
    )


@_special("now")
def _now(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 0, 0)
    return scope.value(nodes.CurrentTime(node.position, "current_timestamp", None))


_ZONED_PARTS = [
    "day",
    "day_of_month",
    "day_of_week",
    "dow",
    "day_of_year",
    "doy",
    "hour",
    "minute",
    "second",
    "millisecond",
    "month",
    "quarter",
    "week",
    "week_of_year",
    "year",
    "year_of_week",
    "yow",
    "last_day_of_month",
]


@_special(*_ZONED_PARTS)
def _part(scope: Expressions, node: nodes.Call) -> Value | None:
    """Parts of a time with a zone are those of the clock there; of an interval, its own."""
    from localaws.athena.analysis.calls import apply, choose
    from localaws.athena.analysis.functions import scalars

    if len(node.arguments) != 1:
        return None
    value = scope.value(node.arguments[0])
    if value.type.name == "interval day to second":
        unit = {
            "day": (86_400_000, 10**12),
            "hour": (3_600_000, 24),
            "minute": (60_000, 60),
            "second": (1000, 60),
            "millisecond": (1, 1000),
        }
        if node.name in unit:
            by, of = unit[node.name]
            return Value(f"({value.sql} // {by} % {of})", types.BIGINT)
    if value.type.name == "interval year to month" and node.name in ("year", "month"):
        return Value(
            f"CAST({value.sql} {'// 12' if node.name == 'year' else '% 12'} AS BIGINT)", types.BIGINT
        )
    if value.type.name == "timestamp with time zone":
        value = Value(f"local_time({value.sql})", types.TIMESTAMP)
    if value.type.name == "date" and node.name in ("hour", "minute", "second", "millisecond"):
        raise _unexpected(
            node, [value], f"{node.name}(timestamp(p)), {node.name}(timestamp(p) with time zone), …"
        )
    signature, variables = choose(node, [value], scalars[node.name])
    return apply(signature, variables, [value])


def _local(value: Value) -> str | None:
    """A time as a timestamp on the clock it shows."""
    if value.type.name == "timestamp":
        return value.sql
    if value.type.name == "date":
        return f"CAST({value.sql} AS TIMESTAMP)"
    return f"local_time({value.sql})" if value.type.name == "timestamp with time zone" else None


@_special("date_format", "format_datetime")
def _format(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    value, pattern = (scope.value(a) for a in node.arguments)
    local = _local(value)
    if local is None or not types.is_string(pattern.type):
        raise _unexpected(
            node,
            [value, pattern],
            f"{node.name}(timestamp(p), varchar(x)), {node.name}(timestamp(p) with time zone, varchar(x))",
        )
    if not isinstance(pattern.literal, str):
        raise not_supported(f"{node.name} with a format that is not a literal", node.position)
    write = patterns.mysql_format if node.name == "date_format" else patterns.joda_format
    zoned = value.sql if value.type.name == "timestamp with time zone" else f"at_utc({local})"
    return Value(write(pattern.literal, local, zoned, node.position), types.VARCHAR)


@_special("date_parse", "parse_datetime")
def _parse(scope: Expressions, node: nodes.Call) -> Value:
    _arity(node, 2, 2)
    value = scope.typed(node.arguments[0], types.VARCHAR, node.name)
    pattern = scope.value(node.arguments[1])
    if not isinstance(pattern.literal, str):
        raise not_supported(f"{node.name} with a format that is not a literal", node.position)
    if node.name == "date_parse":
        return Value(patterns.mysql_parse(pattern.literal, value, node.position), types.TIMESTAMP)
    return Value(patterns.joda_parse(pattern.literal, value, node.position), types.TIMESTAMP_TZ)


@_special("from_unixtime")
def _from_unixtime(scope: Expressions, node: nodes.Call) -> Value | None:
    if len(node.arguments) == 3:
        raise not_supported("from_unixtime with hours and minutes", node.position)
    return None


@_special("format")
def _format_text(scope: Expressions, node: nodes.Call) -> Value:
    pattern = scope.value(node.arguments[0]) if node.arguments else None
    if pattern is None or not isinstance(pattern.literal, str):
        raise not_supported("format without a literal format", node.position)
    values = [scope.value(a) for a in node.arguments[1:]]
    return Value(patterns.java_format(pattern.literal, values, node.position), types.VARCHAR)


@_special("uuid")
def _uuid(scope: Expressions, node: nodes.Call) -> Value:
    return Value("CAST(uuid() AS VARCHAR)", Type("uuid"))
