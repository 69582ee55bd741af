"""Functions of numbers whose result depends on precision and scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions
from localaws.athena.analysis.special.base import arity, special, unexpected


@special("round")
def _round(scope: Expressions, node: nodes.Call) -> Value:
    """Half away from zero; a decimal loses its scale (or keeps it when digits are given)."""
    arity(node, 1, 2)
    values = [scope.value(a) for a in node.arguments]
    if not types.is_number(values[0].type) or (
        len(values) == 2 and values[1].type.name not in types.INTEGERS
    ):
        raise unexpected(
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


@special("abs", "ceil", "ceiling", "floor", "sign", "truncate", "mod")
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
    if node.name == "truncate" and len(values) == 2 and values[1].type.name in types.INTEGERS:
        digits = values[1].literal
        if not isinstance(digits, int):
            raise not_supported("truncate of a decimal to digits that are not a literal", node.position)
        if digits >= scale:
            return Value(value.sql, kind)
        from localaws.athena.analysis.literals import from_units, units_of

        cut = 10 ** (scale - digits)
        units = f"({units_of(value.sql, scale)} // {cut} * {cut})"
        return Value(from_units(units, kind), kind)
    if node.name == "truncate" and len(values) == 1:
        result = types.decimal(max(precision - scale, 1), 0)
        return Value(f"CAST(trunc({value.sql}) AS {duckdb_type(result)})", result)
    return None
