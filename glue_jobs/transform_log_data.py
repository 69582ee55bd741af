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

import boto3
import logformats
import logformats.own
from logformats.schema import LEVELS
from logtables import batch, glue_run
from logtables.files import FORMATS
from logtables.glue_run import say, words
from logtables.s3 import Location
from logtables.selection import Selection, dates_of
from logtables.spark import SparkDistribute

REQUIRED = ("JOB_NAME", "database", "cleaned_location")
OPTIONAL = ("raw_table_prefix", "raw_location", "drop_levels", "output_format")
OPTIONAL += ("formats", "time_zones", "sources", "drop_deleted")
SELECTING = ("reprocess", "replay_rejects", "from", "to")


def main() -> None:
    """Resolve the arguments, run the batch, and tell how it went."""
    started = time.monotonic()
    arguments = resolve(sys.argv)
    options = options_from(arguments)
    s3, glue = boto3.client("s3"), boto3.client("glue")
    run_id = glue_run.run_id_of(arguments)
    progress = glue_run.Progress(s3, options.cleaned, run_id)
    spark = glue_run.GlueSpark(arguments)
    outcome = batch.run(
        options,
        s3=s3,
        glue=glue,
        distribute=SparkDistribute(spark.start, progress.step),
        run_id=run_id,
        holder=f"{arguments['JOB_NAME']}.{run_id}",
        is_alive=lambda holder: glue_run.job_run_is_alive(glue, holder),
        say=say,
    )
    spark.commit()
    progress.done(outcome)
    say(f"done in {time.monotonic() - started:.1f} s: " + (outcome.batch_id or "nothing was new"))


def resolve(argv: list[str]) -> dict[str, str]:
    """Resolve the job's arguments."""
    return glue_run.resolve(argv, REQUIRED, (*OPTIONAL, *SELECTING))


def options_from(arguments: dict[str, str]) -> batch.Options:
    """Check the arguments, and make options of them.

    Raises
    ------
    logtables.batch.UserError
        For a level, a format or a location that does not exist.
    """
    drop_levels = words(arguments.get("drop_levels", ""))
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
            sources=words(arguments.get("sources", "")),
            drop_deleted=glue_run.flag(arguments, "drop_deleted"),
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
    try:
        again = dates_of(arguments.get("reprocess", ""))
    except ValueError as error:
        raise batch.UserError(f"--reprocess: {error}") from None
    return Selection(again, glue_run.flag(arguments, "replay_rejects"), *glue_run.days(arguments))


if __name__ == "__main__":
    main()
