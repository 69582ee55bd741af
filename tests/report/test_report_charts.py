"""The still pictures: their scales and ticks, and that nothing of the numbers is lost in them."""

import re
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logloom.report import charts

START = datetime(2026, 3, 1)


@given(st.integers(0, 10**12))
def test_scales_are_round_and_hold_the_most(most):
    top, ticks = charts.scale(most)
    assert top >= most and top == ticks[-1] and ticks[0] == 0
    assert 2 <= len(ticks) <= 6
    assert all(tick == int(tick) for tick in ticks)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2190, 1, 1)), st.integers(1, 60 * 24 * 365 * 30))
def test_ticks_are_in_order_and_few(start, minutes):
    start = start.replace(second=0, microsecond=0)
    ticks = charts.time_ticks(start, start + timedelta(minutes=minutes))
    places = [place for place, _, _ in ticks]
    assert places == sorted(places) and len(places) <= 10
    assert all(0 <= place < 1 for place in places)


@pytest.mark.parametrize(
    ("span", "held", "minutes"),
    [
        (timedelta(hours=1), 1, 1),
        (timedelta(days=1), 5, 15),
        (timedelta(days=30), 30, 360),
        (timedelta(days=396), 60, 10_080),
        (timedelta(days=4000), 180, 40_320),
    ],
)
def test_bars_are_made_of_whole_buckets(span, held, minutes):
    assert charts.bar_minutes(span, held) == minutes
    assert minutes % held == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 14 * 48 - 1), st.sampled_from(["INFO", "ERROR", "FATAL"]), st.integers(1, 10**9)
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 23),
)
def test_every_event_is_in_a_bar(rows, hours):
    start, end = START + timedelta(hours=hours), START + timedelta(days=15)
    frame = pd.DataFrame(
        [(START + timedelta(hours=hours, minutes=30 * n), level, events) for n, level, events in rows],
        columns=["bucket", "log_level", "events"],
    )
    bars = charts.by_level(frame, start, end, 30)
    assert sum(map(sum, bars.counts)) == frame["events"].sum()
    days = charts.errors_per_day(frame, start, end, 30)
    assert sum(map(sum, days.counts)) == frame.loc[frame["log_level"] != "INFO", "events"].sum()
    for drawn in (charts.draw_bars(bars), charts.draw_bars(days)):
        for x, width in re.findall(r'<rect class="\w+" x="([\d.]+)%" width="([\d.]+)%"', drawn):
            assert float(x) + float(width) <= 100.01


def test_days_without_events_are_gaps():
    frame = pd.DataFrame(
        {"bucket": [START, START + timedelta(days=3)], "log_level": ["ERROR", "ERROR"], "events": [2, 3]}
    )
    bars = charts.errors_per_day(frame, START, START + timedelta(days=4), 60)
    assert bars.counts[0] == [2, 0, 0, 3]
    assert bars.labels[0] == "Sun 2026-03-01"
    assert bars.present == ["ERROR"]


def test_titles_are_text():
    bars = charts.Bars(START, 60, START, START + timedelta(hours=1), ["INFO"], [[1]], '"><script>')
    assert "<script>" not in charts.draw_bars(bars)
