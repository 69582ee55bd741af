"""The job's script: its arguments, and whole runs of it by the local Glue, some of which are killed."""

from __future__ import annotations

import importlib.util
import io
import random
import sys
import time
from pathlib import Path

import localaws
import polars as pl
import psutil
import pytest
from logloom import crawler, job, landing, settings
from logtables.batch import UserError

SCRIPT = Path(__file__).resolve().parents[2] / "glue_jobs" / "transform_log_data.py"
ACCESS = '203.0.113.9 - - [{day:02}/Dec/2025:10:{n:02}:00 +0000] "GET /{n} HTTP/1.1" {status} 12 "-" "curl"\n'


@pytest.fixture
def script(monkeypatch):
    """The script as a module, with the local Glue's `awsglue`."""
    monkeypatch.syspath_prepend(str(Path(localaws.__file__).parent / "awsglue_runtime"))
    spec = importlib.util.spec_from_file_location("transform_log_data", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name.split(".")[0] == "awsglue"]:
        del sys.modules[name]


COMMAND = ["script.py", "--JOB_NAME", "j", "--database", "d", "--cleaned_location", "s3://b/cleaned"]


def test_what_is_not_given_has_its_default(script):
    options = script.options_from(script.resolve(COMMAND))
    assert str(options.cleaned) == "s3://b/cleaned/"
    assert options.raw is None
    assert options.raw_table_prefix == "raw_"
    assert (options.drop_levels, options.sources) == ((), ())
    assert options.output_format == "parquet"
    assert not options.drop_deleted


def test_formats_and_zones_are_checked_before_anything_runs(script):
    given = [
        *COMMAND,
        "--formats",
        '{"a": "%{NOTSPACE:ts} %{DATA:msg}"}',
        "--time_zones",
        '{"*": "Asia/Tokyo"}',
    ]
    options = script.options_from(script.resolve(given))
    assert options.formats == '{"a": "%{NOTSPACE:ts} %{DATA:msg}"}'
    assert options.time_zones == {"*": "Asia/Tokyo"}
    for name, value, reason in (
        ("--formats", '{"a": "%{NOSUCH:ts}"}', "NOSUCH"),
        ("--formats", "[1]", "--formats"),
        ("--time_zones", '{"a": "Mars/Olympus"}', "Mars"),
        ("--time_zones", "{", "--time_zones"),
    ):
        with pytest.raises(UserError, match=reason):
            script.options_from(script.resolve([*COMMAND, name, value]))


def test_what_is_given_is_heeded(script):
    given = [*COMMAND, "--drop_levels", "INFO,DEBUG", "--sources", "a, b", "--output_format", "csv"]
    given += ["--raw_location", "s3://b/raw/", "--drop_deleted", "true", "--raw_table_prefix", "r_"]
    options = script.options_from(script.resolve(given))
    assert options.drop_levels == ("INFO", "DEBUG")
    assert options.sources == ("a", "b")
    assert options.output_format == "csv"
    assert str(options.raw) == "s3://b/raw/"
    assert options.raw_table_prefix == "r_"
    assert options.drop_deleted


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("drop_levels", "INFO,LOUD", "there is no level LOUD"),
        ("output_format", "orc", "orc is none of parquet, csv"),
        ("raw_location", "/raw", "'/raw' is no S3 location"),
        ("reprocess", "2025-12-01,soon", "--reprocess: 'soon' is not a date: write it as YYYY-MM-DD"),
        ("to", "2025-12-32", "--to: '2025-12-32' is not a date"),
        ("replay_rejects", "maybe", "'maybe' is neither true nor false"),
    ],
)
def test_what_cannot_be_is_told(script, name, value, sentence):
    with pytest.raises(UserError, match=sentence):
        script.options_from(script.resolve([*COMMAND, f"--{name}", value]))


def test_what_is_to_be_read_is_heeded(script):
    given = [*COMMAND, "--reprocess", "2025-12-01,2025-12-03", "--replay_rejects", "true"]
    given += ["--from", "2025-12-01", "--to", "2025-12-02"]
    selection = script.options_from(script.resolve(given)).selection
    assert {day.day for day in selection.reprocess} == {1, 3}
    assert selection.replay_rejects
    assert (selection.first.day, selection.last.day) == (1, 2)
    with pytest.raises(UserError, match="is after --to"):
        script.options_from(script.resolve([*given, "--from", "2025-12-09"]))


# --- whole runs


def write_logs(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    for source in ("web", "shop"):
        (folder / source).mkdir(parents=True, exist_ok=True)
        for number in range(4):
            lines = [
                ACCESS.format(
                    day=chance.randint(1, 9), n=chance.randint(0, 59), status=chance.choice((200, 404, 500))
                )
                for _ in range(300)
            ]
            lines.insert(chance.randint(0, 300), "rubbish\n")
            (folder / source / f"{number}.log").write_text("".join(lines))


def prepare(folder: Path, name: str) -> settings.Settings:
    chosen = settings.load({"input": str(folder), "bucket": name, "database": name})
    landing.land(chosen)
    crawler.create(chosen)
    crawler.run(chosen)
    job.deploy(chosen)
    return chosen


def tables(local_aws, chosen: settings.Settings) -> dict[str, list]:
    """All rows of the tables, without the bucket's name, by the files that S3 lists."""
    s3, found = local_aws.client("s3"), {}
    for table in ("logs", "log_counts", "log_rejects"):
        rows = []
        prefix = f"{chosen.cleaned_prefix}/{table}/"
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=chosen.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                data = s3.get_object(Bucket=chosen.bucket, Key=item["Key"])["Body"].read()
                rows += pl.read_parquet(io.BytesIO(data)).rows()
        found[table] = sorted(repr(row).replace(chosen.bucket, "BUCKET") for row in rows)
    return found


def start(glue, chosen: settings.Settings) -> str:
    return glue.start_job_run(JobName=job.TRANSFORM.name, Arguments=job.arguments(chosen))["JobRunId"]


def wait(glue, run_id: str) -> str:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        state = glue.get_job_run(JobName=job.TRANSFORM.name, RunId=run_id)["JobRun"]["JobRunState"]
        if state in job.ENDED:
            return state
        time.sleep(0.1)
    raise AssertionError(f"{run_id} did not end")


def kill_driver(run_id: str) -> None:
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if run_id in command and "--JOB_NAME" in command:
            process.kill()


def wait_for_writes(local_aws, chosen: settings.Settings, part: str, count: int) -> None:
    cleaned = local_aws.root / "s3" / chosen.bucket / chosen.cleaned_prefix
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if len([path for path in cleaned.rglob("*") if part in str(path)]) >= count:
            return
        time.sleep(0.002)
    raise AssertionError(f"nothing was written to {part}")


@pytest.mark.spark
def test_a_killed_driver_leaves_no_trace_once_the_job_runs_again(local_aws, unique, tmp_path):
    write_logs(tmp_path, 1)
    clean = prepare(tmp_path, f"{unique}c")
    job.run(clean)
    wanted = tables(local_aws, clean)
    assert all(wanted.values())

    killed = prepare(tmp_path, f"{unique}k")
    glue = local_aws.client("glue")
    for part, count in (("_intents", 1), ("logs/cleaned/logs/", 3)):
        run_id = start(glue, killed)
        wait_for_writes(local_aws, killed, part, count)
        kill_driver(run_id)
        assert wait(glue, run_id) == "FAILED"
    last = job.run(killed)
    assert last.recovered
    assert tables(local_aws, killed) == wanted
    names = [path.name for path in (local_aws.root / "s3" / killed.bucket).rglob("*_intents*/*")]
    assert names == []


@pytest.mark.spark
def test_two_runs_at_once_both_end_well_and_read_each_object_once(local_aws, unique, tmp_path):
    write_logs(tmp_path, 2)
    clean = prepare(tmp_path, f"{unique}c")
    job.run(clean)
    both = prepare(tmp_path, f"{unique}b")
    glue = local_aws.client("glue")
    found = glue.get_job(JobName=job.TRANSFORM.name)["Job"]
    update = {name: found[name] for name in job.definition(both)} | {
        "ExecutionProperty": {"MaxConcurrentRuns": 2}
    }
    glue.update_job(JobName=job.TRANSFORM.name, JobUpdate=update)
    runs = [start(glue, both), start(glue, both)]
    assert [wait(glue, run_id) for run_id in runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert tables(local_aws, both) == tables(local_aws, clean)
