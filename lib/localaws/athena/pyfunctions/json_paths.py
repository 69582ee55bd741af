"""The SQL/JSON path language, which ``json_exists``, ``json_query`` and ``json_value`` take.

https://trino.io/docs/current/functions/json.html#json-path-language
"""

from __future__ import annotations

import math
from decimal import Decimal

from localaws.athena.pyfunctions.json_path_parser import Path, compiled
from localaws.athena.pyfunctions.jsons import NoJson, Number, parsed, written
from localaws.athena.pyfunctions.registry import Refused, function


class PathError(ValueError):
    """A path that does not fit the JSON it is asked of (strict mode), or an operation without a result."""


def number(value) -> Decimal:
    if not isinstance(value, Number):
        raise PathError("not a number")
    return Decimal(value.text)


def _number(value: Decimal) -> Number:
    text = f"{value:f}"
    return Number(text, "." not in text)


def _kind(value) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", Number: "number", type(None): "null"}
    return names[type(value)]


class Walk:
    """Evaluates a path on one JSON value; a sequence of items is a list."""

    def __init__(self, path: Path, root, variables: dict) -> None:
        self.strict, self.root, self.variables = path.strict, root, variables

    def items(self, node: tuple, current=None, last: int = -1) -> list:
        return getattr(self, "_" + node[0])(node, current, last)

    def _root(self, node, current, last):
        return [self.root]

    def _current(self, node, current, last):
        return [current]

    def _literal(self, node, current, last):
        return [node[1]]

    def _last(self, node, current, last):
        return [Number(str(last), True)]

    def _variable(self, node, current, last):
        if node[1] not in self.variables:
            raise Refused("INVALID_PATH", f"no value passed for parameter {node[1]}")
        return [self.variables[node[1]]]

    def _unwrapped(self, found: list) -> list:
        if self.strict:
            return found
        return [i for v in found for i in (v if isinstance(v, list) else [v])]

    def _structural(self, message: str) -> list:
        if self.strict:
            raise PathError(message)
        return []

    def _member(self, node, current, last):
        out = []
        for value in self._unwrapped(self.items(node[1], current, last)):
            if isinstance(value, dict) and node[2] in value:
                out.append(value[node[2]])
            else:
                out += self._structural("no such member")
        return out

    def _members(self, node, current, last):
        out = []
        for value in self._unwrapped(self.items(node[1], current, last)):
            out += list(value.values()) if isinstance(value, dict) else self._structural("no object")
        return out

    def _descendants(self, node, current, last):
        out: list = []

        def visit(value) -> None:
            if isinstance(value, dict):
                if node[2] in value:
                    out.append(value[node[2]])
                for inner in value.values():
                    visit(inner)
            elif isinstance(value, list):
                for inner in value:
                    visit(inner)

        for value in self.items(node[1], current, last):
            visit(value)
        return out

    def _items(self, node, current, last):
        out = []
        for value in self.items(node[1], current, last):
            if isinstance(value, list):
                out += value
            else:
                out += self._structural("no array") if self.strict else [value]
        return out

    def _places(self, node, current, last):
        out = []
        for value in self.items(node[1], current, last):
            if not isinstance(value, list):
                if self.strict:
                    raise PathError("no array")
                value = [value]
            for first, to in node[2]:
                low = self._place(first, current, len(value) - 1)
                high = low if to is None else self._place(to, current, len(value) - 1)
                if self.strict and (low < 0 or high >= len(value) or low > high):
                    raise PathError("invalid array subscript")
                out += value[max(low, 0) : high + 1]
        return out

    def _place(self, node: tuple, current, last: int) -> int:
        found = self.items(node, current, last)
        if len(found) != 1:
            raise PathError("array subscript must be one number")
        return int(number(found[0]))

    def _filter(self, node, current, last):
        return [
            v for v in self._unwrapped(self.items(node[1], current, last)) if self.holds(node[2], v, last)
        ]

    def _one(self, node: tuple, current, last: int):
        found = self._unwrapped(self.items(node, current, last))
        if len(found) != 1:
            raise PathError("an operand must be one value")
        return found[0]

    def _arithmetic(self, node, current, last):
        one, two = number(self._one(node[2], current, last)), number(self._one(node[3], current, last))
        sign = node[1]
        if sign in "/%" and two == 0:
            raise PathError("division by zero")
        whole = one == one.to_integral_value() and two == two.to_integral_value()
        results = {
            "+": lambda: one + two,
            "-": lambda: one - two,
            "*": lambda: one * two,
            "%": lambda: one % two,
        }
        if sign == "/":
            return [_number(Decimal(math.trunc(one / two)) if whole else one / two)]
        return [_number(results[sign]())]

    def _negative(self, node, current, last):
        return [_number(-number(v)) for v in self._unwrapped(self.items(node[1], current, last))]

    def _positive(self, node, current, last):
        return [_number(number(v)) for v in self._unwrapped(self.items(node[1], current, last))]

    def _method(self, node, current, last):
        found, name = self.items(node[1], current, last), node[2]
        if name == "type":
            return [_kind(v) for v in found]
        if name == "size":
            if self.strict and any(not isinstance(v, list) for v in found):
                raise PathError("size() of what is no array")
            return [Number(str(len(v) if isinstance(v, list) else 1), True) for v in found]
        found = self._unwrapped(found)
        if name == "keyvalue":
            return [
                {"name": k, "value": v, "id": Number(str(i), True)}
                for i, value in enumerate(found)
                for k, v in (value.items() if isinstance(value, dict) else self._no_object())
            ]
        if name == "double":
            return [self._double(v) for v in found]
        steps = {
            "abs": abs,
            "ceiling": lambda d: Decimal(math.ceil(d)),
            "floor": lambda d: Decimal(math.floor(d)),
        }
        return [_number(steps[name](number(v))) for v in found]

    def _no_object(self):
        raise PathError("keyvalue() of what is no object")

    def _double(self, value) -> Number:
        text = value if isinstance(value, str) else number(value)
        try:
            return Number(repr(float(text)), False)
        except ValueError:
            raise PathError("double() of what is no number") from None

    # --- conditions: True, False, or None for unknown ---

    def holds(self, node: tuple, current, last: int) -> bool | None:
        kind = node[0]
        if kind in ("or", "and"):
            one, two = (self.holds(n, current, last) for n in node[1:3])
            decides = kind == "or"
            return decides if decides in (one, two) else None if None in (one, two) else not decides
        if kind == "not":
            inner = self.holds(node[1], current, last)
            return None if inner is None else not inner
        if kind == "unknown":
            return self.holds(node[1], current, last) is None
        try:
            if kind == "exists":
                return bool(self.items(node[1], current, last))
            left = self._unwrapped(self.items(node[-2], current, last))
            right = self._unwrapped(self.items(node[-1], current, last))
        except PathError:
            return None
        test = self._starts if kind == "starts" else lambda a, b: _compared(node[1], a, b)
        results = [test(a, b) for a in left for b in right]
        return None if None in results else any(results)

    def _starts(self, one, two) -> bool | None:
        return one.startswith(two) if isinstance(one, str) and isinstance(two, str) else None


def _compared(sign: str, one, two) -> bool | None:
    if one is None or two is None:
        same = one is None and two is None
        return {"==": same, "<>": not same}.get(sign)
    if _kind(one) != _kind(two) or isinstance(one, dict | list):
        return None
    if isinstance(one, Number):
        one, two = number(one), number(two)
    return {
        "==": one == two,
        "<>": one != two,
        "<": one < two,
        "<=": one <= two,
        ">": one > two,
        ">=": one >= two,
    }[sign]


@function("VARCHAR", "VARCHAR", "VARCHAR[]", "VARCHAR[]", returns="STRUCT(failure VARCHAR, items VARCHAR[])")
def json_path(text: str, path: str, names: list[str], values: list[str | None]) -> dict:
    """The JSON of what a path finds, or why it fails; the values of its variables are JSON too."""
    try:
        variables = {n: parsed(v) if v is not None else None for n, v in zip(names, values, strict=True)}
        walk = Walk(compiled(path), parsed(text), variables)
        return {"failure": None, "items": [written(v) for v in walk.items(compiled(path).root)]}
    except NoJson:
        return {"failure": "conversion to JSON failed", "items": []}
    except PathError as error:
        return {"failure": f"path evaluation failed: {error}", "items": []}


@function("VARCHAR", returns="VARCHAR")
def json_text(item: str) -> str | None:
    """A scalar's text, a string without its quotes; NULL of the JSON null."""
    found = parsed(item)
    if isinstance(found, Number):
        return found.text
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else None if found is None else item


@function("VARCHAR", returns="BOOLEAN")
def is_json(text: str) -> bool:
    try:
        parsed(text)
    except NoJson:
        return False
    return True


@function("VARCHAR[]", returns="BOOLEAN")
def has_equal_keys(keys: list[str]) -> bool:
    return len(set(keys)) < len(keys)
