"""Spikes: far above the same hour of the days before, and nothing said where too little is known."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from logloom.dashboard import figures, spikes

START = datetime(2026, 3, 1)


def history(days: int, seed: int = 1, minutes: int = 60) -> pd.DataFrame:
    """Days of the same shape: 100 events an hour at noon, few at night."""
    rng = np.random.default_rng(seed)
    buckets = pd.date_range(START, START + timedelta(days=days), freq=f"{minutes}min", inclusive="left")
    usual = 55 - 45 * np.cos(buckets.hour / 24 * 2 * np.pi)
    return pd.DataFrame({"bucket": buckets, "events": rng.poisson(usual), "errors": rng.poisson(usual / 20)})


def test_finds_a_spike_and_only_that():
    frame = history(12)
    at = datetime(2026, 3, 11, 15)
    frame.loc[frame["bucket"] == at, "events"] = 600
    found = spikes.find(frame, START, START + timedelta(days=12), 60)
    assert found["bucket"].tolist() == [pd.Timestamp(at)]
    assert found["count"].item() == 600
    assert found["kind"].item() == "events"
    assert 60 < found["usual"].item() < 110
    assert found["days"].item() == 10
    assert found.attrs["judged"]


@pytest.mark.parametrize("seed", range(20))
def test_ordinary_days_have_none(seed):
    assert spikes.find(history(12, seed), START, START + timedelta(days=12), 60).empty


def test_a_busy_hour_every_day_is_no_spike():
    frame = history(12)
    frame.loc[frame["bucket"].dt.hour == 3, "events"] = 900
    assert spikes.find(frame, START, START + timedelta(days=12), 60).empty


def test_too_few_days_are_not_judged():
    frame = history(4)
    frame.loc[50, "events"] = 10_000
    found = spikes.find(frame, START, START + timedelta(days=4), 60)
    assert found.empty
    assert not found.attrs["judged"]
    assert not spikes.find(frame.iloc[:0], START, START + timedelta(days=4), 60).attrs["judged"]


def test_only_the_range_is_judged():
    frame = history(12)
    frame.loc[frame["bucket"] == datetime(2026, 3, 8, 3), "events"] = 900
    assert spikes.find(frame, datetime(2026, 3, 9), START + timedelta(days=12), 60).empty


def test_hours_without_events_count_as_none():
    frame = history(12)
    night = frame["bucket"].dt.hour == 2
    last = frame["bucket"] == datetime(2026, 3, 12, 2)
    frame = frame[~night | last]
    frame.loc[last, "events"] = 40
    found = spikes.find(frame, START, START + timedelta(days=12), 60)
    assert found["bucket"].tolist() == [pd.Timestamp(2026, 3, 12, 2)]
    assert found["usual"].item() == 0


def test_marks_stand_on_the_bars():
    frame = pd.DataFrame(
        {
            "bucket": pd.to_datetime(["2026-03-11 15:15", "2026-03-11 15:30"]),
            "log_level": "INFO",
            "events": [5, 300],
        }
    )
    figure = figures.events_over_time(frame, datetime(2026, 3, 11), datetime(2026, 3, 12), 15)
    rows = [(pd.Timestamp("2026-03-11 15:00"), "events", 305, 40.0, 33.0, 9)]
    figures.mark_spikes(
        figure, pd.DataFrame(rows, columns=["bucket", "kind", "count", "usual", "score", "days"]), 60
    )
    (mark,) = figure.layout.annotations
    assert mark.x == "2026-03-11 15:37:30"
    assert mark.y == 300
    assert "305 events, usually 40" in mark.hovertext


def test_a_spike_of_errors_within_ordinary_traffic():
    frame = history(12)
    at = frame["bucket"] == datetime(2026, 3, 11, 12)
    frame.loc[at, "errors"] = 60
    found = spikes.find(frame, START, START + timedelta(days=12), 60)
    assert found[["kind", "count"]].to_numpy().tolist() == [["errors", 60]]
