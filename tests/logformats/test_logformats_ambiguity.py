"""Which regular expressions a hostile line could make explode."""

from __future__ import annotations

import logformats
import pytest
from logformats.ambiguity import exponential


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a*)*",
        "(a|a)*",
        "(a|aa)+",
        "(x+x+)+y",
        "(.*,)*",
        r"(\w+\s?)*",
        r"^(?:\d+\.?)+$",
        "(?:x{0,30}y?){0,50}",
        "(?:.*a){11}",
    ],
)
def test_two_ways_around_a_loop(pattern):
    assert exponential(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r'(?:[^"\\]|\\.)*',
        "(?:/[^/ ]*)+",
        "(a|b)*",
        "(a|ab)*",
        "(ab|ac)*",
        r"(\w+\s)*",
        "(a?b?)*x",
        "(?:a?){5}",
        "a*a*a*",  # polynomial
        "[0-9A-Za-z_-]*[0-9A-Za-z_](?:\\.[0-9A-Za-z_-]+)*",
    ],
)
def test_one_way_around_each_loop(pattern):
    assert not exponential(pattern)


def test_no_format_has_such_an_expression():
    checked = 0
    for definition in logformats.formats():
        for stage in definition.stages if definition.kind == "grok" else ():
            assert not exponential(stage.python.pattern), definition.name
            checked += 1
    assert checked > 50
