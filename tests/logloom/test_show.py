"""What notebooks show, and whether anybody looks."""

from __future__ import annotations

import pandas as pd
import pytest
from logloom import queries, settings, show


@pytest.mark.parametrize(
    ("environment", "live"),
    [
        ({}, False),
        ({"JPY_SESSION_NAME": "/work/notebooks/06_dashboard.ipynb"}, True),
        ({"VSCODE_PID": "42"}, True),
        ({"JPY_SESSION_NAME": "a notebook that calls `logloom run`", "LOGLOOM_HEADLESS": "1"}, False),
    ],
)
def test_is_live_only_where_somebody_looks(monkeypatch, environment, live):
    for name in ("JPY_SESSION_NAME", "VSCODE_PID", "LOGLOOM_HEADLESS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert show.is_live() is live


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    return shown


def test_accounts_tell_what_is_missing(displayed):
    counts = {
        f"lines_{name}": [number] for name, number in zip(show.COUNTS, (10, 4, 3, 1, 0, 0), strict=True)
    }
    show.accounts(pd.DataFrame({"source": ["<b>web</b>"], **counts}))
    assert "2 missing" in displayed[0]["text/html"]
    assert "&lt;b&gt;web" in displayed[0]["text/html"]
    assert displayed[0][show.ACCOUNTS] == [
        {"source": "<b>web</b>", **{name: n[0] for name, n in counts.items()}}
    ]


def test_accounts_of_nothing_new(displayed, capsys):
    show.accounts(pd.DataFrame())
    assert displayed == []
    assert capsys.readouterr().out == "No line was read: nothing was new.\n"


def test_table_leaves_unknown_values_empty_and_text_as_text(displayed):
    show.table(pd.DataFrame({"a": [None, "<i>"], "b": [pd.NaT, pd.NaT], "c": [1, 2]}), ["a", "b"])
    assert displayed[0]["text/html"].count("<td></td>") == 3
    assert "&lt;i&gt;" in displayed[0]["text/html"]
    assert "<th>c</th>" not in displayed[0]["text/html"]


def test_costs_are_what_athena_charges():
    result = queries.QueryResult(pd.DataFrame({"n": [1]}), "SELECT 1", (), 200_000_000, 1500, "id")
    row = show.costs(settings.load({}), {"mine": result}).loc["mine"]
    assert row.to_dict() == {"rows": 1, "scanned": "200.0 MB", "price": "$0.000911", "seconds": 1.5}


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2e6, "2.0 MB"), (3.21e12, "3.21 TB")]
)
def test_size(count, text):
    assert show.size(count) == text
