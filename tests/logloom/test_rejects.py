"""Rejected lines: which are of a pattern, and the format that is proposed for them."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from logloom import patterns, queries, rejects, settings

SHOP = [f"<2024-01-02 10:00:{n:02}> till {n} of 'shop' took {n}.50 EUR (card #{n * 7})" for n in range(40)]
OTHER = ["what is this?", "## nothing ##"]


@pytest.fixture
def answered(monkeypatch):
    """`rejects.find` on given lines instead of Athena's."""

    def find(lines: list[str]) -> rejects.Rejects:
        frame = pd.DataFrame({"source": "my shop", "raw_line": lines, "lines": 1})
        answer = queries.QueryResult(frame, "", (), 0, 0, "")
        monkeypatch.setattr(queries, "run", lambda chosen, name, **values: answer)
        return rejects.find(settings.load({}))

    return find


def test_lines_of_a_pattern_are_its_members():
    lines = pd.DataFrame({"text": [*SHOP, *OTHER], "events": 1})
    largest = patterns.find(lines).table["pattern"][0]
    assert rejects.members([*SHOP, *OTHER], largest) == [True] * 40 + [False] * 2


def test_largest_group_has_a_proposal_that_can_be_pasted(answered):
    found = answered([*SHOP, *OTHER])
    assert list(found.groups["lines"]) == [40, 1, 1]
    assert (found.largest.matched, found.largest.lines) == (40, 40)
    pasted = yaml.safe_load(found.parameters())
    (name,) = settings.load(pasted).formats
    assert name == "my_shop_lines"


def test_nothing_rejected_and_nothing_to_propose(answered):
    assert answered([]).parameters() == "No line was rejected because no format matches it."
    assert "no time" in answered(OTHER).parameters()
