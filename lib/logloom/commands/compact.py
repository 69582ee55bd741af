"""`logloom compact`: the tables' small files become few large ones."""

from __future__ import annotations

from typing import Any

import click

from logloom.commands.options import day, dry_run, parameters


@click.command()
@click.option("--from", "first", type=day, default="", metavar="DATE", help="Dates (UTC) from this one on.")
@click.option("--to", "last", type=day, default="", metavar="DATE", help="Dates (UTC) up to this one.")
@dry_run
@parameters
def command(first: str, last: str, dry: bool, values: dict[str, Any]) -> None:
    """Write the small files of each date of the tables as few large ones (`compact_target_mb`), so that
    queries open fewer and skip more of them. Queries that run meanwhile see each row once."""
    from logloom import settings, upkeep
    from logloom.commands.upkeep import tell
    from logloom.errors import InputError

    if first and last and first > last:
        raise InputError(f"--from ({first}) is after --to ({last}): swap them")
    done = upkeep.compact(settings.load(values), first=first, last=last, dry_run=dry)
    tell(done, "there is nothing to compact: no date has two small files")
