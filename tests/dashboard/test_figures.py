"""What is on a chart equals its frame."""

from datetime import datetime, timedelta

import pandas as pd
import pytest
from logloom.dashboard import figures
from logloom.dashboard.palette import LEVEL_COLOURS

START, END = datetime(2026, 3, 1), datetime(2026, 3, 4)


@pytest.fixture
def overview():
    rows = [
        (None, "INFO", 999),
        ("2026-03-01 00:00", "INFO", 10),
        ("2026-03-01 06:00", "ERROR", 2),
        ("2026-03-01 12:00", "ERROR", 3),
        ("2026-03-02 00:00", "FATAL", 1),
        ("2026-03-03 18:00", "INFO", 5),
    ]
    frame = pd.DataFrame(rows, columns=["bucket", "log_level", "events"])
    return frame.assign(bucket=pd.to_datetime(frame["bucket"]))


def bars(figure):
    return {
        (trace.name, pd.Timestamp(x)): int(y)
        for trace in figure.data
        for x, y in zip(trace.x, trace.y, strict=True)
    }


def test_events_over_time_shows_the_frame(overview):
    figure = figures.events_over_time(overview, START, END, 360)
    middle = timedelta(hours=3)
    assert bars(figure) == {
        ("INFO", pd.Timestamp("2026-03-01 00:00") + middle): 10,
        ("ERROR", pd.Timestamp("2026-03-01 06:00") + middle): 2,
        ("ERROR", pd.Timestamp("2026-03-01 12:00") + middle): 3,
        ("FATAL", pd.Timestamp("2026-03-02 00:00") + middle): 1,
        ("INFO", pd.Timestamp("2026-03-03 18:00") + middle): 5,
    }
    assert [trace.name for trace in figure.data] == ["INFO", "ERROR", "FATAL"]
    assert all(trace.marker.color == LEVEL_COLOURS[trace.name] for trace in figure.data)
    assert all(trace.width == 360 * 60_000 for trace in figure.data)
    assert list(figure.layout.xaxis.range) == ["2026-03-01 00:00:00", "2026-03-04 00:00:00"]


def test_events_over_time_shows_the_chosen_levels_only(overview):
    figure = figures.events_over_time(overview, START, END, 360, ("FATAL",))
    assert [trace.name for trace in figure.data] == ["FATAL"]


def test_errors_per_day_adds_up_buckets(overview):
    figure = figures.errors_per_day(overview, START, END)
    noon = timedelta(hours=12)
    assert bars(figure) == {("ERROR", START + noon): 5, ("FATAL", START + timedelta(days=1) + noon): 1}


def test_axis_of_days_holds_every_day(overview):
    figure = figures.errors_per_day(overview, START, END - timedelta(hours=1))
    assert list(figure.layout.xaxis.range) == ["2026-03-01 00:00:00", "2026-03-04 00:00:00"]
    assert list(figure.layout.xaxis.ticktext) == ["1 Mar", "2 Mar", "3 Mar"]


def test_empty_frames_give_empty_figures(overview):
    nothing = overview.iloc[:0]
    assert not figures.events_over_time(nothing, START, END, 60).data
    assert not figures.errors_per_day(nothing, START, END).data


def test_heat_map_puts_every_count_in_its_place():
    frame = pd.DataFrame({"weekday": [1, 7, 7], "hour": [0, 23, 23], "events": [4, 5, 6]})
    (trace,) = figures.heat_map(frame).data
    assert trace.z.sum() == 15
    assert trace.z[0][0] == 4
    assert trace.z[6][23] == 11


def test_top_values_shows_hostile_text_as_text():
    evil = "<a href='javascript:alert(1)'>x</a>"
    frame = pd.DataFrame({"value": [evil, None], "events": [5, 2], "errors": [1, 0]})
    figure = figures.top_values(frame, "Paths")
    assert list(figure.layout.yaxis.ticktext) == ["&lt;a href='javascript:alert(1)'&gt;x&lt;/a&gt;", "(none)"]
    assert "<a" not in figure.to_json().replace("\\u003c", "<")
    assert [list(trace.x) for trace in figure.data] == [[1, 0], [4, 2]]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1, "1 minute"), (15, "15 minutes"), (60, "1 hour"), (360, "6 hours"), (1440, "1 day")],
)
def test_width_in_words(minutes, words):
    assert figures.width_in_words(minutes) == words


def test_figures_need_no_net(overview):
    text = figures.events_over_time(overview, START, END, 60).to_json()
    assert "http" not in text
