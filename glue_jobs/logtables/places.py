"""Where the files of each date are: where the job first wrote them, or where they were moved together.

A table's date is a partition in the catalog with a location of its own. Files are moved together by writing
them anew in another place, and then giving the partition that place: one change, so that a query sees all of
the old files or all of the new ones. The old ones go when no query can be reading them any more.

What is where stands in one object beside the tables, ``_state/places.json``; the catalog follows it, and can
be made anew from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from logformats.schema import PARTITION

from logtables import s3 as objects
from logtables.s3 import Location

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: The tables whose dates are partitions with places of their own; the audit's dates never move.
TABLES = ("logs", "log_counts", "log_rejects")
#: The folder, beside those of the tables, of what was moved: not below a table, where a date is still read.
MOVED = "moved"
# A query of Athena's ends after 30 minutes, unless the account's quota was raised (240 at most):
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
GRACE = timedelta(hours=4)
_NAME = "_state/places.json"
# Moves that are remembered, so that a run which finds the intent of one knows that it was done.
_REMEMBERED = 100


@dataclass(frozen=True)
class Retired:
    """A place that no partition has any more, and since when (UTC)."""

    prefix: str
    since: datetime


@dataclass(frozen=True)
class Places:
    """Where the files of each table and date are.

    Attributes
    ----------
    moved
        By table and date, the prefix below the tables' place; of all other dates it is the first one.
    done
        Ids of the moves that were done, the newest last.
    retired
        Places whose files are still to be deleted.
    first_date
        The first date (UTC, YYYY-MM-DD) that is kept; empty if all are.
    """

    moved: Mapping[tuple[str, str], str] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    retired: tuple[Retired, ...] = ()
    first_date: str = ""

    def prefix(self, table: str, dt: str) -> str:
        """The prefix of a table's date, below the tables' place."""
        return self.moved.get((table, dt)) or f"{table}/{PARTITION}={dt}/"

    def keeps(self, dt: str) -> bool:
        """Whether rows of a date are kept at all."""
        return dt >= self.first_date

    def dates(self, s3: BaseClient, cleaned: Location, table: str) -> list[str]:
        """List the dates that a table has files of, or had."""
        found = {dt for moved, dt in self.moved if moved == table}
        for folder in objects.list_folders(s3, cleaned.below(table)):
            key, _, dt = folder.partition("=")
            if key == PARTITION and is_date(dt):
                found.add(dt)
        return sorted(dt for dt in found if self.keeps(dt))

    def with_moved(self, to: Mapping[tuple[str, str], str]) -> Places:
        """Give where the files will be once these dates have moved."""
        return replace(self, moved={**self.moved, **to})

    def move(self, move_id: str, to: Mapping[tuple[str, str], str], now: datetime) -> Places:
        """Give dates other places; the old ones are retired."""
        old = [Retired(self.prefix(*key), now) for key in sorted(to)]
        done = (*self.done, move_id)[-_REMEMBERED:]
        return replace(self, moved={**self.moved, **to}, done=done, retired=(*self.retired, *old))

    def drop(self, before: str, dates: Iterable[tuple[str, str]], now: datetime) -> Places:
        """Keep nothing of before a date; `dates` are the tables and dates that there is something of."""
        gone = sorted(dates)
        old = [Retired(self.prefix(*key), now) for key in gone]
        moved = {key: prefix for key, prefix in self.moved.items() if key not in set(gone)}
        first = max(self.first_date, before)
        return replace(self, moved=moved, retired=(*self.retired, *old), first_date=first)

    def to_json(self) -> bytes:
        moved: dict[str, dict[str, str]] = {}
        for (table, dt), prefix in sorted(self.moved.items()):
            moved.setdefault(table, {})[dt] = prefix
        retired = [{"prefix": each.prefix, "since": each.since.isoformat()} for each in self.retired]
        values = {"moved": moved, "done": self.done, "retired": retired, "first_date": self.first_date}
        return json.dumps(values, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Places:
        values = json.loads(data)
        return cls(
            {(table, dt): prefix for table, dates in values["moved"].items() for dt, prefix in dates.items()},
            tuple(values["done"]),
            tuple(
                Retired(each["prefix"], datetime.fromisoformat(each["since"])) for each in values["retired"]
            ),
            values["first_date"],
        )


def moved_prefix(move_id: str, table: str, dt: str) -> str:
    """The prefix, below the tables' place, that a move gives to a table's date."""
    return f"{MOVED}/{move_id}/{table}/{PARTITION}={dt}/"


def load(s3: BaseClient, cleaned: Location) -> Places:
    """Read where the files are; where nothing was ever moved, all are where they were written first."""
    data = objects.get_or_none(s3, cleaned.bucket, cleaned.key(_NAME))
    return Places() if data is None else Places.from_json(data)


def save(s3: BaseClient, cleaned: Location, places: Places) -> None:
    """Write where the files are, in one PUT: the commit of a move."""
    s3.put_object(Bucket=cleaned.bucket, Key=cleaned.key(_NAME), Body=places.to_json())


def sweep(
    s3: BaseClient, cleaned: Location, places: Places, *, moved: bool = False, now: datetime | None = None
) -> Places:
    """Delete the files of places that were retired long enough ago, and forget those places.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    places
        Where the files are, as the catalog has it.
    moved
        Whether the catalog followed a move only now: queries that began before still read the old places, so
        their time begins now.
    now
        The current time (UTC), for a test to set.
    """
    now = now or datetime.now(UTC)
    if moved:
        left = tuple(replace(each, since=now) for each in places.retired)
    else:
        left = tuple(each for each in places.retired if now - each.since < GRACE)
    for each in set(places.retired) - set(left) if not moved else ():
        keys = [stored.key for stored in objects.list_objects(s3, cleaned.below(each.prefix))]
        objects.delete(s3, cleaned.bucket, keys)
    if left != places.retired:
        places = replace(places, retired=left)
        save(s3, cleaned, places)
    return places


def is_date(text: str) -> bool:
    """Tell whether a partition's value is a date, YYYY-MM-DD."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date().isoformat() == text
    except ValueError:
        return False
