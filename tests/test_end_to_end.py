"""The main job from raw files to reports, as a user runs it, against what is known of the files."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from logloom import sample

PROJECT = Path(__file__).resolve().parents[1]
LEVELS_KEPT = ("WARNING", "ERROR", "FATAL")

pytestmark = [pytest.mark.e2e, pytest.mark.spark, pytest.mark.timeout(600)]


def logloom(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, and hold its exit code against what is expected."""
    done = subprocess.run(
        [sys.executable, "-m", "logloom", *map(str, arguments)], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@dataclass
class Pipeline:
    """A bucket and a database of its own, the logs that go in, and the runs so far."""

    name: str
    logs: Path
    output: Path

    @property
    def options(self) -> list[str]:
        options = ["--parameters", "parameters/local.yaml", "-p", "bucket", f"{self.name}-logs"]
        return [*options, "-p", "database", self.name]

    def run(self, *arguments: object) -> dict[str, Any]:
        """Run the notebooks and return run.json."""
        logloom("run", *self.options, "--input", self.logs, "--output", self.output, *arguments)
        return json.loads((self.output / "latest" / "run.json").read_text())

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return json.loads(logloom("query", *self.options, "--format", "json", sql).stdout)

    def value(self, sql: str) -> Any:
        (row,) = self.rows(sql)
        (value,) = row.values()
        return value

    def lines_by_source(self) -> dict[str, dict[str, int]]:
        """By source: what log_audit says became of its lines."""
        columns = (
            "lines_read",
            "lines_kept",
            "lines_dropped",
            "lines_rejected",
            "lines_joined",
            "lines_blank",
        )
        sums = ", ".join(f"sum({column}) AS {column}" for column in columns)
        rows = self.rows(f"SELECT source, {sums} FROM log_audit GROUP BY source")
        return {row.pop("source"): row for row in rows}

    def levels(self, source: str | None = None) -> dict[str, int]:
        where = f"WHERE source = '{source}'" if source else ""
        rows = self.rows(f"SELECT log_level, sum(events) AS n FROM log_counts {where} GROUP BY log_level")
        return {row["log_level"]: row["n"] for row in rows}


class _References(HTMLParser):
    """Collects what a browser would fetch from the net to show a page: all but links that one may click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        urls = [value or "" for name, value in attrs if name in ("src", "srcset", "data", "href")]
        self.found += [url for url in urls if tag != "a" and re.match(r"(https?:)?//", url)]


def net_references(page: str) -> list[str]:
    parser = _References()
    parser.feed(page)
    return parser.found


def balances(account: dict[str, int]) -> bool:
    return account["lines_read"] == sum(count for name, count in account.items() if name != "lines_read")


@pytest.fixture(scope="module")
def generated(local_aws, tmp_path_factory) -> tuple[Pipeline, sample.Truth, dict[str, Any]]:
    """The pipeline, run once on generated logs; with what the generator knows of them."""
    folder = tmp_path_factory.mktemp("generated")
    truth = sample.generate(folder / "logs", seed=7, days=4, lines=6_000)
    pipeline = Pipeline("generated", folder / "logs", folder / "runs")
    return pipeline, truth, pipeline.run()


def test_every_line_is_accounted_for(generated):
    pipeline, truth, _ = generated
    accounts = pipeline.lines_by_source()
    assert set(accounts) == set(truth.sources)
    for source, known in truth.sources.items():
        account = accounts[source]
        assert balances(account), source
        assert account["lines_read"] == known.lines
        assert account["lines_rejected"] == known.rejected
        assert account["lines_kept"] + account["lines_dropped"] == known.events
        kept = sum(count for level, count in known.levels.items() if level in LEVELS_KEPT)
        assert account["lines_kept"] == kept


def test_counts_hold_all_levels(generated):
    pipeline, truth, _ = generated
    assert pipeline.levels() == truth.levels()
    assert "INFO" in truth.levels()


def test_logs_hold_the_levels_that_are_kept(generated):
    pipeline, truth, _ = generated
    rows = pipeline.rows("SELECT log_level, count(*) AS n FROM logs GROUP BY log_level")
    known = {level: count for level, count in truth.levels().items() if level in LEVELS_KEPT}
    assert {row["log_level"]: row["n"] for row in rows} == known


def test_errors_per_day(generated):
    pipeline, truth, _ = generated
    errors = "SELECT dt, sum(events) AS n FROM log_counts WHERE log_level IN ('ERROR', 'FATAL')"
    rows = pipeline.rows(f"{errors} GROUP BY dt ORDER BY dt")
    known = {day: count for day, count in truth.errors_per_day().items() if count}
    assert {row["dt"]: row["n"] for row in rows} == known
    assert max(known, key=known.get) == truth.spike_day


def test_rejected_lines_are_whole(generated):
    pipeline, truth, _ = generated
    rows = pipeline.rows("SELECT raw_line, reason, log_file_path, log_file_line FROM log_rejects")
    assert len(rows) == sum(source.rejected for source in truth.sources.values()) > 0
    for row in rows:
        path = pipeline.logs / row["log_file_path"].partition("/logs/raw/")[2]
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert content.decode().split("\n")[row["log_file_line"] - 1] == row["raw_line"]
        assert row["reason"]


def test_reports_are_there_and_need_no_net(generated):
    pipeline, _, run = generated
    folder = pipeline.output / "latest"
    assert [step["status"] for step in run["steps"]] == ["succeeded"] * 6
    for step in run["steps"]:
        assert not net_references((folder / step["report"]).read_text()), step["name"]
    index = (folder / "index.html").read_text()
    assert all(source in index for source in ("shop_access", "payments"))
    assert "plotly" in (folder / "06_dashboard.html").read_text().lower()


def test_accounts_stand_in_the_run(generated):
    _, truth, run = generated
    lines = {account["source"]: account["lines_read"] for account in run["accounts"]}
    assert {source: lines[source] for source in truth.sources} == {
        source: known.lines for source, known in truth.sources.items()
    }


def test_second_run_adds_nothing_and_a_new_file_alone_is_read(local_aws, tmp_path):
    truth = sample.generate(tmp_path / "logs", seed=3, days=2, lines=1_500)
    pipeline = Pipeline("again", tmp_path / "logs", tmp_path / "runs")
    pipeline.run("--notebooks", "01,02,03")
    before = pipeline.levels(), pipeline.value("SELECT count(*) FROM log_audit")
    assert before[0] == truth.levels()

    pipeline.run("--notebooks", "01,02,03")
    assert (pipeline.levels(), pipeline.value("SELECT count(*) FROM log_audit")) == before

    line = '192.0.2.1 - - [01/Nov/2026:10:00:00 +0000] "GET /new HTTP/1.1" 503 12 "-" "a new file"\n'
    (pipeline.logs / "docs_access" / "access.log-new").write_text(line * 5)
    pipeline.run("--notebooks", "01,02,03")
    batches = pipeline.rows("SELECT batch_id, count(*) AS objects FROM log_audit GROUP BY batch_id")
    assert sorted(batch["objects"] for batch in batches) == [1, before[1]]
    assert pipeline.value("SELECT count(*) FROM logs WHERE url_path = '/new' AND log_level = 'ERROR'") == 5
    assert pipeline.levels()["ERROR"] == truth.levels()["ERROR"] + 5

    # A file that changed replaces what came of it before.
    (pipeline.logs / "docs_access" / "access.log-new").write_text(line * 2)
    pipeline.run("--notebooks", "01,02,03")
    assert pipeline.value("SELECT count(*) FROM logs WHERE url_path = '/new'") == 2
    assert pipeline.levels()["ERROR"] == truth.levels()["ERROR"] + 2


def test_csv_output_gives_the_same_answers(local_aws, tmp_path):
    truth = sample.generate(tmp_path / "logs", seed=5, days=2, lines=1_200)
    pipeline = Pipeline("ascsv", tmp_path / "logs", tmp_path / "runs")
    pipeline.run("-p", "output_format", "csv")
    assert pipeline.levels() == truth.levels()
    kept = sum(count for level, count in truth.levels().items() if level in LEVELS_KEPT)
    assert pipeline.value("SELECT count(*) FROM logs") == kept
    suffixes = {path.suffix for path in (local_aws.root / "s3/ascsv-logs/logs/cleaned/logs").rglob("*.*")}
    assert suffixes
    assert ".parquet" not in suffixes


def test_undecodable_bytes_are_kept(local_aws, tmp_path):
    folder = tmp_path / "logs" / "binary"
    folder.mkdir(parents=True)
    line = b'192.0.2.9 - - [02/Nov/2026:10:00:00 +0000] "GET /caf\xe9 HTTP/1.1" 404 0 "-" "\xff\xfe"\n'
    (folder / "access.log").write_bytes(line + b"\x00\x01 junk \xc3\x28\n")
    pipeline = Pipeline("binary", tmp_path / "logs", tmp_path / "runs")
    pipeline.run("--notebooks", "01,02,03")
    assert pipeline.value("SELECT url_path FROM logs") == "/caf\\xe9"
    assert "junk \\xc3(" in pipeline.value("SELECT raw_line FROM log_rejects")


@pytest.fixture(scope="module")
def real(local_aws, shared_logs, tmp_path_factory) -> tuple[Pipeline, dict[str, Any]]:
    """The pipeline, run once on the real logs."""
    pipeline = Pipeline("real", shared_logs, tmp_path_factory.mktemp("real"))
    return pipeline, pipeline.run()


def test_real_nginx_access(real):
    pipeline, _ = real
    account = pipeline.lines_by_source()["nginx_access"]
    assert account["lines_read"] == 21_641
    assert account["lines_rejected"] == 0
    assert pipeline.levels("nginx_access") == {"ERROR": 2_258, "WARNING": 12_949, "INFO": 6_434}
    assert pipeline.value("SELECT count(*) FROM logs WHERE source = 'nginx_access'") == 15_207
    errors = "SELECT sum(events) FROM log_counts WHERE source = 'nginx_access' AND log_level = 'ERROR'"
    assert pipeline.value(f"{errors} AND dt = '2025-12-22'") == 938


def test_real_apache_access(real):
    pipeline, _ = real
    account = pipeline.lines_by_source()["apache_access"]
    assert (account["lines_read"], account["lines_rejected"]) == (10_000, 1)
    assert pipeline.levels("apache_access") == {"INFO": 9_779, "WARNING": 217, "ERROR": 3}
    (reject,) = pipeline.rows("SELECT raw_line FROM log_rejects WHERE source = 'apache_access'")
    assert reject["raw_line"].count('"') % 2 == 1, "its user agent has no closing quote"
    log = next((pipeline.logs / "apache_access").iterdir()).read_text(errors="backslashreplace")
    assert reject["raw_line"] in log.split("\n")


def test_real_lines_all_accounted_for(real):
    pipeline, run = real
    accounts = pipeline.lines_by_source()
    assert set(accounts) == {folder.name for folder in pipeline.logs.iterdir()}
    assert all(balances(account) for account in accounts.values())
    assert {account["source"] for account in run["accounts"]} >= set(accounts)


def test_input_that_is_not_there_is_one_line_and_nothing_happens(local_aws, tmp_path):
    done = logloom("run", "--input", tmp_path / "nowhere", "--output", tmp_path / "runs", code=2)
    assert len(done.stderr.strip().splitlines()) == 1
    assert "nowhere" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def empty_folder(tmp_path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_empty_input_is_one_line(local_aws, empty_folder, tmp_path):
    done = logloom("run", "--input", empty_folder, "--output", tmp_path / "runs", code=2)
    assert len(done.stderr.strip().splitlines()) == 1
    assert "empty" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("drop_level", "INFO", "drop_levels"),
        ("drop_levels", "INFOO", "INFO"),
        ("bucket", "No_Bucket", "bucket"),
        ("output_format", "xlsx", "parquet"),
        ("start_date", "yesterday", "YYYY-MM-DD"),
    ],
)
def test_a_wrong_setting_is_one_line_and_nothing_happens(tmp_path, option, value, said):
    done = logloom("run", "-p", option, value, "--output", tmp_path / "runs", code=2)
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
    assert not (tmp_path / "runs").exists()
