"""What the parts of a query's translation hand each other, and what can be told from a node alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from localaws.athena import types
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.scope import Field, Relation, Scope, Value
from localaws.athena.errors import Position
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
class Cte:
    sql_name: str
    fields: list[Field]
    push: Callable | None = None


@dataclass(slots=True)
class Inline:
    """A WITH query that is named once: it is put where it is named, so that conditions reach its tables."""

    item: nodes.With
    levels: list
    outer: Scope | None


@dataclass(slots=True)
class Item:
    """A column of SELECT: an expression, or one that ``*`` stands for."""

    value: nodes.Node
    alias: str | None
    name: str | None
    shown: str | None
    field_value: Value | None
    refs: frozenset[Field]
    position: Position

    @classmethod
    def of(cls, item: nodes.SelectItem) -> Item:
        name = shown = None
        if isinstance(item.value, nodes.Identifier):
            name, shown = item.value.name, item.value.shown
        elif isinstance(item.value, nodes.Dereference):
            name, shown = item.value.field.name, item.value.field.shown
        return cls(item.value, item.alias, name, shown, None, frozenset(), item.position)


def held(value: Value) -> str:
    """An expression as a column: NULL needs a type there."""
    return "CAST(NULL AS INTEGER)" if value.type == types.UNKNOWN and value.sql == "NULL" else value.sql


def terms(node: nodes.Node) -> list[nodes.Node]:
    if isinstance(node, nodes.Logical) and node.operator == "AND":
        return [t for term in node.terms for t in terms(term)]
    return [node]


def has_aggregate(node: nodes.Node) -> bool:
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
    return any(has_aggregate(child) for child in children(node))


def has_window(node: nodes.Node) -> bool:
    from localaws.athena.analysis.expressions import children

    if isinstance(node, nodes.Call) and node.window is not None:
        return True
    return any(has_window(child) for child in children(node))


def has_query(node: nodes.Node) -> bool:
    from localaws.athena.analysis.expressions import children

    if isinstance(node, nodes.Exists | nodes.Subquery | nodes.InQuery | nodes.Quantified):
        return True
    return any(has_query(child) for child in children(node))


def replace_aliases(node, aliases: dict[str, Item]):
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
                changes[slot] = replace_aliases(part, aliases)
            elif isinstance(part, list):
                changes[slot] = [
                    replace_aliases(p, aliases) if isinstance(p, nodes.Node) else p for p in part
                ]
        return dataclasses.replace(node, **changes)
    return node


def contains_aggregate_window(node: nodes.Node) -> bool:
    return has_window(node)


def bare(node: nodes.Node) -> nodes.Node:
    return node.relation if isinstance(node, nodes.Aliased) else node


def is_lateral(node: nodes.Node) -> bool:
    return isinstance(bare(node), nodes.Unnest | nodes.Lateral)


def push_both(left: Relation, right: Relation):
    def push(sql: str, refs: list[Field]) -> None:
        for side in (left, right):
            if all(r in side.fields for r in refs):
                side.push(sql, refs)

    return push


def push_sides(kind: str, left: Relation, right: Relation):
    """A condition above a join holds below it on the sides whose rows the join does not make up."""
    sides = {"INNER": (left, right), "LEFT": (left,), "RIGHT": (right,), "FULL": ()}[kind]

    def push(sql: str, refs: list[Field]) -> None:
        for side in sides:
            if all(r in side.fields for r in refs):
                side.push(sql, refs)

    return push


def references(node: object, name: str) -> int:
    """How often a table of one name is named in a query, at any depth."""
    if isinstance(node, nodes.Table):
        return int(node.parts == [name])
    if isinstance(node, nodes.Node):
        return sum(references(getattr(node, slot), name) for slot in node.__dataclass_fields__)
    if isinstance(node, list | tuple):
        return sum(references(part, name) for part in node)
    return 0


def distinct_sets(elements: list[nodes.Node], key: Callable[[nodes.Node], str]) -> list[list[str]]:
    """The grouping sets of GROUP BY DISTINCT: the product of all elements, equal ones once."""
    choices = []
    for element in elements:
        if not isinstance(element, nodes.GroupingSet):
            choices.append([[key(element)]])
            continue
        sets = [[key(n) for n in one] for one in element.sets]
        if element.kind == "ROLLUP":
            sets = [[k for one in sets[:count] for k in one] for count in range(len(sets), -1, -1)]
        elif element.kind == "CUBE":
            sets = [
                [k for one in some for k in one]
                for count in range(len(sets), -1, -1)
                for some in itertools.combinations(sets, count)
            ]
        choices.append(sets)
    found: dict[frozenset[str], list[str]] = {}
    for some in itertools.product(*choices):
        whole = list(dict.fromkeys(k for one in some for k in one))
        found.setdefault(frozenset(whole), whole)
    return list(found.values())
