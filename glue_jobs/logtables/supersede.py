"""Take the rows of a raw object's older version out of the tables: write the dates that hold them anew.

The new files of such a date come into a place of its own, which the date gets once the batch is committed: a
query sees all of the older version, or all of the newer one (`logtables.places`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from logtables import s3 as objects
from logtables.files import TableFormat, format_of_file
from logtables.places import TABLES, Places
from logtables.plan import Known
from logtables.s3 import Location, StoredObject

if TYPE_CHECKING:
    from botocore.client import BaseClient

WORKERS = 8
# So many bytes of files are held at a time, or one file: compacted ones are large.
HELD_BYTES = 128 << 20


@dataclass(frozen=True)
class DateFile:
    """A file of a table's date, and whether it holds rows of objects that changed."""

    table: str
    dt: str
    stored: StoredObject
    stale: bool


#: By table and date, all files of the dates that lose rows.
Renewed = dict[tuple[str, str], list[DateFile]]


def dates_of_stale_rows(
    s3: BaseClient, cleaned: Location, stale: Mapping[str, Known], places: Places
) -> Renewed:
    """Find the dates that hold rows of changed objects, with all of their files.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    stale
        What the audit holds of the changed objects, by address: only the dates between their first and last
        event are looked through.
    places
        Where the files of each date are.
    """
    if not stale:
        return {}
    ranges = [known.dates() for known in stale.values()]
    candidates = []
    for table in TABLES:
        for dt in places.dates(s3, cleaned, table):
            if not any(first.isoformat() <= dt <= last.isoformat() for first, last in ranges):
                continue
            for stored in objects.list_objects(s3, cleaned.below(places.prefix(table, dt))):
                if format_of_file(stored.key):
                    candidates.append(DateFile(table, dt, stored, stale=False))

    def read(file: DateFile) -> DateFile:
        data = objects.get(s3, file.stored.bucket, file.stored.key)
        paths = format_of_file(file.stored.key).paths(data, file.table)
        return replace(file, stale=not stale.keys().isdisjoint(paths))

    by_date: Renewed = defaultdict(list)
    with ThreadPoolExecutor(_workers(candidates)) as pool:
        for file in pool.map(read, candidates):
            by_date[file.table, file.dt].append(file)
    return {key: files for key, files in by_date.items() if any(file.stale for file in files)}


def rewrite(
    s3: BaseClient,
    cleaned: Location,
    renewed: Renewed,
    stale: Iterable[str],
    file_format: TableFormat,
    places: Places,
    *,
    batch_id: str,
) -> list[str]:
    """Write what stays of the dates to their new places, under names of the batch.

    A file without rows of changed objects is copied by S3 itself.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    renewed
        The dates, with the files that they have.
    stale
        The addresses of the changed objects.
    file_format
        What files are written as.
    places
        Where the files of each date will be.
    batch_id
        The batch.

    Returns
    -------
    list of str
        The keys written; a file of which nothing stays has none.
    """
    addresses = list(stale)

    def write(numbered: tuple[int, DateFile]) -> str | None:
        number, file = numbered
        name = f"{batch_id}-r{number:05d}{file_format.suffix}"
        key = cleaned.key(places.prefix(file.table, file.dt) + name)
        if not file.stale:
            source = {"Bucket": file.stored.bucket, "Key": file.stored.key}
            s3.copy_object(Bucket=cleaned.bucket, Key=key, CopySource=source)
            return key
        data = objects.get(s3, file.stored.bucket, file.stored.key)
        rows = format_of_file(file.stored.key).decode(data, file.table)
        staying = rows.filter(~pl.col("log_file_path").is_in(addresses))
        if staying.is_empty():
            return None
        s3.put_object(Bucket=cleaned.bucket, Key=key, Body=file_format.encode(staying, file.table))
        return key

    files = [file for of_date in renewed.values() for file in of_date]
    with ThreadPoolExecutor(_workers(files)) as pool:
        return [key for key in pool.map(write, enumerate(files)) if key]


def _workers(files: Iterable[DateFile]) -> int:
    """How many files may be held at a time."""
    largest = max((file.stored.size for file in files), default=1)
    return max(1, min(WORKERS, HELD_BYTES // max(largest, 1)))
