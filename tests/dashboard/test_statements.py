"""SQL of the dashboard: values only as parameters, filters that mean what they say."""

import re
from datetime import datetime, timedelta

import pandas as pd
import pytest
import sqlglot
from fake_athena import END, FakeAthena, tables
from logloom.dashboard import statements
from logloom.dashboard.view import EVENT_COLUMNS, View

WHOLE = View(start=END - timedelta(days=14), end=END)
EVIL = "x') OR 1=1 --"


@pytest.fixture(scope="module")
def frames():
    return tables()


@pytest.fixture(scope="module")
def athena(frames):
    return FakeAthena(frames)


def run(athena, statement):
    return athena.sql(statement.sql, statement.parameters)


def test_bind_passes_over_quotes_and_comments(monkeypatch):
    monkeypatch.setattr(
        statements,
        "text",
        lambda name: "SELECT ':a', \":a\" -- :a\n/* :a */ WHERE b IN (:b) AND a = :a",
    )
    bound = statements.bind("any", {"a": 1, "b": ["x", "y"]})
    assert bound.sql == "SELECT ':a', \":a\" -- :a\n/* :a */ WHERE b IN (?, ?) AND a = ?"
    assert bound.parameters == ("x", "y", 1)


def test_bind_wants_every_value():
    with pytest.raises(KeyError, match="start"):
        statements.bind("overview", {})


def every_statement(view):
    yield statements.overview(view)
    yield statements.events(view)
    yield statements.events(view, after=["2026-03-14 10:00:00.123", EVIL, 3])
    yield statements.top(view, "url_path")
    if view.rollup_knows:
        yield statements.top(view, "source")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"levels": ()},
        {"levels": ("ERROR",), "sources": (EVIL,)},
        {"text": EVIL},
        {"text": EVIL, "regex": True},
        {"include": tuple((column, "7") for column in EVENT_COLUMNS)},
        {"exclude": (("url_path", EVIL), ("url_path", None), ("source", EVIL))},
        {"status_classes": ("4xx", "5xx")},
    ],
)
def test_values_go_in_as_parameters_and_the_sql_is_athenas(change):
    view = View(start=WHOLE.start, end=WHOLE.end, **change)
    for statement in every_statement(view):
        assert EVIL not in statement.sql
        placeholders = re.sub(r"--.*|/\*.*?\*/", "", statement.sql).count("?")
        assert placeholders == len(statement.parameters)
        assert all(isinstance(value, (str, int)) for value in statement.parameters)
        assert len(sqlglot.parse(statement.sql, read="athena")) == 1
        assert not re.search(r"(?<!:):[a-z]|/\* (filters|after|column) \*/", statement.sql)


def test_overview_counts_every_event_once(athena, frames):
    frame = run(athena, statements.overview(WHOLE))
    counts = frames["log_counts"]
    assert frame["events"].sum() == counts["events"].sum()
    by_level = frame.groupby("log_level")["events"].sum().to_dict()
    assert by_level == counts.groupby("log_level")["events"].sum().to_dict()


@pytest.mark.parametrize("hours", [1, 5, 26, 24 * 8])
def test_overview_buckets(athena, frames, hours):
    view = View(start=END - timedelta(hours=hours), end=END)
    frame = run(athena, statements.overview(view))
    counts = frames["log_counts"]
    inside = counts[counts["minute"] >= view.start]
    wanted = inside.groupby([inside["minute"].dt.floor(f"{view.bucket_minutes}min"), "log_level"])[
        "events"
    ].sum()
    got = frame[frame["bucket"].notna()].set_index(["bucket", "log_level"])["events"]
    assert got.astype(int).to_dict() == wanted.to_dict()


def test_overview_has_the_period_before_in_one_row_a_level(athena, frames):
    view = View(start=END - timedelta(days=3), end=END)
    before = run(athena, statements.overview(view)).query("bucket.isna()")
    counts = frames["log_counts"]
    wanted = counts[(counts["minute"] >= view.before) & (counts["minute"] < view.start)]
    assert (
        before.set_index("log_level")["events"].to_dict()
        == wanted.groupby("log_level")["events"].sum().to_dict()
    )


def test_rollup_and_events_agree_on_kept_levels(athena):
    rollup = run(athena, statements.overview(WHOLE)).query("log_level in ('WARNING', 'ERROR', 'FATAL')")
    # A path that no event has: all of them are left, and the rollup cannot answer.
    other = View(start=WHOLE.start, end=WHOLE.end, exclude=(("url_path", "/no such path"),))
    kept = run(athena, statements.overview(other))
    columns = ["bucket", "log_level", "events"]
    pd.testing.assert_frame_equal(
        rollup[columns].reset_index(drop=True), kept[columns].reset_index(drop=True), check_dtype=False
    )


FILTERS = {
    "sources": ({"sources": ("api_access",)}, lambda f: f["source"] == "api_access"),
    "levels": ({"levels": ("FATAL",)}, lambda f: f["log_level"] == "FATAL"),
    "status": (
        {"status_classes": ("4xx",)},
        lambda f: f["http_response_status_code"].between(400, 499).fillna(False),
    ),
    "include": (
        {"include": (("url_path", "/cart"), ("url_path", "/login"))},
        lambda f: f["url_path"].isin(["/cart", "/login"]),
    ),
    "include none": ({"include": (("url_path", None),)}, lambda f: f["url_path"].isna()),
    "exclude": ({"exclude": (("url_path", "/cart"),)}, lambda f: f["url_path"] != "/cart"),
    "exclude none": ({"exclude": (("url_path", None),)}, lambda f: f["url_path"].notna()),
    "text": ({"text": "RETRYING"}, lambda f: f["message"].fillna("").str.contains("retrying")),
    "text is no pattern": ({"text": "%"}, lambda f: f["message"].fillna("").str.contains("%", regex=False)),
    "regex": (
        {"text": "order [0-9]+$", "regex": True},
        lambda f: f["message"].fillna("").str.contains(r"order [0-9]+$"),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_mean_what_they_say(athena, frames, name):
    change, chosen = FILTERS[name]
    view = View(start=WHOLE.start, end=WHOLE.end, **change)
    frame = run(athena, statements.events(view, rows=100_000))
    logs = frames["logs"]
    wanted = logs[chosen(logs)]
    assert 0 < len(wanted) < len(logs)
    assert set(frame["log_file_line"]) == set(wanted["log_file_line"])


def test_pages_by_key_give_every_event_once_newest_first(athena, frames):
    seen, after = [], None
    while True:
        page = run(athena, statements.events(WHOLE, after=after, rows=70))
        if page.empty:
            break
        seen.append(page)
        after = page.iloc[-1][["timestamp", "log_file_path", "log_file_line"]].tolist()
    everything = pd.concat(seen)
    assert everything["log_file_line"].is_unique
    assert len(everything) == len(frames["logs"])
    assert everything["timestamp"].is_monotonic_decreasing


def test_a_page_further_back_opens_no_later_day():
    statement = statements.events(WHOLE, after=["2026-03-05 10:00:00", "s3://a", 1])
    assert "2026-03-05" in statement.parameters
    assert "2026-03-14" not in statement.parameters


def test_the_end_is_excluded():
    view = View(start=datetime(2026, 3, 1), end=datetime(2026, 3, 2))
    parameters = statements.top(view, "source").parameters
    assert "2026-03-01" in parameters
    assert "2026-03-02" not in parameters


def test_only_known_columns_are_grouped_by():
    with pytest.raises(ValueError, match="1; DROP"):
        statements.top(WHOLE, "1; DROP")


def test_what_the_rollup_does_not_know_is_asked_of_the_events():
    assert "FROM log_counts" in statements.top(WHOLE, "source").sql
    assert "FROM logs" in statements.top(WHOLE, "url_path").sql
