"""`logloom sample`: made-up logs to try things on."""

from __future__ import annotations

import datetime
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--days", type=click.IntRange(1, 3660), default=14, show_default=True)
@click.option(
    "--lines", type=click.IntRange(1), default=60_000, show_default=True, help="How many lines, about."
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Last day (UTC).  [default: yesterday]",
)
@click.option(
    "--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write what is in them there, as JSON."
)
def command(
    folder: Path, seed: int, days: int, lines: int, until: datetime.datetime | None, truth: Path | None
) -> None:
    """Make sample logs in FOLDER: seven sources in five formats, with errors, junk and rotated files."""
    from logloom import sample
    from logloom.errors import InputError

    if truth and folder.resolve() in truth.resolve().parents:
        raise InputError("the truth may not lie among the logs: it would be read as one")
    try:
        made = sample.generate(folder, seed, days, lines, until.date() if until else None)
        if truth:
            truth.write_text(made.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{error.filename} cannot be written: {error.strerror}") from None
    for name, source in made.sources.items():
        click.echo(f"{name:<12} {source.lines:>9,} lines {source.files:>5,} files  {source.format}")
    click.echo(f"{'all':<12} {made.lines:>9,} lines, {made.first_day} to {made.last_day}")
