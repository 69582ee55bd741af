"""The Glue jobs: brought to AWS, run, watched; and what the transform did."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from tqdm.auto import tqdm

from logloom import aws, crawler, project
from logloom.errors import JobFailed, LogloomError
from logloom.refusals import explained

if TYPE_CHECKING:
    import pandas as pd
    from botocore.client import BaseClient

    from logloom.settings import Settings

# What the packages need that Glue 5.1 does not have.
WHEELS = ("polars", "zstandard")
ENDED = ("SUCCEEDED", "FAILED", "ERROR", "STOPPED", "TIMEOUT", "EXPIRED")
COLUMNS = (
    "objects",
    "lines_read",
    "lines_kept",
    "lines_dropped",
    "lines_rejected",
    "lines_joined",
    "lines_blank",
)
START_PATIENCE_S = 3600.0


class Job(NamedTuple):
    """A job: its name in Glue, its script in `glue_jobs/`, and what it does."""

    name: str
    script: str
    description: str


TRANSFORM = Job(
    "logloom-transform",
    "transform_log_data.py",
    "Turns raw logs into the tables logs, log_counts, log_rejects and log_audit",
)


@dataclass(frozen=True)
class JobRun:
    """A job run that succeeded.

    Attributes
    ----------
    run_id
        Glue's id of it.
    seconds
        How long it ran, by Glue's count.
    accounts
        What it read: a row a source with `source`, `objects`, and numbers of lines: `lines_read` =
        `lines_kept` + `lines_dropped` + `lines_rejected` + `lines_joined` + `lines_blank`. Empty when
        nothing was new.
    objects
        Numbers of raw objects by what they were: `new`, `changed`, `gone`, `unchanged`.
    recovered
        Batches that a dead run had left half done, and that this one undid.
    """

    run_id: str
    seconds: float
    accounts: pd.DataFrame = field(repr=False)
    objects: dict[str, int]
    recovered: list[str]

    @property
    def anything_new(self) -> bool:
        """Whether there was anything to read."""
        return any(number for kind, number in self.objects.items() if kind not in ("unchanged", "left_out"))


def deploy(settings: Settings, job: Job = TRANSFORM) -> str:
    """Upload the script and its packages where they changed, and create or update the job.

    Returns
    -------
    str
        The job's name.
    """
    session = aws.session(settings)
    s3, glue = session.client("s3"), session.client("glue")
    for name, data in artifacts(job).items():
        key = f"{settings.scripts_prefix}/{name}"
        with explained(f"uploading s3://{settings.bucket}/{key}"):
            if not _same(s3, settings.bucket, key, data):
                s3.put_object(Bucket=settings.bucket, Key=key, Body=data)
    wanted = definition(settings, job)
    with explained(f"creating the job {job.name}"):
        try:
            found = glue.get_job(JobName=job.name)["Job"]
        except glue.exceptions.EntityNotFoundException:
            glue.create_job(Name=job.name, **wanted)
        else:
            if _differs(wanted, found):
                glue.update_job(JobName=job.name, JobUpdate=wanted)
    return job.name


def artifacts(job: Job = TRANSFORM) -> dict[str, bytes]:
    """Give the files that a job consists of, by name: its script, and the packages it imports as zips."""
    folder = project.root() / "glue_jobs"
    if not (folder / job.script).is_file():
        raise LogloomError(f"the job's script is not there: {folder / job.script}")
    formats = Path(importlib.util.find_spec("logformats").origin).parent
    return {
        job.script: (folder / job.script).read_bytes(),
        "logformats.zip": zip_package(formats),
        "logtables.zip": zip_package(folder / "logtables"),
    }


def zip_package(folder: Path) -> bytes:
    """Zip a package: the same files give the same bytes, whenever and wherever."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def definition(settings: Settings, job: Job = TRANSFORM) -> dict[str, Any]:
    """Describe a job as Glue's CreateJob wants it.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
    """
    scripts = f"s3://{settings.bucket}/{settings.scripts_prefix}"
    packages = [name for name in artifacts(job) if name.endswith(".zip")]
    wheels = [f"{name}=={importlib.metadata.version(name)}" for name in WHEELS]
    return {
        "Description": job.description,
        "Role": settings.glue_role,
        "Command": {"Name": "glueetl", "ScriptLocation": f"{scripts}/{job.script}", "PythonVersion": "3"},
        "DefaultArguments": {
            "--job-language": "python",
            "--extra-py-files": ",".join(f"{scripts}/{name}" for name in packages),
            "--additional-python-modules": ",".join(wheels),
            "--enable-continuous-cloudwatch-log": "true",
        },
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": settings.job_timeout_minutes,
        "GlueVersion": settings.glue_version,
        "WorkerType": settings.worker_type,
        "NumberOfWorkers": settings.number_of_workers,
    }


def arguments(settings: Settings) -> dict[str, str]:
    """Give the arguments of a run; what is empty is left out, since Glue cannot pass an empty argument."""
    given = {
        "--database": settings.database,
        "--raw_table_prefix": crawler.TABLE_PREFIX,
        "--raw_location": settings.raw_location,
        "--cleaned_location": settings.cleaned_location,
        "--drop_levels": ",".join(settings.drop_levels),
        "--output_format": settings.output_format,
        "--sources": settings.source,
        "--formats": json.dumps(settings.formats) if settings.formats else "",
        "--time_zones": json.dumps(settings.time_zones) if settings.time_zones else "",
        "--reprocess": ",".join(settings.reprocess),
        "--replay_rejects": "true" if settings.replay_rejects else "",
        "--drop_deleted": "true" if settings.drop_deleted else "",
        "--from": settings.read_from,
        "--to": settings.read_to,
    }
    return {name: value for name, value in given.items() if value}


def run(settings: Settings) -> JobRun:
    """Run the transform, show its progress, and wait for its end.

    While another run of the job is at work, this one waits for it.

    Raises
    ------
    JobFailed
        With Glue's reason, and where the job's log is.
    """
    found, outcome = execute(settings, TRANSFORM, arguments(settings), "transform")
    return JobRun(
        run_id=found["Id"],
        seconds=float(found.get("ExecutionTime", 0)),
        accounts=_accounts(outcome.get("accounts", {})),
        objects=outcome.get("objects", {}),
        recovered=outcome.get("recovered", []),
    )


def execute(
    settings: Settings, job: Job, given: dict[str, str], step: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a job that was deployed, show its progress, and wait for its end.

    Parameters
    ----------
    settings
        Where the job runs, and where it tells its progress.
    job
        The job.
    given
        The run's arguments.
    step
        What the progress is called before the job says so itself.

    Returns
    -------
    tuple of dict, dict
        The job run as Glue has it, and what the job told of its end.

    Raises
    ------
    JobFailed
        With Glue's reason, and where the job's log is.
    """
    session = aws.session(settings)
    glue, s3 = session.client("glue"), session.client("s3")
    run_id = _start(glue, settings, job, given)
    pause = 0.25 if settings.is_local else 5.0
    with tqdm(desc=step, unit="task", bar_format="{desc}{n}/{total} {bar} {elapsed}", total=0) as bar:
        while True:
            with explained(f"asking for the job run {run_id}"):
                found = glue.get_job_run(JobName=job.name, RunId=run_id)["JobRun"]
            progress = _progress(s3, settings, run_id)
            _show(bar, found["JobRunState"], progress)
            if found["JobRunState"] in ENDED:
                break
            time.sleep(pause)
    if found["JobRunState"] != "SUCCEEDED":
        raise JobFailed(_failure(found))
    return found, progress


def _start(glue: BaseClient, settings: Settings, job: Job, given: dict[str, str]) -> str:
    end = time.monotonic() + START_PATIENCE_S
    said = False
    while True:
        try:
            return glue.start_job_run(JobName=job.name, Arguments=given)["JobRunId"]
        except glue.exceptions.ConcurrentRunsExceededException:
            if time.monotonic() > end:
                raise JobFailed(
                    f"another run of {job.name} is at work since an hour: stop it, or wait"
                ) from None
            if not said:
                said = True
                tqdm.write(f"waiting: another run of {job.name} is at work")
            time.sleep(1.0 if settings.is_local else 10.0)
        except ClientError:
            with explained(f"starting the job {job.name}"):
                raise


def _progress(s3: BaseClient, settings: Settings, run_id: str) -> dict[str, Any]:
    try:
        answer = s3.get_object(
            Bucket=settings.bucket, Key=f"{settings.cleaned_prefix}/_progress/{run_id}.json"
        )
    except s3.exceptions.NoSuchKey:
        return {}
    return json.loads(answer["Body"].read())


def _show(bar: tqdm, state: str, progress: dict[str, Any]) -> None:
    step = progress.get("step", state.lower())
    total, done = progress.get("tasks_total", bar.total or 0), progress.get("tasks_done", bar.n)
    if step == "done":
        total = done = total or 1
    if (step, total, done) != (bar.desc.removesuffix(": "), bar.total, bar.n):
        bar.total, bar.n = total, done
        bar.set_description(step)


def _failure(found: dict[str, Any]) -> str:
    reason = found.get("ErrorMessage") or "Glue gives no reason"
    group = found.get("LogGroupName") or "/aws-glue/jobs"
    return (
        f"the job run {found['Id']} ended {found['JobRunState']}: {reason} "
        f"(log: group {group}/error, stream {found['Id']})"
    )


def _accounts(by_source: dict[str, dict[str, int]]) -> pd.DataFrame:
    import pandas as pd

    rows = [(source, *(numbers[name] for name in COLUMNS)) for source, numbers in sorted(by_source.items())]
    return pd.DataFrame(rows, columns=["source", *COLUMNS])


def _differs(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Tell whether a job is not as wanted; what Glue adds of its own is no difference."""
    return any(
        _differs(value, found.get(name) or {}) if isinstance(value, dict) else found.get(name) != value
        for name, value in wanted.items()
    )


def _same(s3: BaseClient, bucket: str, key: str, data: bytes) -> bool:
    try:
        etag = s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return etag == hashlib.md5(data, usedforsecurity=False).hexdigest()
