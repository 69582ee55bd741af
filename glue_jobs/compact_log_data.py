"""The Glue job that compacts: the small files of each date of the tables become few large ones.

It runs on Glue 5.1 as `transform_log_data.py` does, with the same packages, and never at the same time on the
same tables: each waits for the other. Readers see each row once at any time.

Arguments
---------
--database
    Glue database of the tables.
--cleaned_location
    Where the tables are, ``s3://bucket/prefix/``.
--target_mb
    Size (MiB) that a file is to have at least, 128 if not given, 512 at most. The rows of a file come into
    memory at once, some ten to twenty times its size.
--from, --to
    Dates (UTC, YYYY-MM-DD), both included, either alone: only these dates are compacted.
--dry_run
    ``true``: tell what would be done, and change nothing.
"""

from __future__ import annotations

import sys

import boto3
from logtables import compaction, glue_run
from logtables.batch import UserError
from logtables.glue_run import say
from logtables.spark import SparkDistribute

REQUIRED = ("JOB_NAME", "database", "cleaned_location")
OPTIONAL = ("target_mb", "from", "to", "dry_run")


def main() -> None:
    """Resolve the arguments, run, and tell how it went."""
    arguments = glue_run.resolve(sys.argv, REQUIRED, OPTIONAL)
    options = options_from(arguments)
    s3, glue = boto3.client("s3"), boto3.client("glue")
    run_id = glue_run.run_id_of(arguments)
    progress = glue_run.Progress(s3, options.cleaned, run_id)
    spark = glue_run.GlueSpark(arguments)
    outcome = compaction.run(
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
    say("done" if outcome.tables else "there was nothing to do")


def options_from(arguments: dict[str, str]) -> compaction.Options:
    """Check the arguments, and make options of them.

    Raises
    ------
    logtables.batch.UserError
        For what cannot be: the sentence names the argument.
    """
    first, last = glue_run.days(arguments)
    target = arguments.get("target_mb", "128")
    if not target.isdecimal() or not 1 <= int(target) <= 512:
        raise UserError(f"--target_mb: {target!r} is no number of MiB from 1 to 512")
    return compaction.Options(
        arguments["database"],
        glue_run.location_of(arguments, "cleaned_location"),
        int(target) * compaction.MEBIBYTE,
        first,
        last,
        glue_run.flag(arguments, "dry_run"),
    )


if __name__ == "__main__":
    main()
