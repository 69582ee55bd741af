"""Queries: relations, joins, grouping, ordering, set operations, each level a SELECT with columns ``c0, c1
…``.

Every relation gets an alias of its own (``r1``, ``r2`` …), so that what a name means is settled here and
not by DuckDB.
"""

# ruff: noqa: S608 - writing SQL is what this module is for; values are literals by `convert.text`
from __future__ import annotations

import secrets

from localaws.athena import types
from localaws.athena.analysis import convert
from localaws.athena.analysis.aggregates import direction
from localaws.athena.analysis.expressions import Expressions, ordered
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.relations import Relations
from localaws.athena.analysis.scope import Field, Scope, Value
from localaws.athena.analysis.selects import Selects, order_by
from localaws.athena.analysis.shapes import (
    Cte,
    Inline,
    Scan,
    TableColumns,
    Tables,
    Translated,
    references,
)
from localaws.athena.errors import Position, StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type

_MAX_RECURSION = 10  # Trino's max_recursion_depth


class Translator(Selects, Relations):
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
        self._ctes: list[dict[str, Cte | nodes.With]] = [{}]
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
        written = []
        for item in query.withs:
            if item.name in self._ctes[-1]:
                raise StatementError(
                    "DUPLICATE_NAMED_QUERY",
                    f"WITH query name '{item.name}' specified more than once",
                    item.position,
                )
            if query.recursive and references(item.query, item.name):
                self._ctes[-1][item.name] = self._recursion(item, outer, written)
                continue
            named = references(query, item.name)
            scans = len(self.scans)
            levels = [*self._ctes[:-1], dict(self._ctes[-1])]
            sql, fields = self.query(item.query, outer)
            if item.columns is not None:
                fields = self._renamed(fields, item.columns, item.position)
            if named <= 1:  # it was only checked: what it reads is read where it is named
                del self.scans[scans:]
                self._ctes[-1][item.name] = Inline(item, levels, outer)
                continue
            name = f"w{self.fresh()}"
            written.append(f"{name} AS ({sql})")
            self._ctes[-1][item.name] = Cte(name, fields)
        return ", ".join(written)

    def _recursion(self, item: nodes.With, outer: Scope | None, written: list[str]) -> Cte:
        """A query that reads itself, written out as often as Trino lets it: one named query for each step.

        https://trino.io/docs/current/sql/select.html#with-recursive-clause
        """
        body = item.query.body
        if item.columns is None:
            raise StatementError(
                "MISSING_COLUMN_ALIASES", "missing column aliases in recursive WITH query", item.position
            )
        if not isinstance(body, nodes.SetOperation) or body.operator != "UNION" or item.query.order:
            raise not_supported("a recursive query that is no UNION ALL", item.position)
        if body.distinct:
            raise not_supported("UNION DISTINCT of a recursive query", item.position)
        if references(body.left, item.name) or references(body.right, item.name) != 1:
            raise StatementError(
                "INVALID_RECURSIVE_REFERENCE",
                f"multiple recursive references in the step relation of recursion: {item.name}"
                if not references(body.left, item.name)
                else "WITH table name is referenced in the base relation of recursion",
                item.position,
            )
        sql, fields = self._side(body.left, outer)
        fields = self._renamed(fields, item.columns, item.position)
        self.required.update(fields)
        name = f"w{self.fresh()}"
        written.append(f"{name} AS MATERIALIZED ({sql})")
        steps = [name]
        for _ in range(_MAX_RECURSION + 1):
            self._ctes[-1][item.name] = Cte(steps[-1], fields)
            sql, found = self._side(body.right, outer)
            sql = self._step(sql, found, fields, item)
            steps.append(f"w{self.fresh()}")
            written.append(f"{steps[-1]} AS MATERIALIZED ({sql})")
        columns = [f"c{i}" for i in range(len(fields))]
        parts = [f"SELECT {', '.join(columns)} FROM {step}" for step in steps[:-1]]
        deep = (
            f"NOT_SUPPORTED: Recursion depth limit exceeded ({_MAX_RECURSION}). Use 'max_recursion_depth' "
            "session property to modify the limit."
        )
        failing = [f"checked(true, {convert.text(deep)}, c0) AS c0", *columns[1:]]
        parts.append(f"SELECT {', '.join(failing)} FROM {steps[-1]}")
        whole = f"w{self.fresh()}"
        written.append(f"{whole} AS ({' UNION ALL '.join(parts)})")
        return Cte(whole, fields)

    def _step(self, sql: str, found: list[Field], wanted: list[Field], item: nodes.With) -> str:
        """A step of a recursion in the types of its base."""
        self.required.update(found)
        if len(found) != len(wanted):
            raise StatementError(
                "TYPE_MISMATCH",
                f"base and step relations of recursion have different number of fields: {len(wanted)}, "
                f"{len(found)}",
                item.position,
            )
        relation = self.aliased(sql, found)
        out = []
        for index, (one, other) in enumerate(zip(relation.fields, wanted, strict=True)):
            if not types.coerces(one.type, other.type):
                raise StatementError(
                    "TYPE_MISMATCH",
                    f"recursion step relation output type ({one.type}) is not coercible to recursion base "
                    f"relation output type ({other.type}) at column {index + 1}",
                    item.position,
                )
            out.append(f"{convert.coerce(one.sql, one.type, other.type)} AS c{index}")
        return f"SELECT {', '.join(out)} FROM {relation.sql}"

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
        outputs = [
            Field(f.name, f.type, f"c{i}", refs=frozenset({f}), shown=f.shown)
            for i, f in enumerate(relation.fields)
        ]
        if query.with_ties:
            keys = "".join(f", {one} AS s{i}" for i, (one, _) in enumerate(order))
            inner = f"SELECT {out}{keys} FROM {relation.sql}"
            return self._with_ties(inner, order, len(outputs), query), outputs
        return f"SELECT {out} FROM {relation.sql}{order_by(order)}{self._limit(query)}", outputs

    def _output_order(
        self, items: list[nodes.SortItem], fields: list[Field], expressions: Expressions
    ) -> list[tuple[str, str]]:
        parts = []
        for item in items:
            value = self._ordinal(item, fields) or expressions.value(item.value)
            self._check_orderable(value.type, item.position)
            parts.append((ordered(value.sql, value.type), direction(item)))
        return parts

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

    # --- queries inside expressions ---

    def subquery(self, query: nodes.Query, around: Expressions) -> tuple[str, list[Field]]:
        """Translate a query inside an expression; it may use the columns around it."""
        sql, fields = self.query(query, around.scope)
        relation = self.aliased(sql, fields)
        return relation.sql, relation.fields

    def single_column(
        self, query: nodes.Query, around: Expressions, scalar: bool = False
    ) -> tuple[str, Field]:
        """A subquery that gives one value a row; of several columns a row is made, but not for a scalar."""
        sql, fields = self.subquery(query, around)
        visible = [f for f in fields if not f.hidden]
        if len(visible) > 1 and not scalar:
            self.required.update(visible)
            kind = types.row([f.type for f in visible], [None] * len(visible))
            packed = ", ".join(f"{types.field_name(kind, i)} := {f.sql}" for i, f in enumerate(visible))
            return sql, Field(None, kind, f"struct_pack({packed})")
        if len(visible) != 1:
            raise StatementError(
                "NOT_SUPPORTED" if scalar else "SYNTAX_ERROR",
                f"Multiple columns returned by subquery are not yet supported. Found {len(visible)}",
                query.position,
            )
        self.required.add(visible[0])
        return sql, visible[0]


__all__ = ["Scan", "TableColumns", "Tables", "Translated", "Translator"]
