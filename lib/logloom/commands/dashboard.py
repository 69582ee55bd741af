"""`logloom dashboard`: the Dash app on its own."""

from __future__ import annotations

from typing import Any

import click

from logloom.commands.options import parameters


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8050, show_default=True)
@parameters
def command(host: str, port: int, values: dict[str, Any]) -> None:
    """Serve the dashboard, until it is interrupted."""
    from logloom import settings

    chosen = settings.load(values)
    from logloom import dashboard

    dashboard.serve(chosen, host, port)
