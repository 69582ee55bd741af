"""`logloom run`: the notebooks one after another, and their reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from logloom.commands.options import day, parameters


@click.command(context_settings={"show_default": False})
@parameters
@click.option("--input", "folder", metavar="FOLDER", help="Log file or folder of logs; as -p input FOLDER.")
@click.option("--notebooks", "names", metavar="01,02…", default="", help="Only these notebooks.")
@click.option("--only", metavar="NOTEBOOK", default="", help="Only this notebook.")
@click.option("--start-at", "first", metavar="NOTEBOOK", default="", help="This notebook and the next ones.")
@click.option("--from", "read_from", type=day, metavar="DATE", help="Read raw logs from this date (UTC) on.")
@click.option("--to", "read_to", type=day, metavar="DATE", help="Read raw logs up to this date (UTC).")
@click.option(
    "--reprocess",
    type=day,
    metavar="DATE",
    multiple=True,
    help="Read raw logs of this date (UTC) again; may be given several times.",
)
@click.option("--replay-rejects", is_flag=True, help="Read raw logs again of which lines were rejected.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the runs.  [default: runs]")
@click.option(
    "--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="What one cell may take at most."
)
def command(
    values: dict[str, Any],
    folder: str | None,
    names: str,
    only: str,
    first: str,
    read_from: str | None,
    read_to: str | None,
    reprocess: tuple[str, ...],
    replay_rejects: bool,
    output: Path | None,
    timeout: float | None,
) -> int:
    """Run the notebooks in their order, each in a kernel of its own, and leave executed notebooks, HTML
    reports, index.html and run.json in runs/<run id>/ (runs/latest is a link to it)."""
    from logloom import runner
    from logloom.errors import InputError

    if folder is not None:
        if not folder:
            raise InputError("the input is empty: name a log file or a folder of logs")
        values["input"] = from_root(folder)
    selected = {
        "read_from": read_from,
        "read_to": read_to,
        "reprocess": list(reprocess),
        "replay_rejects": replay_rejects,
    }
    values |= {name: value for name, value in selected.items() if value}
    found = runner.notebooks()
    wanted = [name for name in (*names.split(","), only) if name.strip()]
    chosen = runner.choose(found, [name.strip() for name in wanted], first)
    settings, own = runner.split(values, chosen)
    done, where = runner.run(settings, chosen, own=own, output=output, cell_timeout=timeout)
    _summary(done, where)
    if done.failed:
        status = done.failed.status
        click.echo(f"logloom run: {done.failed.name} {status}: {done.failed.error}", err=True)
        return 130 if status == "interrupted" else 1
    return 0


def from_root(path: str) -> str:
    """Return a path, given from the working directory, as settings have it: from the project's root."""
    from logloom import project

    if Path(path).is_absolute() or path.startswith("~"):
        return path
    return os.path.relpath(Path.cwd() / path, project.root())


def _summary(done: Any, where: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("step")
    table.add_column("status")
    table.add_column("seconds", justify="right")
    colours = {"succeeded": "green", "skipped": "dim"}
    for step in done.steps:
        colour = colours.get(step.status, "red")
        seconds = f"{step.seconds:.1f}" if step.seconds else ""
        table.add_row(step.name, f"[{colour}]{step.status}[/]", seconds)
    table.add_row("all", "", f"{done.seconds:.1f}")
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    shown = _short(where.parent / "latest" if (where.parent / "latest").exists() else where)
    console.print(f"Reports: {shown}/index.html", markup=False)


def _short(path: Path) -> Path:
    """Write a path from the working directory, if it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
