"""Sample logs: the same seed the same bytes, and a truth that the files bear out."""

from __future__ import annotations

import collections
import datetime
import gzip
import hashlib
import ipaddress
import json
import re
from pathlib import Path

import logformats
import pytest
from logloom import sample, settings
from logloom.errors import InputError

UNTIL = datetime.date(2025, 11, 22)
DOCUMENTATION = [
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def read_lines(file: Path) -> list[str]:
    content = file.read_bytes()
    text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    assert text.endswith("\n")
    return text.split("\n")[:-1]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "logs"
    return folder, sample.generate(folder, seed=3, days=6, lines=20_000, until=UNTIL)


def test_same_seed_same_bytes(made, tmp_path):
    folder, truth = made
    again = sample.generate(tmp_path / "logs", seed=3, days=6, lines=20_000, until=UNTIL)
    assert digests(tmp_path / "logs") == digests(folder)
    assert again.to_json() == truth.to_json()
    sample.generate(tmp_path / "other", seed=4, days=6, lines=20_000, until=UNTIL)
    assert digests(tmp_path / "other") != digests(folder)


def test_truth_counts_every_line(made):
    folder, truth = made
    assert {path.name for path in folder.iterdir()} == set(truth.sources)
    for name, source in truth.sources.items():
        files = [file for file in (folder / name).iterdir() if file.is_file()]
        lines = [line for file in files for line in read_lines(file)]
        assert (len(files), len(lines)) == (source.files, source.lines)
        assert source.lines == sum((source.events, source.rejected, source.joined, source.blank))
        assert sum(source.levels.values()) == source.events
        assert sum(sum(day.values()) for day in source.days.values()) == source.events
        assert lines.count("") + sum(line.startswith("time,") for line in lines) == source.blank
    assert 20_000 <= truth.lines <= 22_000
    assert all(
        sum(getattr(s, part) for s in truth.sources.values()) for part in ("rejected", "joined", "blank")
    )


def test_truth_of_access_levels_is_that_of_the_status(made):
    folder, truth = made
    counted = collections.Counter()
    for line in (line for file in (folder / "shop_access").iterdir() for line in read_lines(file)):
        if found := re.search(r'" (\d)\d\d \d+ "', line):
            counted[{"5": "ERROR", "4": "WARNING"}.get(found[1], "INFO")] += 1
    assert counted == truth.sources["shop_access"].levels


def test_truth_of_json_by_day_and_level(made):
    folder, truth = made
    counted, torn = collections.Counter(), 0
    for line in (line for file in (folder / "checkout").iterdir() for line in read_lines(file) if line):
        try:
            event = json.loads(line)
        except ValueError:
            torn += 1
            continue
        counted[event["time"][:10], event["level"].upper().replace("WARN", "WARNING")] += 1
    expected = truth.sources["checkout"]
    assert torn == expected.rejected
    assert counted == {(day, level): n for day, by in expected.days.items() for level, n in by.items()}


def test_continuation_lines_are_those_without_a_time(made):
    folder, truth = made
    lines = [line for file in (folder / "worker").iterdir() for line in read_lines(file)]
    assert sum(not re.match(r"\d{4}-", line) for line in lines) == truth.sources["worker"].joined


def test_days_and_rotation(made):
    folder, truth = made
    assert (truth.first_day, truth.last_day, truth.spike_day) == ("2025-11-17", "2025-11-22", "2025-11-19")
    assert sorted(file.name for file in (folder / "shop_access").iterdir()) == [
        "access.log",
        *(f"access.log-202511{day}.gz" for day in (17, 18, 19, 20)),
        "access.log-20251121",
    ]
    for line in read_lines(folder / "shop_access" / "access.log-20251118.gz"):
        assert "[18/Nov/2025:" in line or len(line) < 34


def test_spike_day_has_by_far_the_most_errors(made):
    errors = made[1].errors_per_day()
    spike = errors.pop(made[1].spike_day)
    assert spike > 2 * max(errors.values()) > 0


def test_busier_by_day_than_by_night(made):
    hours = collections.Counter(
        int(found[1])
        for file in (made[0] / "shop_access").iterdir()
        for line in read_lines(file)
        if (found := re.search(r"/2025:(\d\d):", line))
    )
    assert sum(hours[h] for h in range(13, 18)) > 3 * sum(hours[h] for h in range(1, 6)) > 0


def test_only_documentation_addresses(made):
    clients = {
        line.split(" ", 1)[0]
        for name in ("shop_access", "docs_access")
        for file in (made[0] / name).iterdir()
        for line in read_lines(file)
        if " - " in line
    }
    assert len(clients) > 200
    assert all(any(ipaddress.ip_address(each) in net for net in DOCUMENTATION) for each in clients)


def test_lines_are_about_as_many_as_asked(tmp_path):
    truth = sample.generate(tmp_path / "few", days=1, lines=50, until=UNTIL)
    assert 50 <= truth.lines <= 90
    assert truth.first_day == truth.last_day == truth.spike_day == "2025-11-22"


def test_yesterday_is_the_default_end(tmp_path):
    truth = sample.generate(tmp_path / "few", days=2, lines=50)
    day = datetime.date.fromisoformat(truth.last_day)
    assert datetime.timedelta(0) < datetime.datetime.now(datetime.UTC).date() - day <= datetime.timedelta(2)


@pytest.mark.parametrize("wrong", [{"days": 0}, {"lines": 0}, {"seed": -1}])
def test_numbers_that_make_no_sense(tmp_path, wrong):
    with pytest.raises(InputError, match="at least one day"):
        sample.generate(tmp_path / "x", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_touched(tmp_path):
    (tmp_path / "mine.log").write_text("x")
    with pytest.raises(InputError, match="is not an empty folder"):
        sample.generate(tmp_path)
    with pytest.raises(InputError, match="is not an empty folder"):
        sample.generate(tmp_path / "mine.log")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.log"]


def test_ensure_makes_the_default_input_once(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGLOOM_HOME", str(tmp_path))
    monkeypatch.setattr(sample, "DEFAULT_LINES", 100)
    assert sample.ensure(settings.load({"input": ""})) is None
    assert sample.ensure(settings.load({"input": "my-logs"})) is None
    made = sample.ensure(settings.load({}))
    assert list(made["source"]) == sorted(
        (file.name for file in (tmp_path / "sample-logs").iterdir()), key=list(made["source"]).index
    )
    assert made["lines"].sum() >= 100
    assert sample.ensure(settings.load({})) is None


def test_logformats_reads_what_the_truth_says(made):
    folder, truth = made
    for name, source in truth.sources.items():
        levels, accounts = collections.Counter(), []
        for file in (folder / name).iterdir():
            written = datetime.datetime.fromtimestamp(file.stat().st_mtime, datetime.UTC)
            with file.open("rb") as stream:
                for parsed in logformats.read(stream, source=name, path=file.name, last_modified=written):
                    accounts.append(parsed.account)
                    for level, events in parsed.counts.select("log_level", "events").iter_rows():
                        levels[level] += events
        assert levels == source.levels, name
        for count in ("rejected", "joined", "blank"):
            assert sum(getattr(each, f"lines_{count}") for each in accounts) == getattr(source, count), name
        assert sum(each.lines_read for each in accounts) == source.lines, name
