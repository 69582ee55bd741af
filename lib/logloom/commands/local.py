"""`logloom local`: hands over to the local AWS, for this project's folder."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("action", type=click.Choice(["start", "stop", "status", "reset"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(action: str, arguments: tuple[str, ...]) -> int:
    """Start or stop the local AWS, say whether it runs (exit code 3 if not), or empty it.

    ARGUMENTS are handed on to `python -m localaws`: --port, --s3-port, --json …
    """
    from logloom import project

    root = () if "--root" in arguments else ("--root", str(project.local_root()))
    done = subprocess.run([sys.executable, "-m", "localaws", action, *root, *arguments], check=False)
    return done.returncode
