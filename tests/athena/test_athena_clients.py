"""Clients of Athena as their users use them: PyAthena's cursors, its SQLAlchemy dialect, awswrangler."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote_plus

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyathena
import pytest
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor
from pyathena.polars.cursor import PolarsCursor
from pyathena.s3fs.cursor import S3FSCursor

SQL = 'SELECT n, at, name, ok, f, "price", tags FROM p WHERE n < 2 ORDER BY n'
ROWS = [
    (0, datetime(2026, 1, 1, 0, 0, 0, 123000), "n'0", True, 0.0, Decimal("1.25"), [1, 2]),
    (1, datetime(2026, 1, 1, 0, 0, 1, 123000), None, False, 0.5, Decimal("1.25"), [1, 2]),
]


@pytest.fixture(scope="module")
def table(shared_athena):
    a = shared_athena
    columns = {
        "n": list(range(10)),
        "at": pa.array([datetime(2026, 1, 1, 0, 0, i, 123456) for i in range(10)], pa.timestamp("us")),
        "name": [None if i == 1 else f"n'{i}" for i in range(10)],
        "ok": [i % 2 == 0 for i in range(10)],
        "f": [i / 2 for i in range(10)],
        "price": pa.array([Decimal("1.25")] * 10, pa.decimal128(10, 2)),
        "tags": [[1, 2]] * 10,
    }
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    a.put("p/x.parquet", body.getvalue())
    a.run(
        "CREATE EXTERNAL TABLE p (n bigint, at timestamp, name string, ok boolean, f double, price "
        "decimal(10,2), "
        f"tags array<int>) STORED AS PARQUET LOCATION 's3://{a.bucket}/p/'"
    )
    return a


@pytest.fixture
def connection(table):
    return pyathena.connect(s3_staging_dir=table.output, schema_name=table.database, region_name="us-east-1")


@pytest.fixture
def managed(table, unique):
    """A connection over a workgroup that keeps results itself, for clients that read no AWS profile to
    find S3."""
    table.client.create_work_group(
        Name=unique, Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}}
    )
    return pyathena.connect(work_group=unique, schema_name=table.database, region_name="us-east-1")


def test_cursor(connection):
    cursor = connection.cursor().execute(SQL)

    assert cursor.fetchall() == ROWS
    assert [d[1] for d in cursor.description] == [
        "bigint",
        "timestamp",
        "varchar",
        "boolean",
        "double",
        "decimal",
        "array",
    ]
    assert cursor.data_scanned_in_bytes > 0


def test_dict_cursor_with_pyformat_parameters(connection):
    cursor = connection.cursor(DictCursor)

    found = cursor.execute("SELECT n, name FROM p WHERE name = %(name)s", {"name": "n'7"}).fetchall()

    assert found == [{"n": 7, "name": "n'7"}]


def test_qmark_parameters(connection):
    cursor = connection.cursor().execute(
        "SELECT n FROM p WHERE name = ? AND n < ?", ["'n''7'", "50"], paramstyle="qmark"
    )

    assert cursor.fetchall() == [(7,)]


def test_pandas_cursor(connection):
    frame = connection.cursor(PandasCursor).execute(SQL).as_pandas()

    assert frame["n"].tolist() == [0, 1]
    assert frame["name"].isna().tolist() == [False, True]
    assert str(frame["at"].dtype).startswith("datetime64")


def test_arrow_cursor(managed):
    found = managed.cursor(ArrowCursor).execute(SQL).as_arrow()

    assert found.column("n").to_pylist() == [0, 1]
    assert found.schema.field("n").type == pa.int64()


def test_managed_results_have_no_output_location(managed):
    cursor = managed.cursor().execute(SQL)

    assert cursor.fetchall() == ROWS
    assert cursor.output_location is None


def test_polars_and_s3fs_cursors(connection):
    assert connection.cursor(PolarsCursor).execute(SQL).as_polars()["n"].to_list() == [0, 1]
    assert connection.cursor(S3FSCursor).execute(SQL).fetchall() == ROWS


def test_async_cursor(connection):
    identifier, future = connection.cursor(AsyncCursor).execute(SQL)

    assert future.result().fetchall() == ROWS
    assert len(identifier) == 36


def test_an_error_reaches_the_user(connection):
    with pytest.raises(pyathena.error.OperationalError, match="COLUMN_NOT_FOUND: line 1:8: Column 'nope'"):
        connection.cursor().execute("SELECT nope FROM p")


@pytest.mark.parametrize(
    "approach", [{"ctas_approach": False}, {}, {"ctas_approach": False, "unload_approach": True}]
)
def test_awswrangler_reads_a_query(table, approach):
    output = f"{table.output}{len(str(approach))}/"

    frame = wr.athena.read_sql_query(SQL, database=table.database, s3_output=output, **approach)

    assert frame["n"].tolist() == [0, 1]
    assert frame["price"].tolist() == [Decimal("1.25"), Decimal("1.25")]
    assert frame["name"].isna().tolist() == [False, True]


def test_awswrangler_parameters(table):
    frame = wr.athena.read_sql_query(
        "SELECT n FROM p WHERE name = ?",
        database=table.database,
        ctas_approach=False,
        s3_output=table.output,
        params=["n'8"],
        paramstyle="qmark",
    )

    assert frame["n"].tolist() == [8]


def test_awswrangler_writes_a_dataset_that_athena_reads(table):
    frame = pd.DataFrame({"a": [1, 2], "s": ["x,1", None], "dt": ["p", "q"]})
    wr.s3.to_parquet(
        frame,
        path=f"s3://{table.bucket}/ds/",
        dataset=True,
        database=table.database,
        table="ds",
        partition_cols=["dt"],
    )
    wr.s3.to_csv(
        frame,
        path=f"s3://{table.bucket}/csv/",
        dataset=True,
        database=table.database,
        table="csv",
        index=False,
    )

    assert table.rows("SELECT a, s, dt FROM ds ORDER BY a") == [["1", "x,1", "p"], ["2", None, "q"]]
    assert table.rows("SELECT a, s FROM csv WHERE a = 1") == [["1", "x,1"]]
    assert wr.athena.repair_table("ds", database=table.database, s3_output=table.output) == "SUCCEEDED"


def test_sqlalchemy(table):
    from sqlalchemy import create_engine, inspect, text

    address = f"awsathena+rest://:@athena.us-east-1.amazonaws.com:443/{table.database}"
    engine = create_engine(f"{address}?s3_staging_dir={quote_plus(table.output)}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT n FROM p WHERE n = :n"), {"n": 5}).fetchall() == [(5,)]
    found = inspect(engine)
    assert [c["name"] for c in found.get_columns("p")] == ["n", "at", "name", "ok", "f", "price", "tags"]
    assert found.has_table("p")
    assert not found.has_table("nope")


def test_to_sql(table):
    from sqlalchemy import create_engine

    address = f"awsathena+rest://:@athena.us-east-1.amazonaws.com:443/{table.database}"
    engine = create_engine(
        f"{address}?s3_staging_dir={quote_plus(table.output)}&s3_dir={quote_plus(f's3://{table.bucket}/sql')}"
    )
    frame = pd.DataFrame({"a": [1, 2], "s": ["it's", None]})

    frame.to_sql("tosql", engine, index=False, if_exists="replace", method="multi")

    assert table.rows("SELECT a, s FROM tosql ORDER BY a") == [["1", "it's"], ["2", None]]
