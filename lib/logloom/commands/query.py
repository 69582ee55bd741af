"""`logloom query`: one statement, its answer on stdout, what it cost on stderr."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from logloom.commands.options import parameters

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("sql")
@click.option(
    "--format", "style", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
@parameters
def command(sql: str, style: str, values: dict[str, Any]) -> None:
    """Ask Athena the statement SQL (- reads it from stdin) in the settings' database."""
    from logloom import queries, settings, show
    from logloom.errors import InputError

    if sql == "-":
        sql = sys.stdin.read()
    if not sql.strip():
        raise InputError("there is no statement: give SQL, or - and SQL on stdin")
    chosen = settings.load(values)
    result = queries.run_sql(chosen, sql)
    click.echo(_text(result.frame, style))
    cost = f"{show.size(result.data_scanned_bytes)} scanned · ${queries.price(chosen, result):.6f}"
    click.echo(f"{len(result.frame):,} rows · {cost} · {result.engine_ms / 1000:.2f} s", err=True)


def _text(frame: pd.DataFrame, style: str) -> str:
    if style == "csv":
        return frame.to_csv(index=False).rstrip("\n")
    if style == "json":
        return frame.to_json(orient="records", date_format="iso", date_unit="us", force_ascii=False, indent=2)
    if frame.empty:
        return "  ".join(frame.columns) if len(frame.columns) else "(no rows)"
    visible = frame.map(lambda value: _visible(value) if isinstance(value, str) else value)
    return visible.to_string(index=False, na_rep="", max_colwidth=120)


def _visible(text: str) -> str:
    """Show control characters as text: a log line must not steer the terminal that it is read on."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)
