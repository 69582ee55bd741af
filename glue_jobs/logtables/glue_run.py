"""What every job script does around its work: its arguments, its progress, Spark when it is needed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from awsglue.utils import getResolvedOptions
from botocore.exceptions import ClientError

from logtables.batch import UserError
from logtables.s3 import Location
from logtables.selection import date_of

if TYPE_CHECKING:
    from botocore.client import BaseClient

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
LIVING_STATES = ("STARTING", "RUNNING", "STOPPING", "WAITING")


def resolve(argv: list[str], required: Iterable[str], optional: Iterable[str]) -> dict[str, str]:
    """Resolve the job's arguments; those that may be missing are asked for only when they are there."""
    given = [
        name for name in optional if f"--{name}" in argv or any(a.startswith(f"--{name}=") for a in argv)
    ]
    return getResolvedOptions(argv, [*required, *given])


def run_id_of(arguments: dict[str, str]) -> str:
    """Give the job run's id; of a script that is run by hand, one that is made up."""
    return arguments.get("JOB_RUN_ID") or f"by-hand-{uuid4().hex[:8]}"


def job_run_is_alive(glue: BaseClient, holder: str) -> bool:
    """Ask Glue whether a job run, written as ``job.run``, can still be at work."""
    job_name, _, run_id = holder.rpartition(".")
    try:
        run = glue.get_job_run(JobName=job_name, RunId=run_id)["JobRun"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("EntityNotFoundException", "InvalidInputException"):
            return False
        raise
    return run["JobRunState"] in LIVING_STATES


def say(sentence: str) -> None:
    """Write a line to the job's log."""
    print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", flush=True)


def location_of(arguments: dict[str, str], name: str) -> Location:
    """Read an argument that is an S3 location; raises UserError for what is none."""
    try:
        return Location.parse(arguments[name])
    except ValueError as error:
        raise UserError(f"--{name}: {error}") from None


def day(arguments: dict[str, str], name: str) -> date | None:
    """Read an argument that is a date (YYYY-MM-DD), None if not given; raises UserError for what is none."""
    try:
        return date_of(arguments[name].strip()) if name in arguments else None
    except ValueError as error:
        raise UserError(f"--{name}: {error}") from None


def days(arguments: dict[str, str]) -> tuple[date | None, date | None]:
    """Read ``--from`` and ``--to``; raises UserError for what is no date, or in the wrong order."""
    first, last = day(arguments, "from"), day(arguments, "to")
    if first and last and first > last:
        raise UserError(f"--from ({first}) is after --to ({last}): swap them")
    return first, last


def flag(arguments: dict[str, str], name: str) -> bool:
    """Read an argument that is ``true`` or ``false``, which it is if not given; else raises UserError."""
    text = arguments.get(name, "false").strip().lower()
    if text not in ("true", "false"):
        raise UserError(f"--{name}: {text!r} is neither true nor false")
    return text == "true"


def words(text: str) -> tuple[str, ...]:
    """Read words that are separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


class GlueSpark:
    """Spark as Glue gives it, started late: finding that nothing is new takes less time."""

    def __init__(self, arguments: dict[str, str]) -> None:
        self._arguments = arguments
        self._job = None

    def start(self):
        """Start Spark and the Glue job; give the Spark context."""
        from awsglue.context import GlueContext
        from awsglue.job import Job
        from pyspark import SparkConf
        from pyspark.context import SparkContext

        started = time.monotonic()
        # Spark runs a task on each core already; polars would put a thread for each core into each.
        configuration = SparkConf().set("spark.executorEnv.POLARS_MAX_THREADS", "1")
        context = SparkContext.getOrCreate(configuration)
        self._job = Job(GlueContext(context))
        self._job.init(self._arguments["JOB_NAME"], self._arguments)
        say(f"Spark started in {time.monotonic() - started:.1f} s")
        return context

    def commit(self) -> None:
        """Commit the Glue job, if it was started."""
        if self._job is not None:
            self._job.commit()


class Progress:
    """Tells how far the run is, in an object that whoever waits for the run can read.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    run_id
        The job run.
    """

    def __init__(self, s3: BaseClient, cleaned: Location, run_id: str) -> None:
        self._s3 = s3
        self._bucket = cleaned.bucket
        self._key = cleaned.key(f"_progress/{run_id}.json")

    def step(self, step: str, done: int, total: int) -> None:
        """Tell how many tasks of a step are done."""
        self._write({"step": step, "tasks_done": done, "tasks_total": total})

    def done(self, outcome: Any) -> None:
        """Tell how the run ended: the attributes of its outcome."""
        self._write({"step": "done", **vars(outcome)})

    def _write(self, state: dict[str, Any]) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=json.dumps(state).encode())
