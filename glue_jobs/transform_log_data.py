"""The Glue job: raw log files in S3 become the tables logs, log_counts, log_rejects and log_audit.

Glue 5.1 (Spark 3.5, Python 3.11) runs this script as it is, on AWS and by the local AWS. It needs the
packages `logtables` and `logformats` (``--extra-py-files``) and polars (``--additional-python-modules``).
Spark distributes the work and polars does it: each task reads raw objects with boto3, parses them and writes
its own files.

Arguments
---------
--database
    Glue database of the crawler's tables, and of the four that this job registers.
--cleaned_location
    Where the four tables are, ``s3://bucket/prefix/``.
--raw_table_prefix
    What the names of the crawler's tables begin with; ``raw_`` if not given.
--raw_location
    Where all raw logs are: a source is the first folder below it. If not given, a source is its table's name.
--drop_levels
    Levels, separated by commas, that are counted but not kept in `logs`. If not given, all are kept.
--output_format
    ``parquet`` (if not given) or ``csv``.
--formats
    Formats of the user's own as JSON: for each name a grok line, or an object with ``grok`` and what else
    `logformats.user_formats` takes. They come before those of `logformats`.
--time_zones
    For each source (``*``: all others) the zone, by its IANA name, of times that name none, as JSON; UTC if
    not given.
--sources
    Sources to read, separated by commas; all if not given.
--drop_deleted
    ``true``: rows of raw objects that were deleted leave the tables. If not given they stay, since raw logs
    may expire.
--reprocess
    Dates (UTC, YYYY-MM-DD), separated by commas: raw objects with events of these dates, by the audit, are
    read again as if they had changed. Each is read whole, and replaces what came of it before. Raw objects
    that are no longer there keep their rows.
--replay_rejects
    ``true``: raw objects of which lines were rejected are read again, as after a format was added.
--from, --to
    Dates (UTC, YYYY-MM-DD), both included, either alone: only raw objects with events between them are read;
    by the audit for known objects, by LastModified for new ones. The others are left for another run.
"""

from __future__ import annotations

import json
import sys
import time
import zoneinfo
from datetime import UTC, datetime
from uuid import uuid4

import boto3
import logformats
import logformats.own
from awsglue.utils import getResolvedOptions
from botocore.exceptions import ClientError
from logformats.schema import LEVELS
from logtables import batch
from logtables.files import FORMATS
from logtables.s3 import Location
from logtables.selection import Selection, date_of, dates_of
from logtables.spark import SparkDistribute

REQUIRED = ("JOB_NAME", "database", "cleaned_location")
OPTIONAL = ("raw_table_prefix", "raw_location", "drop_levels", "output_format")
OPTIONAL += ("formats", "time_zones", "sources", "drop_deleted")
SELECTING = ("reprocess", "replay_rejects", "from", "to")
# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
LIVING_STATES = ("STARTING", "RUNNING", "STOPPING", "WAITING")


def main() -> None:
    """Resolve the arguments, run the batch, and tell how it went."""
    started = time.monotonic()
    arguments = resolve(sys.argv)
    options = options_from(arguments)
    s3, glue = boto3.client("s3"), boto3.client("glue")
    job_name = arguments["JOB_NAME"]
    run_id = arguments.get("JOB_RUN_ID") or f"by-hand-{uuid4().hex[:8]}"
    progress = Progress(s3, options.cleaned, run_id)
    spark = GlueSpark(arguments)

    def is_alive(holder: str) -> bool:
        return job_run_is_alive(glue, *holder.rpartition(".")[::2])

    outcome = batch.run(
        options,
        s3=s3,
        glue=glue,
        distribute=SparkDistribute(spark.start, progress.step),
        run_id=run_id,
        holder=f"{job_name}.{run_id}",
        is_alive=is_alive,
        say=say,
    )
    spark.commit()
    progress.done(outcome)
    say(f"done in {time.monotonic() - started:.1f} s: " + (outcome.batch_id or "nothing was new"))


def resolve(argv: list[str]) -> dict[str, str]:
    """Resolve the job's arguments; those that may be missing are asked for only when they are there."""
    given = [
        name
        for name in (*OPTIONAL, *SELECTING)
        if f"--{name}" in argv or any(a.startswith(f"--{name}=") for a in argv)
    ]
    return getResolvedOptions(argv, [*REQUIRED, *given])


def options_from(arguments: dict[str, str]) -> batch.Options:
    """Check the arguments, and make options of them.

    Raises
    ------
    logtables.batch.UserError
        For a level, a format or a location that does not exist.
    """
    drop_levels = _words(arguments.get("drop_levels", ""))
    if unknown := [level for level in drop_levels if level not in LEVELS]:
        raise batch.UserError(
            f"--drop_levels: there is no level {unknown[0]}; the levels are {', '.join(LEVELS)}"
        )
    output_format = arguments.get("output_format", "parquet")
    if output_format not in FORMATS:
        raise batch.UserError(f"--output_format: {output_format} is none of {', '.join(FORMATS)}")
    raw_location = arguments.get("raw_location")
    try:
        return batch.Options(
            database=arguments["database"],
            cleaned=Location.parse(arguments["cleaned_location"]),
            raw_table_prefix=arguments.get("raw_table_prefix", "raw_"),
            raw=Location.parse(raw_location) if raw_location else None,
            drop_levels=drop_levels,
            output_format=output_format,
            formats=formats_from(arguments),
            time_zones=time_zones_from(arguments),
            sources=_words(arguments.get("sources", "")),
            drop_deleted=arguments.get("drop_deleted", "false").lower() == "true",
            selection=selection_from(arguments),
        )
    except ValueError as error:
        raise batch.UserError(str(error)) from None


def formats_from(arguments: dict[str, str]) -> str:
    """Check the user's own formats, and give them as the JSON text that they are.

    Raises
    ------
    logtables.batch.UserError
        With what is wrong, for a format that cannot be.
    """
    text = arguments.get("formats", "")
    try:
        logformats.own.from_json(text)
    except (ValueError, AttributeError) as error:
        raise batch.UserError(f"--formats: {error}") from None
    return text


def time_zones_from(arguments: dict[str, str]) -> dict[str, str]:
    """Check the zones of sources.

    Raises
    ------
    logtables.batch.UserError
        For what is no JSON object of texts, or names a zone that does not exist.
    """
    try:
        zones = json.loads(arguments.get("time_zones", "{}"))
        for zone in zones.values():
            zoneinfo.ZoneInfo(zone)
    except (ValueError, AttributeError, TypeError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise batch.UserError(f"--time_zones: {error}") from None
    return zones


def selection_from(arguments: dict[str, str]) -> Selection:
    """Check what says which raw objects to read, and make a selection of it.

    Raises
    ------
    logtables.batch.UserError
        For what is no date, neither ``true`` nor ``false``, or dates in the wrong order.
    """
    given = {}
    for name, read in (("reprocess", dates_of), ("from", date_of), ("to", date_of)):
        try:
            given[name] = read(arguments[name].strip()) if name in arguments else None
        except ValueError as error:
            raise batch.UserError(f"--{name}: {error}") from None
    replay = arguments.get("replay_rejects", "false").strip().lower()
    if replay not in ("true", "false"):
        raise batch.UserError(f"--replay_rejects: {replay!r} is neither true nor false")
    first, last = given["from"], given["to"]
    if first and last and first > last:
        raise batch.UserError(f"--from ({first}) is after --to ({last}): swap them")
    return Selection(given["reprocess"] or frozenset(), replay == "true", first, last)


def job_run_is_alive(glue, job_name: str, run_id: str) -> bool:
    """Ask Glue whether a job run can still be at work."""
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

    def __init__(self, s3, cleaned: Location, run_id: str) -> None:
        self._s3 = s3
        self._bucket = cleaned.bucket
        self._key = cleaned.key(f"_progress/{run_id}.json")

    def step(self, step: str, done: int, total: int) -> None:
        """Tell how many tasks of a step are done."""
        self._write({"step": step, "tasks_done": done, "tasks_total": total})

    def done(self, outcome: batch.Outcome) -> None:
        """Tell how the run ended."""
        self._write({"step": "done", **vars(outcome)})

    def _write(self, state: dict) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=json.dumps(state).encode())


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


if __name__ == "__main__":
    main()
