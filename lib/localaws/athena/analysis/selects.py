"""SELECT, VALUES and set operations: items, grouping, ordering."""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.aggregates import direction
from localaws.athena.analysis.expressions import Expressions, Grouping, ordered
from localaws.athena.analysis.scope import Field, Relation, Scope, Value
from localaws.athena.analysis.shapes import (
    Item,
    distinct_sets,
    has_aggregate,
    has_query,
    has_window,
    held,
    replace_aliases,
    terms,
)
from localaws.athena.errors import StatementError
from localaws.athena.sql import nodes
from localaws.athena.types import Type


class Selects:
    """The part of the translator that writes one query level."""

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
            or any(has_aggregate(i.value) for i in items)
            or any(has_aggregate(o.value) for o in query.order)
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
            sqls.append(held(value))
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
        rest = f"{source}{where}{group_sql}{having}"
        if query.with_ties:
            if select.distinct:
                order = [(f"c{int(position) - 1}", way) for position, way in order]
                inner = f"SELECT * FROM (SELECT DISTINCT {out}{rest})"
                sql = self._with_ties(inner, order, len(fields), query, keyed=False)
            else:
                keys = "".join(f", {one} AS s{i}" for i, (one, _) in enumerate(order))
                sql = self._with_ties(f"SELECT {out}{keys}{rest}", order, len(fields), query)
        else:
            sql = f"SELECT {distinct}{out}{rest}{order_by(order)}{self._limit(query)}"
        if relation is not None and not grouped and not query.limit and not query.offset:
            self._passing = (relation, fields, items)
            self._remember_push(fields, sqls, relation, any(has_window(i.value) for i in items))
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
        for term in terms(where):
            if has_query(term):
                continue
            expressions = Expressions(self, scope, "WHERE clause")
            sql = expressions.condition(term, "WHERE clause predicate")
            refs = list(expressions.refs)
            if refs and all(r in scope.fields for r in refs):
                relation.push(sql, refs)

    def _expand(self, select: nodes.Select, scope: Scope, relation: Relation | None) -> list[Item]:
        items: list[Item] = []
        for item in select.items:
            if not isinstance(item.value, nodes.Star):
                items.append(Item.of(item))
                continue
            items.extend(self._star(item.value, scope, relation))
        return items

    def _star(self, star: nodes.Star, scope: Scope, relation: Relation | None) -> list[Item]:
        from localaws.athena.analysis.expressions import dotted

        if star.base is not None and (relation is None or dotted(star.base) is None):
            return self._row_star(star, scope)
        if relation is None:
            raise StatementError(
                "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", star.position
            )
        fields = list(scope.visible())
        if star.base is not None:
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
            Item(
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

    def _row_star(self, star: nodes.Star, scope: Scope) -> list[Item]:
        expressions = Expressions(self, scope, "SELECT clause")
        try:
            value = expressions.value(star.base)
        except StatementError as error:
            from localaws.athena.analysis.expressions import dotted

            if error.code != "COLUMN_NOT_FOUND" or dotted(star.base) is None:
                raise
            raise StatementError(
                "TABLE_NOT_FOUND",
                f"Unable to resolve reference {'.'.join(dotted(star.base))}",
                star.position,
            ) from error
        if value.type.name != "row":
            raise StatementError("TYPE_MISMATCH", "expected row type", star.position)
        if star.aliases and len(star.aliases) != len(value.type.args):
            raise StatementError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(star.aliases)} entries but relation has "
                f"{len(value.type.args)} columns",
                star.position,
            )
        found = []
        for index, kind in enumerate(value.type.args):
            sql = f"({value.sql}).{types.identifier(types.field_name(value.type, index))}"
            name = star.aliases[index] if index < len(star.aliases) else value.type.fields[index]
            found.append(
                Item(
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

    def _group(self, select: nodes.Select, scope: Scope, items: list[Item]) -> tuple[str, Grouping]:
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

        if select.group_distinct:
            sets = distinct_sets(select.group, key)
            parts.append(f"GROUPING SETS ({', '.join('(' + ', '.join(one) + ')' for one in sets)})")
        for element in [] if select.group_distinct else select.group:
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

    def _group_key(self, node: nodes.Node, items: list[Item], expressions: Expressions) -> Value:
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

    def _order(self, order, select, items, fields, sqls, scope, expressions) -> list[tuple[str, str]]:
        """What the rows are sorted by: expressions and their directions."""
        if not order:
            return []
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
            parts.append((f"({ordered(sql, kind)})", direction(item)))
        return parts

    def _order_value(self, node, items, scope: Scope, expressions: Expressions) -> Value:
        """An expression in ORDER BY sees the query's output names before the columns that it reads."""
        aliases = {i.alias.lower(): i for i in items if i.alias is not None}
        replaced = replace_aliases(node, aliases)
        return expressions.value(replaced)

    def _output_index(self, item: nodes.SortItem, items: list[Item], fields: list[Field]) -> int | None:
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

    def _distinct_order(
        self, order, select, items, fields, sqls, scope, expressions
    ) -> list[tuple[str, str]]:
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
            parts.append((f"{index + 1}", direction(item)))
        return parts

    def _with_ties(
        self, sql: str, order: list[tuple[str, str]], width: int, query: nodes.Query, keyed: bool = True
    ) -> str:
        """The first rows and those that the order does not tell from the last of them."""
        if not order:
            raise StatementError(
                "MISSING_ORDER_BY", "FETCH FIRST WITH TIES clause requires ORDER BY", query.position
            )
        keys = [(f"s{i}" if keyed else one, way) for i, (one, way) in enumerate(order)]
        offset = f" OFFSET {self._row_count(query.offset, 'OFFSET')}" if query.offset is not None else ""
        rows = f"SELECT * FROM ({sql}){order_by(keys)}{offset}"
        ranked = f"SELECT *, rank() OVER ({order_by(keys).strip()}) AS place FROM ({rows})"
        out = ", ".join(f"c{i}" for i in range(width))
        count = self._row_count(query.limit, "FETCH FIRST")
        return f"SELECT {out} FROM ({ranked}) WHERE place <= {count}{order_by(keys)}"

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
                held(Value(convert.coerce(v.sql, v.type, k), k)) for v, k in zip(row, kinds, strict=True)
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


def order_by(order: list[tuple[str, str]]) -> str:
    return " ORDER BY " + ", ".join(one + way for one, way in order) if order else ""
