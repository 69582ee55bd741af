"""What a name in a query can mean: the columns in reach, and where they come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from localaws.athena.errors import Position, StatementError
from localaws.athena.types import Type


@dataclass(eq=False, slots=True)
class Field:
    """A column of a relation.

    Attributes
    ----------
    name
        As it can be referred to, in lower case; None for a column without a name.
    sql
        How DuckDB's SQL refers to it: ``r3."c1"``, unique in the statement.
    qualifier
        Catalog, schema and table, or the alias, through which it can be named.
    hidden
        Not part of ``*``: ``"$path"``.
    refs
        The columns that its value is computed from.
    shown
        The name with its capitals as the query wrote it.
    """

    name: str | None
    type: Type
    sql: str
    qualifier: tuple[str, ...] = ()
    hidden: bool = False
    refs: frozenset[Field] = frozenset()
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """An expression in DuckDB's SQL, its Trino type, and its value when it is a literal."""

    sql: str
    type: Type
    literal: object = None


Push = Callable[[str, "list[Field]"], None]


def _nowhere(sql: str, fields: list[Field]) -> None:
    """A predicate cannot be taken further down here."""


@dataclass(slots=True)
class Relation:
    """Something in FROM: its SQL and its columns.

    ``push(sql, fields)`` offers a condition on these columns (a term that must hold) to the tables below,
    so that they
    can leave partitions and files unread; nothing depends on its being used.
    """

    sql: str
    fields: list[Field]
    push: Push = _nowhere


@dataclass(slots=True)
class Scope:
    """The columns that an expression can name, and those of the query around it."""

    fields: list[Field]
    parent: Scope | None = None
    variables: dict[str, Value] = field(default_factory=dict)  # a lambda's parameters

    def visible(self) -> Iterable[Field]:
        return (f for f in self.fields if not f.hidden)


def find(scope: Scope | None, parts: list[str], position: Position) -> tuple[Value | Field, int, int] | None:
    """Find what a dotted name means.

    Returns
    -------
    tuple
        What was found, how many of the parts that took (the rest are fields of a row), and how many
        queries further
        out it is; None when there is nothing of the name.

    Raises
    ------
    StatementError
        AMBIGUOUS_NAME when two columns fit.
    """
    depth = 0
    while scope is not None:
        if parts[0] in scope.variables:
            return scope.variables[parts[0]], 1, depth
        for taken in range(len(parts), 0, -1):
            qualifier, name = tuple(parts[: taken - 1]), parts[taken - 1]
            fits = [
                f
                for f in scope.fields
                if f.name == name and (not qualifier or f.qualifier[-len(qualifier) :] == qualifier)
            ]
            if len(fits) > 1:
                raise StatementError(
                    "AMBIGUOUS_NAME", f"Column '{'.'.join(parts[:taken])}' is ambiguous", position
                )
            if fits:
                return fits[0], taken, depth
        if not (scope.variables and scope.parent and scope.parent.fields is scope.fields):
            depth += 1
        scope = scope.parent
    return None


_REFERENCE = re.compile(r'r\d+\."c\d+"')


def rename(sql: str, names: dict[str, str]) -> str | None:
    """A condition with its columns named otherwise, or None when it names others or has a quote within a
    string."""
    if any('"' in piece for piece in re.findall(r"'(?:[^']|'')*'", sql)):
        return None
    missing = False

    def swap(match: re.Match) -> str:
        nonlocal missing
        found = names.get(match.group())
        if found is None:
            missing = True
            return ""
        return found

    renamed = _REFERENCE.sub(swap, sql)
    return None if missing else renamed
