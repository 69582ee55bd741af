"""Write the many small files of a date as few large ones, without a reader seeing a row twice or missing.

Files of a date come together in a place of their own, beside the small ones that nobody may change meanwhile
(the lock). Then the date's partition gets the new place, in one change. Small files that are left behind are
deleted when no query can be reading them any more (`logtables.places`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl

from logtables import audit as audits
from logtables import batch, lock
from logtables import places as all_places
from logtables import s3 as objects
from logtables.files import FORMATS, format_of_file
from logtables.intents import FencedError, Intent, Intents
from logtables.places import TABLES, Places
from logtables.register import register
from logtables.s3 import Location, StoredObject, UnreadableObjectError
from logtables.work import added_up

if TYPE_CHECKING:
    from botocore.client import BaseClient

MEBIBYTE = 1 << 20
Sums = dict[str, int | None]


@dataclass(frozen=True)
class Options:
    """What a compaction is told.

    Attributes
    ----------
    database
        The Glue database of the tables.
    cleaned
        The place of the tables.
    target_bytes
        What a file is to have at least, where a date has so much; it gets less than twice as much.
    first, last
        Dates (UTC), both included; None is from the first, to the last.
    dry_run
        Whether to tell what would be done only.
    """

    database: str
    cleaned: Location
    target_bytes: int = 128 * MEBIBYTE
    first: date | None = None
    last: date | None = None
    dry_run: bool = False

    def wants(self, dt: str) -> bool:
        """Tell whether a date is one of those to be compacted."""
        return (self.first is None or dt >= self.first.isoformat()) and (
            self.last is None or dt <= self.last.isoformat()
        )


@dataclass
class Outcome:
    """What a compaction did, or would do.

    Attributes
    ----------
    move_id
        The id that the new files' names begin with; None when there was nothing to do, or it was a dry run.
    tables
        By table: `dates` compacted, `files_before`, `files_after`, `bytes_before`, `bytes_after` (None in a
        dry run).
    delete_after
        When (UTC, ISO 8601) the files that were left behind may be deleted: by the next run after it.
    recovered
        Batches and compactions of dead runs that were undone first.
    """

    move_id: str | None = None
    tables: dict[str, Sums] = field(default_factory=dict)
    delete_after: str = ""
    recovered: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Merge:
    """One file to be written: of which files, for which table and date, under which key."""

    table: str
    dt: str
    files: tuple[StoredObject, ...]
    bucket: str
    key: str
    move_id: str
    cleaned: Location


@dataclass(frozen=True)
class Merged:
    """What became of a merge: the bytes written, or why it failed."""

    size: int = 0
    failure: str = ""


def run(
    options: Options,
    *,
    s3: BaseClient,
    glue: BaseClient,
    distribute: batch.Distribute,
    run_id: str,
    holder: str,
    is_alive: Callable[[str], bool],
    say: Callable[[str], None] = print,
    lock_patience_s: float = lock.PATIENCE_S,
) -> Outcome:
    """Compact the dates that have at least two small files.

    Parameters are those of `logtables.batch.run`.

    Raises
    ------
    logtables.batch.UserError
        There are no tables.
    logtables.lock.LockedError
        Another run has the tables.
    RuntimeError
        A file cannot be read: the sentence names it; nothing was changed.
    """
    with lock.hold(s3, options.cleaned, holder, is_alive=is_alive, patience_s=lock_patience_s, say=say):
        return _run_locked(options, s3, glue, distribute, run_id, say)


def _run_locked(options, s3, glue, distribute, run_id, say) -> Outcome:
    with recovered_tables(s3, glue, options.database, options.cleaned, say) as tables:
        outcome = Outcome(recovered=tables.undone)
        move_id = batch.new_batch_id()
        plans = list(_plan(options, s3, tables.places, tables.suffix, move_id))
        outcome.tables = _sums(plans)
        if options.dry_run or not plans:
            return outcome
        merges = [merge for plan in plans for merge in plan.merges]
        say(f"writing {len(merges)} files of {sum(len(merge.files) for merge in merges)}")
        intents = Intents(s3, options.cleaned)
        intent = Intent(move_id, run_id)
        intents.write(intent)
        try:
            results = list(distribute(write_merged, merges, "compact"))
            if failures := [result.failure for result in results if result.failure]:
                raise RuntimeError(failures[0])
            intents.check(move_id)
        except Exception:
            say(f"the run failed: undoing {move_id}")
            with contextlib.suppress(Exception):
                intents.recover(committed=set())
            raise
        sizes = {merge: result.size for merge, result in zip(merges, results, strict=True)}
        outcome.tables = _sums(plans, sizes)
        moved = {(plan.table, plan.dt): plan.prefix for plan in plans}
        tables.places = tables.places.move(move_id, moved, datetime.now(UTC))
        all_places.save(s3, options.cleaned, tables.places)
        say(f"committed {move_id}: {len(moved)} dates have another place")
        intents.drop(intent)
        outcome.move_id = move_id
        outcome.delete_after = (datetime.now(UTC) + all_places.GRACE).isoformat(timespec="minutes")
        return outcome


@dataclass
class Tables:
    """The tables while a run has them: where their files are, in which format, what was undone first."""

    places: Places
    suffix: str
    undone: list[str]


@contextlib.contextmanager
def recovered_tables(
    s3: BaseClient, glue: BaseClient, database: str, cleaned: Location, say: Callable[[str], None]
) -> Iterator[Tables]:
    """End or undo what dead runs left, and afterwards make the catalog follow what the block changed.

    Raises
    ------
    logtables.batch.UserError
        There are no tables.
    """
    audit = audits.Audit(s3, cleaned)
    formats = audit.formats()
    if not formats:
        raise batch.UserError(f"there are no tables at {cleaned}: run the transform job first")
    places = all_places.load(s3, cleaned)
    intents = Intents(s3, cleaned)
    undone = intents.recover(audit.committed() | set(places.done))
    places = all_places.load(s3, cleaned)
    for intent in undone:
        say(f"undid batch {intent.batch_id}, which job run {intent.run_id} did not finish")
    file_format = FORMATS[formats.pop()]
    tables = Tables(places, file_format.suffix, [intent.batch_id for intent in undone])
    yield tables
    intents.forget(undone)
    registered = register(glue, s3, database, cleaned, file_format, places=tables.places)
    all_places.sweep(s3, cleaned, tables.places, moved=registered.moved)


@dataclass(frozen=True)
class DatePlan:
    """What is to be done for a table's date: its files, the files to be written, and where."""

    table: str
    dt: str
    files: tuple[StoredObject, ...]
    prefix: str
    merges: tuple[Merge, ...]


def _plan(options: Options, s3: BaseClient, places: Places, suffix: str, move_id: str) -> Iterator[DatePlan]:
    number = 0
    for table in TABLES:
        for dt in filter(options.wants, places.dates(s3, options.cleaned, table)):
            place = options.cleaned.below(places.prefix(table, dt))
            files = [stored for stored in objects.list_objects(s3, place) if format_of_file(stored.key)]
            groups = grouped(files, options.target_bytes)
            if not groups:
                continue
            prefix = all_places.moved_prefix(move_id, table, dt)
            merges = []
            for group in groups:
                key = options.cleaned.key(f"{prefix}{move_id}-c{number:05d}{suffix}")
                merges.append(Merge(table, dt, group, options.cleaned.bucket, key, move_id, options.cleaned))
                number += 1
            yield DatePlan(table, dt, tuple(files), prefix, tuple(merges))


def grouped(files: Sequence[StoredObject], target_bytes: int) -> list[tuple[StoredObject, ...]]:
    """Say which files are to become one: small ones together, large ones each by itself.

    Returns
    -------
    list of tuple of StoredObject
        Empty when it is not worth it: there are no two small files.
    """
    small = [stored for stored in files if stored.size < target_bytes]
    if len(small) < 2:
        return []
    groups: list[tuple[StoredObject, ...]] = [(stored,) for stored in files if stored.size >= target_bytes]
    members: list[StoredObject] = []
    for stored in small:
        members.append(stored)
        if sum(member.size for member in members) >= target_bytes:
            groups.append(tuple(members))
            members = []
    if members:
        groups.append(tuple(members))
    # A large one and a single small one left over, again and again, would be copied for nothing.
    return groups if len(groups) < len(files) else []


def write_merged(merge: Merge, s3: BaseClient) -> Merged:
    """Write one file of several, its rows in the table's order; a single file is copied as it is."""
    try:
        Intents(s3, merge.cleaned).check(merge.move_id)
        if len(merge.files) == 1:
            source = merge.files[0]
            s3.copy_object(
                Bucket=merge.bucket, Key=merge.key, CopySource={"Bucket": source.bucket, "Key": source.key}
            )
            return Merged(source.size)
        rows = pl.concat([_rows(stored, merge.table, s3) for stored in merge.files])
        if merge.table == "log_counts":
            rows = added_up(rows)
        data = format_of_file(merge.key).encode(rows, merge.table)
        s3.put_object(Bucket=merge.bucket, Key=merge.key, Body=data)
        return Merged(len(data))
    except (FencedError, UnreadableObjectError) as error:
        return Merged(failure=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it was, the run fails, with the file's name
        return Merged(failure=f"s3://{merge.bucket}/{merge.key} cannot be written: {error}")


def _rows(stored: StoredObject, table: str, s3: BaseClient) -> pl.DataFrame:
    with objects.open_object(s3, stored) as stream:
        return format_of_file(stored.key).decode(stream.read(), table)


def _sums(
    plans: Iterable[DatePlan], sizes: dict[Merge, int] | None = None
) -> dict[str, dict[str, int | None]]:
    sums: dict[str, dict[str, int | None]] = {}
    for plan in plans:
        empty = {"dates": 0, "files_before": 0, "files_after": 0, "bytes_before": 0, "bytes_after": None}
        row = sums.setdefault(plan.table, empty)
        row["dates"] += 1
        row["files_before"] += len(plan.files)
        row["files_after"] += len(plan.merges)
        row["bytes_before"] += sum(stored.size for stored in plan.files)
        if sizes is not None:
            row["bytes_after"] = (row["bytes_after"] or 0) + sum(sizes[merge] for merge in plan.merges)
    return sums
