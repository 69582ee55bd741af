"""Expressions: Trino's types and errors on the way in, DuckDB's SQL on the way out."""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import calls, comparisons, convert, literals
from localaws.athena.analysis.scope import Field, Scope, Value, find
from localaws.athena.errors import Position, StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type

if TYPE_CHECKING:
    from localaws.athena.analysis.queries import Translator

_OPERATOR_NAMES = {"+": "addition", "-": "subtraction", "*": "multiplication"}


class Grouping:
    """The keys of an aggregated query: what a term outside an aggregate may consist of."""

    def __init__(self, keys: list[Value]) -> None:
        self.keys = {key.sql for key in keys}


class Expressions:
    """Translates the expressions of one query level.

    Parameters
    ----------
    translator
        The statement that they are part of.
    scope
        The columns in reach.
    clause
        The clause they stand in, for errors; in a clause that is not None aggregates and windows are refused.
    grouping
        The keys when the query is aggregated, else None.
    """

    def __init__(
        self,
        translator: Translator,
        scope: Scope,
        clause: str | None = None,
        grouping: Grouping | None = None,
        windows: dict[str, nodes.Window] | None = None,
    ) -> None:
        self.translator = translator
        self.scope = scope
        self.clause = clause
        self.grouping = grouping
        self.windows = windows or {}
        self.refs: set[Field] = set()
        self.in_aggregate = False

    def value(self, node: nodes.Node) -> Value:
        """Translate an expression.

        Raises
        ------
        StatementError
            As Trino's analyser refuses it, or NOT_SUPPORTED.
        """
        if self.grouping is not None:
            found = self._as_key(node)
            if found is not None:
                return found
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise not_supported(type(node).__name__, node.position)
        return handler(self, node)

    def _as_key(self, node: nodes.Node) -> Value | None:
        """The node as a grouping key, or None when it is not one."""
        if contains_aggregate(node) or isinstance(node, nodes.Lambda):
            return None
        grouping, self.grouping = self.grouping, None
        refs = self.refs
        self.refs = set()
        try:
            found = self.value(node)
        except StatementError:
            if isinstance(node, nodes.Identifier | nodes.Dereference):
                raise
            return None
        finally:
            self.grouping = grouping
            inner, self.refs = self.refs, refs
        if found.sql in grouping.keys or not inner:
            self.refs |= inner
            return found
        if isinstance(node, nodes.Identifier | nodes.Dereference):
            if all(f not in self.scope.fields for f in inner):  # a column of the query around this one
                self.refs |= inner
                return found
            if isinstance(node, nodes.Dereference) and self._base_is_key(node):
                return None
            raise StatementError(
                "EXPRESSION_NOT_AGGREGATE",
                f"'{shown(node)}' must be an aggregate expression or appear in GROUP BY clause",
                node.position,
            )
        return None

    def _base_is_key(self, node: nodes.Dereference) -> bool:
        try:
            return self._as_key(node.base) is not None
        except StatementError:
            return False

    def typed(self, node: nodes.Node, wanted: Type, what: str) -> str:
        """Translate an expression that has to be of a type.

        Raises
        ------
        StatementError
            TYPE_MISMATCH with ``what`` in front when it is not and Trino does not coerce it.
        """
        found = self.value(node)
        if not types.coerces(found.type, wanted):
            raise StatementError(
                "TYPE_MISMATCH", f"{what} must evaluate to a {wanted} (actual: {found.type})", node.position
            )
        return convert.coerce(found.sql, found.type, wanted)

    def condition(self, node: nodes.Node, what: str) -> str:
        found = self.value(node)
        if found.type not in (types.BOOLEAN, types.UNKNOWN):
            raise StatementError(
                "TYPE_MISMATCH", f"{what} must evaluate to a boolean: actual type {found.type}", node.position
            )
        return convert.coerce(found.sql, found.type, types.BOOLEAN)

    def common(self, values: list[Value], position: Position, what: str) -> tuple[list[str], Type]:
        """Bring values to their common type."""
        kind = types.UNKNOWN
        for value in values:
            found = types.common_type(kind, value.type)
            if found is None:
                raise StatementError("TYPE_MISMATCH", f"{what}: {kind} vs. {value.type}", position)
            kind = found
        return [convert.coerce(v.sql, v.type, kind) for v in values], kind

    # --- names ---

    def _name(self, node: nodes.Identifier | nodes.Dereference) -> Value:
        parts = dotted(node)
        if parts is None:
            return self._field_of(self.value(node.base), node.field, node)
        found = find(self.scope, parts, node.position)
        if found is None:
            raise StatementError(
                "COLUMN_NOT_FOUND",
                f"Column '{shown(node)}' cannot be resolved or requester is not authorized to access "
                f"requested resources",
                node.position,
            )
        what, taken, _ = found
        if isinstance(what, Field):
            self.refs.add(what)
            value = Value(what.sql, what.type)
        else:
            value = what
        rest = []
        inner: nodes.Node = node
        for _ in range(len(parts) - taken):
            rest.append(inner.field)
            inner = inner.base
        for step in reversed(rest):
            value = self._field_of(value, step, node)
        return value

    def _field_of(self, value: Value, name: nodes.Identifier, node: nodes.Node) -> Value:
        if value.type.name != "row":
            raise StatementError(
                "TYPE_MISMATCH", f"Expression {shown(node.base)} is not of type ROW", node.position
            )
        fits = [i for i, field in enumerate(value.type.fields) if field == name.name]
        if not fits:
            raise StatementError(
                "COLUMN_NOT_FOUND", f"Column '{shown(node)}' cannot be resolved", node.position
            )
        if len(fits) > 1:
            raise StatementError(
                "AMBIGUOUS_NAME", f"Ambiguous row field reference: {name.shown}", node.position
            )
        sql = f"({value.sql}).{types.identifier(types.field_name(value.type, fits[0]))}"
        return Value(sql, value.type.args[fits[0]])

    # --- operators ---

    def _unary(self, node: nodes.Unary) -> Value:
        if isinstance(node.operand, nodes.Number) and node.operator == "-":
            return literals.number(node.operand, negative=True)
        value = self.value(node.operand)
        if not (types.is_number(value.type) or value.type.name.startswith("interval")):
            raise StatementError("TYPE_MISMATCH", f"Cannot negate {value.type}", node.position)
        if node.operator == "+":
            return value
        if value.type.name in types.INTEGERS:  # DuckDB widens a negated constant that does not fit
            return Value(f"(CAST(0 AS {types.duckdb_type(value.type)}) - {value.sql})", value.type)
        return Value(f"(-{value.sql})", value.type)

    def _arithmetic(self, node: nodes.Arithmetic) -> Value:
        return literals.arithmetic(node, self.value(node.left), self.value(node.right))

    def _comparison(self, node: nodes.Comparison) -> Value:
        return self.compare(node.operator, self.value(node.left), self.value(node.right), node.position)

    def compare(self, operator: str, left: Value, right: Value, position: Position) -> Value:
        kind = types.common_type(left.type, right.type)
        check = types.comparable if operator in ("=", "<>") else types.orderable
        if kind is None or not check(kind):
            raise StatementError(
                "TYPE_MISMATCH", f"Cannot apply operator: {left.type} {operator} {right.type}", position
            )
        one, two = (ordered(convert.coerce(v.sql, v.type, kind), kind) for v in (left, right))
        written = [isinstance(v.literal, int | float | str) for v in (left, right)]
        return Value(comparisons.compared(operator, one, two, kind, written), types.BOOLEAN)

    def _quantified(self, node: nodes.Quantified) -> Value:
        left = self.value(node.left)
        sql, field = self.translator.single_column(node.query, self)
        kind = types.common_type(left.type, field.type)
        if kind is None:
            raise StatementError(
                "TYPE_MISMATCH",
                f"Cannot apply operator: {left.type} {node.operator} {field.type}",
                node.position,
            )
        inner = f"(SELECT {ordered(convert.coerce(field.sql, field.type, kind), kind)} FROM {sql})"
        quantifier = "ALL" if node.quantifier == "ALL" else "ANY"
        return Value(
            f"({ordered(convert.coerce(left.sql, left.type, kind), kind)} {node.operator} {quantifier} "
            f"{inner})",
            types.BOOLEAN,
        )

    def _logical(self, node: nodes.Logical) -> Value:
        terms = [self.condition(t, f"Logical expression term '{shown(t)}'") for t in node.terms]
        return Value("(" + f" {node.operator} ".join(terms) + ")", types.BOOLEAN)

    def _not(self, node: nodes.Not) -> Value:
        return Value(
            f"(NOT {self.condition(node.operand, 'Value of logical NOT expression')})", types.BOOLEAN
        )

    def _between(self, node: nodes.Between) -> Value:
        values = [self.value(n) for n in (node.value, node.low, node.high)]
        kind = types.UNKNOWN
        for value in values:
            found = types.common_type(kind, value.type)
            if found is None or not types.orderable(found):
                a, b, c = (v.type for v in values)
                raise StatementError(
                    "TYPE_MISMATCH", f"Cannot check if {a} is BETWEEN {b} and {c}", node.position
                )
            kind = found
        value, low, high = (ordered(convert.coerce(v.sql, v.type, kind), kind) for v in values)
        return Value(f"({value} BETWEEN {low} AND {high})", types.BOOLEAN)

    def _in_list(self, node: nodes.InList) -> Value:
        values = [self.value(n) for n in (node.value, *node.items)]
        kind = types.UNKNOWN
        for value in values:
            found = types.common_type(kind, value.type)
            if found is None:
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"IN value and list items must be the same type: {values[0].type} vs. {value.type}",
                    node.position,
                )
            kind = found
        value, *items = (ordered(convert.coerce(v.sql, v.type, kind), kind) for v in values)
        return Value(f"({value} IN ({', '.join(items)}))", types.BOOLEAN)

    def _in_query(self, node: nodes.InQuery) -> Value:
        left = self.value(node.value)
        sql, field = self.translator.single_column(node.query, self)
        kind = types.common_type(left.type, field.type)
        if kind is None:
            raise StatementError(
                "TYPE_MISMATCH",
                f"value and result of subquery must be of the same type for IN expression: {left.type} "
                f"vs. {field.type}",
                node.position,
            )
        inner = f"SELECT {ordered(convert.coerce(field.sql, field.type, kind), kind)} FROM {sql}"
        return Value(
            f"({ordered(convert.coerce(left.sql, left.type, kind), kind)} IN ({inner}))", types.BOOLEAN
        )

    def _like(self, node: nodes.Like) -> Value:
        value, pattern = self.value(node.value), self.value(node.pattern)
        for part, name in ((value, "Left side"), (pattern, "Pattern for")):
            if not types.is_string(part.type) and part.type != types.UNKNOWN:
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"{name} {'of LIKE expression' if name == 'Left side' else 'LIKE expression'} must "
                    f"evaluate to a varchar"
                    f" (actual: {part.type})",
                    node.position,
                )
        one = convert.coerce(value.sql, value.type, types.VARCHAR)
        two = convert.coerce(pattern.sql, pattern.type, types.VARCHAR)
        if node.escape is None:
            # Trino's LIKE has no escape character unless one is given; DuckDB's neither.
            return Value(f"({one} LIKE {two})", types.BOOLEAN)
        escape = self.value(node.escape)
        if isinstance(escape.literal, str) and len(escape.literal) != 1:
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character", node.position
            )
        if not isinstance(pattern.literal, str) or not isinstance(escape.literal, str):
            mark = convert.coerce(escape.sql, escape.type, types.VARCHAR)
            return Value(f"py_like({one}, {two}, {mark})", types.BOOLEAN)
        literals.check_like(pattern.literal, escape.literal)
        return Value(f"({one} LIKE {two} ESCAPE {escape.sql})", types.BOOLEAN)

    def _is_null(self, node: nodes.IsNull) -> Value:
        return Value(f"({self.value(node.value).sql} IS NULL)", types.BOOLEAN)

    def _is_distinct(self, node: nodes.IsDistinct) -> Value:
        found = self.compare("=", self.value(node.left), self.value(node.right), node.position)
        left, right = self.value(node.left), self.value(node.right)
        kind = types.common_type(left.type, right.type)
        one, two = (ordered(convert.coerce(v.sql, v.type, kind), kind) for v in (left, right))
        return Value(f"({one} IS DISTINCT FROM {two})", found.type)

    # --- forms ---

    def _exists(self, node: nodes.Exists) -> Value:
        sql, _ = self.translator.subquery(node.query, self)
        return Value(f"EXISTS (SELECT 1 FROM {sql})", types.BOOLEAN)

    def _subquery(self, node: nodes.Subquery) -> Value:
        sql, field = self.translator.single_column(node.query, self, scalar=True)
        return Value(f"(SELECT {field.sql} FROM {sql})", field.type)

    def _case(self, node: nodes.Case) -> Value:
        conditions = []
        if node.operand is not None:
            operand = self.value(node.operand)
            for when, _ in node.whens:
                value = self.value(when)
                if types.common_type(operand.type, value.type) is None:
                    raise StatementError(
                        "TYPE_MISMATCH",
                        f"CASE operand type does not match WHEN clause operand type: {operand.type} vs. "
                        f"{value.type}",
                        when.position,
                    )
                conditions.append(self.compare("=", operand, value, when.position).sql)
        else:
            conditions = [self.condition(when, "CASE WHEN clause") for when, _ in node.whens]
        results = [self.value(then) for _, then in node.whens]
        if node.otherwise is not None:
            results.append(self.value(node.otherwise))
        sqls, kind = self.common(results, node.position, "All CASE results must be the same type")
        pieces = [f"WHEN {c} THEN {r}" for c, r in zip(conditions, sqls, strict=False)]
        otherwise = f" ELSE {sqls[-1]}" if node.otherwise is not None else ""
        return Value(f"CASE {' '.join(pieces)}{otherwise} END", kind)

    def _cast(self, node: nodes.Cast) -> Value:
        value = self.value(node.value)
        sql = convert.cast(value.sql, value.type, node.type, node.position)
        return Value(f"TRY({sql})" if node.safe else f"({sql})", node.type)

    def _extract(self, node: nodes.Extract) -> Value:
        name = {
            "DOW": "day_of_week",
            "DOY": "day_of_year",
            "YOW": "year_of_week",
        }.get(node.field, node.field.lower())
        return calls.call(self, nodes.Call(node.position, name, [node.value]))

    def _current(self, node: nodes.CurrentTime) -> Value:
        return literals.current(node, self.translator.session)

    def _at_time_zone(self, node: nodes.AtTimeZone) -> Value:
        return calls.call(self, nodes.Call(node.position, "at_timezone", [node.value, node.zone]))

    def _array(self, node: nodes.ArrayItems) -> Value:
        sqls, kind = self.common(
            [self.value(i) for i in node.items], node.position, "All ARRAY elements must be the same type"
        )
        if not sqls:
            return Value("CAST([] AS INTEGER[])", types.array(types.UNKNOWN))
        return Value(f"[{', '.join(sqls)}]", types.array(kind))

    def _subscript(self, node: nodes.Subscript) -> Value:
        return calls.subscript(self, node, self.value(node.base), self.value(node.index))

    def _row(self, node: nodes.Row) -> Value:
        values = [self.value(i) for i in node.items]
        kind = types.row([v.type for v in values], [None] * len(values))
        fields = ", ".join(
            f"{types.identifier(types.field_name(kind, i))} := "
            f"{convert.coerce(v.sql, v.type, v.type) if v.type != types.UNKNOWN else 'CAST(NULL AS INTEGER)'}"
            for i, v in enumerate(values)
        )
        return Value(f"struct_pack({fields})", kind)

    def _call(self, node: nodes.Call) -> Value:
        return calls.call(self, node)

    def _sql_json(self, node: nodes.SqlJson) -> Value:
        from localaws.athena.analysis.sql_json import sql_json

        return sql_json(self, node)

    def _parameter(self, node: nodes.Parameter) -> Value:
        found = self.translator.parameter(node)
        outer = Expressions(self.translator, Scope([]), "parameter")
        return outer.value(found)

    def _lambda(self, node: nodes.Lambda) -> Value:
        raise StatementError(
            "TYPE_MISMATCH", "Lambda expression should always be used inside a function", node.position
        )

    def with_variables(self, names: list[str], kinds: list[Type]) -> tuple[list[str], Scope]:
        """Enter a lambda: its parameters' names in DuckDB, and the scope that was."""
        before = self.scope
        fresh = [f"v{self.translator.fresh()}" for _ in names]
        variables = {n: Value(f, k) for n, f, k in zip(names, fresh, kinds, strict=True)}
        self.scope = Scope(before.fields, before, variables)
        return fresh, before


_HANDLERS: dict[type, Callable[[Expressions, nodes.Node], Value]] = {
    nodes.Null: lambda self, node: Value("NULL", types.UNKNOWN),
    nodes.Boolean: lambda self, node: Value("true" if node.value else "false", types.BOOLEAN, node.value),
    nodes.Number: lambda self, node: literals.number(node),
    nodes.String: lambda self, node: literals.string(node.value),
    nodes.Bytes: lambda self, node: Value(f"unhex('{node.value.hex()}')", types.VARBINARY, node.value),
    nodes.Typed: lambda self, node: literals.typed(node),
    nodes.Interval: lambda self, node: literals.interval(node),
    nodes.Identifier: Expressions._name,
    nodes.Dereference: Expressions._name,
    nodes.Unary: Expressions._unary,
    nodes.Arithmetic: Expressions._arithmetic,
    nodes.Comparison: Expressions._comparison,
    nodes.Quantified: Expressions._quantified,
    nodes.Logical: Expressions._logical,
    nodes.Not: Expressions._not,
    nodes.Between: Expressions._between,
    nodes.InList: Expressions._in_list,
    nodes.InQuery: Expressions._in_query,
    nodes.Like: Expressions._like,
    nodes.IsNull: Expressions._is_null,
    nodes.IsDistinct: Expressions._is_distinct,
    nodes.Exists: Expressions._exists,
    nodes.Subquery: Expressions._subquery,
    nodes.Case: Expressions._case,
    nodes.Cast: Expressions._cast,
    nodes.Extract: Expressions._extract,
    nodes.CurrentTime: Expressions._current,
    nodes.AtTimeZone: Expressions._at_time_zone,
    nodes.ArrayItems: Expressions._array,
    nodes.Subscript: Expressions._subscript,
    nodes.Row: Expressions._row,
    nodes.Call: Expressions._call,
    nodes.SqlJson: Expressions._sql_json,
    nodes.Parameter: Expressions._parameter,
    nodes.Lambda: Expressions._lambda,
}


def ordered(sql: str, kind: Type) -> str:
    """A value as it is compared and sorted: an instant without its zone."""
    if kind.name == "timestamp with time zone":
        return f"({sql}).i"
    if kind.name == "ipaddress":
        return f"py_ip_order({sql})"
    return f"rtrim({sql}, ' ')" if kind.name == "char" else sql


def dotted(node: nodes.Node) -> list[str] | None:
    """The parts of ``a.b.c``, None when the node is more than names."""
    if isinstance(node, nodes.Identifier):
        return [node.name]
    if isinstance(node, nodes.Dereference):
        base = dotted(node.base)
        return None if base is None else [*base, node.field.name]
    return None


def shown(node: nodes.Node) -> str:
    """An expression for an error's text."""
    if isinstance(node, nodes.Identifier):
        return node.shown
    if isinstance(node, nodes.Dereference):
        return f"{shown(node.base)}.{node.field.shown}"
    if isinstance(node, nodes.Call):
        return f"{node.name}({'*' if node.star else ', '.join(shown(a) for a in node.arguments)})"
    if isinstance(node, nodes.Number):
        return node.text
    if isinstance(node, nodes.String):
        return f"'{node.value}'"
    if isinstance(node, nodes.Arithmetic | nodes.Comparison):
        return f"({shown(node.left)} {node.operator} {shown(node.right)})"
    return type(node).__name__.lower()


def children(node: object) -> list[nodes.Node]:
    """The nodes directly inside one, not those of queries inside it."""
    found: list[nodes.Node] = []
    for slot in node.__dataclass_fields__:
        _collect(getattr(node, slot), found)
    return found


def _collect(part: object, found: list[nodes.Node]) -> None:
    if isinstance(part, nodes.Query):
        return
    if isinstance(part, nodes.Node):
        found.append(part)
    elif isinstance(part, list | tuple):
        for item in part:
            _collect(item, found)


def contains_aggregate(node: nodes.Node) -> bool:
    """Whether there is an aggregate, a window function or GROUPING in the expression."""
    if isinstance(node, nodes.Call) and (
        node.window is not None or calls.is_aggregate(node.name) or node.name == "grouping"
    ):
        return True
    return any(contains_aggregate(child) for child in children(node))
