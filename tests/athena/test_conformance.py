"""Athena's SQL against known answers: the cases are in conformance.txt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from localaws.athena import results
from localaws.athena.analysis.literals import Session
from localaws.athena.analysis.queries import Translator
from localaws.athena.catalog import CatalogTables
from localaws.athena.engine import Engine, failure
from localaws.athena.errors import StatementError
from localaws.athena.result_file import _row
from localaws.athena.sql.queries import parse
from localaws.glue.catalog import Catalog
from localaws.store import Store

_QUERY = ("SELECT ", "WITH ", "VALUES ", "TABLE ", "FROM ", "COPY ", "ATTACH ", "PRAGMA ", "(SELECT ")


def cases() -> list:
    found, chapter = [], ""
    for line in (Path(__file__).parent / "conformance.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            chapter = line[3:]
        elif line and not line.startswith("#"):
            sql, _, expected = line.rpartition(" => ")
            query = sql if sql.startswith(_QUERY) else f"SELECT {sql}"
            found.append(pytest.param(query, expected, id=f"{chapter}: {sql}"))
    return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("engine")
    engine = Engine(root / "s3", root / "work")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> CatalogTables:
    catalog = Catalog(Store(tmp_path_factory.mktemp("catalog") / "state.db"), "123456789012", "us-east-1")
    catalog.create_database(DatabaseInput={"Name": "default"})
    return CatalogTables(catalog)


def answer(sql: str, engine: Engine, tables: CatalogTables) -> str:
    """What a query gives, written as the cases write it."""
    try:
        statement, _ = parse(sql)
        session = Session("default", datetime(2026, 1, 2, 3, 4, 5, 678000))
        translated = Translator(tables, session).translate(statement.query)
        try:
            lines = engine.cursor().execute(results.as_lines(translated.sql, translated.kinds)).fetchall()
        except duckdb.Error as error:
            raise failure(error) from error
    except StatementError as error:
        return f"!{error.reason}"
    rows = [_row((line + "\n").encode(), 0)[0] for (line,) in lines]
    return " ; ".join(" | ".join("NULL" if v is None else v for v in row) for row in rows)


@pytest.mark.parametrize(("sql", "expected"), cases())
def test_a_known_answer(sql, expected, engine, tables):
    found = answer(sql, engine, tables)
    if expected.startswith("!") and ": " not in expected:
        found = found.split(":")[0]

    assert (found or "''") == expected


def test_there_are_enough_cases():
    assert len(cases()) >= 1000
