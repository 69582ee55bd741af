"""Functions of arrays and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.scope import Value
from localaws.athena.sql import nodes
from localaws.athena.types import duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.special.base import arity, of_kind, special, unexpected


@special("element_at")
def _element_at(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    base, index = (scope.value(a) for a in node.arguments)
    if base.type.name == "array" and index.type.name in types.INTEGERS:
        return Value(f"array_item_or_null({base.sql}, {index.sql})", base.type.args[0])
    if base.type.name == "map" and types.coerces(index.type, base.type.args[0]):
        return Value(
            f"({base.sql})[{convert.coerce(index.sql, index.type, base.type.args[0])}]", base.type.args[1]
        )
    raise unexpected(node, [base, index], "element_at(array(E), bigint) E, element_at(map(K,V), K) K, V")


@special("array_join")
def _array_join(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 3)
    of = of_kind(scope, node, 0, "array")
    rest = [scope.typed(a, types.VARCHAR, "array_join's separator") for a in node.arguments[1:]]
    item = (
        convert.varchar_of("x", of.type.args[0]) if of.type.args[0] != types.UNKNOWN else "CAST(x AS VARCHAR)"
    )
    if item is None:
        raise unexpected(node, [of], "array_join(array(T), varchar), array_join(array(T), varchar, varchar)")
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


@special("map")
def _map(scope: Expressions, node: nodes.Call) -> Value:
    if not node.arguments:
        return Value("MAP {}", types.map_of(types.UNKNOWN, types.UNKNOWN))
    arity(node, 2, 2)
    keys, values = of_kind(scope, node, 0, "array"), of_kind(scope, node, 1, "array")
    sql = f"map_of_arrays({keys.sql}, {values.sql})"
    return Value(sql, types.map_of(keys.type.args[0], values.type.args[0]))


@special("map_from_entries", "multimap_from_entries")
def _map_from_entries(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 1, 1)
    of = of_kind(scope, node, 0, "array")
    row = of.type.args[0]
    if row.name != "row" or len(row.args) != 2:
        raise unexpected(node, [of], "map_from_entries(array(row(K,V))) K:comparable, V")
    key, value = (types.identifier(types.field_name(row, i)) for i in (0, 1))
    entries = f"list_transform({of.sql}, lambda e: {{'key': e.{key}, 'value': e.{value}}})"
    if node.name == "multimap_from_entries":
        return Value(f"multimap_of_entries({entries})", types.map_of(row.args[0], types.array(row.args[1])))
    return Value(f"map_of_unique({entries})", types.map_of(*row.args))


@special("map_entries")
def _map_entries(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 1, 1)
    of = of_kind(scope, node, 0, "map")
    sql = f"list_transform(map_entries({of.sql}), lambda e: struct_pack(field0 := e.key, field1 := e.value))"
    return Value(sql, types.array(types.row(list(of.type.args), [None, None])))


@special("map_concat")
def _map_concat(scope: Expressions, node: nodes.Call) -> Value:
    values = [of_kind(scope, node, i, "map") for i in range(len(node.arguments))]
    kind = values[0].type
    for value in values[1:]:
        kind = types.common_type(kind, value.type) if kind else None
    if kind is None or len(values) < 2:
        raise unexpected(node, values, "map_concat(map(K,V)) K:comparable, V")
    sqls = ", ".join(convert.coerce(v.sql, v.type, kind) for v in values)
    return Value(f"map_concat({sqls})", kind)


@special("sequence")
def _sequence(scope: Expressions, node: nodes.Call) -> Value:
    """Whole numbers, dates or timestamps from start to stop, both included."""
    arity(node, 2, 3)
    values = [scope.value(a) for a in node.arguments]
    kind = types.common_type(values[0].type, values[1].type)
    refused = unexpected(
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
            towards = f"CASE WHEN {start} <= {stop} THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END"
            step = towards if kind.name == "date" else None
        elif values[2].type.name == "interval day to second":
            step = f"to_microseconds({values[2].sql} * 1000)"
        elif values[2].type.name == "interval year to month":
            step = f"to_months({values[2].sql})"
        else:
            step = None
        if step is None:
            raise refused
        made = f"generate_series(CAST({start} AS TIMESTAMP), CAST({stop} AS TIMESTAMP), {step})"
        return Value(f"CAST(bounded_sequence({made}) AS {duckdb_type(kind)}[])", types.array(kind))
    raise refused
