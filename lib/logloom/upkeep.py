"""Upkeep of the tables: few large files of many small ones, and old dates that go."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logloom import job
from logloom.errors import SettingsError
from logloom.job import Job

if TYPE_CHECKING:
    import pandas as pd

    from logloom.settings import Settings

COMPACT = Job(
    "logloom-compact",
    "compact_log_data.py",
    "Writes the small files of each date of the tables logs, log_counts and log_rejects as few large ones",
)
RETAIN = Job(
    "logloom-retain",
    "retain_log_data.py",
    "Lets dates of the tables logs, log_counts and log_rejects go that are older than what is to be kept",
)


@dataclass(frozen=True)
class Upkeep:
    """What a run of upkeep did, or in a dry run would do.

    Attributes
    ----------
    tables
        A row a table, none where there is nothing to do. Of a compaction: `dates`, `files_before`,
        `files_after`, `bytes_before`, `bytes_after` (missing in a dry run). Of retention: `dates`, `first`
        and `last` of them, `files`, `bytes`.
    dry_run
        Whether nothing was changed.
    delete_after
        When (UTC) the files that no query reads any more may be deleted: the first run of any of the jobs
        after it does. Empty where there are none.
    """

    tables: pd.DataFrame = field(repr=False)
    dry_run: bool
    delete_after: str


def compact(settings: Settings, *, first: str = "", last: str = "", dry_run: bool = False) -> Upkeep:
    """Compact the tables.

    Parameters
    ----------
    settings
        Where the tables are, and `compact_target_mb`.
    first, last
        Dates (UTC, YYYY-MM-DD), both included; "" is from the first, to the last.
    dry_run
        Tell only what would be done.

    Raises
    ------
    JobFailed
        With Glue's reason, and where the job's log is.
    """
    given = {"--target_mb": str(settings.compact_target_mb), "--from": first, "--to": last}
    return _run(settings, COMPACT, given, "compact", dry_run)


def retain(settings: Settings, *, before: str = "", dry_run: bool = False) -> Upkeep:
    """Let the dates before one go.

    Parameters
    ----------
    settings
        Where the tables are, and `retention_days`.
    before
        The first date (UTC, YYYY-MM-DD) that is kept; "" is `retention_days` before today.
    dry_run
        Tell only what would go.

    Raises
    ------
    SettingsError
        There is neither a date nor a number of days.
    JobFailed
        With Glue's reason, and where the job's log is.
    """
    if not before:
        if not settings.retention_days:
            raise SettingsError(
                "retention_days is 0, which keeps all: set it, or say --older-than DAYS or --before DATE"
            )
        today = datetime.datetime.now(datetime.UTC).date()
        before = (today - datetime.timedelta(days=settings.retention_days)).isoformat()
    return _run(settings, RETAIN, {"--before": before}, "retention", dry_run)


def _run(settings: Settings, which: Job, given: dict[str, str], step: str, dry_run: bool) -> Upkeep:
    import pandas as pd

    job.deploy(settings, which)
    given |= {
        "--database": settings.database,
        "--cleaned_location": settings.cleaned_location,
        "--dry_run": "true" if dry_run else "",
    }
    _, outcome = job.execute(settings, which, {name: value for name, value in given.items() if value}, step)
    tables = pd.DataFrame([{"table": table, **row} for table, row in outcome.get("tables", {}).items()])
    return Upkeep(tables, dry_run, outcome.get("delete_after", ""))
