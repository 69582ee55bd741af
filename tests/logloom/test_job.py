"""The job is brought to Glue when it changed, run, watched, and its failure told."""

from __future__ import annotations

import io
import zipfile

import pytest
from botocore.exceptions import ClientError
from logloom import crawler, job, landing, settings
from logloom.errors import JobFailed

ACCESS = '203.0.113.9 - - [0{day}/Dec/2025:10:00:00 +0000] "GET /{n} HTTP/1.1" {status} 12 "-" "curl/8.5.0"\n'


def test_the_same_package_gives_the_same_zip_without_what_python_leaves(tmp_path):
    package = tmp_path / "pack"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "a.pyc").write_bytes(b"x")
    (package / "data").mkdir()
    (package / "__init__.py").write_text("")
    (package / "data" / "x.toml").write_text("a = 1")
    first = job.zip_package(package)
    (package / "__init__.py").touch()
    assert job.zip_package(package) == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["pack/__init__.py", "pack/data/x.toml"]


def test_the_zips_hold_all_that_the_script_imports():
    files = job.artifacts()
    assert list(files) == ["transform_log_data.py", "logformats.zip", "logtables.zip"]
    formats = zipfile.ZipFile(io.BytesIO(files["logformats.zip"])).namelist()
    assert "logformats/schema.py" in formats
    assert any(name.startswith("logformats/definitions/") for name in formats)
    assert "logtables/batch.py" in zipfile.ZipFile(io.BytesIO(files["logtables.zip"])).namelist()


def test_empty_arguments_are_left_out():
    given = job.arguments(settings.load({"source": "", "drop_levels": "", "bucket": "my-logs"}))
    assert given == {
        "--database": "logloom",
        "--raw_table_prefix": "raw_",
        "--raw_location": "s3://my-logs/logs/raw/",
        "--cleaned_location": "s3://my-logs/logs/cleaned/",
        "--output_format": "parquet",
    }
    given = job.arguments(settings.load({"source": "web", "drop_levels": ["INFO", "DEBUG"]}))
    assert given["--sources"] == "web"
    chosen = {"reprocess": "2025-12-02,2025-12-01", "replay_rejects": "true", "read_to": "2025-12-03"}
    given = job.arguments(settings.load(chosen))
    assert given["--reprocess"] == "2025-12-01,2025-12-02"
    assert (given["--replay_rejects"], given["--to"], "--from" in given) == ("true", "2025-12-03", False)
    given = job.arguments(settings.load({"source": "web", "drop_levels": ["INFO", "DEBUG"]}))
    assert given["--drop_levels"] == "DEBUG,INFO"


def test_the_job_is_what_glue_runs():
    wanted = job.definition(settings.load({"bucket": "my-logs", "job_timeout_minutes": 7}))
    assert wanted["Command"]["ScriptLocation"] == "s3://my-logs/logs/scripts/transform_log_data.py"
    assert wanted["Timeout"] == 7
    assert wanted["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    modules = wanted["DefaultArguments"]["--additional-python-modules"]
    assert [module.split("==")[0] for module in modules.split(",")] == ["polars", "zstandard"]
    assert "s3://my-logs/logs/scripts/logtables.zip" in wanted["DefaultArguments"]["--extra-py-files"]


@pytest.fixture
def landed(local_aws, unique, tmp_path):
    folder = tmp_path / "input"
    (folder / "web").mkdir(parents=True)
    lines = [ACCESS.format(day=1 + n % 3, n=n, status=(200, 404, 500)[n % 3]) for n in range(60)]
    (folder / "web" / "a.log").write_text("".join(lines) + "rubbish\n")
    chosen = settings.load({"input": str(folder), "bucket": unique, "database": unique})
    landing.land(chosen)
    return chosen


def test_deploying_twice_changes_nothing_the_second_time(local_aws, landed):
    s3, glue = local_aws.client("s3"), local_aws.client("glue")
    job.deploy(landed)
    before = {
        item["Key"]: item["LastModified"]
        for item in s3.list_objects_v2(Bucket=landed.bucket, Prefix=landed.scripts_prefix)["Contents"]
    }
    changed_on = glue.get_job(JobName=job.TRANSFORM.name)["Job"]["LastModifiedOn"]
    assert sorted(before) == [
        "logs/scripts/logformats.zip",
        "logs/scripts/logtables.zip",
        "logs/scripts/transform_log_data.py",
    ]
    job.deploy(landed)
    after = s3.list_objects_v2(Bucket=landed.bucket, Prefix=landed.scripts_prefix)["Contents"]
    assert {item["Key"]: item["LastModified"] for item in after} == before
    assert glue.get_job(JobName=job.TRANSFORM.name)["Job"]["LastModifiedOn"] == changed_on
    job.deploy(landed.model_copy(update={"number_of_workers": 5}))
    assert glue.get_job(JobName=job.TRANSFORM.name)["Job"]["NumberOfWorkers"] == 5


@pytest.mark.spark
def test_the_job_reads_what_is_new_and_nothing_else(landed, tmp_path):
    crawler.create(landed)
    crawler.run(landed)
    job.deploy(landed)
    first = job.run(landed)
    assert first.anything_new
    assert first.objects == {"new": 1, "changed": 0, "gone": 0, "unchanged": 0}
    (row,) = first.accounts.itertuples(index=False)
    assert tuple(row) == ("web", 1, 61, 40, 20, 1, 0, 0)

    second = job.run(landed)
    assert not second.anything_new
    assert second.accounts.empty

    (tmp_path / "input" / "web" / "b.log").write_text(ACCESS.format(day=4, n=0, status=503))
    landing.land(landed)
    third = job.run(landed)
    assert third.objects == {"new": 1, "changed": 0, "gone": 0, "unchanged": 1}
    assert third.accounts["lines_read"].tolist() == [1]


@pytest.mark.spark
def test_a_run_that_fails_says_why(landed):
    job.deploy(landed)
    with pytest.raises(JobFailed, match=r"ended FAILED: .*run the crawler first.*\(log: group "):
        job.run(landed)


class Busy:
    """A Glue client whose job is at work for the first two times that somebody would start it."""

    class exceptions:
        class ConcurrentRunsExceededException(Exception):
            pass

    def __init__(self):
        self.asked = 0

    def start_job_run(self, JobName, Arguments):
        self.asked += 1
        if self.asked < 3:
            raise self.exceptions.ConcurrentRunsExceededException
        return {"JobRunId": "jr_1"}


def test_a_second_run_waits_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr(job.time, "sleep", lambda _: None)
    assert job._start(Busy(), settings.load({}), job.TRANSFORM, {}) == "jr_1"
    assert capsys.readouterr().out.count("waiting: another run of logloom-transform is at work") == 1


def test_a_job_that_cannot_start_says_why():
    class Gone(Busy):
        def start_job_run(self, JobName, Arguments):
            raise ClientError(
                {"Error": {"Code": "EntityNotFoundException", "Message": "no job"}}, "StartJobRun"
            )

    with pytest.raises(Exception, match=r"starting the job logloom-transform failed: no job"):
        job._start(Gone(), settings.load({}), job.TRANSFORM, {})
