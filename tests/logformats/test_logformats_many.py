"""Many small objects read together give what each gives by itself."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime, timedelta

import logformats
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from logformats.account import Account

LINES = [
    '192.0.2.7 - - [17/May/2015:10:05:01 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8"',
    '192.0.2.7 - - [18/May/2015:10:05:01 +0000] "GET /b HTTP/1.1" 500 9 "-" "curl/8"',
    "2025-01-24 07:00:30,139 ERROR [main] app.Farm - It failed",
    "java.lang.IllegalStateException: no",
    "\tat app.Farm.run(Farm.java:12)",
    "",
    "junk",
    '{"time":"2025-01-13T09:58:13Z","level":"error","msg":"é"}',
    "Dec 31 23:59:58 h app[1]: yearless",
    "2016-10-06T00:17:09.669794202Z stderr F error: no route",
    "2025-01-24 07:61:30,139 ERROR bad time",
    "time,level,message",
    "\x1b[31mred\x1b[0m",
]
OBJECTS = st.lists(st.lists(st.sampled_from(LINES), max_size=8).map("\n".join), max_size=8)


def wholes(texts: list[str]) -> list[logformats.Whole]:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return [
        logformats.Whole(
            f"s3://bucket/app/{number}.log",
            start + timedelta(days=number),
            gzip.compress(text.encode()) if number % 5 == 4 else text.encode(),
        )
        for number, text in enumerate(texts)
    ]


def sorted_rows(frame: pl.DataFrame) -> list[dict]:
    return sorted(frame.to_dicts(), key=str)


@settings(max_examples=15, deadline=None)
@given(texts=OBJECTS, drop=st.sampled_from([(), ("INFO",)]))
def test_together_they_give_what_each_gives(texts, drop):
    objects = wholes(texts)
    many = list(logformats.read_many(objects, source="app", drop_levels=drop))
    accounts = {path: account for each in many for path, account in each.accounts.items()}
    assert set(accounts) == {whole.path for whole in objects}
    events, rejects, counts = [], [], []
    for whole in objects:
        parsed = list(
            logformats.read(
                io.BytesIO(whole.data),
                source="app",
                path=whole.path,
                last_modified=whole.last_modified,
                drop_levels=drop,
            )
        )
        assert accounts[whole.path] == sum((p.account for p in parsed), Account())
        events += [row for p in parsed for row in p.events.to_dicts()]
        rejects += [row for p in parsed for row in p.rejects.to_dicts()]
        counts += [p.counts for p in parsed]
    assert sorted_rows(pl.concat([p.events for p in many])) == sorted(events, key=str) if many else not events
    found = [row for p in many for row in p.rejects.to_dicts()]
    assert sorted(found, key=str) == sorted(rejects, key=str)
    if counts:
        keys = [c for c in counts[0].columns if c not in ("events", "bytes")]
        expected = pl.concat(counts).group_by(keys).agg(pl.col("events", "bytes").sum())
        together = pl.concat([p.counts for p in many]).group_by(keys).agg(pl.col("events", "bytes").sum())
        assert sorted_rows(together) == sorted_rows(expected)


def test_objects_of_one_format_are_one_read():
    many = list(logformats.read_many(wholes(["\n".join(LINES[:2])] * 60), source="app"))
    assert len(many) == 1
    assert len(many[0].accounts) == 60
    assert many[0].events["log_file_line"].to_list() == [1, 2] * 60
