"""`logloom formats`: what a log line may look like."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """List the log formats that are known, in the order in which they are tried."""
    import logformats

    known = logformats.formats()
    width = max(len(each.name) for each in known)
    for each in known:
        click.echo(f"{each.name:<{width}}  {each.title}")
