"""Trino's grammar of the expressions that start with a word of their own: CASE, CAST, EXTRACT, TRIM …"""

from __future__ import annotations

from typing import ClassVar

from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.sql.json_calls import JsonCalls

_EXTRACT_FIELDS = [
    "YEAR",
    "QUARTER",
    "MONTH",
    "WEEK",
    "DAY",
    "DAY_OF_MONTH",
    "DAY_OF_WEEK",
    "DOW",
    "DAY_OF_YEAR",
    "DOY",
    "YEAR_OF_WEEK",
    "YOW",
    "HOUR",
    "MINUTE",
    "SECOND",
    "TIMEZONE_HOUR",
    "TIMEZONE_MINUTE",
]
_SQL_JSON = ("JSON_ARRAY", "JSON_EXISTS", "JSON_OBJECT", "JSON_QUERY", "JSON_TABLE", "JSON_VALUE")


class Forms(JsonCalls):
    """Reads these forms; what stands inside them is read by `Expressions`."""

    def _null(self) -> nodes.Node:
        return nodes.Null(self.need("NULL").position)

    def _boolean(self) -> nodes.Node:
        token = self.token
        self.at += 1
        return nodes.Boolean(token.position, token.upper == "TRUE")

    def _case(self) -> nodes.Node:
        position = self.need("CASE").position
        operand = None if self.sees("WHEN") else self.expression()
        whens = []
        while self.take("WHEN"):
            condition = self.expression()
            self.need("THEN")
            whens.append((condition, self.expression()))
        if not whens:
            raise self.fail()
        otherwise = self.expression() if self.take("ELSE") else None
        self.need("END")
        return nodes.Case(position, operand, whens, otherwise)

    def _cast(self) -> nodes.Node:
        token = self.token
        self.at += 1
        self.need("(")
        value = self.expression()
        self.need("AS")
        kind = self.type()
        self.need(")")
        return nodes.Cast(token.position, value, kind, token.upper == "TRY_CAST")

    def _exists(self) -> nodes.Node:
        position = self.need("EXISTS").position
        return nodes.Exists(position, self.subquery())

    def _extract(self) -> nodes.Node:
        position = self.need("EXTRACT").position
        self.need("(")
        field = self.identifier()
        if field.upper not in _EXTRACT_FIELDS:
            raise StatementError("SYNTAX_ERROR", f"Invalid EXTRACT field: {field.text}", field.position)
        self.need("FROM")
        value = self._value()
        self.need(")")
        return nodes.Extract(position, field.upper, value)

    def _trim(self) -> nodes.Node:
        position = self.need("TRIM").position
        self.need("(")
        side = self.word_in("BOTH", "LEADING", "TRAILING")
        if side:
            self.at += 1
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side or "", "trim")
        if side and self.take("FROM"):
            arguments = [self._value()]
        else:
            arguments = [self._value()]
            if self.take("FROM"):
                arguments = [self._value(), arguments[0]]
            elif self.take(","):
                arguments.append(self._value())
            elif side:
                raise self.fail()
        self.need(")")
        return nodes.Call(position, name, arguments)

    def _substring(self) -> nodes.Node:
        position = self.token.position
        self.at += 2
        arguments = [self._value()]
        if self.take("FROM"):
            arguments.append(self._value())
            if self.take("FOR"):
                arguments.append(self._value())
        else:
            while self.take(","):
                arguments.append(self.expression())
        self.need(")")
        return nodes.Call(position, "substring", arguments)

    def _position(self) -> nodes.Node:
        position = self.token.position
        self.at += 2
        needle = self._value()
        self.need("IN")
        haystack = self._value()
        self.need(")")
        return nodes.Call(position, "strpos", [haystack, needle])

    def _current(self) -> nodes.Node:
        token = self.token
        self.at += 1
        precision = None
        if token.upper not in (
            "CURRENT_DATE",
            "CURRENT_USER",
            "CURRENT_CATALOG",
            "CURRENT_SCHEMA",
        ) and self.take("("):
            precision = self.integer()
            self.need(")")
        return nodes.CurrentTime(token.position, token.upper.lower(), precision)

    def _grouping(self) -> nodes.Node:
        position = self.need("GROUPING").position
        self.need("(")
        arguments = self.list_of(self.expression)
        self.need(")")
        return nodes.Call(position, "grouping", arguments)

    def _normalize(self) -> nodes.Node:
        position = self.need("NORMALIZE").position
        self.need("(")
        arguments = [self._value()]
        if self.take(","):
            form = self.word_in("NFD", "NFC", "NFKD", "NFKC")
            if form is None:
                raise self.fail()
            self.at += 1
            arguments.append(nodes.String(position, form))
        self.need(")")
        return nodes.Call(position, "normalize", arguments)

    def _listagg(self) -> nodes.Node:
        call = nodes.Call(self.need("LISTAGG").position, "listagg", [])
        self.need("(")
        call.distinct = self.take("DISTINCT")
        call.arguments.append(self.expression())
        if self.take(","):
            call.arguments.append(nodes.String(self.token.position, self.string()))
        if self.take("ON", "OVERFLOW") and not self.take("ERROR"):
            raise not_supported("LISTAGG with ON OVERFLOW TRUNCATE", self.token.position)
        self.need(")")
        self.need("WITHIN", "GROUP", "(")
        self.need("ORDER", "BY")
        call.order = self.list_of(self.sort_item)
        self.need(")")
        call.filter = self._filter()
        return call

    def _interval(self, position) -> nodes.Node:
        negative = self.token.upper == "-"
        if self.token.upper in ("+", "-"):
            self.at += 1
        value = self.string()
        unit = self._unit()
        to = self._unit() if self.take("TO") else None
        return nodes.Interval(position, value, negative, unit, to)

    _KEYWORDS: ClassVar = {
        "NULL": _null,
        "TRUE": _boolean,
        "FALSE": _boolean,
        "CASE": _case,
        "CAST": _cast,
        "EXISTS": _exists,
        "EXTRACT": _extract,
        "TRIM": _trim,
        "GROUPING": _grouping,
        "NORMALIZE": _normalize,
        "LISTAGG": _listagg,
        **dict.fromkeys(
            [
                "CURRENT_DATE",
                "CURRENT_TIME",
                "CURRENT_TIMESTAMP",
                "CURRENT_USER",
                "CURRENT_CATALOG",
                "CURRENT_SCHEMA",
                "LOCALTIME",
                "LOCALTIMESTAMP",
            ],
            _current,
        ),
        **dict.fromkeys(_SQL_JSON, JsonCalls._sql_json),
    }
