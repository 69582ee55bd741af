"""What the parser makes of a statement: one class for each form of Trino's grammar.

Every node has its place in the text (line and column from 1), where Trino would report a fault of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws.athena.errors import Position
from localaws.athena.types import Type


@dataclass(slots=True)
class Node:
    position: Position


# --- expressions ---


@dataclass(slots=True)
class Null(Node):
    pass


@dataclass(slots=True)
class Boolean(Node):
    value: bool


@dataclass(slots=True)
class Number(Node):
    kind: str  # integer, decimal, double
    text: str


@dataclass(slots=True)
class String(Node):
    value: str


@dataclass(slots=True)
class Bytes(Node):
    value: bytes


@dataclass(slots=True)
class Typed(Node):
    """``DATE '2026-01-01'`` and its like."""

    type_name: str
    value: str


@dataclass(slots=True)
class Interval(Node):
    value: str
    negative: bool
    unit: str
    to: str | None


@dataclass(slots=True)
class Identifier(Node):
    name: str  # as it is compared: lower case
    quoted: bool
    shown: str  # as it was written


@dataclass(slots=True)
class Dereference(Node):
    base: Node
    field: Identifier


@dataclass(slots=True)
class Star(Node):
    base: Node | None
    aliases: list[str]


@dataclass(slots=True)
class Parameter(Node):
    index: int


@dataclass(slots=True)
class Unary(Node):
    operator: str
    operand: Node


@dataclass(slots=True)
class Arithmetic(Node):
    operator: str  # + - * / % ||
    left: Node
    right: Node


@dataclass(slots=True)
class Comparison(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Quantified(Node):
    operator: str
    quantifier: str
    left: Node
    query: Query


@dataclass(slots=True)
class Logical(Node):
    operator: str  # AND, OR
    terms: list[Node]


@dataclass(slots=True)
class Not(Node):
    operand: Node


@dataclass(slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node


@dataclass(slots=True)
class InList(Node):
    value: Node
    items: list[Node]


@dataclass(slots=True)
class InQuery(Node):
    value: Node
    query: Query


@dataclass(slots=True)
class Like(Node):
    value: Node
    pattern: Node
    escape: Node | None


@dataclass(slots=True)
class IsNull(Node):
    value: Node


@dataclass(slots=True)
class IsDistinct(Node):
    left: Node
    right: Node


@dataclass(slots=True)
class Exists(Node):
    query: Query


@dataclass(slots=True)
class Subquery(Node):
    query: Query


@dataclass(slots=True)
class Case(Node):
    operand: Node | None
    whens: list[tuple[Node, Node]]
    otherwise: Node | None


@dataclass(slots=True)
class Cast(Node):
    value: Node
    type: Type
    safe: bool


@dataclass(slots=True)
class Extract(Node):
    field: str
    value: Node


@dataclass(slots=True)
class CurrentTime(Node):
    name: str
    precision: int | None


@dataclass(slots=True)
class AtTimeZone(Node):
    value: Node
    zone: Node


@dataclass(slots=True)
class ArrayItems(Node):
    items: list[Node]


@dataclass(slots=True)
class Subscript(Node):
    base: Node
    index: Node


@dataclass(slots=True)
class Row(Node):
    items: list[Node]


@dataclass(slots=True)
class Lambda(Node):
    parameters: list[str]
    body: Node


@dataclass(slots=True)
class SortItem(Node):
    value: Node
    descending: bool
    nulls_first: bool | None


@dataclass(slots=True)
class Frame(Node):
    unit: str  # ROWS, RANGE, GROUPS
    start: tuple[str, Node | None]
    end: tuple[str, Node | None] | None


@dataclass(slots=True)
class Window(Node):
    existing: str | None
    partition: list[Node]
    order: list[SortItem]
    frame: Frame | None


@dataclass(slots=True)
class Call(Node):
    name: str
    arguments: list[Node]
    star: bool = False
    distinct: bool = False
    order: list[SortItem] = field(default_factory=list)
    filter: Node | None = None
    nulls: str | None = None  # IGNORE, RESPECT
    window: Window | str | None = None
    extra: dict = field(default_factory=dict)


@dataclass(slots=True)
class SqlJson(Node):
    """A function of SQL/JSON.

    Attributes
    ----------
    items
        Of ``json_array`` and ``json_object``: key (None in an array), value, and whether it is JSON already.
    passing
        The path's variables: value, whether it is JSON already, and name.
    """

    name: str
    source: Node | None = None
    path: str = ""
    passing: list[tuple[Node, bool, str]] = field(default_factory=list)
    returning: Type | None = None
    wrapper: str = ""  # CONDITIONAL, UNCONDITIONAL
    omit_quotes: bool = False
    on_empty: tuple[str, Node | None] = ("NULL", None)
    on_error: tuple[str, Node | None] | None = None
    items: list[tuple[Node | None, Node, bool]] = field(default_factory=list)
    null_on_null: bool = True
    unique: bool = False


# --- relations ---


@dataclass(slots=True)
class Table(Node):
    parts: list[str]


@dataclass(slots=True)
class SubqueryTable(Node):
    query: Query


@dataclass(slots=True)
class Unnest(Node):
    items: list[Node]
    ordinality: bool


@dataclass(slots=True)
class Lateral(Node):
    query: Query


@dataclass(slots=True)
class Values(Node):
    rows: list[Node]


@dataclass(slots=True)
class Aliased(Node):
    relation: Node
    alias: str
    columns: list[str] | None


@dataclass(slots=True)
class Sample(Node):
    relation: Node
    method: str
    percentage: Node


@dataclass(slots=True)
class Join(Node):
    kind: str  # INNER, LEFT, RIGHT, FULL, CROSS, IMPLICIT
    left: Node
    right: Node
    on: Node | None = None
    using: list[Identifier] | None = None


# --- queries ---


@dataclass(slots=True)
class SelectItem(Node):
    value: Node
    alias: str | None


@dataclass(slots=True)
class GroupingSet(Node):
    kind: str  # SETS, ROLLUP, CUBE
    sets: list[list[Node]]


@dataclass(slots=True)
class Select(Node):
    distinct: bool
    items: list[Node]
    source: Node | None
    where: Node | None
    group: list[Node] | None
    group_distinct: bool
    having: Node | None
    windows: dict[str, Window]


@dataclass(slots=True)
class SetOperation(Node):
    operator: str  # UNION, INTERSECT, EXCEPT
    distinct: bool
    left: Node
    right: Node


@dataclass(slots=True)
class With(Node):
    name: str
    columns: list[str] | None
    query: Query


@dataclass(slots=True)
class Query(Node):
    withs: list[With]
    recursive: bool
    body: Node
    order: list[SortItem]
    offset: Node | None
    limit: Node | None  # None is ALL
    with_ties: bool = False


# --- statements that Trino's grammar has ---


@dataclass(slots=True)
class QueryStatement(Node):
    query: Query


@dataclass(slots=True)
class Explain(Node):
    statement: Node
    analyze: bool
    options: dict[str, str]


@dataclass(slots=True)
class CreateTableAs(Node):
    table: list[str]
    if_not_exists: bool
    properties: dict[str, Node]
    columns: list[str] | None
    query: Query
    with_data: bool
    comment: str | None


@dataclass(slots=True)
class Insert(Node):
    table: list[str]
    columns: list[str] | None
    query: Query


@dataclass(slots=True)
class Unload(Node):
    query: Query
    location: str
    properties: dict[str, Node]


@dataclass(slots=True)
class CreateView(Node):
    table: list[str]
    replace: bool
    query: Query
    text: str  # the query as it was written
    comment: str | None


@dataclass(slots=True)
class Prepare(Node):
    name: str
    statement: Node
    text: str


@dataclass(slots=True)
class Execute(Node):
    """EXECUTE of a prepared statement, or of a text (EXECUTE IMMEDIATE)."""

    name: str | None
    parameters: list[Node]
    text: str | None = None


@dataclass(slots=True)
class IcebergOnly(Node):
    """A statement that Athena takes for Iceberg tables alone: DELETE, UPDATE, MERGE, OPTIMIZE, VACUUM."""

    verb: str
    table: list[str]


@dataclass(slots=True)
class Deallocate(Node):
    name: str
