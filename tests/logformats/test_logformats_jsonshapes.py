"""JSON lines read by their shape become what a parser makes of them one by one."""

from __future__ import annotations

import json
from unittest import mock

import logformats
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logformats import jsonlines, jsonshapes
from logformats.matching import matcher_for

TEXT = st.text(max_size=8) | st.sampled_from(
    ["-", "", 'a"b\\c', "tab\t", "\x7f\u2028é😀", "\ud800", "[1,2]", '["x"]']
)
NUMBER = (
    st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=True)
    | st.decimals(-1000, 10**10, places=3, allow_nan=False).map(float)
)
LEAF = (
    TEXT
    | NUMBER
    | st.booleans()
    | st.none()
    | st.lists(TEXT, max_size=2)
    | st.lists(st.integers(0, 99), max_size=2)
)
OBJECT = st.fixed_dictionaries(
    {"time": st.sampled_from(["2024-01-01T00:00:00Z", "x", 1700000000, 1700000000.25])},
    optional={
        "level": st.sampled_from(["info", "error", 30]),
        "msg": TEXT,
        "n": NUMBER,
        "a.b": LEAF,
        "a": st.dictionaries(st.sampled_from(["b", "c", "é"]), LEAF, max_size=2),
    },
)


@st.composite
def lines(draw) -> list[str]:
    made = []
    for _ in range(draw(st.integers(1, 25))):
        text = json.dumps(
            draw(OBJECT),
            ensure_ascii=draw(st.booleans()),
            separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,  ", "\t:")])),
        ).encode("utf-8", "backslashreplace")
        made.append(text.decode())
    made += draw(
        st.lists(st.sampled_from(["{", "{}", "no", '{"time":1,"time":2}', '{"time":"\\q"}', ""]), max_size=3)
    )
    return draw(st.permutations(made))


def match(texts: list[str], name: str, fewest: int) -> list[dict]:
    frame = pl.DataFrame(
        {"row": range(len(texts)), "text": texts}, schema={"row": pl.UInt32, "text": pl.String}
    )
    with mock.patch.object(jsonlines, "FEWEST", fewest):
        fields = matcher_for(logformats.named(name)).match(frame).fields
    return [
        {key: value for key, value in row.items() if value not in (None, [])} for row in fields.to_dicts()
    ]


@settings(max_examples=100, deadline=None)
@given(texts=lines(), name=st.sampled_from(["json_lines", "slog_json"]))
def test_shapes_give_what_a_parser_gives(texts, name):
    assert match(texts, name, 1) == match(texts, name, 10**9)


@pytest.mark.parametrize("name", [d.name for d in logformats.formats() if d.kind == "json"])
def test_samples_by_their_shape(name):
    texts = [sample.lines[0] for sample in logformats.named(name).samples if sample.becomes] * 3
    assert match(texts, name, 1) == match(texts, name, 10**9)


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "{",
        "{}",
        '{"a":[1]}',
        '{"a":{"b":1},"a.b":2}',
        '{"a":1,"a":2}',
        '{"a":{}}',
        "null",
        "[" * 10_000,
    ],
)
def test_lines_without_a_shape(text):
    assert jsonshapes.shape_of(text) is None


def test_numbers_that_are_written_otherwise_are_no_match():
    shape = jsonshapes.shape_of('{"a":1.5}')
    texts = ['{"a":1.5}', '{"a":1.50}', '{"a":0.1}', '{"a":0.00001}', '{"a":-0.0}', '{"a":1e5}', '{"a":2}']
    frame = pl.DataFrame({"row": range(7), "text": texts})
    assert jsonshapes.read(frame, shape)["row"].to_list() == [0, 2, 4]
