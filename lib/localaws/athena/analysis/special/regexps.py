"""Regular expressions: RE2 where it means what Java means, Python for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert, patterns
from localaws.athena.analysis.scope import Value
from localaws.athena.analysis.special.base import arity, special, unexpected
from localaws.athena.analysis.special.lambdas import translated_lambda
from localaws.athena.errors import StatementError
from localaws.athena.pyfunctions import regexps
from localaws.athena.pyfunctions.registry import Refused
from localaws.athena.sql import nodes

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions


class _Pattern:
    """A pattern as an argument: DuckDB's SQL of it for RE2, None where RE2 will not do, and for Python."""

    def __init__(self, scope: Expressions, node: nodes.Call, index: int) -> None:
        value = scope.value(node.arguments[index])
        if not types.is_string(value.type) and value.type != types.UNKNOWN:
            raise unexpected(
                node,
                [scope.value(a) for a in node.arguments if not isinstance(a, nodes.Lambda)],
                f"{node.name}(varchar(x), JoniRegExp), …",
            )
        self.literal = value.literal if isinstance(value.literal, str) else None
        self.sql = convert.coerce(value.sql, value.type, types.VARCHAR)
        self.re2 = None
        if self.literal is not None:
            try:
                compiled = regexps.compiled(self.literal)
            except Refused as error:
                message = str(error).split(": ", 1)[1]
                raise StatementError("INVALID_FUNCTION_ARGUMENT", message, node.position) from error
            self.groups = compiled.groups
            # A match of nothing is stepped over otherwise by DuckDB.
            samples = ("", "a b", "1.-")
            if all(m.end() > m.start() for text in samples for m in compiled.finditer(text)):
                translated = patterns.regex(self.literal, node.name == "regexp_like")
                self.re2 = None if translated is None else convert.text(translated)


def _integer(scope: Expressions, node: nodes.Call, index: int) -> Value:
    value = scope.value(node.arguments[index])
    if value.type.name not in types.INTEGERS:
        given = [scope.value(a) for a in node.arguments]
        raise unexpected(node, given, f"{node.name}(varchar(x), JoniRegExp, bigint)")
    return Value(convert.coerce(value.sql, value.type, types.BIGINT), types.BIGINT, value.literal)


def _subject(scope: Expressions, node: nodes.Call) -> tuple[str, types.Type]:
    """The text that is searched, and the type of pieces of it."""
    value = scope.value(node.arguments[0])
    if not types.is_string(value.type) and value.type != types.UNKNOWN:
        given = [scope.value(a) for a in node.arguments if not isinstance(a, nodes.Lambda)]
        raise unexpected(node, given, f"{node.name}(varchar(x), JoniRegExp), …")
    kind = types.varchar(*value.type.args) if types.is_string(value.type) else types.VARCHAR
    return convert.coerce(value.sql, value.type, types.VARCHAR), kind


@special("regexp_like", "regexp_count", "regexp_split")
def _regexp(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 2)
    text, kind = _subject(scope, node)
    pattern = _Pattern(scope, node, 1)
    if node.name == "regexp_like":
        fast, result = f"regexp_matches({text}, {pattern.re2})", types.BOOLEAN
    elif node.name == "regexp_count":
        fast, result = f"CAST(len(regexp_extract_all({text}, {pattern.re2})) AS BIGINT)", types.BIGINT
    else:
        fast, result = f"regexp_split_to_array({text}, {pattern.re2})", types.array(kind)
    return Value(fast if pattern.re2 else f"py_{node.name}({text}, {pattern.sql})", result)


@special("regexp_extract", "regexp_extract_all")
def _regexp_extract(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 3)
    text, kind = _subject(scope, node)
    pattern = _Pattern(scope, node, 1)
    group = (
        _integer(scope, node, 2) if len(node.arguments) == 3 else Value("CAST(0 AS BIGINT)", types.BIGINT, 0)
    )
    number = group.literal
    if isinstance(number, int) and pattern.literal is not None and not 0 <= number <= pattern.groups:
        raise StatementError(
            "INVALID_FUNCTION_ARGUMENT",
            f"Pattern has {pattern.groups} groups. Cannot access group {number}"
            if number >= 0
            else "Group cannot be negative",
        )
    result = kind if node.name == "regexp_extract" else types.array(kind)
    # Of a group that took no part RE2 gives an empty text and Java NULL: patterns without choices are sure.
    plain = number == 0 or (pattern.literal is not None and not any(c in pattern.literal for c in "|?*{"))
    if pattern.re2 and isinstance(number, int) and plain and number < 10:
        if node.name == "regexp_extract_all":
            return Value(f"regexp_extract_all({text}, {pattern.re2}, {number})", result)
        # No match is NULL in Trino and an empty string in DuckDB.
        found = f"regexp_extract({text}, {pattern.re2}, {number})"
        return Value(f"CASE WHEN regexp_matches({text}, {pattern.re2}) THEN {found} END", result)
    return Value(f"py_{node.name}({text}, {pattern.sql}, {group.sql})", result)


@special("replace")
def _replace(scope: Expressions, node: nodes.Call) -> Value | None:
    """With three arguments the length can grow: x + z * (x + 1)."""
    if len(node.arguments) != 3:
        return None
    values = [scope.value(a) for a in node.arguments]
    if not all(v.type.name == "varchar" or v.type == types.UNKNOWN for v in values):
        raise unexpected(
            node,
            values,
            "replace(varchar(x), varchar(y)), replace(varchar(x), varchar(y), varchar(z))",
        )
    length = None
    if values[0].type.args and values[2].type.args:
        x, z = values[0].type.args[0], values[2].type.args[0]
        length = x + z * (x + 1)
    sqls = ", ".join(convert.coerce(v.sql, v.type, types.VARCHAR) for v in values)
    return Value(
        f"replace_text({sqls})", types.varchar(length if length and length < 2_147_483_647 else None)
    )


@special("regexp_position")
def _regexp_position(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 4)
    text, _ = _subject(scope, node)
    pattern = _Pattern(scope, node, 1)
    rest = [_integer(scope, node, i).sql for i in range(2, len(node.arguments))]
    rest += ["CAST(1 AS BIGINT)"] * (2 - len(rest))
    return Value(f"py_regexp_position({text}, {pattern.sql}, {', '.join(rest)})", types.INTEGER)


@special("regexp_replace")
def _regexp_replace(scope: Expressions, node: nodes.Call) -> Value:
    arity(node, 2, 3)
    text, kind = _subject(scope, node)
    pattern = _Pattern(scope, node, 1)
    if len(node.arguments) == 3 and isinstance(node.arguments[2], nodes.Lambda):
        return _replaced_by_lambda(scope, node, text, pattern)
    replacement = (
        scope.value(node.arguments[2]) if len(node.arguments) == 3 else Value("''", types.varchar(0), "")
    )
    if not types.is_string(replacement.type):
        raise unexpected(
            node,
            [scope.value(a) for a in node.arguments],
            "regexp_replace(varchar(x), JoniRegExp), regexp_replace(varchar(x), JoniRegExp, varchar(y)), "
            "regexp_replace(varchar(x), JoniRegExp, function(array(varchar(x)), varchar(x)))",
        )
    result = kind if len(node.arguments) == 2 else _grown(kind, replacement.type)
    if pattern.re2 and isinstance(replacement.literal, str):
        written = patterns.replacement(
            replacement.literal, pattern.groups, dict(regexps.compiled(pattern.literal).groupindex)
        )
        if written is not None:
            return Value(f"regexp_replace({text}, {pattern.re2}, {convert.text(written)}, 'g')", result)
    return Value(f"py_regexp_replace({text}, {pattern.sql}, {replacement.sql})", result)


def _grown(kind: types.Type, by: types.Type) -> types.Type:
    """The length that a replacement can reach: min(2147483647, x + max(x * y / 2, y) * (x + 1))."""
    if not kind.args or not by.args:
        return types.VARCHAR
    x, y = kind.args[0], by.args[0]
    length = x + max(x * y // 2, y) * (x + 1)
    return types.varchar(length) if length < 2_147_483_647 else types.VARCHAR


def _replaced_by_lambda(scope: Expressions, node: nodes.Call, text: str, pattern: _Pattern) -> Value:
    """Each match becomes what the lambda makes of its groups."""
    (name,), body = translated_lambda(scope, node, 2, [types.array(types.VARCHAR)])
    if not types.is_string(body.type):
        raise unexpected(
            node, [body], "regexp_replace(varchar(x), JoniRegExp, function(array(varchar(x)), varchar(x)))"
        )
    piece = f"p{scope.translator.fresh()}"
    made = f"list_transform([{piece}.groups], lambda {name}: {body.sql})[1]"
    pieces = (
        f"list_transform(py_regexp_pieces({text}, {pattern.sql}), lambda {piece}: "
        f"{piece}.before || CASE WHEN {piece}.groups IS NULL THEN '' ELSE {made} END)"
    )
    return Value(f"list_aggregate({pieces}, 'string_agg', '')", types.VARCHAR)
