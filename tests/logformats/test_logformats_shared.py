"""The real logs of `../shared/data`: what is known of them, and that every line of each is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import logformats
import polars as pl
import pytest

MODIFIED = datetime(2026, 1, 20, tzinfo=UTC)
DROP = ("TRACE", "DEBUG", "INFO")


def read_all(folder: Path, drop_levels=DROP):
    """Events, rejects, counts and the account of all files of a folder."""
    parsed = [
        p
        for file in sorted(folder.iterdir())
        for p in logformats.read(
            file.open("rb"),
            source=folder.name,
            path=f"s3://bucket/{folder.name}/{file.name}",
            last_modified=MODIFIED,
            drop_levels=drop_levels,
        )
    ]
    account = sum((p.account for p in parsed), logformats.Account())
    frames = (pl.concat([getattr(p, name) for p in parsed]) for name in ("events", "rejects", "counts"))
    return *frames, account


def by_level(counts: pl.DataFrame) -> dict[str, int]:
    return dict(counts.group_by("log_level").agg(pl.col("events").sum()).iter_rows())


def test_nginx_access(shared_logs):
    events, rejects, counts, account = read_all(shared_logs / "nginx_access")
    assert account.balanced
    assert (account.lines_read, account.lines_rejected, len(rejects)) == (21_641, 0, 0)
    assert by_level(counts) == {"ERROR": 2_258, "WARNING": 12_949, "INFO": 6_434}
    assert account.lines_kept == len(events) == 15_207
    day = counts.filter(dt="2025-12-22", log_level="ERROR")
    assert day["events"].sum() == 938
    assert len(events.filter(dt="2025-12-22", log_level="ERROR")) == 938
    junk = events.filter(pl.col("message").is_not_null())
    assert junk["http_request_method"].null_count() == junk["url_path"].null_count() == len(junk)
    assert "MGLNDD_74.208.166.116_443" in junk["message"].to_list()


def test_apache_access(shared_logs):
    events, rejects, counts, account = read_all(shared_logs / "apache_access")
    assert account.balanced
    assert (account.lines_read, account.lines_rejected) == (10_000, 1)
    assert by_level(counts) == {"INFO": 9_779, "WARNING": 217, "ERROR": 3}
    assert len(events) == 220
    (reject,) = rejects.iter_rows(named=True)
    file = shared_logs / "apache_access" / "apache_combined_10k.log"
    raw = file.read_text().splitlines()[reject["log_file_line"] - 1]
    assert reject["raw_line"] == raw
    assert raw.endswith("http://www.google.com/bot.html")
    assert reject["dt"] == "2015-05-20"


@pytest.mark.parametrize(
    ("folder", "lines"),
    [("nginx_error", 2_259), ("sshd", 7_121), ("nginx_plus_json", 500), ("mysql_error", 516)],
)
def test_every_line_is_accounted_for(shared_logs, folder, lines):
    events, rejects, counts, account = read_all(shared_logs / folder, drop_levels=())
    assert account.balanced
    assert account.lines_read == lines
    assert account.lines_rejected == len(rejects) == 0
    assert counts["events"].sum() == len(events) == account.lines_kept


def test_edge_cases(shared_logs):
    files = sorted((shared_logs / "edge_cases").iterdir())
    assert files
    for file in files:
        data = file.read_bytes()
        parsed = list(
            logformats.read(file.open("rb"), source="edge_cases", path=file.name, last_modified=MODIFIED)
        )
        account = sum((p.account for p in parsed), logformats.Account())
        assert account.balanced, file.name
        assert account.lines_read == data.count(b"\n") + (not data.endswith(b"\n")), file.name
        assert sum(len(p.rejects) for p in parsed) == account.lines_rejected, file.name
        assert sum(p.rejects["dt"].null_count() for p in parsed) == 0, file.name
