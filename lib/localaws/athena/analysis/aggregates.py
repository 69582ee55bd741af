"""Aggregates and window functions: Trino's types and refusals, DuckDB's SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert, functions
from localaws.athena.analysis.calls import choose, coerced, fill, is_aggregate, precision_source, unknown
from localaws.athena.analysis.scope import Value
from localaws.athena.analysis.signatures import resolve
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type, duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions


def aggregate_or_window(scope: Expressions, node: nodes.Call) -> Value:
    name = node.name
    windowed = node.window is not None
    if name in functions.windows and not windowed:
        raise StatementError("MISSING_OVER", f"Window function {name} requires an OVER clause", node.position)
    if windowed and name not in functions.windows and not is_aggregate(name):
        if name in functions.scalars:
            raise StatementError("FUNCTION_NOT_WINDOW", f"{name} is not a window function", node.position)
        raise unknown(node)
    if scope.clause is not None:
        raise StatementError(
            "EXPRESSION_NOT_SCALAR",
            f"{scope.clause} cannot contain aggregations, window functions or grouping operations: [{name}]",
            node.position,
        )
    if scope.in_aggregate:
        raise StatementError(
            "NESTED_AGGREGATION" if not windowed else "NESTED_WINDOW",
            f"Cannot nest aggregations inside aggregation '{name}'",
            node.position,
        )
    if windowed and any(_has_window(a) for a in node.arguments):
        raise StatementError(
            "NESTED_WINDOW",
            "Cannot nest window functions or row pattern measures inside window function arguments",
            node.position,
        )
    grouping = scope.grouping
    if not windowed:
        scope.grouping, scope.in_aggregate = None, True
    try:
        values = [scope.value(a) for a in node.arguments if not isinstance(a, nodes.Lambda)]
        order = _order(scope, node.order)
        condition = scope.condition(node.filter, "FILTER expression") if node.filter is not None else None
    finally:
        scope.grouping, scope.in_aggregate = grouping, False
    return _write(scope, node, values, order, condition)


def _has_window(node: nodes.Node) -> bool:
    from localaws.athena.analysis.expressions import children

    if isinstance(node, nodes.Call) and node.window is not None:
        return True
    return any(_has_window(child) for child in children(node))


def _order(scope: Expressions, items: list[nodes.SortItem]) -> str:
    if not items:
        return ""
    from localaws.athena.analysis.expressions import ordered

    parts = []
    for item in items:
        value = scope.value(item.value)
        if not types.orderable(value.type):
            raise StatementError(
                "TYPE_MISMATCH",
                f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY",
                item.position,
            )
        parts.append(ordered(value.sql, value.type) + direction(item))
    return " ORDER BY " + ", ".join(parts)


def direction(item: nodes.SortItem) -> str:
    """Trino puts NULL last in both directions unless told otherwise."""
    return f" {'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if item.nulls_first else 'LAST'}"


def _write(
    scope: Expressions, node: nodes.Call, values: list[Value], order: str, condition: str | None
) -> Value:
    inner, outer, result = _form(scope, node, values)
    head, _, rest = inner.partition("(")
    distinct = "DISTINCT " if node.distinct and not rest.startswith("DISTINCT ") else ""
    body = rest[: rest.rindex(")")]
    tail = rest[rest.rindex(")") + 1 :]
    if node.window is not None and node.order:
        raise StatementError("NOT_SUPPORTED", "Window function with ORDER BY is not supported", node.position)
    if node.window is not None and node.distinct:
        raise StatementError(
            "NOT_SUPPORTED", "DISTINCT in window function parameters not yet supported", node.position
        )
    nulls = " IGNORE NULLS" if node.nulls == "IGNORE" else ""
    if nulls and node.name not in ("first_value", "last_value", "nth_value", "lead", "lag"):
        raise StatementError(
            "NOT_SUPPORTED", f"Cannot specify a null treatment for {node.name}", node.position
        )
    sql = f"{head}({distinct}{body}{order}{nulls}){tail}"
    if condition is not None:
        sql += f" FILTER (WHERE {condition})"
    if node.window is not None:
        sql += f" OVER ({window(scope, node.window)})"
    if "{count}" in outer:  # of the same values
        rest = sql[len(head) :].removesuffix(tail) if tail else sql[len(head) :]
        outer = outer.replace("{count}", f"count{rest}")
    return Value(outer.replace("{}", sql) if outer != "{}" else sql, result)


def _form(scope: Expressions, node: nodes.Call, values: list[Value]) -> tuple[str, str, Type]:
    """DuckDB's aggregate, what is done with its result, and Trino's type of it."""
    name = node.name
    if name == "count":
        if node.star or not values:
            return "count(*)", "{}", types.BIGINT
        if len(values) > 1:
            raise StatementError(
                "FUNCTION_NOT_FOUND",
                f"Unexpected parameters ({', '.join(str(v.type) for v in values)}) for function count. "
                "Expected: count(), count(t) T",
                node.position,
            )
        from localaws.athena.analysis.expressions import ordered

        # Instants of different zones are one.
        counted = ordered(values[0].sql, values[0].type) if node.distinct else values[0].sql
        return f"count({counted})", "{}", types.BIGINT
    if name == "approx_distinct" and values and values[0].type.name == "timestamp with time zone":
        values = [Value(f"({values[0].sql}).i", types.TIMESTAMP), *values[1:]]
    if node.star:
        raise StatementError("SYNTAX_ERROR", f"mismatched input '*' in {name}(*)", node.position)
    if name == "listagg":
        separator = values[1].sql if len(values) > 1 else "''"
        if not types.is_string(values[0].type):
            raise StatementError("TYPE_MISMATCH", "LISTAGG takes a varchar", node.position)
        return f"string_agg({values[0].sql}, {separator})", "{}", types.VARCHAR
    if values and values[0].type.name == "decimal" and name in ("sum", "avg"):
        return _decimal_aggregate(name, node, values[0])
    if name in ("max", "min") and len(values) == 2 and values[1].type.name in types.INTEGERS:
        item = convert.coerce(values[1].sql, values[1].type, types.BIGINT)
        return f"{name}({values[0].sql}, {item})", "{}", types.array(values[0].type)
    if name in ("max", "min") and len(values) == 1 and values[0].type.name == "timestamp with time zone":
        which = "arg_max" if name == "max" else "arg_min"
        return f"{which}({values[0].sql}, ({values[0].sql}).i)", "{}", values[0].type
    if name == "approx_percentile":
        return _percentile(node, values)
    if name == "approx_most_frequent":
        return _most_frequent(node, values)
    if name == "reduce_agg":
        from localaws.athena.analysis.special.lambdas import reduced

        item = values[0]
        walked = reduced(scope, node, "{}", item.type, values[1], final=None)
        present = "list_filter({}, lambda p: p IS NOT NULL)"
        return f"list({item.sql})", walked.sql.replace("{}", present), walked.type
    if name in ("max", "min") and values and not types.orderable(values[0].type):
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({values[0].type}) for function {name}. Expected: {name}(E) E:orderable",
            node.position,
        )
    table = functions.windows if name in functions.windows else functions.aggregates
    signature, variables = choose(node, values, table[name])
    sqls, given = coerced(signature, variables, values)
    result = resolve(signature.result, variables, precision_source(signature, given))
    inner, outer = fill(signature.template, sqls), signature.outer
    if name in ("sum", "count_if") and outer == "{}":
        outer = f"CAST({{}} AS {duckdb_type(result)})"
    if name == "histogram":
        outer = f"CAST({{}} AS {duckdb_type(result)})"
    return inner, outer, result


def _decimal_aggregate(name: str, node: nodes.Call, value: Value) -> tuple[str, str, Type]:
    """Sums have 38 digits, averages the type of what is averaged, rounded half up."""
    from localaws.athena.analysis.literals import from_units, units_of

    scale = value.type.args[1]
    total = types.decimal(38, scale)
    if name == "sum":
        return f"sum({value.sql})", f"CAST({{}} AS {duckdb_type(total)})", total
    units = f"average_units({units_of('{}', scale)}, {{count}})"
    return f"sum({value.sql})", from_units(units, value.type), value.type


def _percentile(node: nodes.Call, values: list[Value]) -> tuple[str, str, Type]:
    """The value at a share of the sorted values, as Trino's t-digest gives it while there are few."""
    if len(values) > 2:
        raise not_supported("approx_percentile with weights or accuracy", node.position)
    kind = values[0].type if values else types.UNKNOWN
    several = len(values) == 2 and values[1].type.name == "array"
    share = values[1].type.args[0] if several else values[-1].type
    if len(values) != 2 or not types.is_number(kind) or not types.coerces(share, types.DOUBLE):
        given = ", ".join(str(v.type) for v in values)
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({given}) for function approx_percentile. Expected: "
            "approx_percentile(bigint, array(double)), approx_percentile(bigint, double), "
            "approx_percentile(double, array(double)), approx_percentile(double, double), "
            "approx_percentile(real, array(double)), approx_percentile(real, double)",
            node.position,
        )
    result = types.BIGINT if kind.name in types.INTEGERS else kind if kind == types.REAL else types.DOUBLE
    items = (
        node.arguments[1].items if isinstance(node.arguments[1], nodes.ArrayItems) else [node.arguments[1]]
    )
    shares = [float(i.text) for i in items if isinstance(i, nodes.Number)]
    if any(not 0 <= s <= 1 for s in shares):
        raise StatementError("INVALID_FUNCTION_ARGUMENT", "Percentile must be between 0 and 1")
    # DuckDB takes the value below where the share falls between two, Trino the one above.
    if len(shares) == len(items):
        written = [f"CAST({min(s + 1e-13, 1.0)!r} AS DOUBLE)" for s in shares]
        at = f"[{', '.join(written)}]" if several else written[0]
    else:
        above = "least(CAST({} AS DOUBLE) + 1e-13, 1)"
        at = (
            f"list_transform({values[1].sql}, lambda s: {above.format('s')})"
            if several
            else above.format(values[1].sql)
        )
    inner = f"quantile_disc({convert.coerce(values[0].sql, kind, result)}, {at})"
    return inner, "{}", types.array(result) if several else result


def _most_frequent(node: nodes.Call, values: list[Value]) -> tuple[str, str, Type]:
    if len(values) != 3 or any(values[i].type.name not in types.INTEGERS for i in (0, 2)):
        given = ", ".join(str(v.type) for v in values)
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({given}) for function approx_most_frequent. Expected: "
            "approx_most_frequent(bigint, bigint, bigint), approx_most_frequent(bigint, varchar, bigint)",
            node.position,
        )
    result = types.map_of(values[1].type, types.BIGINT)
    return (
        f"histogram({values[1].sql})",
        f"CAST(top_of({{}}, {values[0].sql}) AS {duckdb_type(result)})",
        result,
    )


def window(scope: Expressions, spec: nodes.Window | str) -> str:
    """The inside of OVER (…)."""
    from localaws.athena.analysis.expressions import ordered

    if isinstance(spec, str):
        if spec not in scope.windows:
            raise StatementError("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {spec}")
        spec = scope.windows[spec]
    if spec.existing is not None:
        base = scope.windows.get(spec.existing)
        if base is None:
            raise StatementError(
                "INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {spec.existing}", spec.position
            )
        spec = nodes.Window(
            spec.position, None, base.partition or spec.partition, spec.order or base.order, spec.frame
        )
    parts = []
    if spec.partition:
        keys = [scope.value(p) for p in spec.partition]
        parts.append("PARTITION BY " + ", ".join(ordered(k.sql, k.type) for k in keys))
    order = _order(scope, spec.order).strip()
    if order:
        parts.append(order)
    if spec.frame is not None:
        parts.append(_frame(scope, spec))
    return " ".join(parts)


def _frame(scope: Expressions, spec: nodes.Window) -> str:
    frame = spec.frame
    _check_frame(frame)
    bounds = []
    for bound in (frame.start, frame.end):
        if bound is None:
            continue
        side, node = bound
        if node is None:
            bounds.append(side)
            continue
        value = scope.value(node)
        if frame.unit != "RANGE" and value.type.name not in types.INTEGERS:
            raise StatementError(
                "TYPE_MISMATCH",
                f"Window frame offset value type must be exact numeric: {value.type}",
                node.position,
            )
        sql = value.sql
        if value.type.name == "interval day to second":
            sql = f"to_microseconds({sql} * 1000)"
        elif value.type.name == "interval year to month":
            sql = f"to_months({sql})"
        bounds.append(f"{sql} {side}")
    if len(bounds) == 2:
        return f"{frame.unit} BETWEEN {bounds[0]} AND {bounds[1]}"
    return f"{frame.unit} {bounds[0]}"


_FRAME_ORDER = ("UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING")


def _check_frame(frame: nodes.Frame) -> None:
    """Refuse a frame whose end stands before its start."""
    start, end = frame.start[0], frame.end[0] if frame.end is not None else "CURRENT ROW"
    wrong = None
    if start == "UNBOUNDED FOLLOWING":
        wrong = "Window frame start cannot be UNBOUNDED FOLLOWING"
    elif end == "UNBOUNDED PRECEDING":
        wrong = "Window frame end cannot be UNBOUNDED PRECEDING"
    elif _FRAME_ORDER.index(start) > _FRAME_ORDER.index(end):
        wrong = f"Window frame starting from {start} cannot end with {end}"
    if wrong:
        raise StatementError("INVALID_WINDOW_FRAME", wrong, frame.position)
