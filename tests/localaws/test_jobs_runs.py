"""Job runs: states, errors, arguments, logs, timeouts, stops, concurrency, and that nothing outlives them.

Most run as Python shell jobs, which need no JVM; those marked `spark` run the boilerplate of a Glue job.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError
from localaws.glue.job_runs import JobRuns
from localaws.glue.service import GlueService
from localaws.service import AwsError, Context
from localaws.store import Store

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")
PATIENCE_S = 60

BOILERPLATE = """
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job

args = getResolvedOptions(sys.argv, ["JOB_NAME", "input", "output"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
"""


class Glue:
    """A Glue over a folder of its own, without a server around it; a minute of its timeouts is a second."""

    def __init__(self, root, minute_s=1.0):
        self.root = root
        (root / "s3" / "lake").mkdir(parents=True, exist_ok=True)
        nowhere = {
            "AWS_CONFIG_FILE": str(root / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(root / "none"),
            "AWS_PROFILE": "of-the-job",
        }
        self.forgotten: list[str] = []
        context = Context(
            root,
            root / "s3",
            Store(root / "state.db"),
            "123456789012",
            "us-east-1",
            nowhere,
            forget_listing=self.forgotten.append,
        )
        self.service = GlueService(context)
        self.service.job_runs = JobRuns(context, self.service.jobs, minute_s)
        self.shipped: dict[tuple[str, str], list[str]] = {}
        self.service.job_runs.cloudwatch.put = self._ship
        self.actions = self.service.actions()

    def _ship(self, group, stream, lines):
        self.shipped.setdefault((group, stream), []).extend(lines)

    def __call__(self, action, **body):
        return self.actions[action](body)

    def write(self, key, data):
        path = self.root / "s3" / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def job(self, script, kind="pythonshell", **more):
        self.write("script.py", script)
        command = {"Name": kind, "ScriptLocation": "s3://lake/script.py"}
        self("CreateJob", **{"Name": "job", "Role": "role", "Command": command, **more})

    def start(self, **more):
        return self("StartJobRun", JobName="job", **more)["JobRunId"]

    def state(self, run_id):
        return self("GetJobRun", JobName="job", RunId=run_id)["JobRun"]

    def wait(self, run_id, *states):
        until = time.monotonic() + PATIENCE_S
        while (run := self.state(run_id))["JobRunState"] not in (states or ENDED):
            assert run["JobRunState"] not in ENDED, run
            assert time.monotonic() < until, run
            time.sleep(0.02)
        return run

    def run(self, script, kind="pythonshell", arguments=None, **more):
        self.job(script, kind, **more)
        return self.wait(self.start(Arguments=arguments or {}))

    def output(self, run):
        return self.shipped.get(("/aws-glue/jobs/output", run["Id"]), [])

    def errors(self, run):
        return self.shipped.get(("/aws-glue/jobs/error", run["Id"]), [])


@pytest.fixture
def glue(tmp_path):
    made = Glue(tmp_path)
    yield made
    made.service.close()


def test_a_run_that_succeeds(glue):
    run = glue.run("import sys\nprint('hello')\nprint('oops', file=sys.stderr)\n")
    assert run["JobRunState"] == "SUCCEEDED"
    assert "ErrorMessage" not in run
    assert run["Id"].startswith("jr_")
    assert run["StartedOn"] <= run["CompletedOn"]
    assert run["ExecutionTime"] >= 0
    assert (run["Attempt"], run["LogGroupName"], run["Timeout"]) == (0, "/aws-glue/jobs", 480)
    assert glue.output(run) == ["hello"]
    assert glue.errors(run) == ["oops"]
    logs = glue.root / "logs" / "jobs" / run["Id"]
    assert (logs / "output.log").read_text() == "hello\n"
    assert glue("GetJobRuns", JobName="job")["JobRuns"] == [run]


def test_what_a_run_wrote_is_shown_before_it_says_so(glue):
    glue.run("pass")
    assert glue.forgotten == ["lake"]


def test_the_script_gets_its_arguments_and_its_surroundings(glue):
    glue.write("data.txt", "in the folder")
    run = glue.run(
        "import os, sys\n"
        "from awsglue.utils import getResolvedOptions\n"
        "args = getResolvedOptions(sys.argv, ['JOB_NAME', 'a', 'b'])\n"
        "print(args['JOB_NAME'], args['JOB_RUN_ID'], args['a'], args['b'])\n"
        "print(os.environ['AWS_PROFILE'], os.environ['AWS_REGION'], os.environ.get('AWS_ACCESS_KEY_ID'))\n"
        "print(open('data.txt').read())\n"
        "print(__name__, sys.argv[0].endswith('script.py'), sys.path[0] == os.path.dirname(__file__))\n",
        DefaultArguments={"--a": "default", "--b": "default", "--extra-files": "s3://lake/data.txt"},
        arguments={"--b": "own"},
    )
    assert glue.output(run) == [
        f"job {run['Id']} default own",
        "of-the-job us-east-1 None",
        "in the folder",
        "__main__ True True",
    ]
    assert run["Arguments"] == {"--b": "own"}


def test_a_secret_key_of_the_supervisors_environment_does_not_reach_the_script(glue, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-another-account")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    run = glue.run(
        "import os\nprint([n for n in os.environ if 'SECRET' in n], 'somewhere' in os.environ['PYTHONPATH'])"
    )
    assert glue.output(run) == ["[] False"]


def test_another_python_than_asked_for_is_told(glue):
    command = {"Name": "pythonshell", "ScriptLocation": "s3://lake/script.py", "PythonVersion": "3.9"}
    run = glue.run("import sys\nprint(sys.version_info[:2] == (3, 11))", Command=command)
    assert glue.output(run) == ["True"]
    assert any("Python 3.9 is asked for; the local AWS runs Python 3.11" in line for line in glue.errors(run))


def test_logs_go_where_the_arguments_say(glue):
    run = glue.run(
        "import sys\nprint('out')\nprint('err', file=sys.stderr)",
        DefaultArguments={
            "--custom-logGroup-prefix": "/team",
            "--custom-logStream-prefix": "nightly",
            "--enable-continuous-cloudwatch-log": "true",
            "--continuous-log-logGroup": "/team/all",
        },
    )
    assert run["LogGroupName"] == "/team"
    assert glue.shipped == {
        ("/team/output", "nightly"): ["out"],
        ("/team/error", "nightly"): ["err"],
        ("/team/all", f"{run['Id']}-driver"): ["out", "err"],
    }


def test_continuous_logs_have_a_group_of_their_own(glue):
    run = glue.run("print('out')", arguments={"--enable-continuous-cloudwatch-log": "true"})
    assert glue.shipped[("/aws-glue/jobs/logs-v2", f"{run['Id']}-driver")] == ["out"]
    assert glue.output(run) == ["out"]


def test_extra_py_files_can_be_imported(glue):
    archive = glue.root / "package.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped/__init__.py", "value = 'from the zip'")
    glue.write("package.zip", archive.read_bytes())
    glue.write("single.py", "value = 'from the file'")
    run = glue.run(
        "import single, zipped\nprint(single.value, zipped.value)",
        arguments={"--extra-py-files": "s3://lake/package.zip,s3://lake/single.py"},
    )
    assert glue.output(run) == ["from the file from the zip"]


# Failures


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("def f():\n    raise ValueError('boom: 1')\nf()", "ValueError: boom: 1"),
        ("undefined_name", "NameError: name 'undefined_name' is not defined"),
        ("def f(:\n", "SyntaxError: invalid syntax (script.py, line 1)"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("import sys\nsys.exit('not today')", "SystemExit: not today"),
        ("import os\nos._exit(4)", "Command failed with exit code 4"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9 (SIGKILL)."),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_a_failing_script_says_why(glue, script, message):
    run = glue.run(script)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].endswith(message)


def test_a_traceback_is_in_the_error_log_without_the_runners_own_frames(glue):
    run = glue.run("def f():\n    raise ValueError('boom')\nf()")
    text = "\n".join(glue.errors(run))
    assert "ValueError: boom" in text
    assert "line 3, in <module>" in text
    assert "run_script.py" not in text


@pytest.mark.parametrize("script", ["import sys\nsys.exit()", "import sys\nsys.exit(0)"])
def test_an_exit_without_a_code_is_a_success(glue, script):
    assert glue.run(script)["JobRunState"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("job", "arguments", "message"),
    [
        (
            {"Command": {"Name": "pythonshell", "ScriptLocation": "s3://lake/none.py"}},
            {},
            "s3://lake/none.py does not",
        ),
        (
            {"Command": {"Name": "pythonshell", "ScriptLocation": "s3://lake/../../none"}},
            {},
            "The script s3://lake/../../none does not exist",
        ),
        (
            {},
            {"--extra-py-files": "s3://lake/none.zip"},
            "--extra-py-files: s3://lake/none.zip does not exist.",
        ),
        ({}, {"--additional-python-modules": "none-such==1"}, "none-such is not installed here"),
        ({}, {"--job-language": "scala"}, "runs Python scripts only"),
        ({}, {"--conf": "nonsense"}, "'nonsense' is no spark.key=value"),
    ],
)
def test_a_run_that_cannot_start_is_failed_with_the_reason(glue, job, arguments, message):
    run = glue.run("pass", arguments=arguments, **job)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]
    assert message in "\n".join(glue.errors(run))


def test_a_run_may_be_tried_again(glue):
    glue.job("import sys\nprint('tried')\nraise ValueError('again')", MaxRetries=1)
    first = glue.wait(glue.start())
    second = glue.wait(first["Id"] + "_attempt_1")
    assert (second["Attempt"], second["PreviousRunId"]) == (1, first["Id"])
    assert second["JobRunState"] == "FAILED"
    assert len(glue("GetJobRuns", JobName="job")["JobRuns"]) == 2


# Timeouts, stops, concurrency

SLEEP = "import time\nprint('begun', flush=True)\ntime.sleep(100)"


def test_a_run_over_its_time_is_ended(glue):
    glue.job(SLEEP, Timeout=1)
    run = glue.wait(glue.start())
    assert run["JobRunState"] == "TIMEOUT"
    assert "timeout of 1 minute" in run["ErrorMessage"]
    assert glue.wait(glue.start(Timeout=2))["Timeout"] == 2


def test_a_run_can_be_stopped(glue):
    glue.job(SLEEP)
    run_id = glue.start()
    glue.wait(run_id, "RUNNING")
    answer = glue("BatchStopJobRun", JobName="job", JobRunIds=[run_id, "jr_none"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": "job", "JobRunId": run_id}]
    assert [error["JobRunId"] for error in answer["Errors"]] == ["jr_none"]
    assert glue.wait(run_id)["JobRunState"] == "STOPPED"
    (error,) = glue("BatchStopJobRun", JobName="job", JobRunIds=[run_id])["Errors"]
    assert "STOPPED" in error["ErrorDetail"]["ErrorMessage"]


def test_no_more_runs_at_once_than_the_job_allows(glue):
    glue.job(SLEEP, ExecutionProperty={"MaxConcurrentRuns": 2})
    runs = [glue.start(), glue.start()]
    with pytest.raises(AwsError, match="ConcurrentRunsExceededException"):
        glue.start()
    glue("BatchStopJobRun", JobName="job", JobRunIds=runs)
    for run_id in runs:
        glue.wait(run_id)
    glue("BatchStopJobRun", JobName="job", JobRunIds=[glue.start()])


TREE = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import os, time; os.setsid(); time.sleep(100)"])
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    print("orphan", os.getpid(), flush=True)
    time.sleep(100)
print("child", child.pid, flush=True)
print("script", os.getpid(), flush=True)
time.sleep(100)
"""


def pids_of(glue, run_id, count):
    """The processes that a run's script has told of."""
    log = glue.root / "logs" / "jobs" / run_id / "output.log"
    until = time.monotonic() + 20
    while (
        len(found := [line.split() for line in log.read_text().splitlines()] if log.exists() else []) < count
    ):
        assert time.monotonic() < until
        time.sleep(0.02)
    return {name: int(pid) for name, pid in found}


def alive(pids):
    return {
        name
        for name, pid in pids.items()
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    }


def gone(pids):
    until = time.monotonic() + 10
    while (left := alive(pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not left


def test_nothing_outlives_a_stopped_run(glue):
    glue.job(TREE)
    run_id = glue.start()
    pids = pids_of(glue, run_id, 3)
    assert alive(pids) == {"orphan", "child", "script"}
    glue("BatchStopJobRun", JobName="job", JobRunIds=[run_id])
    assert glue.wait(run_id)["JobRunState"] == "STOPPED"
    assert alive(pids) == set()


def test_nothing_outlives_a_run_that_has_ended(glue):
    glue.job(TREE.replace("time.sleep(100)\n", "time.sleep(0.5)\n"))
    run_id = glue.start()
    pids = pids_of(glue, run_id, 3)
    assert glue.wait(run_id)["JobRunState"] == "SUCCEEDED"
    assert alive(pids) == set()
    assert not (glue.root / "tmp" / "jobs" / run_id).exists()


SUPERVISOR = """
import sys, time
sys.path.insert(0, {folder!r})
from pathlib import Path
from test_jobs_runs import Glue, TREE
glue = Glue(Path({root!r}))
glue.job(TREE)
print(glue.start(), flush=True)
time.sleep(100)
"""


def test_a_run_ends_with_a_killed_supervisor_and_is_failed_after_the_restart(tmp_path):
    code = SUPERVISOR.format(folder=str(Path(__file__).parent), root=str(tmp_path))
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        run_id = supervisor.stdout.readline().strip()
        again = Glue(tmp_path)
        pids = pids_of(again, run_id, 3)
    finally:
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
    assert gone(pids)
    again.service.job_runs.start()
    run = again.state(run_id)
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "The local AWS ended during the run.")
    assert run["CompletedOn"] >= run["StartedOn"]
    assert not (tmp_path / "tmp" / "jobs" / run_id).exists()
    again.wait(again.start(Timeout=1))  # the job is free again


def test_closing_the_service_ends_its_runs(tmp_path):
    glue = Glue(tmp_path)
    glue.job(TREE)
    run_id = glue.start()
    pids = pids_of(glue, run_id, 3)
    glue.service.close()
    assert alive(pids) == set()
    assert glue.state(run_id)["JobRunState"] == "FAILED"


# Requests


def test_runs_that_are_not_there_are_refused(glue):
    for action, body in (
        ("StartJobRun", {"JobName": "none"}),
        ("GetJobRuns", {"JobName": "none"}),
        ("GetJobRun", {"JobName": "none", "RunId": "jr_x"}),
    ):
        with pytest.raises(AwsError, match="EntityNotFoundException"):
            glue(action, **body)


@pytest.mark.parametrize(
    "wrong",
    [{"Timeout": 20000}, {"WorkerType": "G.1X", "NumberOfWorkers": 2}, {"JobRunQueuingEnabled": True}],
)
def test_a_wrong_request_starts_nothing(glue, wrong):
    glue.job("pass")
    with pytest.raises(AwsError, match="InvalidInputException"):
        glue.start(**wrong)
    assert glue("GetJobRuns", JobName="job")["JobRuns"] == []


def test_runs_are_listed_newest_first_in_pages(glue):
    glue.job("pass", ExecutionProperty={"MaxConcurrentRuns": 3})
    started = []
    for _ in range(3):
        started.append(glue.start())
        glue.wait(started[-1])
    page = glue("GetJobRuns", JobName="job", MaxResults=2)
    assert [run["Id"] for run in page["JobRuns"]] == [started[2], started[1]]
    rest = glue("GetJobRuns", JobName="job", MaxResults=2, NextToken=page["NextToken"])
    assert [run["Id"] for run in rest["JobRuns"]] == [started[0]]
    assert "NextToken" not in rest


# With Spark


@pytest.mark.spark
def test_the_boilerplate_of_glue_reads_and_writes_s3(glue):
    glue.write("in/a.txt", "one\ntwo\nthree\n")
    archive = glue.root / "package.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", "def length(text):\n    return len(text)")
    glue.write("package.zip", archive.read_bytes())
    script = BOILERPLATE + (
        "import os, zipped\n"
        "from pyspark.sql.functions import lit, to_timestamp, udf\n"
        "lines = spark.read.text(args['input'])\n"
        "lengths = lines.select('value', udf(zipped.length, 'int')('value').alias('n'))\n"
        "lengths = lengths.withColumn('at', to_timestamp(lit('2025-12-22 10:00:00')))\n"
        "lengths.coalesce(1).write.partitionBy('n').parquet(args['output'])\n"
        "profiles = sc.parallelize([0]).map(lambda _: os.environ['AWS_PROFILE']).collect()\n"
        "print(spark.conf.get('spark.sql.session.timeZone'), spark.conf.get('spark.hello'), profiles)\n"
        "glueContext.get_logger().info('logged')\n"
        "job.commit()\n"
    )
    run = glue.run(
        script,
        kind="glueetl",
        arguments={
            "--input": "s3://lake/in/",
            "--output": "s3://lake/out/",
            "--extra-py-files": "s3://lake/package.zip",
            "--conf": "spark.hello=world --conf spark.driver.maxResultSize=2g",
            "--additional-python-modules": "polars",
        },
    )
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert glue.output(run) == ["UTC world ['of-the-job']"]
    assert any("logged" in line for line in glue.errors(run))
    import pyarrow.parquet as pq

    out = glue.root / "s3" / "lake" / "out"
    assert {path.name for path in out.iterdir()} == {"_SUCCESS", "n=3", "n=5"}
    table = pq.read_table(out)
    assert sorted(table["value"].to_pylist()) == ["one", "three", "two"]
    assert str(table["at"][0].as_py())[:19] == "2025-12-22 10:00:00"


@pytest.mark.spark
def test_a_spark_error_is_told_in_one_line_and_other_buckets_stay_shut(glue):
    script = BOILERPLATE + "spark.range(1).write.parquet('s3://no-such-bucket/x/')\n"
    run = glue.run(script, kind="glueetl", arguments={"--input": "-", "--output": "-"})
    assert run["JobRunState"] == "FAILED"
    assert "\n\tat " not in run["ErrorMessage"]
    assert "no-such-bucket" in run["ErrorMessage"]


@pytest.mark.spark
def test_a_stopped_spark_run_leaves_no_jvm(glue):
    script = BOILERPLATE + (
        "import time\n"
        "print('begun', flush=True)\n"
        "sc.parallelize(range(4)).foreach(lambda _: time.sleep(100))\n"
    )
    glue.job(script, kind="glueetl")
    before = set(psutil.Process().children(recursive=True))  # a browser of other tests, say
    run_id = glue.start(Arguments={"--input": "-", "--output": "-"})
    log = glue.root / "logs" / "jobs" / run_id / "output.log"
    until = time.monotonic() + PATIENCE_S
    while "begun" not in (log.read_text() if log.exists() else ""):
        assert time.monotonic() < until
        time.sleep(0.05)
    children = set(psutil.Process().children(recursive=True)) - before
    own = {str(process.pid): process.pid for process in children}
    assert any("java" in psutil.Process(pid).name() for pid in own.values())
    glue("BatchStopJobRun", JobName="job", JobRunIds=[run_id])
    assert glue.wait(run_id)["JobRunState"] == "STOPPED"
    assert alive(own) == set()


@pytest.mark.spark
def test_a_client_sees_logs_and_objects_when_the_run_says_succeeded(local_aws, unique):
    s3, glue, logs = (local_aws.client(name) for name in ("s3", "glue", "logs"))
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="in/a.txt", Body=b"one\ntwo\n")
    script = BOILERPLATE + (
        "import boto3\n"
        f"print(boto3.client('s3').head_object(Bucket={unique!r}, Key='in/a.txt')['ContentLength'])\n"
        "spark.read.text(args['input']).coalesce(1).write.parquet(args['output'])\n"
        "job.commit()\n"
    )
    s3.put_object(Bucket=unique, Key="script.py", Body=script.encode())
    assert "Contents" not in s3.list_objects_v2(Bucket=unique, Prefix="out/")
    glue.create_job(
        Name=unique,
        Role="role",
        Command={"Name": "glueetl", "ScriptLocation": f"s3://{unique}/script.py"},
        GlueVersion="5.1",
        WorkerType="G.1X",
        NumberOfWorkers=2,
        DefaultArguments={"--input": f"s3://{unique}/in/", "--output": f"s3://{unique}/out/"},
    )
    run_id = glue.start_job_run(JobName=unique)["JobRunId"]
    with pytest.raises(ClientError, match="ConcurrentRunsExceededException"):
        glue.start_job_run(JobName=unique)
    until = time.monotonic() + PATIENCE_S
    while (run := glue.get_job_run(JobName=unique, RunId=run_id)["JobRun"])["JobRunState"] not in ENDED:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=unique, Prefix="out/")["Contents"]]
    assert any(key.endswith(".parquet") for key in keys)
    events = logs.get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run_id)["events"]
    assert [event["message"] for event in events] == ["8"]
