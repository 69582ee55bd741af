"""kill -9 of the job, or of the local AWS with all its processes, at random moments: nothing lost or twice.

`LOGLOOM_KILL_ROUNDS=30 make test ARGS='-k kills'` is the long way.
"""

from __future__ import annotations

import contextlib
import os
import random
import time

import boto3
import psutil
import pytest
from localaws import control
from logloom import crawler, job, queries, settings

ROUNDS = int(os.environ.get("LOGLOOM_KILL_ROUNDS", "2"))
ACCESS = '203.0.113.9 - - [{day:02}/Dec/2025:10:{n:02}:00 +0000] "GET /{n} HTTP/1.1" {status} 12 "-" "curl"\n'


@pytest.fixture
def own_aws(tmp_path, monkeypatch):
    """A local AWS that this test may kill."""
    root = tmp_path / "aws"
    monkeypatch.setenv("LOGLOOM_LOCAL_ROOT", str(root))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(root / "aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(root / "aws" / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "logloom-local")
    control.start(root)
    yield root
    control.stop(root)


def client(service: str):
    return boto3.Session(profile_name="logloom-local").client(service)


def change(logs: dict[str, bytes], chance: random.Random) -> None:
    """New, changed and deleted raw objects."""
    for _ in range(3):
        name = f"web/{chance.randint(0, 5)}.log"
        if chance.random() < 0.2:
            logs.pop(name, None)
            continue
        lines = [
            ACCESS.format(day=chance.randint(1, 9), n=chance.randint(0, 59), status=chance.choice((200, 500)))
            for _ in range(200)
        ]
        logs[name] = "".join([*lines, "rubbish\n"]).encode()


def land(chosen: settings.Settings, logs: dict[str, bytes]) -> None:
    s3 = client("s3")
    prefix = f"{chosen.raw_prefix}/"
    for item in s3.list_objects_v2(Bucket=chosen.bucket, Prefix=prefix).get("Contents", ()):
        if item["Key"].removeprefix(prefix) not in logs:
            s3.delete_object(Bucket=chosen.bucket, Key=item["Key"])
    for name, data in logs.items():
        s3.put_object(Bucket=chosen.bucket, Key=prefix + name, Body=data)


def of_run(run_id: str) -> list[psutil.Process]:
    """The processes of a job run: its driver, and what that started."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if run_id in command and "--JOB_NAME" in command:
            found += [process, *process.children(recursive=True)]
    return found


def killed(root, run_id: str, everything: bool) -> None:
    """Kill the driver; or the supervisor with every process that it started, the job's too."""
    victims = of_run(run_id)
    if everything:
        supervisor = psutil.Process(control.status(root).pid)
        victims = [*supervisor.children(recursive=True), *victims, supervisor]
    for process in victims if everything else victims[:1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def start(chosen: settings.Settings) -> str:
    return client("glue").start_job_run(JobName=job.TRANSFORM.name, Arguments=job.arguments(chosen))[
        "JobRunId"
    ]


def ended(run_id: str) -> str:
    glue, until = client("glue"), time.monotonic() + 120
    while time.monotonic() < until:
        state = glue.get_job_run(JobName=job.TRANSFORM.name, RunId=run_id)["JobRun"]["JobRunState"]
        if state in job.ENDED:
            return state
        time.sleep(0.1)
    raise AssertionError(f"{run_id} did not end")


def rows(chosen: settings.Settings) -> dict[str, list]:
    """What Athena finds in the tables, without the bucket's name, counts of the same added up."""
    asked = {
        "logs": 'SELECT dt, "timestamp", url_path, log_level, log_file_path, log_file_line FROM logs',
        "log_counts": 'SELECT dt, "minute", log_level, log_file_path, sum(events), sum(bytes) '
        "FROM log_counts "
        "GROUP BY 1, 2, 3, 4",
        "log_rejects": "SELECT raw_line, log_file_path, log_file_line FROM log_rejects",
    }
    return {
        table: sorted(
            repr(row).replace(chosen.bucket, "BUCKET")
            for row in queries.run_sql(chosen, sql).frame.itertuples(index=False, name=None)
        )
        for table, sql in asked.items()
    }


def prepared(name: str, logs: dict[str, bytes]) -> settings.Settings:
    chosen = settings.load({"bucket": name, "database": name, "drop_deleted": "true"})
    client("s3").create_bucket(Bucket=name)
    land(chosen, logs)
    crawler.create(chosen)
    crawler.run(chosen)
    job.deploy(chosen)
    return chosen


@pytest.mark.spark
@pytest.mark.timeout(120 + 90 * ROUNDS)
def test_whatever_is_killed_and_when_the_tables_are_those_of_one_clean_run(own_aws):
    chance = random.Random(ROUNDS)
    logs: dict[str, bytes] = {}
    change(logs, chance)
    chosen = prepared("killed", logs)
    for round_ in range(ROUNDS):
        everything = round_ % 2 == 1
        run_id = start(chosen)
        time.sleep(chance.uniform(0.3, 9))
        killed(own_aws, run_id, everything)
        if everything:
            control.start(own_aws)
        assert ended(run_id) in ("FAILED", "SUCCEEDED")
        change(logs, chance)
        land(chosen, logs)
    job.run(chosen)
    found = rows(chosen)
    assert all(found.values())

    clean = prepared("clean", logs)
    job.run(clean)
    assert found == rows(clean)
    kept = client("s3").list_objects_v2(Bucket="killed", Prefix=f"{chosen.cleaned_prefix}/_intents")
    assert "Contents" not in kept
