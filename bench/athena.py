"""Athena on generated logs, side by side with DuckDB itself on the same files.

The table has 240 hourly partitions of zstd Parquet, 10 M rows in all. ``athena.full_scan`` is an aggregate
over all of it through PyAthena, from `execute` to the last row fetched; ``athena.concurrent_8`` is eight of
them at once until the last is done. Both against the same SQL run by DuckDB alone (ratio: our time over its
time; the eight by eight cursors of one database). ``athena.one_partition`` is a query that touches one
partition. ``athena.s3_latency_under_load_ms`` is the median of small S3 and Glue calls made while eight
queries run. ``localaws.start_s`` is from `localaws start` to the first answer on a folder that has state,
and ``localaws.idle_rss_mb`` the resident memory of the supervisor and its children when nothing has been
asked.

``BENCH_ROWS=200000 make bench ARGS=athena`` is a small run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import boto3
import duckdb
import psutil
import pyathena
from localaws import control

from bench import Entry

ROWS = int(os.environ.get("BENCH_ROWS", "10000000"))
PARTITIONS = 240
ROUNDS = 5
CONCURRENT = 8
BUCKET = DATABASE = "bench"
TABLE = "hourly"
FIRST_HOUR = datetime(2026, 1, 1)

AGGREGATE = """
SELECT status, count(*) AS events, sum(bytes) AS bytes, approx_distinct(client) AS clients, max(path) AS path
FROM {table} GROUP BY status ORDER BY status
"""
ONE_PARTITION = "SELECT count(*), sum(bytes) FROM hourly WHERE dt = '2026-01-05' AND hour = 7"

# One file a partition, rows in the order of time, as a job that ran each hour would have left them.
GENERATE = """
COPY (
    SELECT
        TIMESTAMP '{hour}' + to_microseconds(i * 3600000000 // {rows}) AS at,
        '10.' || (hash(i + {seed}) % 64) || '.' || (hash(i * 7 + {seed}) % 256) AS client,
        CASE hash(i * 3 + {seed}) % 20 WHEN 0 THEN 500 WHEN 1 THEN 404 WHEN 2 THEN 301 ELSE 200 END AS status,
        '/shop/item/' || (hash(i * 5 + {seed}) % 5000) AS path,
        CAST(hash(i * 11 + {seed}) % 100000 AS BIGINT) AS bytes
    FROM range({rows}) AS r(i)
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def run() -> Iterator[Entry]:
    """Measure on a local AWS of its own."""
    with tempfile.TemporaryDirectory(prefix="logloom-bench-") as folder:
        root = Path(folder) / "local"
        command = [sys.executable, "-m", "localaws"]
        start = [*command, "start", "--root", str(root)]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL)
        try:
            session = _session(root)
            fill(session, root)
            subprocess.run([*command, "stop", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)
            yield Entry("localaws.start_s", _seconds(lambda: _start(start, session)), "s")
            yield Entry("localaws.idle_rss_mb", _resident_mb(control.status(root).pid), "MB")
            yield from measure(session, root)
        finally:
            subprocess.run([*command, "stop", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)


def measure(session: boto3.Session, root: Path) -> Iterator[Entry]:
    """Measure the queries, ours and DuckDB's in turn."""
    connection = pyathena.connect(
        session=session, s3_staging_dir=f"s3://{BUCKET}/results/", schema_name=DATABASE, poll_interval=1
    )
    database = duckdb.connect()
    files = f"read_parquet('{root}/s3/{BUCKET}/{TABLE}/*/*/*.parquet', hive_partitioning = true)"

    def through_athena() -> list:
        return connection.cursor().execute(AGGREGATE.format(table=TABLE)).fetchall()

    def directly() -> list:
        sql = AGGREGATE.replace("approx_distinct", "approx_count_distinct").format(table=files)
        return database.cursor().execute(sql).fetchall()

    if [row[:3] for row in through_athena()] != [row[:3] for row in directly()]:  # these warm both up, too
        raise RuntimeError("Athena and DuckDB do not agree")
    ours, theirs = _in_turn(through_athena, directly)
    yield Entry("athena.full_scan", ours, "s", "duckdb", ours / theirs)

    def one() -> None:
        cursor = connection.cursor().execute(ONE_PARTITION)
        (events, _), *_ = cursor.fetchall()
        if events != ROWS // PARTITIONS:
            raise RuntimeError(f"the partition holds {events} rows")

    yield Entry("athena.one_partition", statistics.median(_seconds(one) for _ in range(20)), "s")

    with ThreadPoolExecutor(CONCURRENT) as pool:
        ours, theirs = _in_turn(lambda: _at_once(pool, through_athena), lambda: _at_once(pool, directly))
    yield Entry("athena.concurrent_8", ours, "s", "duckdb", ours / theirs)
    yield Entry("athena.s3_latency_under_load_ms", _latency_ms(session, through_athena), "ms")


def fill(session: boto3.Session, root: Path) -> None:
    """Make the table: its files straight in the bucket's folder, its partitions by Glue."""
    s3, glue = session.client("s3"), session.client("glue")
    s3.create_bucket(Bucket=BUCKET)
    database = duckdb.connect()
    partitions = []
    for number in range(PARTITIONS):
        hour = FIRST_HOUR + timedelta(hours=number)
        values = [f"{hour:%Y-%m-%d}", str(hour.hour)]
        location = f"{TABLE}/dt={values[0]}/hour={values[1]}"
        path = root / "s3" / BUCKET / location / "part-0.parquet"
        path.parent.mkdir(parents=True)
        database.execute(GENERATE.format(hour=hour, rows=ROWS // PARTITIONS, seed=number * 1000, path=path))
        storage = _descriptor(f"s3://{BUCKET}/{location}/")
        partitions.append({"Values": values, "StorageDescriptor": storage})
    glue.create_database(DatabaseInput={"Name": DATABASE})
    glue.create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": TABLE,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": _descriptor(f"s3://{BUCKET}/{TABLE}/"),
            "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "hour", "Type": "int"}],
        },
    )
    for at in range(0, PARTITIONS, 100):
        glue.batch_create_partition(
            DatabaseName=DATABASE, TableName=TABLE, PartitionInputList=partitions[at : at + 100]
        )


def _descriptor(location: str) -> dict:
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    columns = {"at": "timestamp", "client": "string", "status": "int", "path": "string", "bytes": "bigint"}
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
        "Location": location,
        "InputFormat": f"{parquet}.MapredParquetInputFormat",
        "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
    }


def _session(root: Path) -> boto3.Session:
    os.environ["AWS_CONFIG_FILE"] = str(root / "aws" / "config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(root / "aws" / "credentials")
    return boto3.Session(profile_name="logloom-local", region_name="us-east-1")


def _start(command: list[str], session: boto3.Session) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    session.client("glue").get_databases()


def _in_turn(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """The medians of two, measured in turn so that what else the machine does meets both."""
    pairs = [(_seconds(one), _seconds(other)) for _ in range(ROUNDS)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def _at_once(pool: ThreadPoolExecutor, call: Callable[[], object]) -> None:
    for future in [pool.submit(call) for _ in range(CONCURRENT)]:
        future.result()


def _latency_ms(session: boto3.Session, query: Callable[[], object]) -> float:
    """The median of small calls while queries run, eight at any time."""
    s3, glue = session.client("s3"), session.client("glue")
    ended = threading.Event()

    def keep_busy() -> None:
        while not ended.is_set():
            query()

    calls = (
        lambda: s3.put_object(Bucket=BUCKET, Key="probe/x", Body=b"x" * 1000),
        lambda: s3.get_object(Bucket=BUCKET, Key="probe/x")["Body"].read(),
        lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="probe/"),
        lambda: glue.get_table(DatabaseName=DATABASE, Name=TABLE),
        lambda: glue.get_partitions(DatabaseName=DATABASE, TableName=TABLE, Expression="dt = '2026-01-05'"),
    )
    with ThreadPoolExecutor(CONCURRENT) as pool:
        busy = [pool.submit(keep_busy) for _ in range(CONCURRENT)]
        try:
            for call in calls:
                call()
            taken = [_seconds(call) for _ in range(40) for call in calls]
        finally:
            ended.set()
        for future in busy:
            future.result()
    return statistics.median(taken) * 1000


def _resident_mb(pid: int) -> float:
    supervisor = psutil.Process(pid)
    return sum(p.memory_info().rss for p in (supervisor, *supervisor.children(recursive=True))) / 2**20


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
