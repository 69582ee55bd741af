"""Queries are files of Athena's SQL, and values reach them as execution parameters alone."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from logloom import queries, settings
from logloom.errors import InputError

CHOSEN = settings.load({})
ALL = [*queries.names(), *queries._check_names()]


@pytest.mark.parametrize("name", ALL)
def test_every_query_is_one_statement_of_athena_that_says_what_it_is_for(name):
    sql = queries.text(name)
    assert sql.startswith("-- ")
    bound, _ = queries.bind(sql, dict.fromkeys(queries.parameters(sql), "x"))
    assert len(sqlglot.parse(bound, dialect="athena")) == 1
    assert not bound.rstrip().endswith(";")


@pytest.mark.parametrize("name", ALL)
def test_every_query_can_be_run_with_what_the_settings_say(name):
    asked = set(queries.parameters(queries.text(name)))
    known = {*queries.DEFAULTS, "start_date", "end_date", "source"}
    given_by_checks = {"several", "latest", "kept_from"} if name.startswith("checks/") else set()
    assert asked <= known | given_by_checks


@pytest.mark.parametrize("name", queries.names())
def test_every_query_of_a_partitioned_table_prunes_by_date(name):
    sql = re.sub(r"--[^\n]*", "", queries.text(name))
    for table in re.findall(r"(?:FROM|JOIN)\s+(logs|log_counts|log_rejects)\b", sql):
        assert "dt BETWEEN :start_date AND :end_date" in sql, table


def test_placeholders_in_texts_comments_and_names_are_none():
    sql = """SELECT ':no', "a:no", x -- :no 'it''s
    /* :no */ FROM t WHERE y = :yes AND z IN (:many) AND '12:30' <> :yes"""
    assert queries.parameters(sql) == ["yes", "many"]
    bound, positional = queries.bind(sql, {"yes": "a", "many": [1, 2]})
    assert bound.count("?") == 4
    assert positional == ["'a'", "1", "2", "'a'"]
    assert ":no" in bound


def test_an_empty_list_matches_nothing():
    assert queries.bind("x IN (:many)", {"many": []}) == ("x IN (NULL)", [])


def test_a_missing_value_is_told():
    with pytest.raises(InputError, match="needs a value for 'day'"):
        queries.bind("x = :day", {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("it's", "'it''s'"),
        ("\\' OR 1=1 --", "'\\'' OR 1=1 --'"),
        (5, "5"),
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        (0.1, "0.1e0"),
        (1e300, "1e+300"),
        (datetime.date(2025, 12, 22), "'2025-12-22'"),
        (datetime.datetime(2025, 12, 22, 1, 2, 3), "'2025-12-22 01:02:03.000000'"),
        (
            datetime.datetime(2025, 12, 22, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            "'2025-12-21 23:00:00.000000'",
        ),
    ],
)
def test_values_become_literals(value, expected):
    assert queries.literal(value) == expected


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), b"x", {"a": 1}, object()])
def test_what_is_no_value_is_refused(value):
    with pytest.raises(InputError, match="cannot be a value in a query"):
        queries.literal(value)


def test_a_value_longer_than_athena_takes_is_refused():
    with pytest.raises(InputError, match="shorten it"):
        queries.literal("x" * 1023)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_ends_its_literal(text):
    literal = queries.literal(text)
    assert literal[0] == literal[-1] == "'"
    assert "'" not in literal[1:-1].replace("''", "")
    assert literal[1:-1].replace("''", "'") == text


def test_an_unknown_query_or_parameter_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"no query 'error_per_day'; did you mean 'errors_per_day'"):
        queries.run(CHOSEN, "error_per_day")
    with pytest.raises(InputError, match=r"no query '\.\./settings'"):
        queries.run(CHOSEN, "../settings")
    with pytest.raises(InputError, match=r"has no parameter 'level'; did you mean 'levels'"):
        queries.run(CHOSEN, "timeline", level="ERROR")


def test_the_price_is_by_the_megabyte_and_at_least_ten():
    def result(scanned):
        return queries.QueryResult(None, "", (), scanned, 0, "")

    ten_megabytes = 10 * 2**20 / 2**40 * 5.0
    assert queries.price(CHOSEN, 1) == pytest.approx(ten_megabytes)
    assert queries.price(CHOSEN, result(0)) == 0
    assert queries.price(CHOSEN, result(11 * 2**20 + 1)) == pytest.approx(1.2 * ten_megabytes)
    assert queries.price(CHOSEN, [result(1), result(1)]) == pytest.approx(2 * ten_megabytes)
    assert queries.price(CHOSEN.model_copy(update={"price_per_tb": 0.0}), 2**50) == 0
