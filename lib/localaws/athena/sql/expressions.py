"""Trino's grammar of expressions and types.

Precedence, from loose to tight: OR, AND, NOT, predicates, ``+ -``, ``* / %``, ``||``, AT TIME ZONE, sign,
subscript.
https://github.com/trinodb/trino/blob/master/core/trino-grammar/src/main/antlr4/io/trino/grammar/sql/SqlBase.g4
"""

from __future__ import annotations

from typing import ClassVar

from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.sql.json_calls import JsonCalls

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TYPED = (
    "DATE",
    "TIME",
    "TIMESTAMP",
    "DECIMAL",
    "JSON",
    "DOUBLE",
    "REAL",
    "BIGINT",
    "INTEGER",
    "SMALLINT",
    "TINYINT",
    "VARCHAR",
    "CHAR",
    "BOOLEAN",
    "UUID",
    "IPADDRESS",
)
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


class Expressions(JsonCalls):
    """Reads expressions."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.parameters = 0

    def query(self) -> nodes.Query:
        raise NotImplementedError

    def expression(self) -> nodes.Node:
        first = self._and()
        if not self.sees("OR"):
            return first
        terms = [first]
        while self.take("OR"):
            terms.append(self._and())
        return nodes.Logical(first.position, "OR", terms)

    def _and(self) -> nodes.Node:
        first = self._not()
        if not self.sees("AND"):
            return first
        terms = [first]
        while self.take("AND"):
            terms.append(self._not())
        return nodes.Logical(first.position, "AND", terms)

    def _not(self) -> nodes.Node:
        position = self.token.position
        if self.take("NOT"):
            return nodes.Not(position, self._not())
        return self._predicate()

    def _predicate(self) -> nodes.Node:
        left = self._value()
        token = self.token
        if token.upper in _COMPARISONS:
            return self._comparison(left)
        negated = self.sees("NOT") and self.ahead().upper in ("BETWEEN", "IN", "LIKE")
        if negated:
            self.take("NOT")
        found = self._tail(left, token.position)
        if found is None:
            for sign in _COMPARISONS:
                self.expecting(f"'{sign}'")
            return left
        return nodes.Not(token.position, found) if negated else found

    def _comparison(self, left: nodes.Node) -> nodes.Node:
        token = self.token
        self.at += 1
        operator = _COMPARISONS[token.upper]
        quantifier = self.token.upper
        if quantifier in ("ALL", "SOME", "ANY") and self.ahead().upper == "(":
            self.at += 1
            query = self.subquery()
            return nodes.Quantified(token.position, operator, quantifier, left, query)
        return nodes.Comparison(token.position, operator, left, self._value())

    def _tail(self, left: nodes.Node, position) -> nodes.Node | None:
        """BETWEEN, IN, LIKE and IS, without their NOT."""
        if self.take("BETWEEN"):
            low = self._value()
            self.need("AND")
            return nodes.Between(position, left, low, self._value())
        if self.take("IN"):
            self.need("(")
            if self.starts_query():
                query = self.query()
                self.need(")")
                return nodes.InQuery(position, left, query)
            items = self.list_of(self.expression)
            self.need(")")
            return nodes.InList(position, left, items)
        if self.take("LIKE"):
            pattern = self._value()
            escape = self._value() if self.take("ESCAPE") else None
            return nodes.Like(position, left, pattern, escape)
        if self.take("IS"):
            negated = self.take("NOT")
            if self.take("NULL"):
                found: nodes.Node = nodes.IsNull(position, left)
            else:
                self.need("DISTINCT", "FROM")
                found = nodes.IsDistinct(position, left, self._value())
            return nodes.Not(position, found) if negated else found
        return None

    def _value(self) -> nodes.Node:
        return self._binary(0)

    _LEVELS = (("+", "-"), ("*", "/", "%"), ("||",))

    def _binary(self, level: int) -> nodes.Node:
        if level == len(self._LEVELS):
            return self._signed()
        left = self._binary(level + 1)
        while self.word_in(*self._LEVELS[level]):
            token = self.token
            self.at += 1
            left = nodes.Arithmetic(token.position, token.upper, left, self._binary(level + 1))
        return left

    def _signed(self) -> nodes.Node:
        token = self.token
        if token.upper in ("-", "+"):
            self.at += 1
            return nodes.Unary(token.position, token.upper, self._signed())
        value = self._postfix(self._primary())
        while self.sees("AT", "TIME"):
            at = self.need("AT").position
            self.need("TIME", "ZONE")
            zone = (
                self._interval(self.token.position)
                if self.take("INTERVAL")
                else nodes.String(at, self.string())
            )
            value = nodes.AtTimeZone(at, value, zone)
        return value

    def _postfix(self, value: nodes.Node) -> nodes.Node:
        while True:
            if self.take("["):
                index = self._value()
                self.need("]")
                value = nodes.Subscript(value.position, value, index)
            elif self.sees(".") and self.ahead().upper == "*":
                return value  # all fields of a row, in a SELECT
            elif self.take("."):
                value = nodes.Dereference(value.position, value, self._identifier_node())
            else:
                return value

    def _identifier_node(self) -> nodes.Identifier:
        token = self.identifier()
        return nodes.Identifier(token.position, token.text.lower(), token.kind == "quoted", token.text)

    def list_of(self, read) -> list:
        found = [read()]
        while self.take(","):
            found.append(read())
        return found

    def subquery(self) -> nodes.Query:
        self.need("(")
        query = self.query()
        self.need(")")
        return query

    def starts_query(self) -> bool:
        """Whether a query is next, perhaps in brackets."""
        offset = 0
        while self.ahead(offset).upper == "(":
            offset += 1
        upper = self.ahead(offset).upper
        for word in ("SELECT", "WITH", "VALUES", "TABLE"):
            self.expecting(f"'{word}'") if offset == 0 and upper != word else None
        return (
            upper in ("SELECT", "WITH")
            or (upper in ("VALUES", "TABLE") and offset == 0)
            or (upper in ("VALUES", "TABLE") and self.ahead(offset).kind == "word")
        )

    def _primary(self) -> nodes.Node:
        token = self.token
        kind, position = token.kind, token.position
        if kind in ("integer", "decimal", "double"):
            self.at += 1
            return nodes.Number(position, kind, token.text)
        if kind in ("string", "unicode"):
            return nodes.String(position, self.string())
        if kind == "binary":
            self.at += 1
            return _bytes(token)
        if token.upper == "?":
            self.at += 1
            self.parameters += 1
            return nodes.Parameter(position, self.parameters - 1)
        if token.upper == "(":
            return self._bracket()
        if kind == "word":
            read = self._KEYWORDS.get(token.upper)
            if read is not None:
                return read(self)
            found = self._typed_or_special(token)
            if found is not None:
                return found
        if not self.is_identifier():
            self.expecting("<expression>")
            raise self.fail()
        if self.ahead().upper == "->":
            return self._lambda()
        return self._name_or_call()

    def _typed_or_special(self, token) -> nodes.Node | None:
        """Words that are keywords only before what follows them."""
        following = self.ahead()
        upper, position = token.upper, token.position
        if upper in _TYPED and following.kind in ("string", "unicode"):
            self.at += 1
            return nodes.Typed(position, upper.lower(), self.string())
        if (
            upper == "DOUBLE"
            and following.upper == "PRECISION"
            and self.ahead(2).kind in ("string", "unicode")
        ):
            self.at += 2
            return nodes.Typed(position, "double", self.string())
        if upper == "INTERVAL" and (following.kind == "string" or following.upper in ("+", "-")):
            self.at += 1
            return self._interval(position)
        if upper == "ARRAY" and following.upper == "[":
            self.at += 2
            items = [] if self.sees("]") else self.list_of(self.expression)
            self.need("]")
            return nodes.ArrayItems(position, items)
        if upper == "ROW" and following.upper == "(":
            self.at += 2
            items = self.list_of(self.expression)
            self.need(")")
            return nodes.Row(position, items)
        if upper == "TRY_CAST" and following.upper == "(":
            return self._cast()
        if upper in ("SUBSTRING", "POSITION") and following.upper == "(":
            return self._substring() if upper == "SUBSTRING" else self._position()
        return None

    # --- forms that start with a reserved word ---

    def _bracket(self) -> nodes.Node:
        position = self.token.position
        lambda_ = self._lambda_in_brackets()
        if lambda_ is not None:
            return lambda_
        if self.starts_query():
            return nodes.Subquery(position, self.subquery())
        self.need("(")
        items = self.list_of(self.expression)
        self.need(")")
        return items[0] if len(items) == 1 else nodes.Row(position, items)

    def _lambda_in_brackets(self) -> nodes.Node | None:
        offset, position = 1, self.token.position
        names: list[str] = []
        while self.ahead(offset).kind in ("word", "quoted"):
            names.append(self.ahead(offset).text.lower())
            offset += 1
            if self.ahead(offset).upper != ",":
                break
            offset += 1
        if self.ahead(offset).upper != ")" or self.ahead(offset + 1).upper != "->":
            return None
        self.at += offset + 2
        return nodes.Lambda(position, names, self.expression())

    def _lambda(self) -> nodes.Node:
        token = self.identifier()
        self.need("->")
        return nodes.Lambda(token.position, [token.text.lower()], self.expression())

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

    # --- names and calls ---

    def _name_or_call(self) -> nodes.Node:
        start = self.at
        position = self.token.position
        first = self._identifier_node()
        parts = [first.name]
        while self.sees(".") and self.ahead().kind in ("word", "quoted"):
            mark = self.at
            self.at += 1
            if not self.is_identifier():
                self.at = mark
                break
            parts.append(self.name())
        if self.sees("("):
            return self._call(position, parts)
        self.at = start + 1
        return first

    def _call(self, position, parts: list[str]) -> nodes.Call:
        self.need("(")
        call = nodes.Call(position, ".".join(parts), [])
        if self.sees("*") and self.ahead().upper == ")":
            self.at += 1
            call.star = True
        elif not self.sees(")") and not self.sees("ORDER"):
            call.distinct = self.take("DISTINCT")
            if not call.distinct:
                self.take("ALL")
            call.arguments = self.list_of(self.expression)
        if self.take("ORDER", "BY"):
            call.order = self.list_of(self.sort_item)
        self.need(")")
        if self.take("WITHIN"):
            raise not_supported(f"WITHIN GROUP for {call.name}", position)
        call.filter = self._filter()
        nulls = self.word_in("IGNORE", "RESPECT")
        if nulls and self.ahead().upper == "NULLS":
            self.at += 2
            call.nulls = nulls
        if self.take("OVER"):
            call.window = self.window() if self.sees("(") else self.name()
        return call

    def _filter(self) -> nodes.Node | None:
        if not (self.sees("FILTER") and self.ahead().upper == "("):
            return None
        self.need("FILTER", "(", "WHERE")
        condition = self.expression()
        self.need(")")
        return condition

    def sort_item(self) -> nodes.SortItem:
        position = self.token.position
        value = self.expression()
        descending = False
        if self.take("DESC"):
            descending = True
        else:
            self.take("ASC")
        nulls_first = None
        if self.take("NULLS"):
            nulls_first = self.take("FIRST")
            if not nulls_first:
                self.need("LAST")
        return nodes.SortItem(position, value, descending, nulls_first)

    def window(self) -> nodes.Window:
        position = self.need("(").position
        existing = None
        if self.token.kind in ("word", "quoted") and self.token.upper not in (
            "PARTITION",
            "ORDER",
            "ROWS",
            "RANGE",
            "GROUPS",
        ):
            existing = self.name()
        partition = self.list_of(self.expression) if self.take("PARTITION", "BY") else []
        order = self.list_of(self.sort_item) if self.take("ORDER", "BY") else []
        frame = self._frame() if self.word_in("ROWS", "RANGE", "GROUPS") else None
        self.need(")")
        return nodes.Window(position, existing, partition, order, frame)

    def _frame(self) -> nodes.Frame:
        token = self.token
        self.at += 1
        if self.take("BETWEEN"):
            start = self._bound()
            self.need("AND")
            return nodes.Frame(token.position, token.upper, start, self._bound())
        return nodes.Frame(token.position, token.upper, self._bound(), None)

    def _bound(self) -> tuple[str, nodes.Node | None]:
        for words in (("UNBOUNDED", "PRECEDING"), ("UNBOUNDED", "FOLLOWING"), ("CURRENT", "ROW")):
            if self.take(*words):
                return " ".join(words), None
        value = self.expression()
        side = self.word_in("PRECEDING", "FOLLOWING")
        if side is None:
            raise self.fail()
        self.at += 1
        return side, value


def _bytes(token) -> nodes.Node:
    digits = "".join(token.text.split())
    if len(digits) % 2:
        raise StatementError(
            "SYNTAX_ERROR", "Binary literal must contain an even number of digits", token.position
        )
    try:
        return nodes.Bytes(token.position, bytes.fromhex(digits))
    except ValueError:
        raise StatementError(
            "SYNTAX_ERROR", "Binary literal can only contain hexadecimal digits", token.position
        ) from None
