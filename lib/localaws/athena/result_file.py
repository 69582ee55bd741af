"""Reading a result file back, a page at a time."""

from __future__ import annotations

from pathlib import Path

_BLOCK = 1 << 18


def read_page(path: Path, offset: int, count: int, csv: bool) -> tuple[list[list[str | None]], int | None]:
    """Read rows from a place in a file.

    Parameters
    ----------
    offset
        Where the page starts, in bytes; 0 is the header.
    count
        How many rows, at most.
    csv
        Whether the file is CSV (a SELECT's) or plain lines (a DDL statement's).

    Returns
    -------
    tuple of rows and int
        The rows, a text or None for each column, and where the next page starts, None at the end.
    """
    rows: list[list[str | None]] = []
    with path.open("rb") as file:
        file.seek(offset)
        data, ended = b"", False
        at = 0
        while len(rows) < count:
            found = _row(data, at) if csv else _line(data, at)
            if found is not None:
                row, at = found
                rows.append(row)
                continue
            if ended:
                if not csv and at < len(data):
                    rows.append([data[at:].decode("utf-8")])
                    at = len(data)
                break
            block = file.read(max(_BLOCK, len(data) - at))
            ended = not block
            data, offset, at = data[at:] + block, offset + at, 0
        more = at < len(data) or bool(file.read(1))
    return rows, (offset + at if more else None)


def _line(data: bytes, at: int) -> tuple[list[str | None], int] | None:
    end = data.find(b"\n", at)
    if end < 0:
        return None
    return [data[at:end].decode("utf-8")], end + 1


def _row(data: bytes, at: int) -> tuple[list[str | None], int] | None:
    """One row from a place in the data, or None when its end is not there yet."""
    row: list[str | None] = []
    size = len(data)
    while at < size:
        if data[at] == 34:  # a quote
            end = at + 1
            while True:
                end = data.find(b'"', end)
                if end < 0 or end + 1 >= size:
                    return None
                if data[end + 1] != 34:
                    break
                end += 2
            row.append(data[at + 1 : end].decode("utf-8").replace('""', '"'))
            at = end + 1
        else:
            row.append(None)
        if at >= size:
            return None
        following = data[at]
        at += 1
        if following == 10:
            return row, at
        if following != 44:
            raise OSError("the result file is not as it was written")
    return None
