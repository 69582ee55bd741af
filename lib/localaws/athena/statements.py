"""Runs one statement: reads it, sends it to who can run it, and writes its result."""

from __future__ import annotations

import shutil
import tempfile
import time
from typing import Any

import duckdb

from localaws.athena import results
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.queries import Translated, Translator
from localaws.athena.catalog import CATALOG, CatalogTables
from localaws.athena.engine import Engine, failure
from localaws.athena.errors import CutoffExceeded, StatementError, not_supported
from localaws.athena.executions import Cancelled, Live, Outcome, managed_file
from localaws.athena.hive import ddl
from localaws.athena.hive.run import HiveRunner
from localaws.athena.saved import Saved
from localaws.athena.sql import nodes
from localaws.athena.sql.queries import parse, parse_expression
from localaws.athena.storage.footers import Footers
from localaws.athena.storage.places import Places
from localaws.athena.storage.scan import Plan, Planner
from localaws.service import AwsError, Context

_FETCH = 20_000
_SPOOL = 8 << 20


class Statements:
    """Runs statements for `Executions`."""

    def __init__(self, context: Context, catalog: Any, saved: Saved, engine: Engine) -> None:
        self.context = context
        self.catalog = catalog
        self.saved = saved
        self.engine = engine
        self.places = Places(context.s3_root)
        self.planner = Planner(catalog, self.places, Footers())
        self.hive = HiveRunner(context, catalog, self.places)
        self.executions: Any = None  # set by the service: for result reuse

    def run(self, document: dict, live: Live) -> Outcome:
        """Run the statement of an execution.

        Raises
        ------
        StatementError
            When Athena would fail it, or this one cannot run it faithfully.
        Cancelled
            When it was stopped.
        """
        execution = document["execution"]
        started = execution["Status"]["SubmissionDateTime"].replace(tzinfo=None)
        context = execution["QueryExecutionContext"]
        session = Session(
            context.get("Database", "default").strip("`").lower(),
            started,
            context.get("Catalog", CATALOG).lower(),
            self.context.account_id,
        )
        reused = self._reuse(document)
        if reused is not None:
            return reused
        try:
            return self._run(document, live, session)
        except AwsError as error:
            raise StatementError("GENERIC_USER_ERROR", error.message) from error
        finally:
            live.interrupt = None

    def _reuse(self, document: dict) -> Outcome | None:
        execution = document["execution"]
        wish = execution["ResultReuseConfiguration"].get("ResultReuseByAgeConfiguration", {})
        if not wish.get("Enabled"):
            return None
        other = self.executions.reusable(document, wish.get("MaxAgeInMinutes", 60))
        if other is None:
            return None
        document["reused"] = True
        found = other["execution"]
        rows = other.get("rows", {})
        return Outcome(
            columns=other["columns"],
            kind=found["StatementType"],
            substatement=found["SubstatementType"],
            rows=rows.get("OutputRows", 0),
            output_bytes=rows.get("OutputBytes", 0),
            location=found["ResultConfiguration"].get("OutputLocation"),
            has_header=other.get("csv", True),
        )

    def _run(self, document: dict, live: Live, session: Session) -> Outcome:
        execution = document["execution"]
        text = execution["Query"]
        given = [_parameter(p) for p in execution.get("ExecutionParameters", [])]
        if ddl.is_hive(text):
            if given:
                raise StatementError(
                    "NOT_SUPPORTED", "Parameters are only for SELECT, INSERT INTO, CTAS and UNLOAD"
                )
            return self._hive(document, text, session)
        statement, wanted = parse(text)
        if isinstance(statement, nodes.Execute):
            statement, wanted, given = self._prepared(statement, execution["WorkGroup"], given)
        if len(given) != wanted and not isinstance(statement, nodes.Prepare):
            raise StatementError(
                "INVALID_PARAMETER_USAGE",
                f"Incorrect number of parameters: expected {wanted} but found {len(given)}",
            )
        if isinstance(statement, nodes.QueryStatement):
            return self._select(document, live, session, statement.query, given)
        if isinstance(statement, nodes.IcebergOnly):
            raise self._not_iceberg(statement, session)
        if isinstance(statement, nodes.Explain):
            return self._explain(document, live, session, statement, given)
        if isinstance(statement, nodes.CreateView):
            return self._create_view(document, session, statement)
        if isinstance(statement, nodes.Prepare):
            self.saved.create_prepared(
                {
                    "StatementName": statement.name,
                    "QueryStatement": statement.text,
                    "WorkGroup": execution["WorkGroup"],
                }
            )
            return self._lines(document, [], "DDL", "PREPARE")
        if isinstance(statement, nodes.Deallocate):
            self.saved.delete_prepared({"StatementName": statement.name, "WorkGroup": execution["WorkGroup"]})
            return self._lines(document, [], "DDL", "DEALLOCATE_PREPARE")
        from localaws.athena.writes import Writer

        return Writer(self, document, live, session, given).run(statement)

    def _not_iceberg(self, statement: nodes.IcebergOnly, session: Session) -> StatementError:
        """Why a statement for Iceberg tables fails: it stands on a Hive table, or on none."""
        CatalogTables(self.catalog).table(statement.table, session, statement.position)
        if statement.verb in ("OPTIMIZE", "VACUUM"):
            return StatementError("NOT_SUPPORTED", f"{statement.verb} is only supported for Iceberg tables")
        return StatementError(
            "NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables"
        )

    def _prepared(self, statement: nodes.Execute, group: str, given: list[nodes.Node]):
        if statement.text is not None:
            inner, wanted = parse(statement.text)
            return inner, wanted, statement.parameters or given
        try:
            found = self.saved.prepared(group, statement.name)
        except AwsError:
            raise StatementError(
                "NOT_FOUND", f"Prepared statement not found: {statement.name}", statement.position
            ) from None
        inner, wanted = parse(found["QueryStatement"])
        return inner, wanted, statement.parameters or given

    # --- SELECT ---

    def translate(self, query: nodes.Query, session: Session, given: list[nodes.Node]) -> Translated:
        return Translator(CatalogTables(self.catalog), session, given).translate(query)

    def plan(self, translated: Translated, document: dict, cursor: duckdb.DuckDBPyConnection) -> Plan:
        """Put the tables' files into a translated query, and register its text tables with the cursor."""
        try:
            plan = self.planner.plan(translated, cursor)
        except duckdb.InterruptException:
            raise Cancelled from None
        except duckdb.Error as error:  # a condition on partitions that fails on a value of one
            raise failure(error) from error
        cutoff = document.get("cutoff")
        if cutoff and plan.scanned > cutoff:
            raise CutoffExceeded
        for name, source in plan.sources.items():
            cursor.register(name, source)
        return plan

    def _select(self, document, live: Live, session: Session, query: nodes.Query, given) -> Outcome:
        began = time.monotonic()
        translated = self.translate(query, session, given)
        cursor = self.cursor(live)
        try:
            plan = self.plan(translated, document, cursor)
            planned = time.monotonic()
            lines = results.as_lines(plan.sql, translated.kinds)
            with tempfile.SpooledTemporaryFile(_SPOOL, dir=self.engine.work) as file:
                file.write((results.header(translated.names) + "\n").encode())
                rows = self.execute(cursor, lines, plan, live, file)
                ended = time.monotonic()
                location = self.put(document, file, ".csv")
                size = file.tell()
        finally:
            cursor.close()
        return Outcome(
            columns=[
                results.column_info(n, k) for n, k in zip(translated.names, translated.kinds, strict=True)
            ],
            scanned=plan.scanned,
            planning_ms=round((planned - began) * 1000),
            engine_ms=round((ended - planned) * 1000),
            rows=rows,
            output_bytes=size,
            input_rows=plan.input_rows,
            location=location,
            reusable=True,
        )

    def cursor(self, live: Live) -> duckdb.DuckDBPyConnection:
        """A cursor that StopQueryExecution can interrupt."""
        cursor = self.engine.cursor()
        with live.lock:
            if live.stop.is_set():
                cursor.close()
                raise Cancelled
            live.interrupt = cursor.interrupt
        return cursor

    def execute(self, cursor, sql: str, plan: Plan, live: Live, file=None) -> int:
        """Run SQL, and write the one column that it gives to a file, a line each; gives their number."""
        count = 0
        try:
            cursor.execute(sql)
            while rows := cursor.fetchmany(_FETCH):
                count += len(rows)
                if file is not None:
                    file.write(("\n".join([r[0] for r in rows]) + "\n").encode())
        except duckdb.InterruptException:
            raise Cancelled from None
        except duckdb.Error as error:
            if live.stop.is_set():
                raise Cancelled from None
            for source in plan.sources.values():
                if source.failure is not None:
                    raise source.failure from error
            raise failure(error) from error
        return count

    def put(self, document: dict, file, suffix: str) -> str | None:
        """Write a result through S3, so that who reads it there next sees it; gives its location."""
        execution = document["execution"]
        if "OutputLocation" not in execution["ResultConfiguration"]:
            self._keep(execution["QueryExecutionId"], file)
            return None
        base = execution["ResultConfiguration"]["OutputLocation"].rstrip("/") + "/"
        location = f"{base}{execution['QueryExecutionId']}{suffix}"
        size = file.tell()
        file.seek(0)
        self.upload(location, file)
        file.seek(size)
        return location

    def _keep(self, identifier: str, file) -> None:
        size = file.tell()
        file.seek(0)
        path = managed_file(self.context, identifier)
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as kept:
            shutil.copyfileobj(file, kept)
        file.seek(size)

    def upload(self, location: str, body) -> None:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        s3 = self.context.s3()
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body)
        except s3.exceptions.ClientError as error:
            raise StatementError(
                "GENERIC_USER_ERROR", f"Unable to verify/create output bucket {bucket}: {error}"
            ) from error

    # --- the others ---

    def _lines(
        self,
        document: dict,
        lines: list[str],
        kind: str,
        substatement: str,
        columns: list[dict] | None = None,
    ) -> Outcome:
        with tempfile.SpooledTemporaryFile(_SPOOL, dir=self.engine.work) as file:
            if lines:
                file.write(("\n".join(lines) + "\n").encode())
            location = self.put(document, file, ".txt")
            size = file.tell()
        return Outcome(
            columns=columns or [],
            kind=kind,
            substatement=substatement,
            rows=len(lines),
            output_bytes=size,
            location=location,
            has_header=False,
        )

    def _hive(self, document: dict, text: str, session: Session) -> Outcome:
        began = time.monotonic()
        answer = self.hive.run(ddl.parse(text), session)
        columns = [_text_column(n) for n in answer.columns]
        outcome = self._lines(document, answer.lines, answer.kind, answer.substatement, columns)
        outcome.engine_ms = round((time.monotonic() - began) * 1000)
        return outcome

    def _explain(self, document, live, session, statement: nodes.Explain, given) -> Outcome:
        inner = statement.statement
        if not isinstance(inner, nodes.QueryStatement):
            raise not_supported("EXPLAIN of such a statement", statement.position)
        if statement.options.get("TYPE") == "IO" or statement.options.get("FORMAT", "TEXT") != "TEXT":
            raise not_supported("EXPLAIN with TYPE IO or a FORMAT other than TEXT", statement.position)
        translated = self.translate(inner.query, session, given)
        if statement.options.get("TYPE") == "VALIDATE":
            return self._lines(document, ["true"], "UTILITY", "EXPLAIN", [_text_column("Valid")])
        cursor = self.cursor(live)
        try:
            plan = self.plan(translated, document, cursor)
            try:
                prefix = "EXPLAIN ANALYZE" if statement.analyze else "EXPLAIN"
                found = cursor.execute(f"{prefix} {plan.sql}").fetchall()
            except duckdb.Error as error:
                raise failure(error) from error
        finally:
            cursor.close()
        root = str(self.context.s3_root)
        lines = "\n".join(row[-1] for row in found).replace(root + "/", "s3://").splitlines()
        return self._lines(document, lines, "UTILITY", "EXPLAIN", [_text_column("Query Plan")])

    def _create_view(self, document: dict, session: Session, statement: nodes.CreateView) -> Outcome:
        translated = self.translate(statement.query, session, [])
        self.hive.create_view(statement, session, list(zip(translated.names, translated.kinds, strict=True)))
        return self._lines(document, [], "DDL", "CREATE_VIEW")


def _text_column(name: str) -> dict:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": "string",
        "Precision": 0,
        "Scale": 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": False,
    }


def _parameter(text: str) -> nodes.Node:
    """An execution parameter as an expression: a literal as SQL writes it, or else a text.

    Athena takes values as SQL writes them (``'text'``, ``12``, ``DATE '2026-01-01'``); a value that is
    none of those, such as a
    bare word, is the text itself. https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
    """
    try:
        node = parse_expression(text)
    except StatementError:
        return nodes.String((1, 1), text)
    return nodes.String((1, 1), text) if _names_something(node) else node


def _names_something(node: nodes.Node) -> bool:
    from localaws.athena.analysis.expressions import children

    if isinstance(
        node,
        nodes.Identifier
        | nodes.Dereference
        | nodes.Parameter
        | nodes.Subquery
        | nodes.Exists
        | nodes.InQuery
        | nodes.Quantified,
    ):
        return True
    return any(_names_something(child) for child in children(node))
