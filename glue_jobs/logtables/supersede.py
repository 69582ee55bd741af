"""Take the rows of a raw object's older version out of the tables: write the files that hold them anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from logtables import s3 as objects
from logtables.files import TableFormat, format_of_file
from logtables.plan import Known
from logtables.s3 import Location, StoredObject

if TYPE_CHECKING:
    from botocore.client import BaseClient

TABLES = ("logs", "log_counts", "log_rejects")
WORKERS = 8


@dataclass(frozen=True)
class StaleFile:
    """A file of a table that holds rows of objects that changed."""

    table: str
    dt: str
    stored: StoredObject


def stale_files(s3: BaseClient, cleaned: Location, stale: Mapping[str, Known]) -> list[StaleFile]:
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
    """
    if not stale:
        return []
    ranges = [known.dates() for known in stale.values()]
    candidates = []
    for table in TABLES:
        for folder in objects.list_folders(s3, cleaned.below(table)):
            dt = folder.removeprefix("dt=")
            if folder == dt or not any(first.isoformat() <= dt <= last.isoformat() for first, last in ranges):
                continue
            for stored in objects.list_objects(s3, cleaned.below(f"{table}/{folder}")):
                if format_of_file(stored.key):
                    candidates.append(StaleFile(table, dt, stored))

    def holds_stale_rows(file: StaleFile) -> bool:
        data = objects.get(s3, file.stored.bucket, file.stored.key)
        return not stale.keys().isdisjoint(format_of_file(file.stored.key).paths(data, file.table))

    with ThreadPoolExecutor(WORKERS) as pool:
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
        key = cleaned.key(f"{file.table}/dt={file.dt}/{batch_id}-r{number:05d}{file_format.suffix}")
        s3.put_object(Bucket=cleaned.bucket, Key=key, Body=file_format.encode(staying, file.table))
        return key

    with ThreadPoolExecutor(WORKERS) as pool:
        return [key for key in pool.map(write, enumerate(files)) if key]
