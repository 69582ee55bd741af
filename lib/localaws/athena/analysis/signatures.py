"""Function signatures in Trino's own notation, and how a call finds the one that it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena import types
from localaws.athena.types import Type


@dataclass(frozen=True, slots=True)
class Signature:
    """``map(K, V) → array(K)`` with its DuckDB form.

    Attributes
    ----------
    template
        DuckDB's SQL with ``{0}``, ``{1}`` … for the arguments and ``{all}`` for the list of them.
    outer
        For an aggregate: what is done with its result, which stands for ``{}``.
    shown
        Name and arguments, for error messages.
    text
        The whole signature with its result.
    """

    arguments: tuple[Type, ...]
    variadic: bool
    result: Type
    template: str
    outer: str = "{}"
    shown: str = ""
    text: str = ""


def parse_signature(text: str, template: str, outer: str = "{}") -> tuple[str, Signature]:
    """Read ``name(type, type...) -> type``; a single capital is a type of the caller's choice."""
    head, result = text.rsplit("->", 1)
    name, inside = head.strip().split("(", 1)
    inside = inside.rsplit(")", 1)[0].strip()
    variadic = inside.endswith("...")
    if variadic:
        inside = inside[:-3]
    arguments = tuple(_type(a) for a in _split(inside))
    return name.strip(), Signature(
        arguments,
        variadic,
        _type(result.strip()),
        template,
        outer,
        head.strip(),
        f"{head.strip()} → {result.strip()}",
    )


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
            continue
        depth += {"(": 1, ")": -1}.get(char, 0)
        current += char
    return [p.strip() for p in [*parts, current] if p.strip()]


def _type(text: str) -> Type:
    if re.fullmatch(r"[A-Z]", text):
        return Type("?", (text,))
    match = re.fullmatch(r"(\w[\w ]*?)\s*\((.*)\)", text)
    if match and match.group(1) in ("array", "map", "function", "row"):
        args = tuple(_type(a) for a in _split(match.group(2)))
        return Type(match.group(1), args, (None,) * len(args) if match.group(1) == "row" else ())
    if text in ("decimal", "char"):
        return Type(text)
    if text == "varchar(x)":  # of the caller's length, which the result keeps
        return Type("varchar", ("x",))
    if text == "decimal(38,0)":
        return types.decimal(38, 0)
    length = re.fullmatch(r"varchar\((\d+)\)", text)
    if length:
        return types.varchar(int(length.group(1)))
    if text.startswith(("timestamp", "time")) and "(" not in text:
        return Type(text)
    found = types.simple_type(text, [])
    if found is None and text in ("interval day to second", "interval year to month"):
        found = Type(text)
    if found is None:
        raise ValueError(f"no such type in a signature: {text}")
    return found


def bind(wanted: Type, given: Type, variables: dict[str, Type], exact: bool) -> bool:
    """Fit an argument's type to a signature's, and note what its type variables stand for."""
    if wanted.name == "?":
        bound = variables.get(wanted.args[0])
        if bound is None or bound == types.UNKNOWN:
            variables[wanted.args[0]] = given
            return True
        common = types.common_type(bound, given)
        if common is None or (exact and not _alike(bound, given)):
            return False
        variables[wanted.args[0]] = common
        return True
    if given == types.UNKNOWN:
        return wanted.name != "function" and not exact
    if wanted.args == ("x",) and given.name in ("varchar", "char"):
        variables["varchar(x)"] = types.varchar(*given.args)
    if wanted.name == given.name == "varchar" and wanted.args and isinstance(wanted.args[0], int):
        return bool(given.args) and given.args[0] <= wanted.args[0]
    if wanted.name == given.name:
        if wanted.name in ("array", "map", "row"):
            return len(wanted.args) == len(given.args) and all(
                bind(w, g, variables, exact) for w, g in zip(wanted.args, given.args, strict=True)
            )
        return True
    if exact:
        return False
    target = resolve(wanted, variables, given)
    return types.coerces(given, target)


def _alike(one: Type, two: Type) -> bool:
    return one.name == two.name or types.UNKNOWN in (one, two)


def resolve(kind: Type, variables: dict[str, Type], given: Type | None = None) -> Type:
    """A signature's type with its variables and open lengths filled in."""
    if kind.name == "?":
        return variables.get(kind.args[0], types.UNKNOWN)
    if kind.name == "decimal" and not kind.args:
        if given is not None and given.name in types.INTEGERS:
            return types.as_decimal(given)
        return given if given is not None and given.name == "decimal" else types.decimal(38, 0)
    if kind.name in ("timestamp", "timestamp with time zone", "time") and not kind.args:
        precision = (
            given.args[0] if given is not None and given.args and isinstance(given.args[0], int) else 3
        )
        return Type(kind.name, (precision if given is None or given.name.startswith("time") else 3,))
    if kind.name == "char" and not kind.args:
        return given if given is not None and given.name == "char" else Type("char", (1,))
    if kind.name == "varchar" and given is not None and given.name == "varchar":
        return given
    if kind.args == ("x",):
        return variables.get("varchar(x)", types.VARCHAR)
    if kind.name in ("array", "map", "row"):
        inner = given.args if given is not None and given.name == kind.name else [None] * len(kind.args)
        names = given.fields if kind.name == "row" and given is not None and given.fields else kind.fields
        return Type(
            kind.name, tuple(resolve(a, variables, g) for a, g in zip(kind.args, inner, strict=False)), names
        )
    return kind
