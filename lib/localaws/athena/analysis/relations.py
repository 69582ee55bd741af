"""What stands in FROM: tables, views, subqueries, joins, UNNEST; and how conditions reach the tables."""

from __future__ import annotations

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.expressions import Expressions, ordered
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.scope import Field, Relation, Scope, rename
from localaws.athena.analysis.shapes import (
    Inline,
    Scan,
    TableColumns,
    bare,
    has_query,
    is_lateral,
    push_both,
    push_sides,
    terms,
)
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type

_MAX_VIEW_DEPTH = 30


class Relations:
    """The part of the translator that writes FROM."""

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
                if isinstance(found, Inline):
                    return self._inlined(found)
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

    def _inlined(self, found: Inline) -> Relation:
        levels, self._ctes = self._ctes, found.levels
        try:
            sql, fields = self.query(found.item.query, found.outer)
        finally:
            self._ctes = levels
        if found.item.columns is not None:
            fields = self._renamed(fields, found.item.columns, found.item.position)
        return self.aliased(sql, fields, (found.item.name,))

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
        lateral = is_lateral(node.right)
        if node.kind in ("CROSS", "IMPLICIT"):
            push = push_both(left, right)
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
                f"{'UNNEST' if not isinstance(bare(node.right), nodes.Lateral) else 'LATERAL'} is only "
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
        push = push_sides(node.kind, left, right)
        return Relation(f"({left.sql} {node.kind} JOIN {right.sql} ON {condition})", fields, push)

    def _push_on(self, node: nodes.Join, left: Relation, right: Relation, scope: Scope) -> None:
        sides = {"INNER": (left, right), "LEFT": (right,), "RIGHT": (left,), "FULL": ()}[node.kind]
        for term in terms(node.on):
            if has_query(term):
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
        return Relation(sql, [*shared, *rest], push_sides(node.kind, left, right))
