"""JSON lines: what becomes of keys and values of every shape."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import logformats
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logformats import jsonlines

TIME = '"ts":"2025-01-24T07:00:30Z"'


def read(*lines: str) -> list[logformats.Parsed]:
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    return list(
        logformats.read(
            io.BytesIO(data), source="s", path="p", last_modified=datetime(2026, 1, 1, tzinfo=UTC)
        )
    )


def attributes(line: str) -> dict[str, str]:
    (parsed,) = read(line)
    assert parsed.account.lines_kept == 1, parsed.rejects.to_dicts()
    return {pair["key"]: pair["value"] for pair in parsed.events["attributes"][0]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"x"', {"a": "x"}),
        ("1", {"a": "1"}),
        ("1.5", {"a": "1.5"}),
        ("123456789012345678901", {"a": "123456789012345678901"}),
        ("true", {"a": "true"}),
        ("null", {}),
        ('""', {}),
        ("[]", {"a": "[]"}),
        ("{}", {"a": "{}"}),
        ('["x","\\"é"]', {"a": '["x","\\"é"]'}),
        ('[1,{"b":null}]', {"a": '[1,{"b":null}]'}),
        ('{"b":{"c":1},"d":2}', {"a.b.c": "1", "a.d": "2"}),
        ('[{"key":"k","value":{"intValue":"5"}}]', {"a.k": "5"}),
        ('"\\ud83d\\ude00"', {"a": "\U0001f600"}),
        ('"\\ud83d"', {"a": "\\ud83d"}),
    ],
)
def test_value(value, expected):
    assert attributes(f'{{{TIME},"a":{value}}}') == expected


def test_deep_object_stays_json():
    deep = '{"a":' * 30 + "1" + "}" * 30
    ((key, value),) = attributes(f'{{{TIME},"x":{deep}}}').items()
    assert key.startswith("x.a.a.")
    assert json.loads(value)


@pytest.mark.parametrize("line", ['{"a": ', '{"a": 1}', '["x"]', "{" * 5000, '{"ts":"no time","msg":"x"}'])
def test_reject(line):
    parsed = read(line)
    assert sum(p.account.lines_rejected for p in parsed) == 1
    (reject,) = pl.concat([p.rejects for p in parsed]).iter_rows(named=True)
    assert reject["raw_line"] == line
    assert ("JSON" in reject["reason"] or "time" in reject["reason"]) == line.startswith("{")


def test_several_events_in_a_line_are_one_line():
    record = {
        "eventVersion": "1",
        "eventTime": "2025-01-24T07:00:30Z",
        "eventSource": "s3",
        "eventName": "Get",
    }
    (parsed,) = read(json.dumps({"Records": [record, record]}))
    assert parsed.events["log_file_line"].to_list() == [1, 1]
    assert parsed.counts["events"].to_list() == [2]
    assert (parsed.account.lines_read, parsed.account.lines_kept) == (1, 1)


def test_container_before_the_object():
    assert attributes(f'web-1  | {{{TIME},"a":1}}') == {"a": "1", "container.name": "web-1"}


def test_keys_in_any_order_and_number():
    lines = [f'{{{TIME},"k{i}":{i},"msg":"m{i}"}}' for i in range(300)]
    (parsed,) = read(*lines)
    assert parsed.events["message"].to_list() == [f"m{i}" for i in range(300)]
    assert parsed.events["attributes"].list.len().to_list() == [1] * 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_any_object_is_an_event(value):
    line = json.dumps({"ts": "2025-01-24T07:00:30Z", **value, "time": "2025-01-24T07:00:30Z"})
    read(line)
    flat = jsonlines.flatten(jsonlines.parse(line))
    assert all(isinstance(item, str) for pair in flat.items() for item in pair)
    frame = pl.DataFrame({"k": list(flat), "v": list(flat.values())})
    assert len(frame) == len(flat)
