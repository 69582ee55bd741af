"""The usual names of what the columns of `logs` hold."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources


@functools.cache
def usual_names() -> dict[str, tuple[str, ...]]:
    """Usual names (lower case) of each column, best first; see `data/names.toml`."""
    text = resources.files("logformats").joinpath("data/names.toml").read_text(encoding="utf-8")
    return {column: tuple(names) for column, names in tomllib.loads(text).items()}


@functools.cache
def _columns() -> dict[str, str]:
    return {name: column for column, names in usual_names().items() for name in names}


def column_of(name: str) -> str | None:
    """The column that a field of that name fills; None for one that is an attribute."""
    if name in ("date", "time_of_day"):
        return name
    return _columns().get(name.lower())


def rank(name: str) -> int:
    """Place of a name among the usual ones of its column: where a line has several, the lowest wins."""
    column = _columns().get(name.lower())
    return usual_names()[column].index(name.lower()) if column else 0


def assign(names: list[str], own: Mapping[str, str]) -> dict[str, str]:
    """Which column each name of a line fills: a format's own keys first, then the usual ones, each once."""
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in own:
            chosen[name] = own[name]
            taken.add(own[name])
    for name in sorted((n for n in names if n not in chosen), key=rank):
        column = _columns().get(name.lower())
        if column and column not in taken:
            chosen[name] = column
            taken.add(column)
    return chosen
