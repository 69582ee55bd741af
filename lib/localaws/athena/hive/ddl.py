"""Reads DDL statements. https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from localaws.athena.errors import DdlError, StatementError
from localaws.athena.sql.lexer import Token
from localaws.athena.sql.reader import Reader

_FORMATS = ("TEXTFILE", "PARQUET", "ORC", "AVRO", "JSONFILE", "SEQUENCEFILE", "RCFILE", "ION")


@dataclass(slots=True)
class Ddl:
    """A DDL statement: what it does, to what, and its parts by name."""

    action: str  # CREATE_DATABASE, DROP_TABLE, SHOW_TABLES …
    name: list[str] = field(default_factory=list)
    parts: dict = field(default_factory=dict)


class NoIceberg(StatementError):
    """An Iceberg table, which the local Athena has not."""

    def __init__(self) -> None:
        super().__init__("NOT_SUPPORTED", "Iceberg tables are not supported by the local Athena")


def is_hive(text: str) -> bool:
    """Whether a statement is DDL, which Athena reads with Hive's grammar, and not Trino's."""
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL).strip()
    words = [w.upper() for w in re.findall(r"[A-Za-z_]+", bare[:200])[:3]]
    if not words or bare.startswith("("):
        return False
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in ("DROP", "ALTER", "MSCK", "SHOW", "DESCRIBE", "DESC", "USE", "TRUNCATE"):
        return True
    if first != "CREATE":
        return False
    if second in ("DATABASE", "SCHEMA", "EXTERNAL"):
        return True
    # CREATE TABLE without AS is Hive's; what follows AS is a query.
    return second == "TABLE" and not re.search(
        r"\bAS\s*(?:\(\s*)*(?:SELECT|WITH|VALUES|TABLE)\b", bare, re.IGNORECASE
    )


def parse(text: str) -> Ddl:
    """Read a DDL statement.

    Raises
    ------
    DdlError
        FAILED: ParseException … when it is not of Hive's grammar, or Athena does not know it.
    """
    try:
        reader = _Ddl(text)
        found = reader.statement()
        reader.take(";")
        if reader.token.kind != "end":
            raise reader.fail()
    except (DdlError, NoIceberg):
        raise
    except StatementError as error:
        line, column = error.position or (1, 1)
        raise DdlError(f"FAILED: ParseException line {line}:{column - 1} {error.message}") from error
    return found


def unescaped(value: str) -> str:
    """A Hive string with its escapes undone."""
    names = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}

    def swap(match: re.Match) -> str:
        inside = match.group(1)
        if re.fullmatch(r"[0-3][0-7]{2}", inside):
            return chr(int(inside, 8))
        if inside.startswith("u") and len(inside) == 5:
            return chr(int(inside[1:], 16))
        if inside in "%_":
            return "\\" + inside
        return names.get(inside, inside)

    return re.sub(r"\\([0-3][0-7]{2}|u[0-9a-fA-F]{4}|.)", swap, value, flags=re.DOTALL)


class _Ddl(Reader):
    def fail(self) -> StatementError:
        token = self.token
        shown = token.text if token.kind == "end" else self.text[token.start : token.stop]
        return StatementError("SYNTAX_ERROR", f"cannot recognize input near '{shown}'", token.position)

    def statement(self) -> Ddl:
        for words, read in (
            (("CREATE", "DATABASE"), self._create_database),
            (("CREATE", "SCHEMA"), self._create_database),
            (("CREATE", "EXTERNAL", "TABLE"), self._create_table),
            (("CREATE", "TABLE"), self._create_managed),
            (("DROP", "DATABASE"), self._drop_database),
            (("DROP", "SCHEMA"), self._drop_database),
            (("DROP", "TABLE"), lambda: self._drop("DROP_TABLE")),
            (("DROP", "VIEW"), lambda: self._drop("DROP_VIEW")),
            (("ALTER", "TABLE"), self._alter_table),
            (("ALTER", "DATABASE"), self._alter_database),
            (("ALTER", "SCHEMA"), self._alter_database),
            (("MSCK", "REPAIR", "TABLE"), lambda: Ddl("MSCK_REPAIR", self._table())),
            (("SHOW",), self._show),
            (("DESCRIBE",), self._describe),
            (("DESC",), self._describe),
        ):
            if self.take(*words):
                return read()
        raise self.fail()

    # --- pieces ---

    def _name(self) -> str:
        token = self.token
        if token.kind in ("word", "backquoted"):
            self.at += 1
            return token.text.lower()
        raise self.fail()

    def _table(self) -> list[str]:
        if self.token.kind == "backquoted" and "." in self.token.text:  # `db.table` in one pair of quotes
            return self._name().split(".")
        parts = [self._name()]
        while self.take("."):
            parts.append(self._name())
        return parts

    def _string(self) -> str:
        token = self.token
        if token.kind not in ("string", "quoted"):
            raise self.fail()
        self.at += 1
        return unescaped(self.text[token.start + 1 : token.stop - 1])

    def _properties(self) -> dict[str, str]:
        self.need("(")
        found: dict[str, str] = {}
        while not self.take(")"):
            name = self._string()
            found[name] = self._string() if self.take("=") else ""
            if not self.take(","):
                self.need(")")
                break
        return found

    def _type(self) -> str:
        """The text of a type up to where the column's definition goes on."""
        start: Token = self.token
        depth = 0
        while True:
            token = self.token
            if token.kind == "end":
                break
            if token.upper in ("<", "("):
                depth += 1
            elif token.upper in (">", ")"):
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and (
                token.upper in (",", "COMMENT", "FIRST", "AFTER", "CASCADE", "RESTRICT", ";")
                or token.kind == "string"
            ):
                break
            self.at += 1
        if self.token is start:
            raise self.fail()
        text = self.text[start.start : self.tokens[self.at - 1].stop]
        return re.sub(r"\s+", "", text).lower()

    def _columns(self) -> list[dict]:
        self.need("(")
        found = []
        while True:
            column = {"Name": self._name(), "Type": self._type()}
            if self.take("COMMENT"):
                column["Comment"] = self._string()
            found.append(column)
            if not self.take(","):
                break
        self.need(")")
        return found

    def _partition_spec(self, need_values: bool = True) -> dict[str, str]:
        self.need("(")
        found = {}
        while True:
            name = self._name()
            if not (self.take("=") or not need_values):
                raise self.fail()
            token = self.token
            if token.kind in ("string", "quoted"):
                found[name] = self._string()
            else:
                sign = "-" if self.take("-") else ""
                found[name] = sign + self.token.text
                self.at += 1
            if not self.take(","):
                break
        self.need(")")
        return found

    # --- statements ---

    def _create_database(self) -> Ddl:
        parts: dict = {"if_not_exists": self.take("IF", "NOT", "EXISTS")}
        name = self._table()
        while True:
            if self.take("COMMENT"):
                parts["comment"] = self._string()
            elif self.take("LOCATION"):
                parts["location"] = self._string()
            elif self.take("WITH", "DBPROPERTIES"):
                parts["properties"] = self._properties()
            else:
                return Ddl("CREATE_DATABASE", name, parts)

    def _drop_database(self) -> Ddl:
        if_exists = self.take("IF", "EXISTS")
        name = self._table()
        cascade = self.take("CASCADE")
        if not cascade:
            self.take("RESTRICT")
        return Ddl("DROP_DATABASE", name, {"if_exists": if_exists, "cascade": cascade})

    def _alter_database(self) -> Ddl:
        name = self._table()
        self.need("SET", "DBPROPERTIES")
        return Ddl("ALTER_DATABASE", name, {"properties": self._properties()})

    def _create_managed(self) -> Ddl:
        # Its partition transforms are not of this grammar, so it is told before it is read.
        if re.search(r"'table_type'\s*=\s*'iceberg'", self.text, re.IGNORECASE):
            raise NoIceberg()
        self._create_table()
        raise DdlError(
            "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Only "
            "external tables can be "
            "created: use CREATE EXTERNAL TABLE"
        )

    def _create_table(self) -> Ddl:
        parts: dict = {"if_not_exists": self.take("IF", "NOT", "EXISTS")}
        name = self._table()
        parts["columns"] = self._columns()
        while True:
            if self.take("COMMENT"):
                parts["comment"] = self._string()
            elif self.take("PARTITIONED", "BY"):
                parts["keys"] = self._columns()
            elif self.take("CLUSTERED", "BY"):
                self._clustered(parts)
            elif self.take("ROW", "FORMAT"):
                self._row_format(parts)
            elif self.take("STORED", "AS"):
                self._stored_as(parts)
            elif self.take("WITH", "SERDEPROPERTIES"):
                parts["serde_properties"] = self._properties()
            elif self.take("LOCATION"):
                parts["location"] = self._string()
            elif self.take("TBLPROPERTIES"):
                parts["properties"] = self._properties()
            else:
                return Ddl("CREATE_TABLE", name, parts)

    def _clustered(self, parts: dict) -> None:
        self.need("(")
        names = [self._name()]
        while self.take(","):
            names.append(self._name())
        self.need(")")
        self.need("INTO")
        parts["buckets"] = (names, self.integer())
        self.need("BUCKETS")

    def _row_format(self, parts: dict) -> None:
        if self.take("SERDE"):
            parts["serde"] = self._string()
            if self.take("WITH", "SERDEPROPERTIES"):
                parts["serde_properties"] = self._properties()
            return
        self.need("DELIMITED")
        found: dict[str, str] = {}
        while True:
            if self.take("FIELDS", "TERMINATED", "BY"):
                found["field.delim"] = found["serialization.format"] = self._string()
                if self.take("ESCAPED", "BY"):
                    found["escape.delim"] = self._string()
            elif self.take("ESCAPED", "BY"):
                found["escape.delim"] = self._string()
            elif self.take("COLLECTION", "ITEMS", "TERMINATED", "BY"):
                found["collection.delim"] = self._string()
            elif self.take("MAP", "KEYS", "TERMINATED", "BY"):
                found["mapkey.delim"] = self._string()
            elif self.take("LINES", "TERMINATED", "BY"):
                found["line.delim"] = self._string()
            elif self.take("NULL", "DEFINED", "AS"):
                found["serialization.null.format"] = self._string()
            else:
                break
        parts["delimited"] = found

    def _stored_as(self, parts: dict) -> None:
        if self.take("INPUTFORMAT"):
            parts["input"] = self._string()
            self.need("OUTPUTFORMAT")
            parts["output"] = self._string()
            return
        word = self.word_in(*_FORMATS)
        if word is None:
            raise self.fail()
        self.at += 1
        parts["stored"] = word

    def _drop(self, action: str) -> Ddl:
        if_exists = self.take("IF", "EXISTS")
        if action == "DROP_VIEW" and self.token.kind == "quoted":
            return Ddl(action, self.qualified_name(), {"if_exists": if_exists})
        name = self._table()
        self.take("PURGE")
        return Ddl(action, name, {"if_exists": if_exists})

    def _alter_table(self) -> Ddl:
        name = self._table()
        spec = None
        if self.sees("PARTITION"):
            mark = self.at
            self.need("PARTITION")
            spec = self._partition_spec()
            if not (self.sees("ADD", "COLUMNS") or self.sees("REPLACE", "COLUMNS")):
                self.at, spec = mark, None
        for verb in ("ADD", "REPLACE"):
            if self.take(verb, "COLUMNS"):
                parts = {"columns": self._columns(), "spec": spec}
                if not self.take("CASCADE"):
                    self.take("RESTRICT")
                return Ddl(f"{verb}_COLUMNS", name, parts)
        if self.take("CHANGE"):
            self.take("COLUMN")
            parts = {"old": self._name(), "column": {"Name": self._name(), "Type": self._type()}}
            if self.take("COMMENT"):
                parts["column"]["Comment"] = self._string()
            if self.take("FIRST"):
                parts["after"] = None
            elif self.take("AFTER"):
                parts["after"] = self._name()
            if not self.take("CASCADE"):
                self.take("RESTRICT")
            return Ddl("CHANGE_COLUMN", name, parts)
        if self.take("ADD"):
            return self._add_partitions(name)
        if self.take("DROP"):
            if_exists = self.take("IF", "EXISTS")
            specs = []
            while self.take("PARTITION"):
                specs.append(self._partition_spec())
                self.take(",")
            self.take("PURGE")
            if not specs:
                raise self.fail()
            return Ddl("DROP_PARTITIONS", name, {"if_exists": if_exists, "specs": specs})
        if self.take("PARTITION"):
            spec = self._partition_spec()
            if self.take("RENAME", "TO", "PARTITION"):
                return Ddl("RENAME_PARTITION", name, {"spec": spec, "to": self._partition_spec()})
            self.need("SET", "LOCATION")
            return Ddl("SET_LOCATION", name, {"spec": spec, "location": self._string()})
        self.need("SET")
        if self.take("TBLPROPERTIES"):
            return Ddl("SET_TBLPROPERTIES", name, {"properties": self._properties()})
        self.need("LOCATION")
        return Ddl("SET_LOCATION", name, {"spec": None, "location": self._string()})

    def _add_partitions(self, name: list[str]) -> Ddl:
        if_not_exists = self.take("IF", "NOT", "EXISTS")
        specs = []
        while self.take("PARTITION"):
            spec = self._partition_spec()
            specs.append((spec, self._string() if self.take("LOCATION") else None))
            self.take(",")
        if not specs:
            raise self.fail()
        return Ddl("ADD_PARTITIONS", name, {"if_not_exists": if_not_exists, "specs": specs})

    def _show(self) -> Ddl:
        if self.take("DATABASES") or self.take("SCHEMAS"):
            return Ddl("SHOW_DATABASES", [], {"like": self._like()})
        if self.take("TABLES") or self.sees("VIEWS"):
            views = self.take("VIEWS")
            database = self._table() if self.take("IN") or self.take("FROM") else []
            return Ddl("SHOW_VIEWS" if views else "SHOW_TABLES", database, {"like": self._like()})
        if self.take("PARTITIONS"):
            return Ddl("SHOW_PARTITIONS", self._table())
        if self.take("COLUMNS"):
            if not self.take("IN"):
                self.need("FROM")
            table = self._table()
            if self.take("IN") or self.take("FROM"):
                table = [self._name(), *table]
            return Ddl("SHOW_COLUMNS", table)
        if self.take("CREATE", "TABLE"):
            return Ddl("SHOW_CREATE_TABLE", self._table())
        if self.take("CREATE", "VIEW"):
            return Ddl("SHOW_CREATE_VIEW", self._table())
        if self.take("TBLPROPERTIES"):
            table = self._table()
            wanted = None
            if self.take("("):
                wanted = self._string()
                self.need(")")
            return Ddl("SHOW_TBLPROPERTIES", table, {"property": wanted})
        raise self.fail()

    def _like(self) -> str | None:
        self.take("LIKE")
        return self._string() if self.token.kind in ("string", "quoted") else None

    def _describe(self) -> Ddl:
        form = self.word_in("EXTENDED", "FORMATTED")
        if form and self.ahead().kind != "end" and self.ahead().upper != ";":
            self.at += 1
        else:
            form = None
        if self.take("DATABASE") or self.take("SCHEMA"):
            raise StatementError(
                "SYNTAX_ERROR", "cannot recognize input near 'DATABASE'", self.token.position
            )
        if self.ahead().kind in ("word", "backquoted"):
            self.take("TABLE")
        table = self._table()
        spec = self._partition_spec() if self.take("PARTITION") else None
        column = None
        if self.token.kind in ("word", "backquoted"):
            column = self._name()
            while self.take("."):  # into a struct, or '$elem$', '$key$' and '$value$' of a collection
                column += "." + (self._string() if self.token.kind == "string" else self._name())
        return Ddl("DESCRIBE", table, {"form": form, "column": column, "spec": spec})
