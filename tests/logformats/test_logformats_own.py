"""Formats of the user's own: what they may be, and the sentence for what they may not."""

from __future__ import annotations

import logformats
import pytest
from logformats import own

GROK = "%{TIMESTAMP_ISO8601:ts} %{LOGLEVEL:level} %{GREEDYDATA:msg}"


def test_a_line_or_a_mapping():
    line, mapping = logformats.user_formats(
        {"a": GROK, "b": {"grok": GROK, "times": "iso", "multiline": False}}
    )
    assert (line.name, line.grok, line.multiline) == ("a", GROK, True)
    assert (mapping.name, mapping.times, mapping.multiline) == ("b", ("iso",), False)
    assert own.from_json("") == ()
    assert own.from_json('{"a": "%{NOTSPACE:ts}"}') is own.from_json('{"a": "%{NOTSPACE:ts}"}')


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"timeless": "%{WORD:verb}"}, "must be the time"),
        ({"ahead": "%{NOTSPACE:ts} (?=x)%{DATA:msg}"}, "look-around"),
        ({"again": r"%{NOTSPACE:ts} (?P<q>.)\1%{DATA:msg}"}, "look-around"),
        ({"when": {"grok": "%{NOTSPACE:ts}", "times": ["someday"]}}, "no layout"),
        ({"how": {"grok": "%{NOTSPACE:ts}", "levels": {"x": "BAD"}}}, "no level"),
        ({"a b": "%{NOTSPACE:ts}"}, "letters, digits"),
        ({"broken": "%{NOSUCH:ts}"}, "the format broken: .*NOSUCH"),
        ({"open": "%{NOTSPACE:ts} ("}, "the format open: .*regular expression"),
        ({"access_combined": GROK}, "comes with Logloom"),
        ({"none": 3}, "no grok line"),
        ({"none": {"times": ["iso"]}}, "no grok line"),
        ({"more": {"grok": GROK, "zone": "UTC"}}, "no 'zone' in a format"),
        ({"kind": {"grok": GROK, "levels": ["x"]}}, "levels is"),
        ({"busy": "%{NOTSPACE:ts} (a+)+b"}, "hostile line could keep it busy"),
        ({"busy": r"%{NOTSPACE:ts} (\w+\s?)*: %{DATA:msg}"}, "hostile line could keep it busy"),
        ({"large": "%{NOTSPACE:ts} (?:(?:x{1000}){1000}){1000}"}, "too large"),
        ({"long": GROK + " x" * 1100}, "too long"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(named, reason):
    with pytest.raises(ValueError, match=reason):
        logformats.user_formats(named)


def test_classifiers_of_ones_own_come_first():
    made = logformats.user_formats({"shop": "%{NOTSPACE:ts} %{WORD:client.name}"})
    first, *others = logformats.glue_classifiers(made)
    assert first["Name"] == "logloom-shop"
    assert first["Classification"] == "shop"
    assert first["GrokPattern"] == "%{NOTSPACE:ts} %{WORD:client_name}"
    assert others == logformats.glue_classifiers()
