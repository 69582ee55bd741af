"""Filters from the browser: understood, or refused in a sentence."""

from datetime import datetime, timedelta

import pytest
from logloom.dashboard.palette import LEVELS
from logloom.dashboard.view import BUCKETS, LONGEST_TEXT, MOST_BARS, BadView, View

STORE = {"start": "2026-03-01 00:00:00", "end": "2026-03-08 00:00:00", "levels": ["FATAL", "ERROR"]}


def test_reads_a_store():
    view = View.from_store(
        STORE
        | {
            "sources": ["b", "a"],
            "status_classes": ["5xx"],
            "text": " x ",
            "include": [["url_path", "/"], ["url_path", None]],
        }
    )
    assert view.start == datetime(2026, 3, 1)
    assert view.levels == ("ERROR", "FATAL")
    assert view.sources == ("a", "b")
    assert view.text == "x"
    assert view.include == (("url_path", None), ("url_path", "/"))
    assert view.before == datetime(2026, 2, 22)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"levels": ["LOUD"]}, "LOUD"),
        ({"levels": "ERROR"}, "list"),
        ({"start": "yesterday"}, "from"),
        ({"start": None}, "from"),
        ({"end": "2026-03-08T00:00:00+01:00"}, "to"),
        ({"end": "9999-01-01"}, "to"),
        ({"end": "2026-02-01"}, "ends"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "shorten"),
        ({"text": ["x"]}, "shorten"),
        ({"sources": ["s"] * 51}, "at most"),
        ({"sources": [1]}, "not a text"),
        ({"status_classes": ["6xx"]}, "6xx"),
        ({"include": [["1=1; DROP TABLE logs", "x"]]}, "column"),
        ({"include": [["url_path"]]}, "column"),
        ({"include": [["url_path", 7]]}, "text"),
        ({"include": [["http_response_status_code", "1 OR 1=1"]]}, "number"),
        ({"exclude": "url_path"}, "filters"),
    ],
)
def test_refuses_what_it_does_not_know(change, word):
    with pytest.raises(BadView, match=word):
        View.from_store(STORE | change)


@pytest.mark.parametrize("store", [None, [], "x", 3])
def test_refuses_what_is_no_store(store):
    with pytest.raises(BadView):
        View.from_store(store)


@pytest.mark.parametrize(
    ("span", "minutes"),
    [
        (timedelta(minutes=30), 1),
        (timedelta(hours=2), 1),
        (timedelta(hours=6), 5),
        (timedelta(hours=24), 15),
        (timedelta(days=7), 120),
        (timedelta(days=30), 360),
        (timedelta(days=90), 1440),
        (timedelta(days=3650), 1440),
    ],
)
def test_bucket_follows_the_span(span, minutes):
    view = View(start=datetime(2026, 3, 1), end=datetime(2026, 3, 1) + span)
    assert view.bucket_minutes == minutes
    assert span / timedelta(minutes=minutes) <= MOST_BARS or minutes == BUCKETS[-1]


def test_every_bucket_divides_a_day():
    assert all(1440 % width == 0 for width in BUCKETS)


def test_rollup_knows_what_it_has():
    view = View(start=datetime(2026, 3, 1), end=datetime(2026, 3, 2))
    assert view.rollup_knows
    assert View(view.start, view.end, include=(("source", "a"),)).rollup_knows
    assert not View(view.start, view.end, text="x").rollup_knows
    assert not View(view.start, view.end, exclude=(("url_path", "/"),)).rollup_knows
    assert view.levels == LEVELS
