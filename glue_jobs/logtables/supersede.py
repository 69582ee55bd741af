"""Take the rows of a raw object's older version out of the tables: write the files that hold them anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
class StaleFile:
    """A file of a table that holds rows of objects that changed."""

    table: str
    dt: str
    stored: StoredObject


def stale_files(
    s3: BaseClient, cleaned: Location, stale: Mapping[str, Known], places: Places
) -> list[StaleFile]:
    """Find the files that hold rows of changed objects.

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
        return []
    ranges = [known.dates() for known in stale.values()]
    candidates = []
    for table in TABLES:
        for dt in places.dates(s3, cleaned, table):
            if not any(first.isoformat() <= dt <= last.isoformat() for first, last in ranges):
                continue
            for stored in objects.list_objects(s3, cleaned.below(places.prefix(table, dt))):
                if format_of_file(stored.key):
                    candidates.append(StaleFile(table, dt, stored))

    def holds_stale_rows(file: StaleFile) -> bool:
        data = objects.get(s3, file.stored.bucket, file.stored.key)
        return not stale.keys().isdisjoint(format_of_file(file.stored.key).paths(data, file.table))

    with ThreadPoolExecutor(_workers(candidates)) as pool:
        return [
            file
            for file, found in zip(candidates, pool.map(holds_stale_rows, candidates), strict=True)
            if found
        ]


def rewrite(
    s3: BaseClient,
    cleaned: Location,
    files: Iterable[StaleFile],
    stale: Iterable[str],
    file_format: TableFormat,
    places: Places,
    *,
    batch_id: str,
) -> list[str]:
    """Write what stays of the files, under names of the batch.

    Returns
    -------
    list of str
        The keys written; a file of which nothing stays has none.
    """
    addresses = list(stale)

    def write(numbered: tuple[int, StaleFile]) -> str | None:
        number, file = numbered
        data = objects.get(s3, file.stored.bucket, file.stored.key)
        rows = format_of_file(file.stored.key).decode(data, file.table)
        staying = rows.filter(~pl.col("log_file_path").is_in(addresses))
        if staying.is_empty():
            return None
        name = f"{batch_id}-r{number:05d}{file_format.suffix}"
        key = cleaned.key(places.prefix(file.table, file.dt) + name)
        s3.put_object(Bucket=cleaned.bucket, Key=key, Body=file_format.encode(staying, file.table))
        return key

    files = list(files)
    with ThreadPoolExecutor(_workers(files)) as pool:
        return [key for key in pool.map(write, enumerate(files)) if key]


def _workers(files: Iterable[StaleFile]) -> int:
    """How many files may be held at a time."""
    largest = max((file.stored.size for file in files), default=1)
    return max(1, min(WORKERS, HELD_BYTES // max(largest, 1)))
