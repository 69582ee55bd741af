"""Queries: relations, joins, grouping, ordering, set operations, each level a SELECT with columns ``c0, c1
…``.

Every relation gets an alias of its own (``r1``, ``r2`` …), so that what a name means is settled here and
not by DuckDB.
"""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.calls import direction
from localaws.athena.analysis.expressions import Expressions, Grouping, contains_aggregate, ordered
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.scope import Field, Relation, Scope, Value, rename
from localaws.athena.errors import Position, StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type


@dataclass(eq=False, slots=True)
class Scan:
    """A table that the statement reads.

    Attributes
    ----------
    token
        What stands for it in the SQL until the files are known.
    table
        What the catalog's side knows of it; the fields are its columns in order.
    conditions
        Terms that every row has to meet, in DuckDB's SQL over quoted column names, for pruning.
    """

    token: str
    table: object
    fields: list[Field]
    conditions: list[tuple[str, frozenset[str]]] = field(default_factory=list)


@dataclass(slots=True)
class TableColumns:
    """What the analysis has to know of a table or view: its columns, or the query it stands for."""

    table: object
    columns: list[tuple[str, Type]]
    hidden: list[tuple[str, Type]] = field(default_factory=list)
    view: nodes.Query | None = None
    view_database: str | None = None
    view_types: list[Type] | None = None


class Tables(Protocol):
    """The catalog as the analysis sees it."""

    def table(self, parts: list[str], session: Session, position: Position) -> TableColumns:
        """Find a table or view; raises StatementError TABLE_NOT_FOUND and its like."""


@dataclass(slots=True)
class Translated:
    """A query in DuckDB's SQL with tokens for its tables, and the names and types of its columns."""

    sql: str
    names: list[str]
    kinds: list[Type]
    scans: list[Scan]
    used: set[Field]


@dataclass(slots=True)
class _Cte:
    sql_name: str
    fields: list[Field]
    push: Callable | None = None


_MAX_VIEW_DEPTH = 30


class Translator:
    """Translates one statement.

    Parameters
    ----------
    tables
        Where tables and views are found.
    session
        The database of the query context, and the time.
    parameters
        The values for ``?``, as expressions; None when the statement must have none.
    """

    def __init__(self, tables: Tables, session: Session, parameters: list[nodes.Node] | None = None) -> None:
        self.tables = tables
        self.session = session
        self.parameters = parameters or []
        self.scans: list[Scan] = []
        self.required: set[Field] = set()
        self._count = 0
        self._nonce = secrets.token_hex(6)
        self._ctes: list[dict[str, _Cte | nodes.With]] = [{}]
        self._views = 0

    def fresh(self) -> int:
        self._count += 1
        return self._count

    def parameter(self, node: nodes.Parameter) -> nodes.Node:
        if node.index >= len(self.parameters):
            raise StatementError(
                "INVALID_PARAMETER_USAGE",
                f"Incorrect number of parameters: expected {node.index + 1} but found {len(self.parameters)}",
                node.position,
            )
        return self.parameters[node.index]

    def translate(self, query: nodes.Query) -> Translated:
        """Check a whole query and write it in DuckDB's SQL.

        Raises
        ------
        StatementError
            As Trino refuses it, or NOT_SUPPORTED for what this one cannot do faithfully.
        """
        sql, fields = self.query(query, None)
        names = [f.shown or f.name or f"_col{i}" for i, f in enumerate(fields)]
        used: set[Field] = set()
        waiting = [*fields, *self.required]
        while waiting:
            one = waiting.pop()
            if one not in used:
                used.add(one)
                waiting.extend(one.refs)
        return Translated(sql, names, [f.type for f in fields], self.scans, used)

    # --- queries ---

    def query(self, query: nodes.Query, outer: Scope | None) -> tuple[str, list[Field]]:
        """Translate a query to SELECT … with columns c0, c1 …; its fields are not yet those of an alias."""
        self._ctes.append({})
        try:
            withs = self._withs(query, outer)
            sql, fields = self._body(query, outer)
        finally:
            self._ctes.pop()
        return (f"WITH {withs} {sql}" if withs else sql), fields

    def _withs(self, query: nodes.Query, outer: Scope | None) -> str:
        if query.recursive:
            raise not_supported("WITH RECURSIVE", query.position)
        written = []
        for item in query.withs:
            if item.name in self._ctes[-1]:
                raise StatementError(
                    "DUPLICATE_NAMED_QUERY",
                    f"WITH query name '{item.name}' specified more than once",
                    item.position,
                )
            sql, fields = self.query(item.query, outer)
            if item.columns is not None:
                fields = self._renamed(fields, item.columns, item.position)
            name = f"w{self.fresh()}"
            written.append(f"{name} AS ({sql})")
            self._ctes[-1][item.name] = _Cte(name, fields)
        return ", ".join(written)

    def _renamed(self, fields: list[Field], names: list[str], position: Position) -> list[Field]:
        if len(fields) != len(names):
            raise StatementError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(names)} entries but relation has {len(fields)} columns",
                position,
            )
        return [
            Field(n, f.type, f.sql, f.qualifier, f.hidden, f.refs, n)
            for f, n in zip(fields, names, strict=True)
        ]

    def _body(self, query: nodes.Query, outer: Scope | None) -> tuple[str, list[Field]]:
        body = query.body
        if isinstance(body, nodes.Select):
            return self._select(body, query, outer)
        if isinstance(body, nodes.Query):
            if not (query.order or query.offset or query.limit):
                return self.query(body, outer)
            sql, fields = self.query(body, outer)
        elif isinstance(body, nodes.Values):
            sql, fields = self._values(body, outer)
        else:
            sql, fields = self._set_operation(body, outer)
        if not (query.order or query.offset is not None or query.limit is not None):
            return sql, fields
        relation = self.aliased(sql, fields)
        scope = Scope(relation.fields, outer)
        expressions = Expressions(self, scope, "ORDER BY clause")
        order = self._output_order(query.order, relation.fields, expressions)
        self.required |= expressions.refs
        out = ", ".join(f"{f.sql} AS c{i}" for i, f in enumerate(relation.fields))
        limit = self._limit(query)
        outputs = [
            Field(f.name, f.type, f"c{i}", refs=frozenset({f}), shown=f.shown)
            for i, f in enumerate(relation.fields)
        ]
        return f"SELECT {out} FROM {relation.sql}{order}{limit}", outputs

    def _output_order(
        self, items: list[nodes.SortItem], fields: list[Field], expressions: Expressions
    ) -> str:
        if not items:
            return ""
        parts = []
        for item in items:
            value = self._ordinal(item, fields) or expressions.value(item.value)
            self._check_orderable(value.type, item.position)
            parts.append(ordered(value.sql, value.type) + direction(item))
        return " ORDER BY " + ", ".join(parts)

    def _ordinal(self, item: nodes.SortItem, fields: list[Field]) -> Value | None:
        if not (isinstance(item.value, nodes.Number) and item.value.kind == "integer"):
            return None
        index = int(item.value.text)
        if not 1 <= index <= len(fields):
            raise StatementError(
                "INVALID_COLUMN_REFERENCE", f"ORDER BY position {index} is not in select list", item.position
            )
        return Value(fields[index - 1].sql, fields[index - 1].type)

    def _check_orderable(self, kind: Type, position: Position) -> None:
        if not types.orderable(kind):
            raise StatementError(
                "TYPE_MISMATCH",
                f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY",
                position,
            )

    def _limit(self, query: nodes.Query) -> str:
        if query.with_ties:
            raise not_supported("FETCH FIRST … WITH TIES", query.position)
        out = ""
        if query.limit is not None:
            out += f" LIMIT {self._row_count(query.limit, 'LIMIT')}"
        if query.offset is not None:
            out += f" OFFSET {self._row_count(query.offset, 'OFFSET')}"
        return out

    def _row_count(self, node: nodes.Node, clause: str) -> int:
        if isinstance(node, nodes.Parameter):
            node = self.parameter(node)
        if not (isinstance(node, nodes.Number) and node.kind == "integer"):
            raise StatementError("TYPE_MISMATCH", f"{clause} must be a whole number", node.position)
        return int(node.text)

    # --- SELECT ---

    def _select(
        self, select: nodes.Select, query: nodes.Query, outer: Scope | None
    ) -> tuple[str, list[Field]]:
        relation = self.relation(select.source, outer) if select.source is not None else None
        scope = Scope(relation.fields if relation else [], outer)
        where = self._where(select, scope, relation)
        items = self._expand(select, scope, relation)
        grouped = (
            select.group is not None
            or select.having is not None
            or any(_has_aggregate(i.value) for i in items)
            or any(_has_aggregate(o.value) for o in query.order)
        )
        group_sql, grouping = self._group(select, scope, items) if grouped else ("", None)
        expressions = Expressions(self, scope, None, grouping, select.windows)
        fields, sqls = [], []
        for index, item in enumerate(items):
            outside = expressions.refs
            expressions.refs = set()
            value = item.field_value or expressions.value(item.value)
            refs = frozenset(expressions.refs | item.refs)
            expressions.refs = outside
            name = item.alias.lower() if item.alias is not None else item.name
            fields.append(Field(name, value.type, f"c{index}", refs=refs, shown=item.alias or item.shown))
            sqls.append(_held(value))
        having = ""
        if select.having is not None:
            having = f" HAVING {expressions.condition(select.having, 'HAVING clause predicate')}"
        if select.distinct:
            for item, one in zip(items, fields, strict=True):
                if not types.comparable(one.type):
                    raise StatementError(
                        "TYPE_MISMATCH",
                        f"DISTINCT can only be applied to comparable types (actual: {one.type})",
                        item.position,
                    )
            self.required.update(*(f.refs for f in fields))
        order = self._order(query.order, select, items, fields, sqls, scope, expressions)
        self.required |= expressions.refs
        out = ", ".join(f"{s} AS c{i}" for i, s in enumerate(sqls))
        source = f" FROM {relation.sql}" if relation is not None else ""
        distinct = "DISTINCT " if select.distinct else ""
        sql = f"SELECT {distinct}{out}{source}{where}{group_sql}{having}{order}{self._limit(query)}"
        if relation is not None and not grouped and not query.limit and not query.offset:
            self._passing = (relation, fields, items)
            self._remember_push(fields, sqls, relation, any(_has_window(i.value) for i in items))
        return sql, fields

    _passing = None

    def _remember_push(
        self, fields: list[Field], sqls: list[str], relation: Relation, windowed: bool
    ) -> None:
        """Note how a condition on this query's output becomes one on what it reads."""
        if windowed:
            return
        by_sql = {f.sql: f for f in relation.fields}
        names = {i: by_sql[s] for i, s in enumerate(sqls) if s in by_sql}
        self._pushes[id(fields)] = (fields, names, relation)

    @property
    def _pushes(self) -> dict:
        if not hasattr(self, "_push_store"):
            self._push_store: dict = {}
        return self._push_store

    def _where(self, select: nodes.Select, scope: Scope, relation: Relation | None) -> str:
        if select.where is None:
            return ""
        expressions = Expressions(self, scope, "WHERE clause")
        sql = expressions.condition(select.where, "WHERE clause predicate")
        self.required |= expressions.refs
        if relation is not None:
            self._push_terms(select.where, scope, relation)
        return f" WHERE {sql}"

    def _push_terms(self, where: nodes.Node, scope: Scope, relation: Relation) -> None:
        for term in _terms(where):
            if _has_query(term):
                continue
            expressions = Expressions(self, scope, "WHERE clause")
            sql = expressions.condition(term, "WHERE clause predicate")
            refs = list(expressions.refs)
            if refs and all(r in scope.fields for r in refs):
                relation.push(sql, refs)

    def _expand(self, select: nodes.Select, scope: Scope, relation: Relation | None) -> list[_Item]:
        items: list[_Item] = []
        for item in select.items:
            if not isinstance(item.value, nodes.Star):
                items.append(_Item.of(item))
                continue
            items.extend(self._star(item.value, scope, relation))
        return items

    def _star(self, star: nodes.Star, scope: Scope, relation: Relation | None) -> list[_Item]:
        if relation is None:
            raise StatementError(
                "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", star.position
            )
        fields = list(scope.visible())
        if star.base is not None:
            from localaws.athena.analysis.expressions import dotted

            qualifier = tuple(dotted(star.base))
            fields = [f for f in fields if f.qualifier[-len(qualifier) :] == qualifier]
            if not fields:
                return self._row_star(star, scope)
        if star.aliases and len(star.aliases) != len(fields):
            raise StatementError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(star.aliases)} entries but relation has {len(fields)} columns",
                star.position,
            )
        names = star.aliases or [f.name for f in fields]
        return [
            _Item(
                nodes.Null(star.position),
                None,
                n,
                None if star.aliases else f.shown,
                Value(f.sql, f.type),
                frozenset({f}),
                star.position,
            )
            for f, n in zip(fields, names, strict=True)
        ]

    def _row_star(self, star: nodes.Star, scope: Scope) -> list[_Item]:
        expressions = Expressions(self, scope, "SELECT clause")
        value = expressions.value(star.base)
        if value.type.name != "row":
            raise StatementError("TABLE_NOT_FOUND", "Unable to resolve reference " + "t", star.position)
        found = []
        for index, kind in enumerate(value.type.args):
            sql = f"({value.sql}).{types.identifier(types.field_name(value.type, index))}"
            name = star.aliases[index] if index < len(star.aliases) else value.type.fields[index]
            found.append(
                _Item(
                    nodes.Null(star.position),
                    None,
                    name,
                    None,
                    Value(sql, kind),
                    frozenset(expressions.refs),
                    star.position,
                )
            )
        return found

    def _group(self, select: nodes.Select, scope: Scope, items: list[_Item]) -> tuple[str, Grouping]:
        if select.group is None:
            for item in items:
                if item.field_value is not None:
                    raise StatementError(
                        "EXPRESSION_NOT_AGGREGATE",
                        f"'{item.name}' must be an aggregate expression or appear in GROUP BY clause",
                        item.position,
                    )
            return "", Grouping([])
        expressions = Expressions(self, scope, "GROUP BY clause")
        keys: list[Value] = []
        parts: list[str] = []

        def key(node: nodes.Node) -> str:
            value = self._group_key(node, items, expressions)
            if not types.comparable(value.type):
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"{value.type} is not comparable, and therefore cannot be used in GROUP BY",
                    node.position,
                )
            keys.append(value)
            return value.sql

        for element in select.group:
            if isinstance(element, nodes.GroupingSet):
                sets = ["(" + ", ".join(key(n) for n in one) + ")" for one in element.sets]
                if element.kind == "SETS":
                    parts.append(f"GROUPING SETS ({', '.join(sets)})")
                else:
                    parts.append(
                        f"{element.kind} ({', '.join(s[1:-1] if s.count(',') == 0 else s for s in sets)})"
                    )
            else:
                parts.append(key(element))
        if select.group_distinct:
            raise not_supported("GROUP BY DISTINCT", select.position)
        self.required |= expressions.refs
        for item in items:
            if item.field_value is not None and item.field_value.sql not in {k.sql for k in keys}:
                raise StatementError(
                    "EXPRESSION_NOT_AGGREGATE",
                    f"'{item.name}' must be an aggregate expression or appear in GROUP BY clause",
                    item.position,
                )
        # A key that is a literal would be taken for a column's number.
        return " GROUP BY " + ", ".join(parts), Grouping(keys)

    def _group_key(self, node: nodes.Node, items: list[_Item], expressions: Expressions) -> Value:
        if isinstance(node, nodes.Number) and node.kind == "integer":
            index = int(node.text)
            if not 1 <= index <= len(items):
                raise StatementError(
                    "INVALID_COLUMN_REFERENCE",
                    f"GROUP BY position {index} is not in select list",
                    node.position,
                )
            item = items[index - 1]
            if item.field_value is not None:
                expressions.refs |= item.refs
                return item.field_value
            return expressions.value(item.value)
        return expressions.value(node)

    def _order(self, order, select, items, fields, sqls, scope, expressions) -> str:
        if not order:
            return ""
        if select.distinct:
            return self._distinct_order(order, select, items, fields, sqls, scope, expressions)
        parts = []
        for item in order:
            index = self._output_index(item, items, fields)
            if index is not None:
                sql, kind = sqls[index], fields[index].type
                self.required |= fields[index].refs
                if kind.name == "unknown":
                    continue
            else:
                value = self._order_value(item.value, items, scope, expressions)
                sql, kind = value.sql, value.type
            self._check_orderable(kind, item.position)
            # A bare constant would be a column's number to DuckDB.
            parts.append(f"({ordered(sql, kind)})" + direction(item))
        return " ORDER BY " + ", ".join(parts) if parts else ""

    def _order_value(self, node, items, scope: Scope, expressions: Expressions) -> Value:
        """An expression in ORDER BY sees the query's output names before the columns that it reads."""
        aliases = {i.alias.lower(): i for i in items if i.alias is not None}
        replaced = _replace_aliases(node, aliases)
        return expressions.value(replaced)

    def _output_index(self, item: nodes.SortItem, items: list[_Item], fields: list[Field]) -> int | None:
        if isinstance(item.value, nodes.Number) and item.value.kind == "integer":
            index = int(item.value.text)
            if not 1 <= index <= len(fields):
                raise StatementError(
                    "INVALID_COLUMN_REFERENCE",
                    f"ORDER BY position {index} is not in select list",
                    item.position,
                )
            return index - 1
        if isinstance(item.value, nodes.Identifier):
            fits = [
                i for i, one in enumerate(items) if (one.alias or one.name or "").lower() == item.value.name
            ]
            if len(fits) > 1 and len({(fields[i].refs, fields[i].type) for i in fits}) > 1:
                raise StatementError(
                    "AMBIGUOUS_NAME", f"Column '{item.value.shown}' is ambiguous", item.position
                )
            return fits[0] if fits else None
        return None

    def _distinct_order(self, order, select, items, fields, sqls, scope, expressions) -> str:
        parts = []
        for item in order:
            index = self._output_index(item, items, fields)
            if index is None:
                value = self._order_value(item.value, items, scope, expressions)
                if value.sql not in sqls:
                    raise StatementError(
                        "EXPRESSION_NOT_IN_DISTINCT",
                        "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                        item.position,
                    )
                index = sqls.index(value.sql)
            self._check_orderable(fields[index].type, item.position)
            if fields[index].type.name == "timestamp with time zone":
                raise not_supported("ORDER BY of a timestamp with time zone with DISTINCT", item.position)
            parts.append(f"{index + 1}" + direction(item))
        return " ORDER BY " + ", ".join(parts)

    # --- VALUES and set operations ---

    def _values(self, values: nodes.Values, outer: Scope | None) -> tuple[str, list[Field]]:
        rows: list[list[Value]] = []
        for node in values.rows:
            expressions = Expressions(self, Scope([], outer), "VALUES")
            items = node.items if isinstance(node, nodes.Row) else [node]
            rows.append([expressions.value(i) for i in items])
        width = len(rows[0])
        kinds: list[Type] = [types.UNKNOWN] * width
        for row in rows:
            if len(row) != width:
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"Values rows have mismatched sizes: {width} vs {len(row)}",
                    values.position,
                )
            for index, value in enumerate(row):
                found = types.common_type(kinds[index], value.type)
                if found is None:
                    raise StatementError(
                        "TYPE_MISMATCH",
                        f"Values rows have mismatched types: {kinds[index]} vs {value.type}",
                        values.position,
                    )
                kinds[index] = found
        written = ", ".join(
            "("
            + ", ".join(
                _held(Value(convert.coerce(v.sql, v.type, k), k)) for v, k in zip(row, kinds, strict=True)
            )
            + ")"
            for row in rows
        )
        alias = f"r{self.fresh()}"
        names = ", ".join(f"c{i}" for i in range(width))
        fields = [Field(None, k, f"c{i}") for i, k in enumerate(kinds)]
        return f"SELECT {names} FROM (VALUES {written}) AS {alias}({names})", fields

    def _set_operation(self, node: nodes.SetOperation, outer: Scope | None) -> tuple[str, list[Field]]:
        sides = [self._side(s, outer) for s in (node.left, node.right)]
        (left_sql, left), (right_sql, right) = sides
        if len(left) != len(right):
            raise StatementError(
                "TYPE_MISMATCH",
                f"{node.operator} query has different number of fields: {len(left)}, {len(right)}",
                node.position,
            )
        kinds = []
        for index, (one, two) in enumerate(zip(left, right, strict=True), 1):
            kind = types.common_type(one.type, two.type)
            if kind is None:
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"column {index} in {node.operator} query has incompatible types: {one.type}, {two.type}",
                    node.position,
                )
            kinds.append(kind)
        if node.distinct or node.operator != "UNION":
            self.required.update(left, right)
        written = []
        for sql, fields in ((left_sql, left), (right_sql, right)):
            if [f.type for f in fields] == kinds:
                written.append(f"({sql})")
                continue
            relation = self.aliased(sql, fields)
            out = ", ".join(
                f"{convert.coerce(f.sql, f.type, k)} AS c{i}"
                for i, (f, k) in enumerate(zip(relation.fields, kinds, strict=True))
            )
            written.append(f"(SELECT {out} FROM {relation.sql})")
        word = node.operator + ("" if node.distinct else " ALL")
        outputs = [
            Field(one.name, kind, f"c{i}", refs=frozenset({one, two}), shown=one.shown)
            for i, (one, two, kind) in enumerate(zip(left, right, kinds, strict=True))
        ]
        self._unions[id(outputs)] = (
            (outputs, left, right) if node.operator == "UNION" else (outputs, left, left)
        )
        return f"{written[0]} {word} {written[1]}", outputs

    @property
    def _unions(self) -> dict:
        if not hasattr(self, "_union_store"):
            self._union_store: dict = {}
        return self._union_store

    def _side(self, node: nodes.Node, outer: Scope | None) -> tuple[str, list[Field]]:
        if isinstance(node, nodes.Query):
            return self.query(node, outer)
        return self._body(nodes.Query(node.position, [], False, node, [], None, None), outer)

    # --- relations ---

    def aliased(self, sql: str, fields: list[Field], qualifier: tuple[str, ...] = ()) -> Relation:
        """Put a query in FROM under an alias of its own."""
        alias = f"r{self.fresh()}"
        outputs = [
            Field(f.name, f.type, f'{alias}."c{i}"', qualifier, False, frozenset({f}), f.shown)
            for i, f in enumerate(fields)
        ]
        return Relation(f"({sql}) AS {alias}", outputs, self._pusher(fields, outputs))

    def _pusher(self, fields: list[Field], outputs: list[Field]):
        """How conditions on a query's alias go down into what the query reads."""

        def push(sql: str, refs: list[Field]) -> None:
            indexes = {outputs.index(r): r for r in refs if r in outputs}
            if len(indexes) != len(set(refs)):
                return
            self._push_down(sql, indexes, fields)

        return push

    def _push_down(self, sql: str, indexes: dict[int, Field], fields: list[Field]) -> None:
        union = self._unions.get(id(fields))
        if union is not None:
            for side in union[1:]:
                if [f.type for f in side] == [f.type for f in fields]:
                    self._push_down(sql, indexes, side)
            return
        entry = self._pushes.get(id(fields))
        if entry is None:
            return
        _, names, relation = entry
        if not all(i in names for i in indexes):
            return
        renamed = rename(sql, {outer.sql: names[i].sql for i, outer in indexes.items()})
        if renamed is not None:
            relation.push(renamed, [names[i] for i in indexes])

    def relation(self, node: nodes.Node, outer: Scope | None, left: Relation | None = None) -> Relation:
        """Translate something in FROM; `left` is what stands before it, which UNNEST and LATERAL see."""
        if isinstance(node, nodes.Aliased):
            return self._alias(node, outer, left)
        if isinstance(node, nodes.Table):
            return self._table(node, outer)
        if isinstance(node, nodes.SubqueryTable):
            sql, fields = self.query(node.query, outer)
            return self.aliased(sql, fields)
        if isinstance(node, nodes.Join):
            return self._join(node, outer)
        if isinstance(node, nodes.Unnest):
            return self._unnest(node, outer, left)
        if isinstance(node, nodes.Lateral):
            scope = Scope(left.fields if left else [], outer)
            sql, fields = self.query(node.query, scope)
            relation = self.aliased(sql, fields)
            return Relation(f"LATERAL {relation.sql}", relation.fields, relation.push)
        if isinstance(node, nodes.Sample):
            return self._sample(node, outer)
        raise not_supported(type(node).__name__, node.position)

    def _alias(self, node: nodes.Aliased, outer: Scope | None, left: Relation | None) -> Relation:
        relation = self.relation(node.relation, outer, left)
        visible = [f for f in relation.fields if not f.hidden]
        if node.columns is not None and len(node.columns) != len(visible):
            raise StatementError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(node.columns)} entries but '{node.alias}' has "
                f"{len(visible)} columns available",
                node.position,
            )
        for index, one in enumerate(visible):
            if node.columns is not None:
                one.name = one.shown = node.columns[index]
        for one in relation.fields:
            one.qualifier = (node.alias,)
        return relation

    def _table(self, node: nodes.Table, outer: Scope | None) -> Relation:
        if len(node.parts) == 1:
            for level in reversed(self._ctes):
                if level is None:
                    break
                found = level.get(node.parts[0])
                if found is not None:
                    alias = f"r{self.fresh()}"
                    outputs = [
                        Field(
                            f.name,
                            f.type,
                            f'{alias}."c{i}"',
                            (node.parts[0],),
                            False,
                            frozenset({f}),
                            f.shown,
                        )
                        for i, f in enumerate(found.fields)
                    ]
                    return Relation(f"{found.sql_name} AS {alias}", outputs)
        table = self.tables.table(node.parts, self.session, node.position)
        parts = [
            *([self.session.catalog] if len(node.parts) < 3 else []),
            *([self.session.database] if len(node.parts) < 2 else []),
            *node.parts,
        ]
        if table.view is not None:
            return self._view(table, tuple(parts), node)
        alias = f"r{self.fresh()}"
        token = f"<<{self._nonce}:{len(self.scans)}>>"
        fields = []
        for index, (name, kind) in enumerate([*table.columns, *table.hidden]):
            hidden = index >= len(table.columns)
            fields.append(Field(name, kind, f'{alias}."c{index}"', tuple(parts), hidden, frozenset(), name))
        scan = Scan(token, table.table, fields)
        self.scans.append(scan)

        def push(sql: str, refs: list[Field]) -> None:
            renamed = rename(sql, {r.sql: types.identifier(r.name) for r in refs})
            if renamed is not None:
                scan.conditions.append((renamed, frozenset(r.name for r in refs)))

        return Relation(f"{token} AS {alias}", fields, push)

    def _view(self, table: TableColumns, parts: tuple[str, ...], node: nodes.Table) -> Relation:
        self._views += 1
        if self._views > _MAX_VIEW_DEPTH:
            raise StatementError(
                "VIEW_IS_RECURSIVE",
                f"Statement would create a recursive view: {'.'.join(parts)}",
                node.position,
            )
        session, ctes = self.session, self._ctes
        self.session = Session(
            table.view_database or session.database, session.started, session.catalog, session.user
        )
        self._ctes = [{}]
        try:
            sql, fields = self.query(table.view, None)
        except StatementError as error:
            raise StatementError(
                "INVALID_VIEW",
                f"Failed analyzing stored view '{'.'.join(parts)}': {error.reason}",
                node.position,
            ) from error
        finally:
            self.session, self._ctes = session, ctes
        self._views -= 1
        if len(fields) != len(table.columns):
            raise StatementError(
                "VIEW_IS_STALE",
                f"View '{'.'.join(parts)}' is stale or in invalid state: stored view column count "
                f"({len(table.columns)}) "
                f"does not match column count derived from the view query analysis ({len(fields)})",
                node.position,
            )
        for one, (name, _) in zip(fields, table.columns, strict=True):
            one.name = one.shown = name
        return self.aliased(sql, fields, parts)

    def _sample(self, node: nodes.Sample, outer: Scope | None) -> Relation:
        relation = self.relation(node.relation, outer)
        percentage = Expressions(self, Scope([]), "TABLESAMPLE").value(node.percentage)
        if not isinstance(percentage.literal, int | float | str) or not types.is_number(percentage.type):
            raise StatementError("TYPE_MISMATCH", "Sample percentage should be a number", node.position)
        if not 0 <= float(percentage.literal) <= 100:
            raise StatementError(
                "INVALID_ARGUMENTS", "Sample percentage must be between 0 and 100, inclusive", node.position
            )
        # A token for a table is replaced by a bracketed SELECT, so the sample comes after its alias.
        return Relation(
            f"{relation.sql} TABLESAMPLE {node.method} ({float(percentage.literal)} PERCENT)", relation.fields
        )

    def _unnest(self, node: nodes.Unnest, outer: Scope | None, left: Relation | None) -> Relation:
        expressions = Expressions(self, Scope(left.fields if left else [], outer), "UNNEST")
        values = [expressions.value(i) for i in node.items]
        self.required |= expressions.refs
        columns: list[tuple[str, str | None, Type]] = []
        lengths = []
        for value, item in zip(values, node.items, strict=True):
            kind = value.type
            if kind.name == "map":
                lengths.append(f"coalesce(cardinality({value.sql}), 0)")
                columns.append((f"unnest(map_keys({value.sql}))", None, kind.args[0]))
                columns.append((f"unnest(map_values({value.sql}))", None, kind.args[1]))
            elif kind.name == "array" and kind.args[0].name == "row":
                lengths.append(f"coalesce(len({value.sql}), 0)")
                row = kind.args[0]
                for index, inner in enumerate(row.args):
                    name = types.identifier(types.field_name(row, index))
                    columns.append(
                        (f"unnest(list_transform({value.sql}, lambda u: u.{name}))", row.fields[index], inner)
                    )
            elif kind.name == "array":
                lengths.append(f"coalesce(len({value.sql}), 0)")
                columns.append((f"unnest({value.sql})", None, kind.args[0]))
            else:
                raise StatementError("TYPE_MISMATCH", f"Cannot unnest type: {kind}", item.position)
        if node.ordinality:
            longest = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
            columns.append((f"unnest(range(1, CAST({longest} AS BIGINT) + 1))", "ordinality", types.BIGINT))
        alias = f"r{self.fresh()}"
        out = ", ".join(f"{sql} AS c{i}" for i, (sql, _, _) in enumerate(columns))
        fields = [
            Field(name, kind, f'{alias}."c{i}"', (), False, frozenset(expressions.refs), name)
            for i, (_, name, kind) in enumerate(columns)
        ]
        lateral = "LATERAL " if left is not None else ""
        return Relation(f"{lateral}(SELECT {out}) AS {alias}", fields)

    def _join(self, node: nodes.Join, outer: Scope | None) -> Relation:
        left = self.relation(node.left, outer)
        right = self.relation(node.right, outer, left)
        fields = [*left.fields, *right.fields]
        lateral = _is_lateral(node.right)
        if node.kind in ("CROSS", "IMPLICIT"):
            push = _push_both(left, right)
            return Relation(f"{left.sql} CROSS JOIN {right.sql}", fields, push)
        if lateral and node.kind not in ("LEFT", "INNER"):
            raise StatementError(
                "INVALID_COLUMN_REFERENCE",
                f"LATERAL reference not allowed in {node.kind} JOIN",
                node.position,
            )
        if lateral and not (isinstance(node.on, nodes.Boolean) and node.on.value):
            raise StatementError(
                "NOT_SUPPORTED",
                f"{node.kind} JOIN involving "
                f"{'UNNEST' if not isinstance(_bare(node.right), nodes.Lateral) else 'LATERAL'} is only "
                "supported with condition ON TRUE",
                node.position,
            )
        if node.using is not None:
            return self._using(node, left, right)
        scope = Scope(fields, outer)
        expressions = Expressions(self, scope, "JOIN clause")
        condition = expressions.condition(node.on, "JOIN ON clause")
        self.required |= expressions.refs
        self._push_on(node, left, right, scope)
        push = _push_sides(node.kind, left, right)
        return Relation(f"({left.sql} {node.kind} JOIN {right.sql} ON {condition})", fields, push)

    def _push_on(self, node: nodes.Join, left: Relation, right: Relation, scope: Scope) -> None:
        sides = {"INNER": (left, right), "LEFT": (right,), "RIGHT": (left,), "FULL": ()}[node.kind]
        for term in _terms(node.on):
            if _has_query(term):
                continue
            expressions = Expressions(self, scope, "JOIN clause")
            sql = expressions.condition(term, "JOIN ON clause")
            refs = list(expressions.refs)
            for side in sides:
                if refs and all(r in side.fields for r in refs):
                    side.push(sql, refs)

    def _using(self, node: nodes.Join, left: Relation, right: Relation) -> Relation:
        """USING: each named column once, first, then the others of both sides."""
        terms, shared = [], []
        taken: set[Field] = set()
        for column in node.using:
            pair = []
            for side, name in ((left, "left"), (right, "right")):
                fits = [f for f in side.fields if f.name == column.name]
                if len(fits) != 1:
                    raise StatementError(
                        "COLUMN_NOT_FOUND" if not fits else "AMBIGUOUS_NAME",
                        f"Column '{column.shown}' is {'missing from' if not fits else 'ambiguous in'} "
                        f"{name} side of join",
                        column.position,
                    )
                pair.append(fits[0])
            one, two = pair
            kind = types.common_type(one.type, two.type)
            if kind is None:
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"Column types of '{column.shown}' cannot be compared: {one.type} and {two.type}",
                    column.position,
                )
            a, b = (ordered(convert.coerce(f.sql, f.type, kind), kind) for f in pair)
            terms.append(f"{a} = {b}")
            self.required |= {one, two}
            taken |= {one, two}
            sql = {
                "LEFT": convert.coerce(one.sql, one.type, kind),
                "INNER": convert.coerce(one.sql, one.type, kind),
                "RIGHT": convert.coerce(two.sql, two.type, kind),
            }.get(
                node.kind,
                f"coalesce({convert.coerce(one.sql, one.type, kind)}, "
                f"{convert.coerce(two.sql, two.type, kind)})",
            )
            shared.append(Field(column.name, kind, sql, (), False, frozenset({one, two}), column.name))
        rest = [f for f in [*left.fields, *right.fields] if f not in taken]
        sql = f"({left.sql} {node.kind} JOIN {right.sql} ON {' AND '.join(terms)})"
        return Relation(sql, [*shared, *rest], _push_sides(node.kind, left, right))

    # --- queries inside expressions ---

    def subquery(self, query: nodes.Query, around: Expressions) -> tuple[str, list[Field]]:
        """Translate a query inside an expression; it may use the columns around it."""
        sql, fields = self.query(query, around.scope)
        relation = self.aliased(sql, fields)
        return relation.sql, relation.fields

    def single_column(
        self, query: nodes.Query, around: Expressions, scalar: bool = False
    ) -> tuple[str, Field]:
        sql, fields = self.subquery(query, around)
        visible = [f for f in fields if not f.hidden]
        if len(visible) != 1:
            raise StatementError(
                "NOT_SUPPORTED" if scalar else "SYNTAX_ERROR",
                f"Multiple columns returned by subquery are not yet supported. Found {len(visible)}",
                query.position,
            )
        self.required.add(visible[0])
        return sql, visible[0]


@dataclass(slots=True)
class _Item:
    """A column of SELECT: an expression, or one that ``*`` stands for."""

    value: nodes.Node
    alias: str | None
    name: str | None
    shown: str | None
    field_value: Value | None
    refs: frozenset[Field]
    position: Position

    @classmethod
    def of(cls, item: nodes.SelectItem) -> _Item:
        name = shown = None
        if isinstance(item.value, nodes.Identifier):
            name, shown = item.value.name, item.value.shown
        elif isinstance(item.value, nodes.Dereference):
            name, shown = item.value.field.name, item.value.field.shown
        return cls(item.value, item.alias, name, shown, None, frozenset(), item.position)


def _held(value: Value) -> str:
    """An expression as a column: NULL needs a type there."""
    return "CAST(NULL AS INTEGER)" if value.type == types.UNKNOWN and value.sql == "NULL" else value.sql


def _terms(node: nodes.Node) -> list[nodes.Node]:
    if isinstance(node, nodes.Logical) and node.operator == "AND":
        return [t for term in node.terms for t in _terms(term)]
    return [node]


def _has_aggregate(node: nodes.Node) -> bool:
    """Whether an aggregate that is not a window's stands in the expression; it makes the query an
    aggregated one."""
    from localaws.athena.analysis.calls import is_aggregate
    from localaws.athena.analysis.expressions import children

    if (
        isinstance(node, nodes.Call)
        and node.window is None
        and (is_aggregate(node.name) or node.name == "grouping")
    ):
        return True
    return any(_has_aggregate(child) for child in children(node))


def _has_window(node: nodes.Node) -> bool:
    from localaws.athena.analysis.expressions import children

    if isinstance(node, nodes.Call) and node.window is not None:
        return True
    return any(_has_window(child) for child in children(node))


def _has_query(node: nodes.Node) -> bool:
    from localaws.athena.analysis.expressions import children

    if isinstance(node, nodes.Exists | nodes.Subquery | nodes.InQuery | nodes.Quantified):
        return True
    return any(_has_query(child) for child in children(node))


def _replace_aliases(node, aliases: dict[str, _Item]):
    """The expression with output names replaced by what they name."""
    import dataclasses

    if isinstance(node, nodes.Identifier):
        item = aliases.get(node.name)
        return item.value if item is not None and not contains_aggregate_window(item.value) else node
    if isinstance(node, nodes.Node) and not isinstance(node, nodes.Query | nodes.Lambda | nodes.Dereference):
        changes = {}
        for slot in node.__dataclass_fields__:
            part = getattr(node, slot)
            if isinstance(part, nodes.Node):
                changes[slot] = _replace_aliases(part, aliases)
            elif isinstance(part, list):
                changes[slot] = [
                    _replace_aliases(p, aliases) if isinstance(p, nodes.Node) else p for p in part
                ]
        return dataclasses.replace(node, **changes)
    return node


def contains_aggregate_window(node: nodes.Node) -> bool:
    return _has_window(node)


def _bare(node: nodes.Node) -> nodes.Node:
    return node.relation if isinstance(node, nodes.Aliased) else node


def _is_lateral(node: nodes.Node) -> bool:
    return isinstance(_bare(node), nodes.Unnest | nodes.Lateral)


def _push_both(left: Relation, right: Relation):
    def push(sql: str, refs: list[Field]) -> None:
        for side in (left, right):
            if all(r in side.fields for r in refs):
                side.push(sql, refs)

    return push


def _push_sides(kind: str, left: Relation, right: Relation):
    """A condition above a join holds below it on the sides whose rows the join does not make up."""
    sides = {"INNER": (left, right), "LEFT": (left,), "RIGHT": (right,), "FULL": ()}[kind]

    def push(sql: str, refs: list[Field]) -> None:
        for side in sides:
            if all(r in side.fields for r in refs):
                side.push(sql, refs)

    return push


__all__ = ["Scan", "TableColumns", "Tables", "Translated", "Translator", "contains_aggregate"]
