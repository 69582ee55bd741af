"""Grok in Glue's dialect, and that no line can make a format's expression explode."""

from __future__ import annotations

import re

import logformats
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logformats import grok, screening
from logformats.firsts import ASCII, first_characters
from logformats.matching import matcher_for

GROKS = [definition for definition in logformats.formats() if definition.kind == "grok"]


def test_fields_with_types():
    compiled = grok.compile("%{IPORHOST:client} %{NUMBER:bytes:long} %{WORD}")
    assert compiled.names == ("client", "bytes")
    assert compiled.types == {"client": "string", "bytes": "long"}
    assert compiled.match("192.0.2.1 17 x") == {"client": "192.0.2.1", "bytes": "17"}
    assert compiled.match("192.0.2.1 17 x\n") is None
    assert compiled.match("192.0.2.1 17") is None


def test_custom_patterns_win_and_nest():
    compiled = grok.compile("%{LINE}", "WORD [a-z]+!\nLINE %{WORD:first} %{WORD:second}\n# comment\n")
    assert compiled.match("one! two!") == {"first": "one!", "second": "two!"}
    assert compiled.match("one two") is None


def test_same_field_in_two_branches_is_one():
    compiled = grok.compile(r"(?:\[%{INT:id}\]|id=%{INT:id}) %{GREEDYDATA:rest}")
    assert compiled.names == ("id", "rest")
    assert compiled.match("[4] a") == {"id": "4", "rest": "a"}
    assert compiled.match("id=5 b") == {"id": "5", "rest": "b"}


def test_plain_groups_do_not_capture_but_named_ones_do():
    compiled = grok.compile(r"(a|b)[(x]\((?<word>[a-z]+)\) %{INT:n}")
    assert compiled.match("b((cd) 3") == {"word": "cd", "n": "3"}
    assert "(a|b)" not in compiled.regex


@pytest.mark.parametrize(
    ("pattern", "custom", "says"),
    [
        ("%{NOSUCH:x}", "", "NOSUCH"),
        ("%{WORD:x:text}", "", "unknown type 'text'"),
        ("%{LOOP}", "LOOP a%{LOOP}", "uses itself"),
        ("%{WORD:x", "OPEN (", "neither a base|regular expression|custom"),
        ("(%{WORD:x}", "", "not a regular expression"),
        ("x", "JUSTANAME", "a name, a space"),
    ],
)
def test_what_is_wrong_is_said(pattern, custom, says):
    if pattern == "%{WORD:x":
        pattern = "%{OPEN}"
    with pytest.raises(grok.GrokError, match=says):
        grok.compile(pattern, custom)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TIMESTAMP_ISO8601", "2025-01-24T07:00:30.123+01:00"),
        ("HTTPDATE", "17/May/2015:10:05:03 +0000"),
        ("SYSLOGTIMESTAMP", "Nov  3 09:23:38"),
        ("IP", "2001:db8::7"),
        ("IP", "192.0.2.7"),
        ("HOSTNAME", "web-1.example.com"),
        ("URI", "https://user@example.com:8080/a/b?c=d"),
        ("UUID", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("QUOTEDSTRING", r'"say \"hello\""'),
        ("LOGLEVEL", "WARNING"),
        ("EMAILADDRESS", "a.b@example.com"),
        ("PATH", "/var/log/syslog"),
        ("BASE16NUM", "0xff"),
        ("MAC", "00:1b:44:11:3a:b7"),
        ("COMBINEDAPACHELOG", '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'),
    ],
)
def test_base_pattern(name, text):
    assert grok.compile(f"%{{{name}:found}}").match(text)["found"] == text


def test_base_patterns_are_read_alike_by_both_engines():
    for name in grok.base_patterns():
        regex = grok.compile(f"%{{{name}}}").regex
        assert pl.Series(["\N{SNOWMAN} no such thing \N{SNOWMAN}\t("]).str.contains(regex).dtype == pl.Boolean


def in_rust(definition, line: str) -> dict[str, str | None] | None:
    frame = pl.DataFrame({"row": [0], "text": [line]}, schema={"row": pl.UInt32, "text": pl.String})
    fields = matcher_for(definition).match(frame).fields
    return fields.row(0, named=True) if len(fields) else None


@pytest.mark.parametrize("definition", GROKS, ids=lambda d: d.name)
@settings(
    max_examples=12,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_hostile_line_takes_bounded_time_and_both_engines_agree(definition, data):
    """Lines made of a sample's own pieces, repeated, which is what makes an expression backtrack."""
    sample = data.draw(st.sampled_from(definition.samples)).lines[0]
    pieces = re.findall(r"\w+|\W", sample)
    piece = data.draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=4).map("".join))
    cut = data.draw(st.integers(0, len(sample)))
    times = screening.MAX_LINE // max(1, len(piece))
    line = (sample[:cut] + piece * times)[: screening.MAX_LINE - 10] + data.draw(
        st.sampled_from(["", '"', " ", "]", sample[cut:]])
    )
    line = line[: screening.MAX_LINE].replace("\n", " ")
    in_python = definition.compiled.match(line)
    assert (in_rust(definition, line) is not None) == (in_python is not None)
    long = sample[:cut] + piece * (1_000_000 // max(1, len(piece)))
    in_rust(definition, long)


@pytest.mark.parametrize("definition", [d for d in GROKS if d.fast], ids=lambda d: d.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_fast_expression_gives_what_the_general_one_gives(definition, data):
    from datetime import UTC, datetime

    from logformats.definitions import from_table
    from logformats.events import complete, read_core
    from logformats.times import Clock

    general = from_table(
        {
            "name": definition.name,
            "title": "",
            "grok": definition.grok,
            "patterns": dict(definition.patterns),
            "times": list(definition.times),
            "nulls": list(definition.nulls),
        },
        "test",
    )
    sample = data.draw(st.sampled_from(definition.samples)).lines[0]
    at = data.draw(st.integers(0, len(sample)))
    insert = data.draw(st.text(alphabet='aZ0 /?#&="\\[]:-%é', max_size=4))
    line = sample[:at] + insert + sample[at + data.draw(st.integers(0, 2)) :]
    frame = pl.DataFrame({"row": [0], "text": [line]}, schema={"row": pl.UInt32, "text": pl.String})
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    rows = []
    for one in (definition, general):
        fields = matcher_for(one).match(frame).fields
        rows.append([] if fields.is_empty() else complete(read_core(fields, one, clock), one).to_dicts())
    for row in (row for one in rows for row in one):
        row["attributes"] = sorted((pair["key"], pair["value"]) for pair in row["attributes"])
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    ("regex", "firsts"),
    [
        ("abc", "a"),
        ("(?:a|b*)c", "abc"),
        ("[0-2]x?", "012"),
        ("^(?i:a)b", "aA"),
        (r"\[?x+", "[x"),
        ("a{0,3}b", "ab"),
        ("a*", None),
    ],
)
def test_first_characters(regex, firsts):
    assert first_characters(re.compile(regex)) == (None if firsts is None else frozenset(firsts))


def test_first_characters_of_classes():
    assert first_characters(re.compile("[^a]")) == ASCII - {"a"}
    assert first_characters(re.compile(".b")) >= ASCII - {"\n"}
    assert first_characters(re.compile(r"\d")) == ASCII


def test_every_sample_starts_as_its_format_says():
    checked = 0
    for definition in GROKS:
        for sample in definition.samples:
            if definition.firsts is not None and sample.lines[0][0].isascii():
                assert sample.lines[0][0] in definition.firsts
                checked += 1
    assert checked > 50
