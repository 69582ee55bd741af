"""Functions of JSON with a path: DuckDB finds what it writes as Jackson would, Python the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.scope import Value
from localaws.athena.analysis.special.base import arity, special, unexpected
from localaws.athena.errors import StatementError
from localaws.athena.pyfunctions import jsons
from localaws.athena.pyfunctions.registry import Refused
from localaws.athena.sql import nodes

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions


def _pointer(path: str, node: nodes.Call) -> str:
    """A path as a JSON pointer."""
    try:
        steps = jsons.steps(path)
    except Refused as error:
        _, code, message = str(error).split(":", 2)
        raise StatementError(code, message.strip(), node.position) from error
    return "".join("/" + s.replace("~", "~0").replace("/", "~1") for s in steps)


def _json_or_text(scope: Expressions, node: nodes.Call) -> Value:
    value = scope.value(node.arguments[0])
    if not (types.is_string(value.type) or value.type in (types.JSON, types.UNKNOWN)):
        rest = [scope.value(a) for a in node.arguments[1:]]
        raise unexpected(node, [value, *rest], f"{node.name}(varchar(x), …), {node.name}(json, …)")
    return Value(convert.coerce(value.sql, value.type, types.VARCHAR), value.type)


@special("json_extract", "json_extract_scalar", "json_size")
def _json_extract(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, path = _json_or_text(scope, node), scope.value(node.arguments[1])
    if not types.is_string(path.type):
        raise unexpected(
            node, [value, path], f"{node.name}(varchar(x), JsonPath), {node.name}(json, JsonPath)"
        )
    result = {"json_extract": types.JSON, "json_size": types.BIGINT}.get(
        node.name, types.varchar(*value.type.args) if value.type.name == "varchar" else types.VARCHAR
    )
    slow = f"py_{node.name}({value.sql}, {path.sql})"
    if not isinstance(path.literal, str):
        return Value(slow, result)
    pointer = convert.text(_pointer(path.literal, node))
    if node.name == "json_size":
        return Value(slow, result)
    # DuckDB works out constants before it runs, so that what is no JSON must not reach json_extract at all.
    source = f"CASE WHEN json_valid({value.sql}) THEN {value.sql} END"
    found = f"json_extract({source}, {pointer})"
    if node.name == "json_extract":
        fast = f"CAST({found} AS VARCHAR)"
        # Numbers with a fraction, and those that are too long for DuckDB, are written by Jackson's rules.
        test = f"NOT regexp_matches({fast}, '[0-9][.eE]|[0-9]{{18}}|\\\\u00')"
    else:
        fast = f"json_extract_string({source}, {pointer})"
        test = f"json_type({found}) IN ('VARCHAR', 'BOOLEAN', 'BIGINT', 'UBIGINT')"
    sql = (
        f"CASE WHEN json_valid({value.sql}) THEN CASE WHEN {found} IS NULL THEN NULL WHEN {test} THEN {fast} "
        f"ELSE {slow} END ELSE {slow} END"
    )
    return Value(sql, result)


@special("json_array_contains")
def _json_array_contains(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, wanted = _json_or_text(scope, node), scope.value(node.arguments[1])
    kind = wanted.type
    if types.is_string(kind):
        name, text = "varchar", wanted.sql
    elif kind == types.BOOLEAN or kind.name in types.INTEGERS:
        name, text = "boolean" if kind == types.BOOLEAN else "bigint", f"CAST({wanted.sql} AS VARCHAR)"
    elif kind.name in ("double", "real", "decimal"):
        name, text = "double", f"CAST(CAST({wanted.sql} AS DOUBLE) AS VARCHAR)"
    else:
        raise unexpected(
            node, [value, wanted], "json_array_contains(json, bigint), json_array_contains(json, boolean), …"
        )
    return Value(f"py_json_array_contains({value.sql}, '{name}', {text})", types.BOOLEAN)


@special("json_array_get")
def _json_array_get(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    value, index = _json_or_text(scope, node), scope.value(node.arguments[1])
    if index.type.name not in types.INTEGERS:
        raise unexpected(
            node, [value, index], "json_array_get(json, bigint), json_array_get(varchar(x), bigint)"
        )
    return Value(f"py_json_array_get({value.sql}, CAST({index.sql} AS BIGINT))", types.JSON)
