"""What `logloom compact` and `logloom retention` say of what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from logloom.upkeep import Upkeep


def tell(done: Upkeep, nothing: str) -> None:
    """Print what a run of upkeep did to each table, or the sentence for nothing."""
    from logloom import show

    if done.tables.empty:
        click.echo(nothing)
        return
    table = done.tables.copy()
    for name in [name for name in table if name.startswith("bytes")]:
        table[name] = table[name].map(show.size, na_action="ignore")
    click.echo(table.dropna(axis="columns", how="all").to_string(index=False))
    if done.dry_run:
        click.echo("a dry run: nothing was changed")
    elif done.delete_after:
        when = done.delete_after[:16].replace("T", " ")
        click.echo(f"queries may still read the old files: the first job run after {when} UTC deletes them")
