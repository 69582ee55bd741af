"""The options that several commands share: how settings are given."""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Callable
from typing import Any

import click

DEFAULT_PARAMETERS = "parameters/local.yaml"


class _Day(click.ParamType):
    """A date, YYYY-MM-DD, as text."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            if value and datetime.date.fromisoformat(value).isoformat() != value:
                raise ValueError
        except ValueError:
            self.fail(f"{value!r} is not a date: write it as YYYY-MM-DD", param, ctx)
        return value


day = _Day()
dry_run = click.option("--dry-run", "dry", is_flag=True, help="Tell what would be done, and change nothing.")


def parameters(command: Callable) -> Callable:
    """Add `--parameters FILE` and `-p NAME VALUE`, handed on as the mapping `values`."""

    @click.option(
        "--parameters",
        "files",
        metavar="FILE",
        multiple=True,
        help=f"YAML file of settings, later ones win.  [default: {DEFAULT_PARAMETERS}]",
    )
    @click.option(
        "-p",
        "--parameter",
        "pairs",
        metavar="NAME VALUE",
        nargs=2,
        multiple=True,
        help="One setting, over the files.",
    )
    @functools.wraps(command)
    def wrapped(
        *args: Any, files: tuple[str, ...], pairs: tuple[tuple[str, str], ...], **options: Any
    ) -> Any:
        return command(*args, values=read(files, pairs), **options)

    return wrapped


def read(files: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Read the files (else those of `LOGLOOM_PARAMETERS`, else the default) and lay the pairs over them."""
    from logloom import project, settings

    if not files:
        files = tuple(filter(None, os.environ.get(settings.PARAMETERS_VARIABLE, "").split(os.pathsep)))
    if not files and (default := project.root() / DEFAULT_PARAMETERS).exists():
        files = (str(default),)
    return settings.read_files(files) | dict(pairs)
