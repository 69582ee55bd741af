"""What becomes of each line: the first line of an event, blank, joined to the event before, or rejected."""

from __future__ import annotations

import numpy as np
import polars as pl

from logformats.choice import Found

MAX_JOINED_LINES = 10_000
MAX_JOINED_BYTES = 16 << 20

NO_FORMAT = "no format matches this line"
NO_JSON = "it starts as JSON, but it is not one whole object that has a time"
NO_EVENT_BEFORE = "no format matches this line, and there is no event before it that it could belong to"
NO_TIME = "it holds an event that has no time"
BAD_TIME_BEFORE = "no format matches this line, and the time of the line before it cannot be read"
TOO_LONG = f"it follows an event of more than {MAX_JOINED_LINES:,} lines or {MAX_JOINED_BYTES >> 20} MiB"
EVENT, BLANK, JOINED, REJECT = range(4)


def of(
    lines: pl.DataFrame,
    found: Found,
    orphan_reason: str,
    *,
    begins: np.ndarray | None = None,
    damaged: int | None = None,
    damage: str = "",
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Put each line into its category.

    Parameters
    ----------
    lines, found
        The lines (`row` from 0, `text`), and what the formats made of them.
    orphan_reason
        Why a line is rejected that matches nothing and has no event before it.
    begins
        For each row the first row of its object, where the lines are of several.
    damaged, damage
        The row that is no line as it should be, and why; none if it is beyond the lines.

    Returns
    -------
    Each row's category, the row of the event that it belongs to (-1: none), and reasons of rejects.
    """
    size = len(lines)
    damaged = size if damaged is None else damaged
    rows = np.arange(size)
    starts = found.starts >= 0
    if starts.all():  # none can be continued
        return np.full(size, EVENT, dtype=np.int8), rows, {}
    kinds = np.where(starts, EVENT, REJECT).astype(np.int8)
    blank = np.zeros(size, dtype=bool)
    rest = np.flatnonzero(~starts)
    blank[rest] = (lines["text"].gather(rest).str.strip_chars() == "").to_numpy()
    kinds[(blank | found.silent) & ~starts] = BLANK
    reasons: dict[int, str] = {}
    unread = np.zeros(size, dtype=bool)
    for row, text in found.unread.items():
        if not starts[row]:
            unread[row] = True
            reasons[row] = f"the time cannot be read: {text[:100]}" if text else NO_TIME
    owners = np.maximum.accumulate(np.where(starts | unread, rows, -1))
    if begins is not None:
        owners[owners < begins] = -1
    multiline = np.array([definition.multiline for definition, _ in found.events] + [False])
    owner_format = np.where(owners >= 0, found.starts[owners], -1)
    free = (kinds == REJECT) & ~unread
    length = np.cumsum(lines["text"].str.len_bytes().to_numpy() + 1)
    short = (rows - owners <= MAX_JOINED_LINES) & (length - length[owners] <= MAX_JOINED_BYTES)
    joins = free & (owners >= 0) & multiline[owner_format]
    kinds[joins & short] = JOINED
    # Empty lines within an event are part of it, those after it are not.
    last_joined = np.full(size + 1, -1)
    joined_rows = np.flatnonzero(kinds == JOINED)
    np.maximum.at(last_joined, owners[joined_rows], joined_rows)
    kinds[found.continued] = JOINED
    kinds[blank & (kinds == BLANK) & (owners >= 0) & (last_joined[owners] > rows)] = JOINED
    rejected = np.flatnonzero(free & (kinds == REJECT))
    is_json = lines["text"].gather(rejected).str.starts_with("{").to_list()
    for row, json_like in zip(rejected, is_json, strict=True):
        owner = owners[row]
        if joins[row]:
            reasons[row] = TOO_LONG
        elif json_like:
            reasons[row] = NO_JSON
        elif owner < 0:
            reasons[row] = orphan_reason
        else:
            reasons[row] = BAD_TIME_BEFORE if unread[owner] else NO_FORMAT
    if damaged < size:
        kinds[damaged] = REJECT
        reasons[damaged] = damage
    return kinds, owners, reasons
