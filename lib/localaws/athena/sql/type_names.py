"""Trino's grammar of types. https://trino.io/docs/current/language/types.html"""

from __future__ import annotations

from localaws.athena import types
from localaws.athena.errors import StatementError
from localaws.athena.sql.reader import Reader

_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


class TypeNames(Reader):
    """Reads types."""

    def type(self) -> types.Type:
        """Step over a type.

        Raises
        ------
        StatementError
            TYPE_NOT_FOUND for a name that Trino has no type for.
        """
        token = self.token
        if token.upper == "INTERVAL":
            return self._interval_type()
        if token.upper == "DOUBLE" and self.ahead().upper == "PRECISION":
            self.at += 2
            return types.DOUBLE
        if token.upper == "ROW" and self.ahead().upper == "(":
            self.at += 2
            fields = self.list_of(self._row_field)
            self.need(")")
            return types.row([kind for _, kind in fields], [name for name, _ in fields])
        name = self.identifier().text
        args: list = []
        if self.take("("):
            args = self.list_of(lambda: self.integer() if self.token.kind == "integer" else self.type())
            self.need(")")
        elif name.upper() in ("ARRAY", "MAP") and self.take(
            "<"
        ):  # Presto's old form, which Trino still reads
            args = self.list_of(self.type)
            self.need(">")
        if name.upper() in ("TIME", "TIMESTAMP"):
            if self.take("WITH", "TIME", "ZONE"):
                name += " with time zone"
            else:
                self.take("WITHOUT", "TIME", "ZONE")
        kind = types.simple_type(name, args)
        if kind is None:
            shown = f"{name}({', '.join(map(str, args))})" if args else name
            raise StatementError("TYPE_NOT_FOUND", f"Unknown type: {shown}", token.position)
        while self.token.upper == "ARRAY":
            self.at += 1
            kind = types.array(kind)
        return kind

    def _row_field(self) -> tuple[str | None, types.Type]:
        mark = self.at
        if (
            self.ahead().kind in ("word", "quoted")
            and not (self.token.upper == "DOUBLE" and self.ahead().upper == "PRECISION")
            and self.ahead().upper not in ("WITH", "WITHOUT", "ARRAY")
        ):
            name = self.name()
            return name, self.type()
        self.at = mark
        if self.token.kind == "quoted":
            name = self.name()
            return name, self.type()
        if self.ahead().upper == "ARRAY" and self.ahead(2).upper in ("(", "<"):
            name = self.name()
            return name, self.type()
        return None, self.type()

    def _interval_type(self) -> types.Type:
        position = self.need("INTERVAL").position
        start = self._unit()
        self.need("TO")
        end = self._unit()
        if (start, end) == ("DAY", "SECOND"):
            return types.DAY_TO_SECOND
        if (start, end) == ("YEAR", "MONTH"):
            return types.YEAR_TO_MONTH
        raise StatementError("TYPE_NOT_FOUND", f"Unknown type: interval {start} to {end}".lower(), position)

    def _unit(self) -> str:
        unit = self.word_in(*_UNITS)
        if unit is None:
            raise self.fail()
        self.at += 1
        return unit
