"""The SQL/JSON functions: Python walks the path, DuckDB makes of what it finds what the clauses say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.scope import Value
from localaws.athena.errors import StatementError
from localaws.athena.pyfunctions import json_paths
from localaws.athena.pyfunctions.registry import Refused
from localaws.athena.sql import nodes
from localaws.athena.types import Type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions


def sql_json(scope: Expressions, node: nodes.SqlJson) -> Value:
    """Translate a function of SQL/JSON.

    Raises
    ------
    StatementError
        TYPE_MISMATCH for an input that is no text, INVALID_PATH for a path that is none.
    """
    returning = node.returning or types.VARCHAR
    if node.name == "json_array":
        return Value(_returned(_array(scope, node), returning, node), returning)
    if node.name == "json_object":
        return Value(_returned(_object(scope, node), returning, node), returning)
    found = _found(scope, node)
    if node.name == "json_exists":
        return _exists(node, found)
    # The walk is named once: a list of it is transformed.
    inside = (
        _value(scope, node, "_w", returning) if node.name == "json_value" else _query(node, "_w", returning)
    )
    return Value(f"list_transform([{found}], lambda _w: {inside})[1]", returning)


def _text(scope: Expressions, node: nodes.Node, what: str) -> str:
    value = scope.value(node)
    if value.type == types.VARBINARY:
        return f"decode({value.sql})"
    if not types.is_string(value.type) and value.type != types.UNKNOWN:
        raise StatementError(
            "TYPE_MISMATCH", f"Cannot read {what} of type {value.type} as JSON", node.position
        )
    return convert.coerce(value.sql, value.type, types.VARCHAR)


def _found(scope: Expressions, node: nodes.SqlJson) -> str:
    try:
        json_paths.compiled(node.path)
    except Refused as error:
        _, code, message = str(error).split(":", 2)
        raise StatementError(code, message.strip(), node.position) from error
    names = ", ".join(convert.text(name) for _, _, name in node.passing)
    values = ", ".join(
        f"coalesce({_json(scope, value, is_json)}, 'null')" for value, is_json, _ in node.passing
    )
    source = _text(scope, node.source, "a value")
    variables = f"CAST([{names}] AS VARCHAR[]), CAST([{values}] AS VARCHAR[])"
    return f"py_json_path({source}, {convert.text(node.path)}, {variables})"


def _json(scope: Expressions, node: nodes.Node, is_json: bool) -> str:
    """The JSON of an SQL value, NULL of NULL."""
    if is_json or (isinstance(node, nodes.SqlJson) and node.name != "json_value"):
        return f"py_json_parse({_text(scope, node, 'a value')})"
    value = scope.value(node)
    if value.type == types.UNKNOWN:
        return "CAST(NULL AS VARCHAR)"
    if types.is_string(value.type) or value.type == types.BOOLEAN or types.is_number(value.type):
        return convert.to_json(value.sql, value.type, node.position)
    written = convert.varchar_of(value.sql, value.type)
    if written is None:
        raise StatementError("TYPE_MISMATCH", f"Cannot write {value.type} as JSON", node.position)
    return f"CAST(to_json({written}) AS VARCHAR)"


def _failing(message: str, value: str) -> str:
    return f"checked(true, concat('PATH_EVALUATION_ERROR: ', {message}), {value})"


def _exists(node: nodes.SqlJson, found: str) -> Value:
    word = node.on_error[0] if node.on_error else "FALSE"
    answers = {"TRUE": "true", "FALSE": "false", "UNKNOWN": "CAST(NULL AS BOOLEAN)"}
    failed = answers.get(word) or _failing("_w.failure", "false")
    sql = (
        f"list_transform([{found}], lambda _w: CASE WHEN _w IS NULL THEN NULL WHEN _w.failure IS NOT NULL "
        f"THEN {failed} ELSE len(_w.items) > 0 END)[1]"
    )
    return Value(sql, types.BOOLEAN)


def _value(scope: Expressions, node: nodes.SqlJson, found: str, returning: Type) -> str:
    def otherwise(clause: tuple[str, nodes.Node | None], message: str) -> str:
        word, default = clause
        if word == "DEFAULT":
            return scope.typed(default, returning, "DEFAULT of JSON_VALUE")
        null = f"CAST(NULL AS {types.duckdb_type(returning)})"
        return null if word == "NULL" else _failing(message, null)

    clause = node.on_error or ("NULL", None)
    nothing = convert.text("JSON path found no items")
    item = f"py_json_text({found}.items[1])"
    made = convert.cast(item, types.VARCHAR, returning, node.position)
    scalar = f"{found}.items[1][1] IN ('{{', '[')"
    tried = f"TRY({made})"
    return (
        f"CASE WHEN {found} IS NULL THEN NULL "
        f"WHEN {found}.failure IS NOT NULL THEN {otherwise(clause, f'{found}.failure')} "
        f"WHEN len({found}.items) = 0 THEN {otherwise(node.on_empty, nothing)} "
        f"WHEN len({found}.items) > 1 OR {scalar} "
        f"THEN {otherwise(clause, convert.text('JSON path found no single scalar'))} "
        f"WHEN {item} IS NULL THEN NULL "
        f"WHEN {tried} IS NULL THEN {otherwise(clause, convert.text('JSON value cannot be cast'))} "
        f"ELSE {tried} END"
    )


def _query(node: nodes.SqlJson, found: str, returning: Type) -> str:
    def otherwise(clause: tuple[str, nodes.Node | None], message: str) -> str:
        made = {"NULL": "CAST(NULL AS VARCHAR)", "EMPTY ARRAY": "'[]'", "EMPTY OBJECT": "'{}'"}.get(clause[0])
        return made or _failing(message, "''")

    clause = node.on_error or ("NULL", None)
    nothing = convert.text("JSON path found no items")
    one = f"{found}.items[1]"
    if node.omit_quotes:
        one = f"CASE WHEN {one}[1] = '\"' THEN py_json_text({one}) ELSE {one} END"
    wrapped = f"('[' || array_to_string({found}.items, ',') || ']')"
    if node.wrapper == "UNCONDITIONAL":
        made = wrapped
    elif node.wrapper == "CONDITIONAL":
        bare = f"len({found}.items) = 1 AND {found}.items[1][1] IN ('{{', '[')"
        made = f"CASE WHEN {bare} THEN {found}.items[1] ELSE {wrapped} END"
    else:
        several = otherwise(clause, convert.text("JSON path found multiple items"))
        made = f"CASE WHEN len({found}.items) > 1 THEN {several} ELSE {one} END"
    sql = (
        f"CASE WHEN {found} IS NULL THEN NULL "
        f"WHEN {found}.failure IS NOT NULL THEN {otherwise(clause, f'{found}.failure')} "
        f"WHEN len({found}.items) = 0 THEN {otherwise(node.on_empty, nothing)} "
        f"ELSE {made} END"
    )
    return _returned(sql, returning, node)


def _returned(sql: str, returning: Type, node: nodes.SqlJson) -> str:
    if returning == types.VARBINARY:
        return f"encode({sql})"
    if not types.is_string(returning):
        raise StatementError(
            "TYPE_MISMATCH", f"Cannot output JSON value as {returning} using formatting JSON", node.position
        )
    return convert.cast(sql, types.VARCHAR, returning, node.position)


def _array(scope: Expressions, node: nodes.SqlJson) -> str:
    parts = [_json(scope, value, is_json) for _, value, is_json in node.items]
    if node.null_on_null:
        parts = [f"coalesce({p}, 'null')" for p in parts]
    return f"('[' || coalesce(array_to_string(CAST([{', '.join(parts)}] AS VARCHAR[]), ','), '') || ']')"


def _object(scope: Expressions, node: nodes.SqlJson) -> str:
    parts, keys = [], []
    for key, value, is_json in node.items:
        name = _text(scope, key, "a key")
        bad = "INVALID_FUNCTION_ARGUMENT: null value passed for JSON object key"
        name = f"checked({name} IS NULL, '{bad}', {name})"
        inside = _json(scope, value, is_json)
        inside = f"coalesce({inside}, 'null')" if node.null_on_null else inside
        parts.append(f"(CAST(to_json({name}) AS VARCHAR) || ':' || {inside})")
        keys.append(name)
    made = f"('{{' || coalesce(array_to_string(CAST([{', '.join(parts)}] AS VARCHAR[]), ','), '') || '}}')"
    if node.unique:
        repeated = f"py_has_equal_keys(CAST([{', '.join(keys)}] AS VARCHAR[]))"
        bad = "INVALID_FUNCTION_ARGUMENT: duplicate key passed to JSON_OBJECT function"
        return f"checked({repeated}, '{bad}', {made})"
    return made
