"""The grammar of the SQL/JSON functions, which are no plain calls.

https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

from localaws.athena.errors import not_supported
from localaws.athena.sql import nodes
from localaws.athena.sql.type_names import TypeNames


class JsonCalls(TypeNames):
    """Reads ``json_exists``, ``json_value``, ``json_query``, ``json_array`` and ``json_object``."""

    def expression(self) -> nodes.Node:
        raise NotImplementedError

    def list_of(self, read) -> list:
        raise NotImplementedError

    def _sql_json(self) -> nodes.Node:
        token = self.token
        self.at += 1
        name = token.upper.lower()
        if name == "json_table":
            raise not_supported("JSON_TABLE", token.position)
        call = nodes.SqlJson(token.position, name)
        self.need("(")
        if name == "json_array":
            self._array_elements(call)
        elif name == "json_object":
            self._object_members(call)
        else:
            self._path_invocation(call)
            self._clauses(call)
        if self.take("RETURNING"):
            call.returning = self.type()
            if self._format_json():
                pass  # the text is JSON anyway
        self.need(")")
        return call

    def _format_json(self) -> bool:
        if not self.take("FORMAT", "JSON"):
            return False
        if self.take("ENCODING"):
            raise not_supported("FORMAT JSON ENCODING", self.token.position)
        return True

    def _path_invocation(self, call: nodes.SqlJson) -> None:
        call.source = self.expression()
        self._format_json()
        self.need(",")
        call.path = self.string()
        if self.take("AS"):
            self.name()
        if self.take("PASSING"):
            call.passing = self.list_of(self._passed)

    def _passed(self) -> tuple[nodes.Node, bool, str]:
        value = self.expression()
        is_json = self._format_json()
        self.need("AS")
        return value, is_json, self.identifier().text

    def _clauses(self, call: nodes.SqlJson) -> None:
        """What follows the path: type, wrapper, quotes, and what stands for nothing and for an error."""
        if call.name != "json_exists" and self.take("RETURNING"):
            call.returning = self.type()
            self._format_json()
        if call.name == "json_query":
            self._wrapper(call)
        while self.token.upper in ("ERROR", "NULL", "DEFAULT", "EMPTY", "TRUE", "FALSE", "UNKNOWN"):
            word = self.token.upper
            self.at += 1
            value = None
            if word == "DEFAULT":
                value = self.expression()
            elif word == "EMPTY":
                word = "EMPTY OBJECT" if self.take("OBJECT") else "EMPTY ARRAY"
                self.take("ARRAY")
            self.need("ON")
            if call.name != "json_exists" and self.take("EMPTY"):
                call.on_empty = (word, value)
            else:
                self.need("ERROR")
                call.on_error = (word, value)

    def _wrapper(self, call: nodes.SqlJson) -> None:
        if self.take("WITHOUT"):
            self.take("ARRAY")
            self.need("WRAPPER")
        elif self.take("WITH"):
            call.wrapper = "CONDITIONAL" if self.take("CONDITIONAL") else "UNCONDITIONAL"
            self.take("UNCONDITIONAL")
            self.take("ARRAY")
            self.need("WRAPPER")
        for word in ("KEEP", "OMIT"):
            if self.take(word, "QUOTES"):
                call.omit_quotes = word == "OMIT"
                self.take("ON", "SCALAR", "STRING")

    def _array_elements(self, call: nodes.SqlJson) -> None:
        call.null_on_null = False
        if not self.sees(")") and not self.sees("RETURNING"):
            call.items = self.list_of(lambda: (None, self.expression(), self._format_json()))
            self._nulls(call)

    def _object_members(self, call: nodes.SqlJson) -> None:
        if not self.sees(")") and not self.sees("RETURNING"):
            call.items = self.list_of(self._json_member)
            self._nulls(call)
            if self.take("WITH", "UNIQUE"):
                call.unique = True
                self.take("KEYS")
            elif self.take("WITHOUT", "UNIQUE"):
                self.take("KEYS")

    def _nulls(self, call: nodes.SqlJson) -> None:
        if self.take("NULL", "ON", "NULL"):
            call.null_on_null = True
        elif self.take("ABSENT", "ON", "NULL"):
            call.null_on_null = False

    def _json_member(self) -> tuple[nodes.Node, nodes.Node, bool]:
        self.take("KEY")
        key = self.expression()
        if not self.take(":"):
            self.need("VALUE")
        return key, self.expression(), self._format_json()
