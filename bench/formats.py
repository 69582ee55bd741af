"""How fast each format is read: megabytes and lines a second of `logformats` alone, one process, levels kept.

A file of each format is its own samples again and again. The figures are for finding outliers: the slowest
formats come first in the table, with how many times slower than the median they are.
"""

from __future__ import annotations

import io
import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import logformats
from logformats.definitions import LogFormat

from bench import Entry

MEGABYTES = float(os.environ.get("LOGLOOM_BENCH_FORMATS_MB", "8"))
SHOWN = 15
MODIFIED = datetime(2026, 1, 20, tzinfo=UTC)


def run() -> Iterator[Entry]:
    """Measure all formats; give the median, and the slowest ones."""
    rates = {definition.name: rate(definition, int(MEGABYTES * 1e6)) for definition in logformats.formats()}
    megabytes = {name: each[0] for name, each in rates.items()}
    median = statistics.median(megabytes.values())
    yield Entry("formats.median_mb_s", median, "MB/s")
    yield Entry("formats.median_lines_s", statistics.median(each[1] for each in rates.values()), "lines/s")
    for name in sorted(megabytes, key=megabytes.__getitem__)[:SHOWN]:
        yield Entry(f"formats.{name}_mb_s", megabytes[name], "MB/s", "median", median / megabytes[name])


def rate(definition: LogFormat, size: int) -> tuple[float, float]:
    """Megabytes and lines a second of a file of about `size` bytes."""
    data = file_of(definition, size)
    started = time.perf_counter()
    lines = sum(
        parsed.account.lines_read
        for parsed in logformats.read(
            io.BytesIO(data), source="bench", path="s3://bench/app-2026-01-20.log", last_modified=MODIFIED
        )
    )
    took = time.perf_counter() - started
    return len(data) / took / 1e6, lines / took


def file_of(definition: LogFormat, size: int) -> bytes:
    """A format's samples, again and again."""
    events = [sample.lines for sample in definition.samples if sample.becomes]
    if definition.kind == "delimited":
        marked = [number for number, line in enumerate(events[0]) if line.startswith("#")]
        head = max(marked, default=0) + 1
        first, again = events[0][:head], events[0][head:]
    else:
        first, again = (), [line for lines in events for line in lines]
    block = "".join(f"{line}\n" for line in again).encode()
    return "".join(f"{line}\n" for line in first).encode() + block * (size // len(block) + 1)
