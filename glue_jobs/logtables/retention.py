"""Let dates go that are older than what is to be kept.

The dates leave the catalog at once, each in one change; their files are deleted when no query can be reading
them any more (`logtables.places`). From then on the tables take no rows of so old a date, also of raw objects
that are read again. The audit keeps its rows: what was read once is not read again for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from logtables import lock
from logtables import places as all_places
from logtables import s3 as objects
from logtables.batch import UserError
from logtables.compaction import recovered_tables
from logtables.places import TABLES
from logtables.s3 import Location

if TYPE_CHECKING:
    from botocore.client import BaseClient


@dataclass(frozen=True)
class Options:
    """What is to be kept.

    Attributes
    ----------
    database
        The Glue database of the tables.
    cleaned
        The place of the tables.
    before
        The first date (UTC) that is kept.
    dry_run
        Whether to tell what would go only.
    """

    database: str
    cleaned: Location
    before: date
    dry_run: bool = False


@dataclass
class Outcome:
    """What went, or would go.

    Attributes
    ----------
    tables
        By table: `dates`, `first` and `last` of them (YYYY-MM-DD), `files` and `bytes`.
    delete_after
        When (UTC, ISO 8601) the files may be deleted: by the next run after it. Empty in a dry run.
    recovered
        Batches and compactions of dead runs that were undone first.
    """

    tables: dict[str, dict[str, int | str]] = field(default_factory=dict)
    delete_after: str = ""
    recovered: list[str] = field(default_factory=list)


def run(
    options: Options,
    *,
    s3: BaseClient,
    glue: BaseClient,
    holder: str,
    is_alive: Callable[[str], bool],
    say: Callable[[str], None] = print,
    lock_patience_s: float = lock.PATIENCE_S,
) -> Outcome:
    """Let the dates before `options.before` go.

    The other parameters are those of `logtables.batch.run`.

    Raises
    ------
    logtables.batch.UserError
        There are no tables, or the date is in the future.
    logtables.lock.LockedError
        Another run has the tables.
    """
    today = datetime.now(UTC).date()
    if options.before > today:
        raise UserError(f"{options.before} is in the future, so that nothing at all would be kept")
    with (
        lock.hold(s3, options.cleaned, holder, is_alive=is_alive, patience_s=lock_patience_s, say=say),
        recovered_tables(s3, glue, options.database, options.cleaned, say) as tables,
    ):
        outcome = Outcome(recovered=tables.undone)
        before = options.before.isoformat()
        going = []
        for table in TABLES:
            dates = [dt for dt in tables.places.dates(s3, options.cleaned, table) if dt < before]
            if not dates:
                continue
            going += [(table, dt) for dt in dates]
            files = [
                stored
                for dt in dates
                for stored in objects.list_objects(s3, options.cleaned.below(tables.places.prefix(table, dt)))
            ]
            outcome.tables[table] = {
                "dates": len(dates),
                "first": dates[0],
                "last": dates[-1],
                "files": len(files),
                "bytes": sum(stored.size for stored in files),
            }
        if not options.dry_run:
            now = datetime.now(UTC)
            tables.places = tables.places.drop(before, going, now)
            all_places.save(s3, options.cleaned, tables.places)
            say(f"committed: {len(going)} dates of the tables go, from {before} on all is kept")
            outcome.delete_after = (now + all_places.GRACE).isoformat(timespec="minutes")
        return outcome
