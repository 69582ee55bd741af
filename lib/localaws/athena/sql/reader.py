"""Stepping through the tokens of a statement, and the words for one that does not fit."""

from __future__ import annotations

from localaws.athena.errors import StatementError
from localaws.athena.sql.lexer import Token, tokens

# https://trino.io/docs/current/language/reserved.html
RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "JSON_ARRAY",
        "JSON_EXISTS",
        "JSON_OBJECT",
        "JSON_QUERY",
        "JSON_TABLE",
        "JSON_VALUE",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)


# What starts a predicate after an expression.
_PREDICATES = {
    f"'{w}'" for w in ("=", "<>", "!=", "<", "<=", ">", ">=", "BETWEEN", "IN", "IS", "LIKE", "NOT")
}


def _summed_up(expected: list[str]) -> list[str]:
    """What would have fitted, in the words and the order of Trino's parser."""
    found = set(expected) - {"';'"}
    if "<expression>" in found:
        found -= {"'NOT'", "<identifier>"}
    if "'BETWEEN'" in found:
        found = (found - _PREDICATES) | {"<predicate>"}
    return sorted(found)


class Reader:
    """A place in the tokens of one statement.

    Where nothing fits, the error names what would have fitted at the furthest place that was reached, as
    Trino does.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self._furthest = 0
        self._expected: list[str] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def expecting(self, what: str, offset: int = 0) -> None:
        """Note what would fit here, or so many tokens on."""
        at = min(self.at + offset, len(self.tokens) - 1)
        if at > self._furthest:
            self._furthest, self._expected = at, []
        if at == self._furthest and what not in self._expected:
            self._expected.append(what)

    def fail(self) -> StatementError:
        """The error for the furthest token that did not fit."""
        token = self.tokens[max(self.at, self._furthest)]
        expected = _summed_up(self._expected) if self._furthest >= self.at else []
        shown = token.text if token.kind == "end" else self.text[token.start : token.stop]
        if token.kind == "backquoted":
            return StatementError(
                "SYNTAX_ERROR",
                "backquoted identifiers are not supported; use double quotes to quote identifiers",
                token.position,
            )
        message = f"mismatched input '{shown}'."
        if expected:
            message += f" Expecting: {', '.join(expected)}"
        return StatementError("SYNTAX_ERROR", message, token.position)

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these keywords or signs."""
        for offset, word in enumerate(words):
            if self.ahead(offset).upper != word:
                self.expecting(f"'{word}'", offset)
                return False
        return True

    def take(self, *words: str) -> bool:
        """Step over these keywords or signs when they are next."""
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def need(self, *words: str) -> Token:
        """Step over these keywords or signs.

        Raises
        ------
        StatementError
            SYNTAX_ERROR when something else is next.
        """
        for word in words:
            if self.token.upper != word:
                self.expecting(f"'{word}'")
                raise self.fail()
            self.at += 1
        return self.tokens[self.at - 1]

    def word_in(self, *words: str) -> str | None:
        """The keyword among these that is next, or None; does not step."""
        for word in words:
            if self.sees(word):
                return word
        return None

    def string(self) -> str:
        """Step over a string."""
        token = self.token
        if token.kind == "string":
            self.at += 1
            return token.text
        if token.kind == "unicode":
            self.at += 1
            escape = "\\"
            if self.take("UESCAPE"):
                escape = self.string()
                if len(escape) != 1 or escape in "+'\" \t\n" or escape in "0123456789abcdefABCDEF":
                    raise StatementError("SYNTAX_ERROR", "Invalid Unicode escape character", token.position)
            return decode_unicode(token, escape)
        self.expecting("<string>")
        raise self.fail()

    def integer(self) -> int:
        """Step over a whole number."""
        if self.token.kind != "integer":
            self.expecting("<integer>")
            raise self.fail()
        self.at += 1
        return int(self.tokens[self.at - 1].text)

    def is_identifier(self) -> bool:
        token = self.token
        self.expecting("<identifier>")
        return token.kind == "quoted" or (token.kind == "word" and token.upper not in RESERVED)

    def identifier(self) -> Token:
        """Step over a name.

        Raises
        ------
        StatementError
            SYNTAX_ERROR when it is a reserved word or no name at all.
        """
        if not self.is_identifier():
            raise self.fail()
        self.at += 1
        return self.tokens[self.at - 1]

    def name(self) -> str:
        """Step over a name and give it in lower case, as Athena keeps names."""
        return self.identifier().text.lower()

    def qualified_name(self) -> list[str]:
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return parts

    def end(self) -> None:
        """Step over the end of the statement, and a semicolon before it."""
        self.take(";")
        if self.token.kind != "end":
            self.expecting("<EOF>")
            raise self.fail()


def decode_unicode(token: Token, escape: str = "\\") -> str:
    r"""The value of ``U&'\0041'``."""
    text, out, at = token.text, [], 0
    while at < len(text):
        if text[at] != escape:
            out.append(text[at])
            at += 1
        elif text[at + 1 : at + 2] == escape:
            out.append(escape)
            at += 2
        else:
            digits = text[at + 2 : at + 8] if text[at + 1 : at + 2] == "+" else text[at + 1 : at + 5]
            wanted = 6 if text[at + 1 : at + 2] == "+" else 4
            try:
                out.append(chr(int(digits, 16)))
            except ValueError:
                digits = ""
            if len(digits) != wanted:
                raise StatementError("SYNTAX_ERROR", "Incomplete escape sequence", token.position)
            at += 8 if wanted == 6 else 5
    return "".join(out)
