"""Functions that choose between values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError
from localaws.athena.sql import nodes

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.special.base import arity, special, unexpected


@special("coalesce")
def _coalesce(scope: Expressions, node: nodes.Call) -> Value:
    if len(node.arguments) < 2:
        raise StatementError(
            "SYNTAX_ERROR",
            "The 'coalesce' function must have at least two arguments",
            node.position,
        )
    sqls, kind = scope.common(
        [scope.value(a) for a in node.arguments], node.position, "All COALESCE operands must be the same type"
    )
    return Value(f"coalesce({', '.join(sqls)})", kind)


def _counted(node: nodes.Call, low: int, high: int) -> None:
    if not low <= len(node.arguments) <= high:
        raise StatementError(
            "SYNTAX_ERROR", f"Invalid number of arguments for '{node.name}' function", node.position
        )


@special("nullif")
def _nullif(scope: Expressions, node: nodes.Call) -> Value:
    _counted(node, 2, 2)
    left, right = (scope.value(a) for a in node.arguments)
    if types.common_type(left.type, right.type) is None:
        raise StatementError(
            "TYPE_MISMATCH",
            f"Types are not comparable with NULLIF: {left.type} vs {right.type}",
            node.position,
        )
    equal = scope.compare("=", left, right, node.position)
    return Value(f"CASE WHEN {equal.sql} THEN NULL ELSE {left.sql} END", left.type)


@special("if")
def _if(scope: Expressions, node: nodes.Call) -> Value:
    _counted(node, 2, 3)
    condition = scope.condition(node.arguments[0], "IF condition")
    results = [scope.value(a) for a in node.arguments[1:]]
    sqls, kind = scope.common(results, node.position, "Result types for IF must be the same")
    otherwise = f" ELSE {sqls[1]}" if len(sqls) > 1 else ""
    return Value(f"CASE WHEN {condition} THEN {sqls[0]}{otherwise} END", kind)


@special("try")
def _try(scope: Expressions, node: nodes.Call) -> Value:
    if len(node.arguments) != 1:
        raise StatementError(
            "SYNTAX_ERROR", "The 'try' function must have exactly one argument", node.position
        )
    value = scope.value(node.arguments[0])
    return Value(f"TRY({value.sql})", value.type)


@special("typeof")
def _typeof(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 1, 1)
    return Value(convert.text(str(scope.value(node.arguments[0]).type)), types.VARCHAR)


@special("greatest", "least")
def _extreme(scope: Expressions, node: nodes.Call) -> Value:
    values = [scope.value(a) for a in node.arguments]
    kind = types.UNKNOWN
    for value in values:
        found = types.common_type(kind, value.type)
        if found is None or not types.orderable(found):
            raise unexpected(node, values, f"{node.name}(E) E:orderable")
        kind = found
    sqls = [convert.coerce(v.sql, v.type, kind) for v in values]
    nulls = " OR ".join(f"{s} IS NULL" for s in sqls)
    if kind.name in ("timestamp with time zone", "ipaddress"):
        from localaws.athena.analysis.expressions import ordered

        items = ", ".join(f"{{'k': {ordered(s, kind)}, 'v': {s}}}" for s in sqls)
        which = "-1" if node.name == "greatest" else "1"
        return Value(f"CASE WHEN {nulls} THEN NULL ELSE list_sort([{items}])[{which}].v END", kind)
    return Value(f"CASE WHEN {nulls} THEN NULL ELSE {node.name}({', '.join(sqls)}) END", kind)


@special("concat")
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
            raise unexpected(
                node,
                values,
                "concat(E, array(E)) E, concat(array(E)) E, concat(array(E), E) E, concat(char(x), char(y)), "
                "concat(varbinary), concat(varchar)",
            ) from None
    return whole


@special("grouping")
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
