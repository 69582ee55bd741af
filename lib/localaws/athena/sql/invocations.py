"""Trino's grammar of names, calls of functions, and windows."""

from __future__ import annotations

from localaws.athena.errors import not_supported
from localaws.athena.sql import nodes
from localaws.athena.sql.forms import Forms


class Invocations(Forms):
    """Reads names and calls."""

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
