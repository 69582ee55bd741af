"""CSV of events: every text comes back as text, and none is a formula."""

import csv
import io

import pandas as pd
import pytest
from fake_athena import HOSTILE
from logloom.dashboard import export


def read(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\r=1",
        "|x",
        "%0a=1",
        "＝1",
        "－1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_what_would_be_a_formula_begins_with_an_apostrophe(text):
    head, row = read(export.to_csv(pd.DataFrame({"message": [text]})))
    assert head == ["message"] and row[0].startswith("'")


def test_other_texts_numbers_and_times_stay():
    frame = pd.DataFrame(
        {
            "timestamp": pd.to_datetime(["2026-03-14 10:00:00.125"]),
            "message": ['a "quoted", text\nof two lines'],
            "n": pd.array([-5], dtype="Int64"),
            "path": ["/a=b"],
            "none": pd.Series([None], dtype=object),
        }
    )
    assert read(export.to_csv(frame))[1] == [
        "2026-03-14 10:00:00.125",
        'a "quoted", text\nof two lines',
        "-5",
        "/a=b",
        "",
    ]


def test_hostile_lines_do_nothing_in_a_cell():
    rows = read(export.to_csv(pd.DataFrame({"message": HOSTILE})))[1:]
    assert [len(row) for row in rows] == [1] * len(HOSTILE)
    assert not any(set("\x1b\u202e") & set(row[0]) or row[0][0] in "=+-@" for row in rows)
    assert len(export.cell("x" * 1_000_000)) == export.LONGEST_CELL + 1
