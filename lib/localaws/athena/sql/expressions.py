"""Trino's grammar of expressions and types.

Precedence, from loose to tight: OR, AND, NOT, predicates, ``+ -``, ``* / %``, ``||``, AT TIME ZONE, sign,
subscript.
https://github.com/trinodb/trino/blob/master/core/trino-grammar/src/main/antlr4/io/trino/grammar/sql/SqlBase.g4
"""

from __future__ import annotations

from localaws.athena.errors import StatementError
from localaws.athena.sql import nodes
from localaws.athena.sql.invocations import Invocations

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


class Expressions(Invocations):
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
