"""The aws command line on the local AWS's Glue and its logs, as its users type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

REFUSED = 255  # as the command ends when a service refuses
AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def aws(local_aws):
    def run(*words, code=0):
        environment = {**os.environ, **local_aws.environment, "AWS_PAGER": ""}
        done = subprocess.run([AWS, *words], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        if code:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return run


def test_the_catalog(aws, unique):
    assert aws("glue", "create-database", "--database-input", f"Name={unique}", "--tags", "a=1") == ""
    table = {
        "Name": "t",
        "StorageDescriptor": {"Columns": [{"Name": "m", "Type": "string"}], "Location": "s3://b/t/"},
        "PartitionKeys": [{"Name": "dt", "Type": "string"}],
    }
    where = ["--database-name", unique]
    aws("glue", "create-table", *where, "--table-input", json.dumps(table))
    items = [{"Values": [f"2026-01-{day:02}"], "StorageDescriptor": {}} for day in range(1, 31)]
    made = aws(
        *("glue", "batch-create-partition", *where, "--table-name", "t"),
        *("--partition-input-list", json.dumps(items)),
    )
    assert made == {"Errors": []}
    found = aws(
        *("glue", "get-partitions", *where, "--table-name", "t", "--expression", "dt LIKE '2026-01-1%'"),
        *("--page-size", "3", "--query", "Partitions[].Values[0]"),
    )
    assert found == [f"2026-01-1{day}" for day in range(10)]
    assert aws("glue", "get-tables", *where, "--query", "TableList[].Name", "--output", "text") == "t\n"
    error = aws("glue", "get-table", *where, "--name", "nosuch", code=REFUSED)
    assert "(EntityNotFoundException) when calling the GetTable operation: Table nosuch not found." in error
    error = aws("glue", "list-triggers", code=REFUSED)
    assert "The local AWS does not have glue's ListTriggers." in error


def test_a_job_and_its_logs(aws, local_aws, unique):
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="job.py", Body=b"print('one')\nprint('two')\n")
    command = f"Name=pythonshell,ScriptLocation=s3://{unique}/job.py,PythonVersion=3.9"
    aws("glue", "create-job", "--name", unique, "--role", "r", "--command", command)
    run = aws(
        "glue", "start-job-run", "--job-name", unique, "--query", "JobRunId", "--output", "text"
    ).strip()
    glue, until = local_aws.client("glue"), time.monotonic() + 60
    while "CompletedOn" not in glue.get_job_run(JobName=unique, RunId=run)["JobRun"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    # What `aws logs tail` of the second version of the command asks for.
    messages = aws(
        *("logs", "filter-log-events", "--log-group-name", "/aws-glue/jobs/output", "--interleaved"),
        *("--log-stream-names", run, "--start-time", "0", "--query", "events[].message"),
    )
    assert messages == ["one", "two"]
    logs = local_aws.client("logs")
    found = logs.filter_log_events(
        logGroupName="/aws-glue/jobs/output", logStreamNames=[run], filterPattern="two"
    )
    assert [event["message"] for event in found["events"]] == ["two"]
    streams = logs.describe_log_streams(logGroupName="/aws-glue/jobs/error", logStreamNamePrefix=run)
    assert [stream["logStreamName"] for stream in streams["logStreams"]] == [run]
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws-glue/jobs/")["logGroups"]
    assert {"/aws-glue/jobs/output", "/aws-glue/jobs/error"} <= {group["logGroupName"] for group in groups}
