"""The audit of the raw objects: which of them the tables hold, and the commit of each batch.

A batch is committed by one PUT of one file of `log_audit`. What is known of the raw objects is the newest
row of each.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
from logformats.account import Account

from logtables import s3 as objects
from logtables.files import TableFormat, columns_of, format_of_file
from logtables.plan import Known, RawObject
from logtables.s3 import Location, StoredObject

if TYPE_CHECKING:
    from botocore.client import BaseClient

TABLE = "log_audit"
READERS = 16
# So many files of the audit are read one by one; beyond, they are gathered in one file that only this job
# reads.
GATHER_AFTER = 32


class Audit:
    """What the audit held when the run began.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    """

    def __init__(self, s3: BaseClient, cleaned: Location) -> None:
        self._s3 = s3
        self._place = cleaned.below(TABLE)
        self._gathered = cleaned.below("_state")
        self._files = {
            stored.name: stored
            for stored in objects.list_objects(s3, self._place)
            if format_of_file(stored.key) and not stored.name.startswith((".", "_"))
        }

    def committed(self) -> set[str]:
        """Give the ids of all committed batches."""
        return {batch_of_file(name) for name in self._files}

    def formats(self) -> set[str]:
        """Give the names of the file formats that the audit is written in: one, or none yet."""
        return {format_of_file(name).name for name in self._files}

    def known(self) -> dict[str, Known]:
        """Give what is known of each raw object, by its ``s3://`` address."""
        newest = (
            self.rows()
            .sort("committed_at", "batch_id")
            .unique("log_file_path", keep="last", maintain_order=True)
            # An object that was found gone is known no more.
            .filter(pl.col("etag") != "")
        )
        return {
            row["log_file_path"]: Known(
                row["source"],
                row["etag"],
                row["last_modified"],
                row["first_event"],
                row["last_event"],
                row["lines_rejected"],
            )
            for row in newest.iter_rows(named=True)
        }

    def rows(self) -> pl.DataFrame:
        """Give all rows of the audit, without the partition key."""
        gathered = self._read_gathered()
        missing = sorted(self._files.keys() - set(gathered["file"].unique()))
        read = self._read([self._files[name] for name in missing])
        rows = pl.concat([gathered, *read])
        if len(missing) > GATHER_AFTER:
            self._write_gathered(rows)
        return rows.drop("file")

    def _read(self, files: list[StoredObject]) -> list[pl.DataFrame]:
        def read(stored: StoredObject) -> pl.DataFrame:
            data = objects.get(self._s3, stored.bucket, stored.key)
            frame = format_of_file(stored.key).decode(data, TABLE)
            return frame.with_columns(file=pl.lit(stored.name))

        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(read, files))

    def _read_gathered(self) -> pl.DataFrame:
        data = objects.get_or_none(self._s3, self._gathered.bucket, self._gathered.key("audit.parquet"))
        if data is None:
            schema = {column.name: column.dtype for column in columns_of(TABLE)} | {"file": pl.String}
            return pl.DataFrame(schema=schema)
        # Rows of files that somebody removed from the audit are not known any more.
        return pl.read_parquet(io.BytesIO(data)).filter(pl.col("file").is_in(list(self._files)))

    def _write_gathered(self, rows: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd")
        self._s3.put_object(
            Bucket=self._gathered.bucket, Key=self._gathered.key("audit.parquet"), Body=buffer.getvalue()
        )


def batch_of_file(name: str) -> str:
    """Give the batch that a file of a table belongs to: all of its name but the last numbers."""
    return name.rsplit("/", 1)[-1].rsplit("-", 1)[0]


def audit_rows(
    accounts: Mapping[str, Account],
    read: Iterable[RawObject],
    gone: Mapping[str, Known],
    *,
    batch_id: str,
    run_id: str,
    committed_at: datetime,
) -> pl.DataFrame:
    """Make a batch's rows of the audit.

    Parameters
    ----------
    accounts
        What became of each object's lines, by address.
    read
        The objects that were read.
    gone
        Objects that are no longer there and whose rows this batch takes away: rows without lines and ETag.
    batch_id, run_id
        The batch and the job run.
    committed_at
        The time of the commit (UTC).
    """
    rows = []
    for raw in read:
        account = accounts[raw.uri]
        rows.append(
            {
                "source": raw.source,
                "log_file_path": raw.uri,
                "etag": raw.stored.etag,
                "object_size": raw.stored.size,
                "last_modified": raw.stored.last_modified.astimezone(UTC),
                "formats": json.dumps(account.formats, sort_keys=True),
                "first_event": account.first_event,
                "last_event": account.last_event,
                **line_counts(account),
            }
        )
    for uri, known in gone.items():
        rows.append(
            {
                "source": known.source,
                "log_file_path": uri,
                "etag": "",
                "object_size": 0,
                "last_modified": known.last_modified,
                "formats": "{}",
                "first_event": None,
                "last_event": None,
                **line_counts(Account()),
            }
        )
    common = {"batch_id": batch_id, "job_run_id": run_id, "committed_at": committed_at}
    schema = {column.name: column.dtype for column in columns_of(TABLE)}
    return pl.DataFrame([row | common for row in rows], schema=schema)


def line_counts(account: Account) -> dict[str, int]:
    """Give an account's numbers of lines by the names of the audit's columns."""
    names = ("read", "kept", "dropped", "rejected", "joined", "blank")
    return {f"lines_{name}": getattr(account, f"lines_{name}") for name in names}


def commit(
    s3: BaseClient, cleaned: Location, rows: pl.DataFrame, file_format: TableFormat, *, batch_id: str
) -> str:
    """Commit a batch: write its rows of the audit as one object, in one PUT.

    Returns
    -------
    str
        The object's key.
    """
    day = rows["committed_at"][0].date().isoformat()
    key = cleaned.key(f"{TABLE}/dt={day}/{batch_id}-0{file_format.suffix}")
    s3.put_object(Bucket=cleaned.bucket, Key=key, Body=file_format.encode(rows, TABLE))
    return key
