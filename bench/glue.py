"""A table of 100,000 catalog partitions: what its filters and pruned queries take.

``glue.get_partitions_100k_ms`` is one GetPartitions by boto3, with an expression that the 24 partitions of a
day pass. Beside it: an expression that 2,400 pass, read page by page; a query by Athena that touches one
partition, from StartQueryExecution to its result; and how much the local AWS grows over 50 of both. The
figures stand alone: each is the median of its rounds, the growth is of resident memory.

``BENCH_PARTITIONS=1000 make bench ARGS=glue`` is a small run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import psutil
from localaws import control

from bench import Entry

PARTITIONS = int(os.environ.get("BENCH_PARTITIONS", "100000"))
ROUNDS = 5
GROWTH_ROUNDS = 50
BATCH = 100  # what BatchCreatePartition takes
BUCKET, DATABASE, TABLE = "bench", "bench", "hourly"
QUERY = "SELECT count(*) FROM hourly WHERE dt = ? AND hour = ?"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def run() -> Iterator[Entry]:
    """Measure on a local AWS of its own."""
    with tempfile.TemporaryDirectory(prefix="logloom-bench-") as folder:
        root = Path(folder) / "local"
        command = [sys.executable, "-m", "localaws"]
        subprocess.run([*command, "start", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)
        try:
            yield from measure(_session(root), psutil.Process(control.status(root).pid))
        finally:
            subprocess.run([*command, "stop", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)


def measure(session: boto3.Session, supervisor: psutil.Process) -> Iterator[Entry]:
    """Make the table, and measure."""
    glue, athena = session.client("glue"), session.client("athena")
    days = fill(session, PARTITIONS)
    middle = days[len(days) // 2]
    one = f"dt = '{middle}'"
    many = f"dt >= '{middle}' AND dt < '{middle + timedelta(days=100)}' AND hour BETWEEN 0 AND 23"

    def filtered() -> None:
        _expect(_listed(glue, one), min(24, PARTITIONS))

    def queried() -> None:
        _expect(_query(athena, QUERY, str(middle), "7"), 1)

    size = f"{PARTITIONS // 1000}k"
    yield Entry(f"glue.get_partitions_{size}_ms", _median_ms(filtered), "ms")
    yield Entry(f"glue.get_partitions_{size}_paged_ms", _median_ms(lambda: _listed(glue, many)), "ms")
    yield Entry(f"glue.pruned_query_{size}_ms", _median_ms(queried), "ms")
    before = supervisor.memory_info().rss
    for _ in range(GROWTH_ROUNDS):
        filtered()
        queried()
    grown = (supervisor.memory_info().rss - before) / 2**20
    yield Entry(f"glue.memory_growth_{size}_mb", grown, "MB")


def fill(session: boto3.Session, count: int) -> list[date]:
    """Make the table with its hourly partitions, and the one object of each 07:00; return the days."""
    glue = session.client("glue")
    s3 = session.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    columns = [{"Name": "message", "Type": "string"}, {"Name": "bytes", "Type": "bigint"}]
    glue.create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": TABLE,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": _descriptor(columns, f"s3://{BUCKET}/{TABLE}/"),
            "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "hour", "Type": "int"}],
        },
    )
    days = [date(2015, 1, 1) + timedelta(days=number) for number in range(-(-count // 24))]
    items = [
        {
            "Values": [str(day), str(hour)],
            "StorageDescriptor": _descriptor(columns, f"s3://{BUCKET}/{TABLE}/dt={day}/hour={hour}/"),
            "Parameters": {"recordCount": "1000"},
        }
        for day in days
        for hour in range(24)
    ][:count]

    def create(at: int) -> None:
        answer = glue.batch_create_partition(
            DatabaseName=DATABASE, TableName=TABLE, PartitionInputList=items[at : at + BATCH]
        )
        if answer.get("Errors"):
            raise RuntimeError(str(answer["Errors"][0]))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(create, range(0, count, BATCH)))
    middle = days[len(days) // 2]
    s3.put_object(Bucket=BUCKET, Key=f"{TABLE}/dt={middle}/hour=7/a.parquet", Body=_parquet())
    return days


def _descriptor(columns: list[dict[str, str]], location: str) -> dict[str, Any]:
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": f"{PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{PARQUET}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{PARQUET}.serde.ParquetHiveSerDe"},
    }


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"message": ["line"] * 1000, "bytes": range(1000)}), sink)
    return sink.getvalue().to_pybytes()


def _listed(glue: Any, expression: str) -> int:
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=DATABASE, TableName=TABLE, Expression=expression
    )
    return sum(len(page["Partitions"]) for page in pages)


def _query(athena: Any, sql: str, *values: str) -> int:
    """Run a query to its end; return the number of its rows."""
    query = athena.start_query_execution(
        QueryString=sql,
        ExecutionParameters=[f"'{values[0]}'", *values[1:]],
        QueryExecutionContext={"Database": DATABASE},
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] in ("FAILED", "CANCELLED"):
            raise RuntimeError(status["StateChangeReason"])
        if status["State"] == "SUCCEEDED":
            return len(athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]) - 1
        time.sleep(0.005)


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} instead of {wanted}")


def _median_ms(work: Callable[[], Any]) -> float:
    work()  # what is loaded at first use is not what is measured
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _session(root: Path) -> boto3.Session:
    import botocore.session

    session = botocore.session.Session()
    session.set_config_variable("config_file", str(root / "aws" / "config"))
    session.set_config_variable("credentials_file", str(root / "aws" / "credentials"))
    session.set_config_variable("profile", "logloom-local")
    return boto3.Session(botocore_session=session, region_name="us-east-1")
