"""What a worker does with a task: raw objects in, files of the tables out, and an account of every line."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import logformats
import polars as pl
from logformats.account import Account
from logformats.own import from_json
from logformats.schema import PARTITION, polars_schema

from logtables import small
from logtables.files import FORMATS
from logtables.intents import FencedError, Intents
from logtables.places import Places
from logtables.plan import Piece, Task
from logtables.s3 import Location, UnreadableObjectError, open_object

if TYPE_CHECKING:
    from botocore.client import BaseClient

# Rows that wait to be written, by polars's own estimate of their size in memory.
BUFFER_BYTES = 256 << 20
WRITERS = 8
COUNT_KEYS = ("minute", "source", "log_level", "http_response_status_code", "http_request_method")


@dataclass(frozen=True)
class BatchSpec:
    """What every task of a batch needs to know."""

    batch_id: str
    cleaned: Location
    drop_levels: tuple[str, ...]
    output_format: str
    buffer_bytes: int = BUFFER_BYTES
    formats: str = ""
    time_zones: Mapping[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)

    def zone(self, source: str) -> str:
        """The zone of a source's times that name none."""
        return self.time_zones.get(source) or self.time_zones.get("*", "UTC")


@functools.lru_cache(maxsize=16)
def known_formats(own: str) -> tuple[logformats.LogFormat, ...]:
    """Give all formats, the user's own (as JSON text) first."""
    return *from_json(own), *logformats.formats()


@dataclass
class TaskResult:
    """What became of a task.

    Attributes
    ----------
    accounts
        By the address of the raw object; of a range, it is the account of its lines alone.
    files
        Number of files written.
    failure
        Why the task could not be done, naming the object; empty if it was.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    files: int = 0
    failure: str = ""


def run_task(task: Task, spec: BatchSpec, s3: BaseClient) -> TaskResult:
    """Read a task's objects, and write their events, counts and rejects.

    A task that is run twice writes the same files under the same names. An object that cannot be read ends
    the task, and is named in the result's failure, since it fails the same way each time that it is tried.
    """
    result = TaskResult()
    writer = TableWriter(task, spec, s3)
    uri = ""
    try:
        for pieces in small.grouped(task.pieces):
            if len(pieces) > 1 and (accounts := _read_together(pieces, spec, s3, writer)) is not None:
                result.accounts |= accounts
                continue
            for piece in pieces:
                uri = piece.raw.uri
                account = _read_piece(piece, spec, s3, writer)
                result.accounts[uri] = result.accounts.get(uri, Account()) + account
        writer.flush()
    except (FencedError, UnreadableObjectError) as error:
        result.failure = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, the run fails, with the object's name
        result.failure = f"{uri} cannot be transformed: {type(error).__name__}: {error}"
    result.files = writer.files
    return result


def _read_together(
    pieces: list[Piece], spec: BatchSpec, s3: BaseClient, writer: TableWriter
) -> dict[str, Account] | None:
    """Read small objects of one source together; None if that fails: by itself, each says what it is."""
    source = pieces[0].raw.source
    try:
        parsed = list(
            logformats.read_many(
                small.fetch(s3, pieces),
                source=source,
                drop_levels=spec.drop_levels,
                formats=known_formats(spec.formats),
                time_zone=spec.zone(source),
            )
        )
    except Exception:  # noqa: BLE001 - whatever it was, it comes again with the object's name
        return None
    accounts: dict[str, Account] = {}
    for each in parsed:
        accounts |= each.accounts
        writer.add("logs", each.events)
        writer.add("log_counts", each.counts)
        writer.add("log_rejects", each.rejects)
    return accounts


def _read_piece(piece: Piece, spec: BatchSpec, s3: BaseClient, writer: TableWriter) -> Account:
    account = Account()
    stored = piece.raw.stored
    if stored.size == 0:
        return account
    head = None
    if piece.start > 0:
        with open_object(s3, stored, end=logformats.SAMPLE_BYTES) as beginning:
            head = beginning.read()
    # To the end of the object: the last event of a range may reach beyond it.
    with open_object(s3, stored, start=max(piece.start - 1, 0)) as stream:
        stretches = logformats.read(
            stream,
            source=piece.raw.source,
            path=stored.uri,
            last_modified=stored.last_modified,
            drop_levels=spec.drop_levels,
            formats=known_formats(spec.formats),
            time_zone=spec.zone(piece.raw.source),
            first_line=piece.first_line,
            start=piece.start,
            end=piece.end,
            head=head,
        )
        for parsed in stretches:
            account += parsed.account
            writer.add("logs", parsed.events)
            writer.add("log_counts", parsed.counts)
            writer.add("log_rejects", parsed.rejects)
    return account


class TableWriter:
    """Gathers a task's rows by table and date, and writes them as few files, in bounded memory.

    Parameters
    ----------
    task
        Its number is in the files' names.
    spec
        The batch.
    s3
        The client.
    """

    def __init__(self, task: Task, spec: BatchSpec, s3: BaseClient) -> None:
        self._task = task
        self._spec = spec
        self._s3 = s3
        self._format = FORMATS[spec.output_format]
        self._intents = Intents(s3, spec.cleaned)
        self._waiting: dict[tuple[str, str], list[pl.DataFrame]] = defaultdict(list)
        self._waiting_bytes = 0
        self._part = 0
        self.files = 0

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Take rows of a table; they are written when enough has come together, or at `flush`.

        Rows of dates that are not kept any more are passed over.
        """
        if rows.is_empty():
            return
        rows = rows.select(polars_schema(table).names())
        for (dt,), of_date in rows.partition_by(PARTITION, as_dict=True, include_key=False).items():
            if not self._spec.places.keeps(dt):
                continue
            self._waiting[table, dt].append(of_date)
        self._waiting_bytes += rows.estimated_size()
        if self._waiting_bytes > self._spec.buffer_bytes:
            self.flush()

    def flush(self) -> None:
        """Write all that waits: one file for each table and date."""
        if not self._waiting:
            return
        self._intents.check(self._spec.batch_id)
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self._write, sorted(self._waiting)))
        self.files += len(self._waiting)
        self._part += 1
        self._waiting.clear()
        self._waiting_bytes = 0

    def _write(self, table_and_date: tuple[str, str]) -> None:
        table, dt = table_and_date
        rows = pl.concat(self._waiting[table_and_date])
        if table == "log_counts":
            rows = added_up(rows)
        name = f"{self._spec.batch_id}-{self._task.number:05d}-{self._part:03d}{self._format.suffix}"
        self._s3.put_object(
            Bucket=self._spec.cleaned.bucket,
            Key=self._spec.cleaned.key(self._spec.places.prefix(table, dt) + name),
            Body=self._format.encode(rows, table),
        )


def added_up(counts: pl.DataFrame) -> pl.DataFrame:
    """Add up counts of the same minute, which several stretches of an object may have."""
    return counts.group_by(*COUNT_KEYS, "log_file_path").agg(pl.sum("events", "bytes"))


def count_lines(piece: Piece, s3: BaseClient) -> int:
    """Count the line feeds in a piece."""
    with open_object(s3, piece.raw.stored, start=piece.start, end=piece.end) as stream:
        return logformats.count_newlines(stream)
