"""`logloom formats`: what a log line may look like, and what the lines of files do look like."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logloom.commands.options import parameters

if TYPE_CHECKING:
    import logformats

MOST_REJECTS = 2_000
SHOWN = 100


@click.command()
@click.argument(
    "logs", metavar="[FILES]...", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@parameters
def command(logs: tuple[Path, ...], values: dict[str, Any]) -> None:
    """List the log formats that are known, in the order in which they are tried.

    With FILES, tell which formats their lines have, what the job would make of each line, and propose a
    format for lines that none matches. Nothing is uploaded or kept.
    """
    import logformats

    from logloom import settings

    chosen = settings.load(values)
    known = (*logformats.user_formats(chosen.formats), *logformats.formats())
    if logs:
        for file in logs:
            for line in _told(file, known, chosen.time_zones):
                click.echo(line)
        return
    width = max(len(each.name) for each in known)
    for each in known:
        click.echo(f"{each.name:<{width}}  {each.title}")


def _told(file: Path, known: tuple[logformats.LogFormat, ...], zones: dict[str, str]) -> list[str]:
    """What a file's lines become, in a few lines of text."""
    import logformats
    import pandas as pd

    from logloom.rejects import group

    modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    zone = zones.get(file.parent.name) or zones.get("*", "UTC")
    account = logformats.Account()
    rejects: list[tuple[int, str, str]] = []
    with file.open("rb") as stream:
        for parsed in logformats.read(
            stream,
            source=file.parent.name,
            path=str(file),
            last_modified=modified,
            formats=known,
            time_zone=zone,
        ):
            account += parsed.account
            if len(rejects) < MOST_REJECTS:
                rejects += parsed.rejects.select("log_file_line", "reason", "raw_line").rows()
    by_format = sorted(account.formats.items(), key=lambda each: -each[1])
    parts = (
        f"{account.lines_kept:,} events + {account.lines_joined:,} joined + "
        f"{account.lines_rejected:,} rejected + {account.lines_blank:,} blank"
    )
    lines = [f"{file}: {account.lines_read:,} lines = {parts}"]
    if account.first_event and account.last_event:
        lines.append(
            f"  from {account.first_event:%Y-%m-%d %H:%M:%S} to {account.last_event:%Y-%m-%d %H:%M:%S} UTC"
        )
    lines += [f"  {name}: {count:,}" for name, count in by_format]
    for number, reason, raw in rejects[:3]:
        lines.append(f"  line {number:,}: {reason}: {_visible(raw[:SHOWN])}")
    unknown = [raw for _, reason, raw in rejects if reason.startswith("no format matches")]
    if unknown:
        rejected = pd.DataFrame({"source": file.parent.name, "raw_line": unknown, "lines": 1})
        lines += [f"  {line}" for line in group(rejected).parameters().splitlines()]
    return lines


def _visible(text: str) -> str:
    """Show control characters as text: a log line must not steer the terminal that it is read on."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)
