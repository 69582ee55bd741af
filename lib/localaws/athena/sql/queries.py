"""Trino's grammar of queries and of the statements that carry one.

https://trino.io/docs/current/sql/select.html
"""

from __future__ import annotations

from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.sql.expressions import Expressions

_JOIN_WORDS = ("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL")


class Queries(Expressions):
    """Reads queries and statements of Trino's grammar."""

    # --- statements ---

    def statement(self) -> nodes.Node:
        """Read a whole statement.

        Raises
        ------
        StatementError
            SYNTAX_ERROR at the first token that does not fit.
        """
        found = self._statement()
        self.end()
        return found

    def _statement(self) -> nodes.Node:
        position = self.token.position
        if self.starts_query():
            return nodes.QueryStatement(position, self.query())
        if self.take("EXPLAIN"):
            return self._explain(position)
        if self.sees("CREATE"):
            return self._create(position)
        if self.take("INSERT", "INTO"):
            table = self.qualified_name()
            columns = None
            if self.sees("(") and not self.starts_query():
                self.need("(")
                columns = self.list_of(self.name)
                self.need(")")
            return nodes.Insert(position, table, columns, self.query())
        if self.take("UNLOAD"):
            query = self.subquery()
            self.need("TO")
            location = self.string()
            return nodes.Unload(position, query, location, self._properties() if self.take("WITH") else {})
        if self.take("PREPARE"):
            name = self.name()
            self.need("FROM")
            start = self.token.start
            statement = self._statement()
            return nodes.Prepare(position, name, statement, self.text[start : self.tokens[self.at - 1].stop])
        for words in (("DELETE", "FROM"), ("UPDATE",), ("MERGE", "INTO"), ("OPTIMIZE",), ("VACUUM",)):
            if self.take(*words):
                found = nodes.IcebergOnly(position, words[0], self.qualified_name())
                while self.token.kind != "end":
                    self.at += 1
                return found
        if self.sees("EXECUTE", "IMMEDIATE"):
            self.at += 2
            text = self.string()
            given = self.list_of(self.expression) if self.take("USING") else []
            return nodes.Execute(position, None, given, text)
        if self.take("EXECUTE"):
            name = self.name()
            return nodes.Execute(position, name, self.list_of(self.expression) if self.take("USING") else [])
        if self.take("DEALLOCATE", "PREPARE"):
            return nodes.Deallocate(position, self.name())
        raise self.fail()

    def _explain(self, position) -> nodes.Node:
        analyze = self.take("ANALYZE")
        if analyze and self.take("VERBOSE"):
            pass
        options: dict[str, str] = {}
        if self.sees("(") and self.ahead().upper in ("TYPE", "FORMAT"):
            self.need("(")
            for _ in self.list_of(lambda: self._explain_option(options)):
                pass
            self.need(")")
        return nodes.Explain(position, self._statement(), analyze, options)

    def _explain_option(self, options: dict[str, str]) -> None:
        name = self.identifier().upper
        values = {
            "TYPE": ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO"),
            "FORMAT": ("TEXT", "GRAPHVIZ", "JSON"),
        }
        if name not in values:
            raise self.fail()
        value = self.word_in(*values[name])
        if value is None:
            raise self.fail()
        self.at += 1
        options[name] = value

    def _create(self, position) -> nodes.Node:
        self.need("CREATE")
        replace = self.take("OR", "REPLACE")
        if replace or self.sees("VIEW"):
            self.need("VIEW")
            table = self.qualified_name()
            comment = self.string() if self.take("COMMENT") else None
            if self.take("SECURITY") and not self.take("INVOKER"):
                self.need("DEFINER")
            self.need("AS")
            start = self.token.start
            query = self.query()
            return nodes.CreateView(
                position, table, replace, query, self.text[start : self.tokens[self.at - 1].stop], comment
            )
        self.need("TABLE")
        if_not_exists = self.take("IF", "NOT", "EXISTS")
        table = self.qualified_name()
        columns = None
        if self.take("("):
            columns = self.list_of(self.name)
            self.need(")")
        comment = self.string() if self.take("COMMENT") else None
        properties = self._properties() if self.take("WITH") else {}
        self.need("AS")
        query = self.subquery() if self.sees("(") and self._brackets_all() else self.query()
        with_data = True
        if self.take("WITH"):
            with_data = not self.take("NO")
            self.need("DATA")
        return nodes.CreateTableAs(
            position, table, if_not_exists, properties, columns, query, with_data, comment
        )

    def _brackets_all(self) -> bool:
        """Whether the bracket that is next closes at the end of the query."""
        depth, at = 0, self.at
        while at < len(self.tokens):
            depth += {"(": 1, ")": -1}.get(self.tokens[at].upper, 0)
            at += 1
            if depth == 0:
                break
        following = self.tokens[at] if at < len(self.tokens) else self.tokens[-1]
        return following.kind == "end" or following.upper in (";", "WITH")

    def _properties(self) -> dict[str, nodes.Node]:
        self.need("(")
        found: dict[str, nodes.Node] = {}
        while True:
            name = self.name()
            self.need("=")
            found[name] = self.expression()
            if not self.take(","):
                break
        self.need(")")
        return found

    # --- queries ---

    def query(self) -> nodes.Query:
        position = self.token.position
        withs: list[nodes.With] = []
        recursive = False
        if self.take("WITH"):
            recursive = self.take("RECURSIVE")
            withs = self.list_of(self._with)
        body = self._set_operations()
        query = self._order_and_limit(nodes.Query(position, withs, recursive, body, [], None, None))
        if not withs and not query.order and query.offset is None and query.limit is None:
            return body if isinstance(body, nodes.Query) else query
        return query

    def _with(self) -> nodes.With:
        position = self.token.position
        name = self.name()
        columns = None
        if self.take("("):
            columns = self.list_of(self.name)
            self.need(")")
        self.need("AS")
        return nodes.With(position, name, columns, self.subquery())

    def _order_and_limit(self, query: nodes.Query) -> nodes.Query:
        if self.take("ORDER", "BY"):
            query.order = self.list_of(self.sort_item)
        if self.take("OFFSET"):
            query.offset = self._count()
            if not self.take("ROW"):
                self.take("ROWS")
        if self.take("LIMIT"):
            query.limit = None if self.take("ALL") else self._count()
        elif self.take("FETCH"):
            if not self.take("FIRST"):
                self.need("NEXT")
            query.limit = (
                nodes.Number(self.token.position, "integer", "1")
                if self.word_in("ROW", "ROWS")
                else self._count()
            )
            if not self.take("ROW"):
                self.need("ROWS")
            if self.take("ONLY"):
                return query
            self.need("WITH", "TIES")
            query.with_ties = True
        return query

    def _count(self) -> nodes.Node:
        position = self.token.position
        if self.take("?"):
            self.parameters += 1
            return nodes.Parameter(position, self.parameters - 1)
        return nodes.Number(position, "integer", str(self.integer()))

    def _set_operations(self) -> nodes.Node:
        left = self._intersections()
        while operator := self.word_in("UNION", "EXCEPT"):
            left = self._set_operation(left, operator, self._intersections)
        return left

    def _intersections(self) -> nodes.Node:
        left = self._query_primary()
        while self.word_in("INTERSECT"):
            left = self._set_operation(left, "INTERSECT", self._query_primary)
        return left

    def _set_operation(self, left: nodes.Node, operator: str, read) -> nodes.Node:
        position = self.need(operator).position
        distinct = True
        if self.take("ALL"):
            distinct = False
        else:
            self.take("DISTINCT")
        return nodes.SetOperation(position, operator, distinct, left, read())

    def _query_primary(self) -> nodes.Node:
        position = self.token.position
        if self.take("("):
            query = self.query()
            self.need(")")
            return query
        if self.take("VALUES"):
            return nodes.Values(position, self.list_of(self.expression))
        if self.take("TABLE"):
            table = nodes.Table(position, self.qualified_name())
            star = nodes.SelectItem(position, nodes.Star(position, None, []), None)
            return nodes.Select(position, False, [star], table, None, None, False, None, {})
        return self._select()

    def _select(self) -> nodes.Select:
        position = self.need("SELECT").position
        distinct = self.take("DISTINCT")
        if not distinct:
            self.take("ALL")
        items = self.list_of(self._select_item)
        source = where = having = group = None
        group_distinct = False
        if self.take("FROM"):
            source = self._relation()
            while self.sees(","):
                at = self.need(",").position
                source = nodes.Join(at, "IMPLICIT", source, self._relation())
        if self.take("WHERE"):
            where = self.expression()
        if self.take("GROUP", "BY"):
            group_distinct = self.take("DISTINCT")
            if not group_distinct:
                self.take("ALL")
            group = self.list_of(self._grouping_element)
        if self.take("HAVING"):
            having = self.expression()
        windows: dict[str, nodes.Window] = {}
        if self.take("WINDOW"):
            for name, window in self.list_of(self._named_window):
                windows[name] = window
        return nodes.Select(position, distinct, items, source, where, group, group_distinct, having, windows)

    def _named_window(self) -> tuple[str, nodes.Window]:
        name = self.name()
        self.need("AS")
        return name, self.window()

    def _select_item(self) -> nodes.SelectItem:
        position = self.token.position
        if self.take("*"):
            return nodes.SelectItem(position, nodes.Star(position, None, []), None)
        star = self._qualified_star()
        if star is not None:
            return nodes.SelectItem(position, star, None)
        value = self.expression()
        if self.take("."):
            self.need("*")
            return nodes.SelectItem(position, nodes.Star(position, value, self._star_aliases()), None)
        alias = None
        if self.take("AS") or (
            self.is_identifier() and self.token.upper not in ("WINDOW", "LIMIT", "OFFSET", "FETCH")
        ):
            alias = self.identifier().text
        return nodes.SelectItem(position, value, alias)

    def _qualified_star(self) -> nodes.Star | None:
        """``t.*`` and ``schema.t.*``; anything else leaves the place unchanged."""
        mark = self.at
        position = self.token.position
        base: nodes.Node | None = None
        while self.token.kind in ("word", "quoted") and self.is_identifier() and self.ahead().upper == ".":
            part = self._identifier_node()
            base = part if base is None else nodes.Dereference(position, base, part)
            self.need(".")
            if self.take("*"):
                return nodes.Star(position, base, self._star_aliases())
        self.at = mark
        return None

    def _star_aliases(self) -> list[str]:
        aliases: list[str] = []
        if self.take("AS"):
            self.need("(")
            aliases = self.list_of(self.name)
            self.need(")")
        return aliases

    def _grouping_element(self) -> nodes.Node:
        position = self.token.position
        if self.take("GROUPING", "SETS"):
            self.need("(")
            sets = self.list_of(self._grouping_set)
            self.need(")")
            return nodes.GroupingSet(position, "SETS", sets)
        for kind in ("ROLLUP", "CUBE"):
            if self.sees(kind) and self.ahead().upper == "(":
                self.at += 2
                sets = [] if self.sees(")") else self.list_of(self._grouping_set)
                self.need(")")
                return nodes.GroupingSet(position, kind, sets)
        if self.sees("(") and self.ahead().upper == ")":
            self.at += 2
            return nodes.GroupingSet(position, "SETS", [[]])
        bracket = self.sees("(")
        value = self.expression()
        if bracket and isinstance(value, nodes.Row) and value.position == position:
            return nodes.GroupingSet(position, "SETS", [value.items])
        return value

    def _grouping_set(self) -> list[nodes.Node]:
        if self.sees("("):
            self.need("(")
            items = [] if self.sees(")") else self.list_of(self.expression)
            self.need(")")
            return items
        return [self.expression()]

    # --- relations ---

    def _relation(self) -> nodes.Node:
        left = self._sampled()
        while True:
            word = self.word_in(*_JOIN_WORDS)
            if word is None:
                return left
            left = self._join(left, word)

    def _join(self, left: nodes.Node, word: str) -> nodes.Node:
        position = self.token.position
        if word == "NATURAL":
            raise StatementError("NOT_SUPPORTED", "Natural join not supported", position)
        if word == "CROSS":
            self.need("CROSS", "JOIN")
            return nodes.Join(position, "CROSS", left, self._sampled())
        kind = "INNER"
        if word in ("LEFT", "RIGHT", "FULL"):
            self.at += 1
            self.take("OUTER")
            kind = word
        elif word == "INNER":
            self.at += 1
        self.need("JOIN")
        right = self._relation()
        if self.take("ON"):
            return nodes.Join(position, kind, left, right, on=self.expression())
        if self.take("USING"):
            self.need("(")
            using = self.list_of(self._identifier_node)
            self.need(")")
            return nodes.Join(position, kind, left, right, using=using)
        raise self.fail()

    def _sampled(self) -> nodes.Node:
        relation = self._aliased()
        position = self.token.position
        if not self.take("TABLESAMPLE"):
            return relation
        method = self.word_in("BERNOULLI", "SYSTEM")
        if method is None:
            raise self.fail()
        self.at += 1
        self.need("(")
        percentage = self.expression()
        self.need(")")
        return nodes.Sample(position, relation, method, percentage)

    def _aliased(self) -> nodes.Node:
        relation = self._relation_primary()
        position = relation.position
        self._no_patterns()
        reserved_tail = ("TABLESAMPLE", "LIMIT", "OFFSET", "FETCH", "WINDOW", "FOR")
        if not (self.take("AS") or (self.is_identifier() and self.token.upper not in reserved_tail)):
            if self.sees("FOR") and self.ahead().upper in (
                "TIMESTAMP",
                "VERSION",
                "SYSTEM_TIME",
                "SYSTEM_VERSION",
            ):
                raise not_supported("time travel", self.token.position)
            return relation
        alias = self.name()
        columns = None
        if self.take("("):
            columns = self.list_of(self.name)
            self.need(")")
        self._no_patterns()
        return nodes.Aliased(position, relation, alias, columns)

    def _no_patterns(self) -> None:
        if self.token.upper == "MATCH_RECOGNIZE":
            raise not_supported("MATCH_RECOGNIZE", self.token.position)

    def _relation_primary(self) -> nodes.Node:
        position = self.token.position
        if self.sees("UNNEST"):
            self.need("UNNEST", "(")
            items = self.list_of(self.expression)
            self.need(")")
            return nodes.Unnest(position, items, self.take("WITH", "ORDINALITY"))
        if self.sees("LATERAL") and self.ahead().upper == "(":
            self.need("LATERAL")
            return nodes.Lateral(position, self.subquery())
        if self.sees("TABLE") and self.ahead().upper == "(":
            raise not_supported("a table function", position)
        if self.sees("("):
            if self._bracketed_query():
                return nodes.SubqueryTable(position, self.subquery())
            self.need("(")
            relation = self._relation()
            self.need(")")
            return relation
        return nodes.Table(position, self.qualified_name())

    def _bracketed_query(self) -> bool:
        """Whether the bracket opens a query, or a relation whose first part is a query in brackets."""
        if not self.starts_query():
            return False
        mark, parameters = self.at, self.parameters
        try:
            self.subquery()
        except StatementError:
            following = self.tokens[mark + 1].upper
            return following in ("SELECT", "WITH", "VALUES", "TABLE")
        finally:
            self.at, self.parameters = mark, parameters
        return True


def parse(text: str) -> tuple[nodes.Node, int]:
    """Read a statement of Trino's grammar.

    Returns
    -------
    tuple of Node and int
        The statement, and how many ``?`` it has.

    Raises
    ------
    StatementError
        SYNTAX_ERROR with line and column, in Trino's words.
    """
    reader = Queries(text)
    return reader.statement(), reader.parameters


def parse_expression(text: str) -> nodes.Node:
    """Read one expression, such as an execution parameter."""
    reader = Queries(text)
    found = reader.expression()
    if reader.token.kind != "end":
        reader.expecting("<EOF>")
        raise reader.fail()
    return found
