"""Comparisons where DuckDB's differ from Trino's: NaN, and NULL inside rows and arrays.

https://trino.io/docs/current/functions/comparison.html
"""

from __future__ import annotations

from localaws.athena.types import Type, field_name, identifier

_NESTED = ("row", "array", "map")


def compared(operator: str, one: str, two: str, kind: Type, literal: list[bool]) -> str:
    """Write a comparison of two values of a type; `literal` says which of them stand in the statement."""
    if kind.name in ("double", "real"):
        return _numbers(operator, one, two, literal)
    if kind.name in _NESTED and operator in ("=", "<>"):
        same = equal(one, two, kind)
        return same if operator == "=" else f"(NOT {same})"
    return f"({one} {operator} {two})"


def _numbers(operator: str, one: str, two: str, literal: list[bool]) -> str:
    """NaN is equal to nothing and not above or below anything; to DuckDB it is a number above all others."""
    plain = f"({one} {operator} {two})"
    if operator == "<>":
        return plain if any(literal) else f"({plain} OR isnan({one}))"
    # A literal is no NaN; and what is not the greatest is no NaN.
    asked = {"=": one, ">": one, ">=": one, "<": two, "<=": two}[operator]
    if literal[0 if asked is one else 1] or (operator == "=" and literal[1]):
        return plain
    return f"({plain} AND NOT isnan({asked}))"


def equal(one: str, two: str, kind: Type) -> str:
    """Whether two values are equal: NULL when what they hold leaves it open."""
    if kind.name == "row":
        terms = []
        for index, inner in enumerate(kind.args):
            name = identifier(field_name(kind, index))
            terms.append(equal(f"({one}).{name}", f"({two}).{name}", inner))
        return f"CASE WHEN {one} IS NOT NULL AND {two} IS NOT NULL THEN ({' AND '.join(terms)}) END"
    if kind.name == "array":
        if kind.args[0].name in _NESTED:
            item = equal(f"({one})[_i]", f"({two})[_i]", kind.args[0])
            items = f"list_transform(range(1, len({one}) + 1), lambda _i: {item})"
            return (
                f"CASE WHEN len({one}) <> len({two}) OR list_contains({items}, false) THEN false "
                f"WHEN has_null({items}) THEN NULL ELSE len({one}) = len({two}) END"
            )
        return f"arrays_equal({one}, {two})"
    if kind.name == "map":
        return f"(list_sort(map_entries({one})) = list_sort(map_entries({two})))"
    if kind.name == "timestamp with time zone":
        return f"(({one}).i = ({two}).i)"
    return f"({one} = {two})"
