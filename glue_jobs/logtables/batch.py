"""A run of the job, from the listing of the raw logs to the registered tables, exactly once.

The order is what makes it so: the intent first; then the data, under names that carry the batch; then the
audit rows in one PUT, which are the commit; then the dates that the batch wrote anew get their places, and
the intent goes last. A run begins with what an earlier one left: a committed batch is finished, any other one
undone.

What queries see meanwhile: a date that loses rows (of an object that changed, went, or is read again) is
written anew beside the old one, and exchanged in one change of its partition. Rows that are only added to a
date can be seen as soon as their file is written, each once, and go again if the batch is undone; those of a
date that is new to a table once it is a partition, which is after the commit.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import logformats
import polars as pl
from logformats.account import Account

from logtables import audit as audits
from logtables import lock, plan, supersede
from logtables import places as all_places
from logtables import s3 as objects
from logtables.files import FORMATS
from logtables.intents import Intent, Intents
from logtables.places import Places
from logtables.plan import Changes, Piece, RawObject, RawTable, Task
from logtables.register import register
from logtables.s3 import Location
from logtables.selection import Selection
from logtables.work import BatchSpec, TaskResult, count_lines, known_formats, run_task

if TYPE_CHECKING:
    from botocore.client import BaseClient


@dataclass(frozen=True)
class Options:
    """What the job is told.

    Attributes
    ----------
    database
        The Glue database of the raw tables and the cleaned ones.
    cleaned
        The place of the cleaned tables.
    raw_table_prefix
        What the raw tables' names begin with.
    raw
        The place of all raw logs: a source is the first folder below it. Without it, a source is a table's
        name.
    drop_levels
        Levels that are counted but not kept in `logs`.
    output_format
        `parquet` or `csv`.
    formats
        The user's own formats, as JSON text; empty for none.
    time_zones
        The zone of times without one, by source; `*` for all others.
    sources
        The sources to read; none means all.
    drop_deleted
        Whether rows of raw objects that are no longer there leave the tables. By default they stay: raw logs
        may expire.
    selection
        What is read again on purpose, and the dates that the run is limited to.
    """

    database: str
    cleaned: Location
    raw_table_prefix: str = "raw_"
    raw: Location | None = None
    drop_levels: tuple[str, ...] = ()
    output_format: str = "parquet"
    formats: str = ""
    time_zones: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    drop_deleted: bool = False
    selection: Selection = field(default_factory=Selection)


class Distribute(Protocol):
    """Runs a function on many items, somewhere; gives the results in the items' order.

    The function also gets an S3 client of the place where it runs.
    """

    parallelism: int

    def __call__(
        self, function: Callable[[Any, BaseClient], Any], items: Sequence[Any], step: str
    ) -> Iterable[Any]:
        """Give ``[function(item, s3) for item in items]``."""


@dataclass
class Outcome:
    """What a run did.

    Attributes
    ----------
    batch_id
        The batch it committed; None when nothing was new.
    accounts
        By source: the number of `objects` read and the lines by what became of them (`lines_read` …).
    objects
        Raw objects that were new, changed, gone (and dropped), and unchanged; `again`, where any was read
        again on purpose, and `left_out`, where any was beyond the run's limits.
    recovered
        Batches of dead runs that were undone first.
    tables
        Tables that were created or changed in the catalog.
    """

    batch_id: str | None = None
    accounts: dict[str, dict[str, int]] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    recovered: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)


class UserError(RuntimeError):
    """The job cannot run as it was told to; the sentence says what to do."""


def run(
    options: Options,
    *,
    s3: BaseClient,
    glue: BaseClient,
    distribute: Distribute,
    run_id: str,
    holder: str,
    is_alive: Callable[[str], bool],
    say: Callable[[str], None] = print,
    lock_patience_s: float = lock.PATIENCE_S,
) -> Outcome:
    """Bring the cleaned tables up to date with the raw logs.

    Parameters
    ----------
    options
        What the job is told.
    s3, glue
        The clients.
    distribute
        Runs the tasks: Spark's, or a test's.
    run_id
        The job run, as the audit names it.
    holder
        The job run, as `is_alive` knows it.
    is_alive
        Tells of another run's `holder` whether it can still be at work.
    say
        Takes sentences for the log.
    lock_patience_s
        How many seconds to wait for another run on the same tables.

    Raises
    ------
    UserError
        The tables are of another format, or the crawler has made no tables yet.
    logtables.lock.LockedError
        Another run has the tables.
    RuntimeError
        An object cannot be read: the sentence names it; nothing was committed.
    """
    with lock.hold(s3, options.cleaned, holder, is_alive=is_alive, patience_s=lock_patience_s, say=say):
        return _run_locked(options, s3, glue, distribute, run_id, say)


def _run_locked(options, s3, glue, distribute, run_id, say) -> Outcome:
    file_format = FORMATS[options.output_format]
    intents = Intents(s3, options.cleaned)
    audit = audits.Audit(s3, options.cleaned)
    if other := audit.formats() - {options.output_format}:
        raise UserError(
            f"the tables at {options.cleaned} are {other.pop()}, and output_format is "
            f"{options.output_format}: set it back, or give another cleaned_prefix"
        )
    places = all_places.load(s3, options.cleaned)
    undone = intents.recover(audit.committed() | set(places.done))
    places = all_places.load(s3, options.cleaned)
    for intent in undone:
        say(f"undid batch {intent.batch_id}, which job run {intent.run_id} did not finish")

    raw = _list_raw(options, s3, glue)
    known = audit.known()
    found = plan.changes(raw, known, sources=options.sources, selection=options.selection)
    if not options.drop_deleted:
        found.gone = {}
    outcome = Outcome(objects=_numbers(found), recovered=[intent.batch_id for intent in undone])
    say(", ".join(f"{number} {kind}" for kind, number in outcome.objects.items()) + " raw objects")
    if found.to_read or found.gone:
        outcome.batch_id = new_batch_id()
        accounts = _write_batch(options, s3, distribute, run_id, known, found, outcome.batch_id, places, say)
        outcome.accounts = by_source(found.to_read, accounts)
        places = all_places.load(s3, options.cleaned)
    intents.forget(undone)
    # Also when nothing was new: an earlier run may have died before, or somebody dropped a table.
    registered = register(glue, s3, options.database, options.cleaned, file_format, places=places)
    outcome.tables = registered.tables
    all_places.sweep(s3, options.cleaned, places, moved=registered.moved)
    return outcome


def _write_batch(
    options, s3, distribute, run_id, known, found: Changes, batch_id, places: Places, say
) -> dict[str, Account]:
    file_format = FORMATS[options.output_format]
    intents = Intents(s3, options.cleaned)
    stale = {raw.uri: known[raw.uri] for raw in found.replaced} | found.gone
    renewed = supersede.dates_of_stale_rows(s3, options.cleaned, stale, places)
    intent = Intent(batch_id, run_id, tuple(renewed))
    intents.write(intent)
    try:
        tasks = make_tasks(found.to_read, s3, distribute, options.formats)
        say(f"reading {sum(task.size for task in tasks) / 1e6:,.1f} MB in {len(tasks)} tasks")
        spec = BatchSpec(
            batch_id,
            options.cleaned,
            options.drop_levels,
            options.output_format,
            formats=options.formats,
            time_zones=options.time_zones,
            # The dates that lose rows are written anew beside the old ones, so that no query sees both.
            places=places.with_moved(intent.new_places()),
        )
        accounts = merged(distribute(Transform(spec), tasks, "transform") if tasks else ())
        supersede.rewrite(s3, options.cleaned, renewed, stale, file_format, spec.places, batch_id=batch_id)
        rows = audits.audit_rows(
            accounts,
            found.to_read,
            found.gone,
            batch_id=batch_id,
            run_id=run_id,
            committed_at=datetime.now(UTC),
        )
        intents.check(batch_id)
    except Exception:
        # The next run would do it too, but until then readers would see half a batch. From the commit on
        # nobody may, as a request that failed here can have succeeded there.
        say(f"the run failed: undoing batch {batch_id}")
        with contextlib.suppress(Exception):
            intents.recover(committed=set())
        raise
    audits.commit(s3, options.cleaned, rows, file_format, batch_id=batch_id)
    say(f"committed batch {batch_id}")
    intents.finish(intent)
    return accounts


@dataclass(frozen=True)
class Transform:
    """`run_task` with its batch: an object, so that Spark can send it to its workers."""

    spec: BatchSpec

    def __call__(self, task: Task, s3: BaseClient) -> TaskResult:
        return run_task(task, self.spec, s3)


def make_tasks(
    to_read: Sequence[RawObject], s3: BaseClient, distribute: Distribute, formats: str = ""
) -> list[Task]:
    """Cut and group the objects of a batch, and number the lines of those that were cut."""
    pieces: list[Piece] = []
    ranges: list[Piece] = []
    for raw in to_read:
        if raw.stored.size >= 2 * plan.LARGEST_TASK_BYTES and _splittable(raw, s3, formats):
            ranges += plan.cut(raw)
            pieces += plan.cut(raw)
        else:
            pieces.append(Piece(raw))
    if ranges:
        feeds = distribute(count_lines, ranges, "number the lines")
        numbered = dict(zip(ranges, first_lines(ranges, feeds), strict=True))
        pieces = [numbered.get(piece, piece) for piece in pieces]
    total = sum(piece.size for piece in pieces)
    return plan.group(pieces, plan.task_bytes(total, distribute.parallelism))


def _splittable(raw: RawObject, s3: BaseClient, formats: str) -> bool:
    with objects.open_object(s3, raw.stored, end=logformats.SAMPLE_BYTES) as stream:
        return logformats.splittable(stream.read(), path=raw.uri, formats=known_formats(formats))


def first_lines(ranges: Sequence[Piece], feeds: Iterable[int]) -> Iterator[Piece]:
    """Number the first line of each range, from the line feeds in the ranges before it."""
    raw, line = None, 1
    for piece, count in zip(ranges, feeds, strict=True):
        if piece.raw != raw:
            raw, line = piece.raw, 1
        yield Piece(piece.raw, piece.start, piece.end, line)
        line += count


def merged(results: Iterable[TaskResult]) -> dict[str, Account]:
    """Add up the accounts of the tasks, by the object's address.

    Raises
    ------
    RuntimeError
        If a task failed, with what failed in it.
    """
    accounts: dict[str, Account] = {}
    failures = []
    for result in results:
        if result.failure:
            failures.append(result.failure)
        for uri, account in result.accounts.items():
            accounts[uri] = accounts.get(uri, Account()) + account
    if failures:
        more = f" (and {len(failures) - 1} tasks more failed)" if len(failures) > 1 else ""
        raise RuntimeError(failures[0] + more)
    return accounts


def by_source(objects_read: Iterable[RawObject], accounts: dict[str, Account]) -> dict[str, dict[str, int]]:
    """Add up accounts by source."""
    rows = [
        {"source": raw.source, "objects": 1, **audits.line_counts(accounts[raw.uri])} for raw in objects_read
    ]
    if not rows:
        return {}
    sums = pl.DataFrame(rows).group_by("source").sum().sort("source")
    return {row.pop("source"): row for row in sums.iter_rows(named=True)}


def new_batch_id(now: datetime | None = None) -> str:
    """Make a batch's id: ids sort by time."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def raw_tables(glue: BaseClient, options: Options) -> list[RawTable]:
    """Ask Glue for the tables that the crawler made.

    Raises
    ------
    UserError
        If there is none.
    """
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=options.database)
    try:
        found = [
            RawTable(table["Name"], Location.parse(table["StorageDescriptor"]["Location"]))
            for page in pages
            for table in page["TableList"]
            if table["Name"].startswith(options.raw_table_prefix)
            and table.get("StorageDescriptor", {}).get("Location")
        ]
    except glue.exceptions.EntityNotFoundException:
        found = []
    if not found:
        raise UserError(
            f"the database {options.database} has no table that begins with {options.raw_table_prefix}: "
            "run the crawler first"
        )
    return found


def _list_raw(options: Options, s3: BaseClient, glue: BaseClient) -> list[RawObject]:
    return plan.raw_objects(
        raw_tables(glue, options),
        lambda place: objects.list_objects(s3, place),
        raw_location=options.raw,
        table_prefix=options.raw_table_prefix,
        sources=options.sources,
    )


def _numbers(found: Changes) -> dict[str, int]:
    numbers = {
        "new": len(found.fresh),
        "changed": len(found.changed),
        "gone": len(found.gone),
        "unchanged": found.unchanged,
    }
    asked_for = {"again": len(found.again), "left_out": found.left_out}
    return numbers | {kind: number for kind, number in asked_for.items() if number}
