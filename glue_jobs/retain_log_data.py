"""The Glue job of retention: dates of the tables that are older than what is to be kept go.

It runs on Glue 5.1 as `transform_log_data.py` does, with the same packages, and never at the same time on the
same tables: each waits for the other. Raw logs stay; S3's own lifecycle rules are for them.

Arguments
---------
--database
    Glue database of the tables.
--cleaned_location
    Where the tables are, ``s3://bucket/prefix/``.
--before
    The first date (UTC, YYYY-MM-DD) that is kept.
--dry_run
    ``true``: tell what would be done, and change nothing.
"""

from __future__ import annotations

import sys

import boto3
from logtables import glue_run, retention
from logtables.glue_run import say

REQUIRED = ("JOB_NAME", "database", "cleaned_location", "before")
OPTIONAL = ("dry_run",)


def main() -> None:
    """Resolve the arguments, run, and tell how it went."""
    arguments = glue_run.resolve(sys.argv, REQUIRED, OPTIONAL)
    options = options_from(arguments)
    s3, glue = boto3.client("s3"), boto3.client("glue")
    run_id = glue_run.run_id_of(arguments)
    progress = glue_run.Progress(s3, options.cleaned, run_id)
    outcome = retention.run(
        options,
        s3=s3,
        glue=glue,
        holder=f"{arguments['JOB_NAME']}.{run_id}",
        is_alive=lambda holder: glue_run.job_run_is_alive(glue, holder),
        say=say,
    )
    progress.done(outcome)
    say("done" if outcome.tables else "there was nothing to do")


def options_from(arguments: dict[str, str]) -> retention.Options:
    """Check the arguments, and make options of them.

    Raises
    ------
    logtables.batch.UserError
        For what cannot be: the sentence names the argument.
    """
    return retention.Options(
        arguments["database"],
        glue_run.location_of(arguments, "cleaned_location"),
        glue_run.day(arguments, "before"),
        glue_run.flag(arguments, "dry_run"),
    )


if __name__ == "__main__":
    main()
