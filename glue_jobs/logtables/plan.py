"""What a batch reads: the raw objects that the audit does not hold, cut and grouped into tasks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from logtables.s3 import Location, StoredObject
from logtables.selection import Selection

MEBIBYTE = 1 << 20
LARGEST_TASK_BYTES = 64 * MEBIBYTE
SMALLEST_TASK_BYTES = 4 * MEBIBYTE
# What an object costs besides its bytes: a request, and recognising its format.
OBJECT_OVERHEAD_BYTES = 256 * 1024


@dataclass(frozen=True)
class RawTable:
    """A table that the crawler made of raw logs: its name, and where its objects are."""

    name: str
    location: Location


@dataclass(frozen=True)
class RawObject:
    """A raw object and the source it belongs to."""

    source: str
    stored: StoredObject

    @property
    def uri(self) -> str:
        return self.stored.uri


@dataclass(frozen=True)
class Known:
    """What the audit holds of one raw object: its newest row."""

    source: str
    etag: str
    last_modified: datetime
    first_event: datetime | None
    last_event: datetime | None
    lines_rejected: int = 0

    def dates(self) -> tuple[date, date]:
        """Give the first and last date (UTC) that rows of this object can be filed under."""
        times = [self.last_modified, self.first_event or self.last_modified]
        times.append(self.last_event or self.last_modified)
        days = [time.astimezone(UTC).date() for time in times]
        return min(days), max(days)


@dataclass(frozen=True)
class Piece:
    """An object, or the bytes ``start`` to ``end`` of it, whose first line is line ``first_line``."""

    raw: RawObject
    start: int = 0
    end: int | None = None
    first_line: int = 1

    @property
    def size(self) -> int:
        return (self.raw.stored.size if self.end is None else self.end) - self.start


@dataclass(frozen=True)
class Task:
    """What one worker reads in one go; its number makes the names of the files that it writes."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)


@dataclass
class Changes:
    """How the raw objects differ from what the audit holds.

    `again` are those that have not changed but are to be read again, and `left_out` is the number of those
    that are new, changed or to be read again, but beyond the limits of the run.
    """

    fresh: list[RawObject] = field(default_factory=list)
    changed: list[RawObject] = field(default_factory=list)
    again: list[RawObject] = field(default_factory=list)
    unchanged: int = 0
    left_out: int = 0
    gone: dict[str, Known] = field(default_factory=dict)

    @property
    def to_read(self) -> list[RawObject]:
        return self.fresh + self.replaced

    @property
    def replaced(self) -> list[RawObject]:
        """Objects whose rows of before this batch takes out of the tables."""
        return self.changed + self.again


def is_log_object(key: str, below: str) -> bool:
    """Tell whether a key can be a log: no folder marker, and nothing hidden on the way to it.

    Hive, Athena and Spark skip names that begin with ``_`` or ``.`` too.
    """
    names = key[len(below) :].split("/")
    return bool(names[-1]) and not any(name.startswith((".", "_")) for name in names)


def source_of(uri: str, table: RawTable, raw_location: Location | None, table_prefix: str) -> str:
    """Name the source of an object: the first folder below the raw logs' place, or else its table's name."""
    place = str(raw_location) if raw_location else ""
    if place and uri.startswith(place):
        folder, slash, _ = uri[len(place) :].partition("/")
        if slash:
            return folder
    return table.name.removeprefix(table_prefix)


def raw_objects(
    tables: Sequence[RawTable],
    list_below: Callable[[Location], Iterable[StoredObject]],
    *,
    raw_location: Location | None,
    table_prefix: str,
    sources: Iterable[str] = (),
) -> list[RawObject]:
    """List the logs of the raw tables, each once although locations may lie in one another.

    Parameters
    ----------
    tables
        The crawler's tables.
    list_below
        Lists the objects below a place.
    raw_location
        The place of all raw logs, if known.
    table_prefix
        What the crawler put before each table's name.
    sources
        The sources wanted; none means all.

    Returns
    -------
    list of RawObject
        By source and key: the logs of one source that were rotated day by day are neighbours.
    """
    wanted = frozenset(sources)
    found: dict[str, RawObject] = {}
    # The outermost place first, so that what lies in it needs no listing of its own.
    listed: list[str] = []
    for table in sorted(tables, key=lambda table: (str(table.location), table.name)):
        place = str(table.location)
        if any(place.startswith(outer) for outer in listed):
            continue
        listed.append(place)
        for stored in list_below(table.location):
            below = raw_location.prefix if raw_location else table.location.prefix
            if stored.uri in found or not is_log_object(stored.key, below):
                continue
            source = source_of(stored.uri, table, raw_location, table_prefix)
            if not wanted or source in wanted:
                found[stored.uri] = RawObject(source, stored)
    return sorted(found.values(), key=lambda raw: (raw.source, raw.stored.key))


def changes(
    objects: Iterable[RawObject],
    known: dict[str, Known],
    *,
    sources: Iterable[str] = (),
    selection: Selection | None = None,
) -> Changes:
    """Compare the raw objects with what the audit holds, by key and ETag.

    An object that comes back with an earlier content has changed too: the newest row of the audit counts.
    """
    wanted = frozenset(sources)
    selection = selection or Selection()
    result = Changes()
    seen = set()
    for raw in objects:
        seen.add(raw.uri)
        before = known.get(raw.uri)
        if before is None:
            kind = result.fresh
        elif before.etag != raw.stored.etag:
            kind = result.changed
        elif selection.again(before):
            kind = result.again
        else:
            result.unchanged += 1
            continue
        if selection.admits(raw, before):
            kind.append(raw)
        else:
            result.left_out += 1
    result.gone = {
        uri: before
        for uri, before in known.items()
        if uri not in seen and (not wanted or before.source in wanted) and selection.admits(None, before)
    }
    return result


def task_bytes(total: int, parallelism: int) -> int:
    """Choose how much one task reads: enough tasks for every core, none that is not worth its start."""
    share = total // max(1, 2 * parallelism)
    return max(SMALLEST_TASK_BYTES, min(LARGEST_TASK_BYTES, share))


def cut(raw: RawObject, bytes_each: int = LARGEST_TASK_BYTES) -> list[Piece]:
    """Cut a large object into ranges, whose lines are still to be counted.

    The ranges depend on the object alone, never on what else is in the batch, so that a rerun gives the
    same rows.
    """
    size = raw.stored.size
    count = max(1, size // bytes_each)
    borders = [size * n // count for n in range(count + 1)]
    return [Piece(raw, start, end) for start, end in itertools.pairwise(borders)]


def group(pieces: Iterable[Piece], bytes_each: int) -> list[Task]:
    """Group neighbouring pieces into tasks of about ``bytes_each``; no two sources share a task."""
    tasks: list[Task] = []
    members: list[Piece] = []
    filled = 0

    def close() -> None:
        nonlocal filled
        if members:
            tasks.append(Task(len(tasks), tuple(members)))
            members.clear()
        filled = 0

    for piece in pieces:
        weight = piece.size + OBJECT_OVERHEAD_BYTES
        if members and (filled + weight > bytes_each or members[-1].raw.source != piece.raw.source):
            close()
        members.append(piece)
        filled += weight
    close()
    return tasks
