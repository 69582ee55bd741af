"""The registry of functions whose DuckDB form depends on more than their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError
from localaws.athena.sql import nodes

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions

SPECIAL: dict[str, Callable[[Expressions, nodes.Call], Value | None]] = {}


def special(*names: str):
    def register(function):
        for name in names:
            SPECIAL[name] = function
        return function

    return register


def arity(node: nodes.Call, low: int, high: int) -> None:
    if not low <= len(node.arguments) <= high:
        raise StatementError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({len(node.arguments)} of them) for function {node.name}",
            node.position,
        )


def unexpected(node: nodes.Call, values: list[Value], expected: str) -> StatementError:
    given = ", ".join(str(v.type) for v in values)
    return StatementError(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({given}) for function {node.name}. Expected: {expected}",
        node.position,
    )


def of_kind(scope: Expressions, node: nodes.Call, index: int, name: str) -> Value:
    value = scope.value(node.arguments[index])
    if value.type.name != name:
        raise unexpected(node, [value], f"{node.name}({name}, …)")
    return value
