"""What a panel shows of an answer."""

import json
from datetime import datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from fake_athena import HOSTILE
from logloom.dashboard import components as c
from logloom.dashboard import panels
from logloom.dashboard.data import Answer, Trouble
from logloom.dashboard.view import View

VIEW = View(start=datetime(2026, 3, 1), end=datetime(2026, 3, 2), levels=("ERROR", "WARNING"))


def as_text(component) -> str:
    return json.dumps(
        component,
        default=lambda part: part.to_plotly_json() if hasattr(part, "to_plotly_json") else str(part),
    )


def test_sums_and_changes():
    frame = pd.DataFrame(
        {
            "bucket": pd.to_datetime([None, None, "2026-03-01", "2026-03-01", "2026-03-01"]),
            "log_level": ["ERROR", "INFO", "ERROR", "INFO", "WARNING"],
            "events": [1, 99, 4, 95, 1],
            "bytes": [10, 0, 40, 5, None],
        }
    )
    now, before = (panels.sums(frame, VIEW, before=b) for b in (False, True))
    assert now == {"events": 5, "errors": 4, "all": 100, "rate": 0.04, "bytes": 40}
    assert before["errors"] == 1
    assert panels.tile_values(now) == ("5", "4", "4.0 %", "40 B")
    events, errors, rate, _ = map(as_text, panels.tile_changes(now, before))
    assert "+400 %" in events
    assert "bad" in errors
    assert "+3.0 points" in rate


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999_999, "999,999"), (1_234_567, "1.23 M"), (7_500_000_000, "7.50 G")]
)
def test_count(number, text):
    assert c.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (12_345, "12.3 KB"), (123_456, "123 KB"), (5e6, "5.0 MB"), (7e15, "7000 TB")],
)
def test_size(number, text):
    assert c.size(number) == text


def test_visible_shows_what_would_act():
    assert c.visible("\x1b[31m\u202egpj.exe\ufeff\x00") == "\\x1b[31m\\u202egpj.exe\\ufeff\\x00"
    assert c.visible("tab\there\nnext äöü 漢字 🙂") == "tab\there\nnext äöü 漢字 🙂"


def test_grid_rows_are_short_and_keyed():
    row = {
        "timestamp": pd.Timestamp("2026-03-01 10:00:00.123456"),
        "log_level": "ERROR",
        "source": "a",
        "message": "x" * 1_000_000,
        "url_path": None,
        "url_query": None,
        "http_response_status_code": pd.NA,
        "log_file_path": "s3://b/\u202e.log",
        "log_file_line": 7,
    }
    (shown,) = panels.grid_rows(pd.DataFrame([row]))
    assert len(shown["text"]) == panels.LONGEST_CELL + 1
    assert len(json.dumps(shown)) < 3000
    assert shown["key"] == ["2026-03-01 10:00:00.123456", "s3://b/\u202e.log", 7]
    assert shown["http_response_status_code"] is None


def test_known_range():
    frame = pd.DataFrame(
        {
            "first_event": pd.to_datetime(["2026-03-01 10:00:30", None]),
            "last_event": pd.to_datetime(["2026-03-05 11:00:30", None]),
            "committed_at": pd.to_datetime(["2026-03-06", "2026-03-07"]),
        }
    )
    start, end, newest, loaded = panels.known_range(frame, "", "")
    assert (start, end) == (datetime(2026, 3, 1, 10), datetime(2026, 3, 5, 11, 1))
    assert newest == datetime(2026, 3, 5, 11, 0, 30)
    assert loaded == datetime(2026, 3, 7)
    start, end, _, _ = panels.known_range(frame, "2026-03-02", "2026-03-03")
    assert (start, end) == (datetime(2026, 3, 2), datetime(2026, 3, 4))
    with pytest.raises(Trouble, match="2026-03-01 to 2026-03-05"):
        panels.known_range(frame, "2026-04-01", "")
    with pytest.raises(Trouble, match="03_transform"):
        panels.known_range(frame.iloc[1:], "", "")


@pytest.mark.parametrize(
    ("change", "all_levels", "words"),
    [
        ({"levels": ()}, 5, "No level chosen"),
        ({}, 5, "5 events of other levels"),
        ({"sources": ("a",)}, 0, "widen them"),
        ({"text": "x"}, 0, "kept no INFO"),
        ({}, 0, "Choose another range"),
    ],
)
def test_an_empty_result_says_why(change, all_levels, words):
    view = View(start=VIEW.start, end=VIEW.end, **{"levels": VIEW.levels, **change})
    assert words in as_text(panels.nothing(view, all_levels, ("INFO",)))


def test_accounts_table_shows_what_is_not_accounted_for():
    row = {f"lines_{name}": 1 for name in ("kept", "dropped", "rejected", "joined", "blank")}
    row |= {"source": "a", "objects": 2, "lines_read": 7, "last_event": None, "committed_at": None}
    assert "2 lines are not accounted for" in as_text(panels.accounts_table(pd.DataFrame([row])))
    row["lines_read"] = 5
    assert "every line is accounted for" in as_text(panels.accounts_table(pd.DataFrame([row])))


def test_a_note_tells_the_query_and_its_price():
    answer = Answer(
        pd.DataFrame(), "SELECT ?\nFROM logs", ("x'); import os",), 3_000_000, 0.00005, 0.084, False
    )
    text = as_text(c.note("events", answer))
    assert "SELECT ?" in text
    summary = c.note("events", answer).children[0].children
    assert summary == "3.0 MB · $0.00005 · 84 ms"


def test_a_copied_cell_asks_the_same_whatever_the_value():
    for value in [*HOSTILE, "'''", '"""', "\\", "x\n'"]:
        answer = Answer(pd.DataFrame(), f"SELECT ? -- {value!r}", (value, 3), 0, 0.0, 0.1, True)
        seen = {}

        class Queries:
            @staticmethod
            def run_sql(settings, sql, parameters, seen=seen):
                seen.update(sql=sql, parameters=parameters)
                return SimpleNamespace(frame=None)

        code = c.notebook_cell(answer).replace("from logloom import queries\n", "")
        exec(compile(code, "cell", "exec"), {"queries": Queries, "settings": None})
        assert seen == {"sql": answer.sql, "parameters": [value, 3]}
        assert code.isascii()


def test_usual_range_does_not_hide_most_of_the_lines():
    def chosen(days_ago: list[int], lines: list[int]) -> str:
        end = datetime(2026, 11, 1)
        last = [end - timedelta(days=days) for days in days_ago]
        frame = pd.DataFrame({"last_event": last, "lines_read": lines})
        return panels.usual_range(frame, end - timedelta(days=400), end)

    assert chosen([0, 1], [100, 900]) == "30d"
    assert chosen([0, 300], [600, 400]) == "30d"
    assert chosen([0, 300], [1, 999]) == "all"
    assert panels.usual_range(pd.DataFrame(), datetime(2026, 10, 1), datetime(2026, 11, 1)) == "all"
