"""Patterns: what is masked, what is grouped, and how two periods compare."""

from __future__ import annotations

import random
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logloom import patterns


def counted(*texts, events=1) -> pd.DataFrame:
    return pd.DataFrame({"text": list(texts), "events": events})


def found(*texts, kind="message") -> list[str]:
    return patterns.find(counted(*texts), kind=kind).table["pattern"].to_list()


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("took 12ms, 3.5 s left", "took <duration>, <number> s left"),
        ("from 10.0.0.1:8080 refused", "from <address> refused"),
        ("from 2001:db8::1 and fe80:0:0:0:1:2:3:4", "from <address> and <address>"),
        ("std::bad_alloc at 0x7fff12", "std::bad_alloc at <hex>"),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id <uuid>"),
        ("commit 3f2a9c1d8e7b", "commit <hex>"),
        ("a face added", "a face added"),
        ("mail to jo.doe+x@example.co.uk", "mail to <mail>"),
        ("at 2026-01-02T03:04:05.123+01:00 and 03:04:05", "at <time> and <time>"),
        ('say "hello \\" you" now', "say <quoted> now"),
        ("can't open 'a b', won't", "can't open <quoted>, won't"),
        ("thread-7 stopped", "thread-<number> stopped"),
        ("\x1b[31mred\x1b[0m alert", "red alert"),
        ("first\n  at second", "first"),
    ],
)
def test_what_varies_is_named(text, pattern):
    assert found(text) == [pattern]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", "/"),
        ("/users/12/edit?next=1#top", "/users/<number>/edit"),
        ("/static/app.1f3a5b7c9d.js", "/static/app.<hex>.js"),
        ("/a b/c", "/a%20b/c"),
        ("/.env", "/.env"),
    ],
)
def test_paths_keep_their_shape(path, pattern):
    assert found(path, kind="path") == [pattern]


def test_words_that_vary_become_one_pattern():
    table = patterns.find(counted("user bob logged in", "user eve logged in", "disk is full")).table
    assert table["pattern"].to_list() == ["user <*> logged in", "disk is full"]
    assert table["events"].to_list() == [2, 1]
    assert table["share"].sum() == pytest.approx(1)
    assert found("/users/list", "/orders/list", kind="path") == ["/orders/list", "/users/list"]


def test_the_example_is_the_most_frequent_text_whole():
    texts = pd.DataFrame({"text": ["took 1 s\nmore", "took 2 s"], "events": [5, 2]})
    assert patterns.find(texts).table.loc[0, ["events", "texts", "example"]].to_list() == [
        7,
        1,
        "took 1 s\nmore",
    ]


def test_nothing_gives_no_rows_of_the_same_columns():
    nothing = patterns.find(counted(None, ""))
    assert nothing.table.empty and nothing.events == 0
    assert {"key", "pattern", "events", "share", "example"} <= set(nothing.table)
    assert patterns.compare(counted(), counted()).table.empty


def test_new_and_gone_patterns_are_told():
    now = counted("user bob logged in", "disk 3 is full", events=4)
    before = counted("user eve logged in", "cache 7 cold", events=2)
    table = patterns.compare(now, before).table.set_index("pattern")
    assert table["status"].to_dict() == {
        "user <*> logged in": "",
        "disk <number> is full": "new",
        "cache <number> cold": "gone",
    }
    assert table.loc["user <*> logged in", ["events", "events_before"]].to_list() == [4, 2]
    assert table.loc["cache <number> cold", "example"] == "cache 7 cold"


@pytest.mark.parametrize(
    "text",
    [
        "user bob logged in from 10.0.0.1:80",
        "weird (x) [y] $1 a+b*c | d.e \\ ^ {2}",
        'say "hello you" after 1.5s at 0x7f and 2026-01-02T03:04:05Z',
        "first line\n  at second",
        "word " * 300,
    ],
)
def test_an_expression_finds_the_texts_of_its_pattern_and_no_longer_ones(text):
    pattern = found(text)[0]
    expression = patterns.expression(pattern)
    assert len(expression) <= 1000 and re.search(expression, text)
    assert not re.search(expression, f"other {text}")
    if len(text) < 400 and "\n" not in text:
        assert not re.search(expression, f"{text} more")


def test_an_expression_of_a_path_stops_at_its_end():
    expression = patterns.expression("/users/<number>/<*>", "path")
    assert re.search(expression, "/users/12/edit next=1") and re.search(expression, "said /users/1/x")
    assert not re.search(expression, "/users/12/edit/more") and not re.search(expression, "/a/users/1/x")


def test_texts_are_assigned_to_known_patterns():
    known = found("user bob logged in", "user eve logged in")
    assert patterns.assign(pd.Series(["user zoe logged in", None]), known) == [known[0], None]


def test_nothing_is_new_against_an_empty_period():
    assert patterns.compare(counted("a b c"), counted()).table["status"].to_list() == [""]


def test_known_patterns_keep_their_keys():
    first = patterns.find(counted("user bob logged in", "user eve logged in")).table
    again = patterns.find(counted("user zoe logged in"), known=first["pattern"]).table
    assert again["key"].to_list() == first["key"].to_list()


def test_rare_texts_beyond_the_bound_are_counted_as_left_out(monkeypatch):
    monkeypatch.setattr(patterns, "_MOST_TEXTS", 2)
    texts = pd.DataFrame({"text": ["often", "less often", "rare"], "events": [9, 5, 1]})
    result = patterns.find(texts)
    assert (result.events, result.left_out, len(result.table)) == (15, 1, 2)


lines = st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=20)


@settings(deadline=None, max_examples=60)
@given(lines, st.sampled_from(["message", "path"]), st.integers())
def test_any_text_is_counted_once_and_order_does_not_matter(texts, kind, seed):
    shuffled = list(texts)
    random.Random(seed).shuffle(shuffled)
    one, two = patterns.find(counted(*texts), kind=kind), patterns.find(counted(*shuffled), kind=kind)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.table["events"].sum() == one.events - one.left_out
    assert one.table["key"].is_unique


@settings(deadline=None, max_examples=60)
@given(lines, lines, st.sampled_from(["message", "path"]))
def test_comparing_keeps_all_events(now, before, kind):
    result = patterns.compare(counted(*now), counted(*before), kind=kind)
    assert result.table["events"].sum() == patterns.find(counted(*now), kind=kind).events
    assert result.table["events_before"].sum() == patterns.find(counted(*before), kind=kind).events
    assert result.table["key"].is_unique
