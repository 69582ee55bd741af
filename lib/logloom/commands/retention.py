"""`logloom retention`: dates of the tables that are too old go."""

from __future__ import annotations

import datetime
from typing import Any

import click

from logloom.commands.options import day, dry_run, parameters


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Dates older than so many days go.  [default: the setting retention_days]",
)
@click.option("--before", type=day, default="", metavar="DATE", help="Dates (UTC) before this one go.")
@dry_run
@parameters
def command(days: int | None, before: str, dry: bool, values: dict[str, Any]) -> None:
    """Let dates of logs, log_counts and log_rejects go that are older than what is to be kept. They do not
    come back when raw logs are read again; the audit and the raw logs stay."""
    from logloom import settings, upkeep
    from logloom.commands.upkeep import tell
    from logloom.errors import InputError

    if days and before:
        raise InputError("say --older-than or --before, not both")
    if days:
        before = (datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=days)).isoformat()
    done = upkeep.retain(settings.load(values), before=before, dry_run=dry)
    tell(done, "there is nothing so old")
