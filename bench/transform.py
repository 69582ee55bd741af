"""The Glue job on generated Apache combined lines (0.5 % malformed), run by the local AWS as Glue would.

Seconds of our job are by its own log: all that it does, from listing the raw logs to the tables in the
catalog, without the start of Spark. ``transform.5m`` (the size is in the name; also read as gzip) stands
beside three others on the same file, which read it from disk without S3: against ``naive-spark`` (one
regexp_extract a field, all cores, its session's start not counted) and ``goaccess`` the ratio is how many
times faster we are, against ``polars-alone`` (one process, plain extract_groups and the write) our time over
its time.

``transform.scaling…`` is the worst of the times a line at each size over the best of them, less one.
``transform.many_objects`` is the time of many small objects over that of the same bytes in a hundredth as
many. ``transform.nothing_new_s`` is a whole run that finds nothing to do, its start-up included.
``transform.peak_rss_mb`` is the most memory that the job's processes had at a time (shared pages shared out).
``overview.bytes_of_raw`` is what the dashboard's overview of all the days scans (events and bytes by time and
level), over the raw bytes. It depends on how dense the traffic is: `log_counts` has a row for each minute,
level, status and method, however many lines they had.

``BENCH_LINES=200000 make bench ARGS=transform`` is a small run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import psutil
from localaws import control
from logloom import crawler, job, queries, settings
from logloom.dashboard import statements
from logloom.dashboard.view import View

from bench import Entry, _logs
from bench.parse import seconds as seconds_of_reference

LINES = int(os.environ.get("BENCH_LINES", "5000000"))
#: Sizes of the scaling figure, as multiples of LINES.
SIZES = (0.2, 1, 4)
OBJECTS, OBJECT_BYTES = 10_000, 100_000
DAYS = 30


def run() -> Iterator[Entry]:
    """Measure on a local AWS of its own."""
    with tempfile.TemporaryDirectory(prefix="logloom-bench-") as folder:
        root = Path(folder) / "local"
        command = [sys.executable, "-m", "localaws"]
        environment = {
            "LOGLOOM_LOCAL_ROOT": str(root),
            "AWS_CONFIG_FILE": str(root / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(root / "aws" / "credentials"),
        }
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        subprocess.run([*command, "start", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)
        try:
            yield from measure(Path(folder), control.status(root).pid)
        finally:
            subprocess.run([*command, "stop", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def measure(folder: Path, supervisor: int) -> Iterator[Entry]:
    """Generate the logs and read them, the largest last."""
    size = _short(LINES)
    log = folder / "access.log"
    raw_bytes = _logs.write(log, LINES, days=DAYS)

    with Memory(supervisor) as memory:
        chosen, ours = transform(size, [log])
    # In turn, the better of two: what else the machine does weighs on both.
    alone = seconds_of_reference("polars_alone", log, _empty(folder / "polars_alone"))
    ours = min(ours, transform(f"{size}-again", [log])[1])
    alone = min(alone, seconds_of_reference("polars_alone", log, _empty(folder / "polars_alone")))
    naive = seconds_of_reference("naive_spark", log, folder / "naive_spark")
    yield Entry(f"transform.{size}", ours, "s", "naive-spark", naive / ours)
    if shutil.which("goaccess"):
        yield Entry(f"transform.{size}", ours, "s", "goaccess", goaccess(log, folder) / ours)
    yield Entry(f"transform.{size}", ours, "s", "polars-alone", ours / alone)
    yield Entry("transform.peak_rss_mb", memory.peak / 1e6, "MB")
    yield Entry("transform.nothing_new_s", nothing_new(chosen), "s")
    scanned = overview_bytes(chosen)
    yield Entry("overview.bytes_of_raw", scanned, "bytes", "raw", scanned / raw_bytes)
    yield Entry(
        f"transform.written_{size}", table_bytes(chosen), "bytes", "raw", table_bytes(chosen) / raw_bytes
    )

    zipped = folder / "access.log.gz"
    _logs.write(zipped, LINES, days=DAYS, compress=True)
    yield Entry(f"transform.{size}_gzip", transform(f"{size}gz", [zipped])[1], "s")
    zipped.unlink()

    yield many_objects(folder)
    yield scaling(folder, ours)


def transform(name: str, logs: list[Path]) -> tuple[settings.Settings, float]:
    """Put logs into a bucket of their own, and run the job on them.

    Returns
    -------
    tuple of Settings, float
        Where the tables are, and the job's seconds without the start of Spark.
    """
    chosen = settings.load(
        {"bucket": f"bench-{name}", "database": f"bench_{name}".replace("-", "_"), "drop_levels": ""}
    )
    session = boto3.Session(profile_name=chosen.profile)
    s3 = session.client("s3")
    s3.create_bucket(Bucket=chosen.bucket)
    for number, log in enumerate(logs):
        s3.upload_file(str(log), chosen.bucket, f"{chosen.raw_prefix}/web/{number:05d}-{log.name}")
    crawler.create(chosen)
    crawler.run(chosen)
    job.deploy(chosen)
    done = job.run(chosen)
    events = session.client("logs").get_log_events(
        logGroupName="/aws-glue/jobs/output", logStreamName=done.run_id, startFromHead=True
    )["events"]
    told = "\n".join(event["message"] for event in events)
    whole = float(re.search(r"done in ([\d.]+) s", told)[1])
    start = re.search(r"Spark started in ([\d.]+) s", told)
    return chosen, whole - (float(start[1]) if start else 0)


def nothing_new(chosen: settings.Settings) -> float:
    """Run the job once more, and give all the time it took."""
    started = time.perf_counter()
    if job.run(chosen).anything_new:
        raise RuntimeError("the second run found something to read")
    return time.perf_counter() - started


def overview_bytes(chosen: settings.Settings) -> int:
    """What Athena scans for the dashboard's overview of all the days."""
    asked = statements.overview(View(_logs.START, _logs.START + timedelta(days=DAYS)))
    return queries.run_sql(chosen, asked.sql, asked.parameters).data_scanned_bytes


def many_objects(folder: Path) -> Entry:
    """The same lines as many small objects, and as a hundredth as many large ones."""
    count = max(100, round(OBJECTS * LINES / 5_000_000))
    parts = folder / "parts"
    times = []
    for pieces in (count, count // 100):
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir()
        lines = count * OBJECT_BYTES // 250 // pieces
        for number in range(pieces):
            _logs.write(parts / f"{number:05d}.log", lines, seed=number + 1, days=1)
        times.append(transform(f"objects{pieces}", sorted(parts.iterdir()))[1])
    shutil.rmtree(parts)
    many, few = times
    return Entry("transform.many_objects", many, "s", f"{count // 100} objects", many / few)


def scaling(folder: Path, ours: float) -> Entry:
    """How far the time of a line depends on how many there are."""
    a_line = {LINES: ours / LINES}
    log = folder / "scaling.log"
    for size in SIZES:
        lines = round(LINES * size)
        if lines not in a_line:
            _logs.write(log, lines, days=DAYS)
            a_line[lines] = transform(f"scale{_short(lines)}", [log])[1] / lines
            log.unlink()
    sizes = "_".join(_short(lines) for lines in sorted(a_line))
    spread = max(a_line.values()) / min(a_line.values()) - 1
    return Entry(f"transform.scaling_{sizes}", spread, "of the best")


def goaccess(log: Path, folder: Path) -> float:
    """Have GoAccess read the log."""
    started = time.perf_counter()
    command = [
        "goaccess",
        str(log),
        "--log-format=COMBINED",
        "--no-progress",
        "-o",
        str(folder / "goaccess.json"),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.perf_counter() - started


def table_bytes(chosen: settings.Settings) -> int:
    """Add up the files of the four tables."""
    pages = boto3.Session(profile_name=chosen.profile).client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=chosen.bucket, Prefix=f"{chosen.cleaned_prefix}/log")
    return sum(item["Size"] for page in found for item in page.get("Contents", ()))


class Memory:
    """Watches what the job's processes, all but the supervisor and its S3, have in memory."""

    def __init__(self, supervisor: int) -> None:
        self._supervisor = psutil.Process(supervisor)
        self._others = {child.pid for child in self._supervisor.children(recursive=True)}
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self.peak = 0

    def __enter__(self) -> Memory:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            held = 0
            for child in self._supervisor.children(recursive=True):
                if child.pid not in self._others:
                    try:
                        held += child.memory_full_info().pss
                    except psutil.Error:
                        continue  # it has ended
            self.peak = max(self.peak, held)


def _short(lines: int) -> str:
    return f"{lines // 1_000_000}m" if lines % 1_000_000 == 0 else f"{lines // 1_000}k"


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
