"""Proposals of grok lines: each matches the lines that it was made from, with their times."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import logformats
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logformats.propose import propose

SHOP = [
    "<2024-01-02 10:00:01> shop|WARN|user=bob|price=12.5|two apples left",
    "<2024-01-02 10:00:02> shop|ERROR|user=ann|price=3|no apples at all",
]


def read(grok: str, lines: list[str]) -> tuple[pl.DataFrame, logformats.Account]:
    own = logformats.user_formats({"proposed": grok})
    parsed = list(
        logformats.read(
            io.BytesIO("\n".join(lines).encode()),
            source="shop",
            path="s3://bucket/shop/a.log",
            last_modified=datetime(2024, 3, 1, tzinfo=UTC),
            formats=own,
        )
    )
    account = sum((p.account for p in parsed), logformats.Account())
    return pl.concat([p.events for p in parsed]), account


def test_fields_have_the_names_of_what_they_hold():
    proposal = propose(SHOP)
    assert (proposal.matched, proposal.lines) == (2, 2)
    events, _ = read(proposal.grok, SHOP)
    assert events["log_level"].to_list() == ["WARNING", "ERROR"]
    assert events["message"].to_list() == ["two apples left", "no apples at all"]
    assert events["attributes"][0].to_list() == [
        {"key": "user", "value": "bob"},
        {"key": "price", "value": "12.5"},
    ]


def test_requests_become_columns():
    lines = [
        f'10.0.0.{n} :: 02/Jan/2024:10:00:01 +0000 :: "GET /a/{n}?b=c HTTP/1.1" :: {200 + n} :: {n * 100}'
        for n in range(1, 30)
    ]
    events, account = read(propose(lines).grok, lines)
    assert account.lines_kept == 29
    columns = ("client_address", "http_request_method", "url_path", "http_response_status_code")
    assert events.select(columns).row(0) == ("10.0.0.1", "GET", "/a/1", 201)
    assert events["http_response_body_size"].sum() == sum(range(1, 30)) * 100


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "no lines"),
        (["no time", "none here"], "no time"),
        (["at 99:99:99", "2024-13-45 10:00:00 x"], "no time"),
    ],
)
def test_lines_without_a_time_have_none(lines, reason):
    proposal = propose(lines)
    assert proposal.grok == ""
    assert reason in proposal.reason


def test_one_in_ten_may_be_of_another_kind():
    proposal = propose([*SHOP * 10, "what is this?"])
    assert (proposal.matched, proposal.lines) == (20, 21)


MOMENTS = st.datetimes(datetime(2001, 9, 10), datetime(2033, 1, 1))
LAYOUTS = (
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%S,%f",
    "%Y/%m/%d %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S +0000",
    "%d-%b-%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%Y%m%d-%H%M%S",
)
VALUES = {
    "address": st.ip_addresses().map(str),
    "number": st.integers(0, 10**9).map(str),
    "decimal": st.decimals(0, 1000, places=2).map(str),
    "uuid": st.uuids().map(str),
    "quoted": st.text("abc \\d/()[]%{}", max_size=12).map(lambda t: '"' + t.replace("\\", "\\\\") + '"'),
    "level": st.sampled_from(["DEBUG", "INFO", "WARN", "ERROR"]),
    "word": st.text("abcdefXYZ", min_size=1, max_size=8),
    "path": st.lists(st.text("abc123._-", min_size=1, max_size=5), min_size=1, max_size=3).map(
        lambda parts: "/" + "/".join(parts)
    ),
    "free": st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20),
}
BETWEEN = (" ", " | ", "] [", "; ", " - ", "\t", ",", " (", ") ", " {", "} ", "%", " ::")


@st.composite
def logs(draw) -> list[str]:
    """Lines of one made-up format."""
    layout = draw(st.sampled_from(LAYOUTS))
    before = draw(st.lists(st.sampled_from(["level", "number", "word"]), max_size=1))
    after = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=7))
    between = [draw(st.sampled_from(BETWEEN)) for _ in (*before, *after)]
    lines = []
    for _ in range(draw(st.integers(2, 12))):
        parts = [draw(VALUES[kind]) for kind in before]
        parts += [draw(MOMENTS).strftime(layout), *(draw(VALUES[kind]) for kind in after)]
        lines.append(parts[0] + "".join(a + b for a, b in zip(between, parts[1:], strict=True)))
    return lines


@settings(max_examples=60, deadline=None)
@given(logs())
def test_proposal_matches_the_lines_that_it_was_made_from(lines):
    proposal = propose(lines)
    assert proposal.grok, (proposal.reason, lines)
    assert proposal.matched == proposal.lines == len(lines)
    # As it is pasted into the parameters, it reads them all.
    events, account = read(proposal.grok, lines)
    assert account.lines_rejected == account.lines_joined == 0
    assert len(events) == len(lines)
