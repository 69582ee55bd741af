"""`logloom report`: one file that people forward."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from logloom.commands.options import parameters


@click.command(context_settings={"show_default": False})
@click.option("--from", "start", metavar="TIME", default="", help="First day or time, UTC: 2026-03-01.")
@click.option("--to", "end", metavar="TIME", default="", help="Last day (included) or time, UTC.")
@click.option(
    "--filter", "filters", metavar="NAME=VALUE", multiple=True,
    help="Only what fits: level=ERROR,FATAL, source=…, status=5xx, text=…, regex=…, any column; != excludes.",
)  # fmt: skip
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file.  [default: logloom-report.html]",
)
@click.option(
    "--redact", "redacted", is_flag=True,
    help="Pseudonyms for addresses, user names, mail addresses and secrets.",
)  # fmt: skip
@click.option(
    "--format", "style", metavar="html|pdf|png", default="",
    help="pdf and png need Chromium.  [default: by the file's name, html]",
)  # fmt: skip
@click.option("--chart", metavar="NAME", default="", help="One chart alone, such as errors_per_day.")
@click.option(
    "--against", metavar="FILE|period", default="",
    help="Compare with another report, or the period before.  [default: the report before]",
)  # fmt: skip
@parameters
def command(
    start: str,
    end: str,
    filters: tuple[str, ...],
    output: Path | None,
    redacted: bool,
    style: str,
    chart: str,
    against: str,
    values: dict[str, Any],
) -> None:
    """Write a report in one file, which opens offline, from a mail, and still filters: what there is, what
    changed since the report before, every line accounted for. PDF and pictures of single charts, too."""
    from logloom import report, settings, show

    chosen = settings.load(values)
    style = style or (output.suffix.lstrip(".").lower() if output else "")
    style = {"htm": "html", "": "html"}.get(style, style)
    output = output or Path(f"logloom-{chart or 'report'}.{style}")
    made = report.write(
        chosen,
        output,
        start=start,
        end=end,
        filters=filters,
        redacted=redacted or chosen.redact,
        format=style,
        chart=chart,
        against=against,
        progress=_progress,
    )
    _progress("")
    click.echo(made.sentence)
    click.echo(
        f"{made.path} · {show.size(made.bytes)} · {show.size(made.data_scanned_bytes)} scanned", err=True
    )


def _progress(what: str) -> None:
    """Say on a terminal what is being asked, in one line that the next one takes."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{f'asking for {what} …' if what else ''}", nl=False, err=True)
