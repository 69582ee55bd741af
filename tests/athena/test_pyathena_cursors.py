"""Each of PyAthena's cursors, plain and asynchronous, with and without UNLOAD, as its users use it."""

from __future__ import annotations

import asyncio
import threading
import time

import pyathena
import pytest
from pyathena.aio.arrow.cursor import AioArrowCursor
from pyathena.aio.cursor import AioCursor, AioDictCursor
from pyathena.aio.pandas.cursor import AioPandasCursor
from pyathena.aio.polars.cursor import AioPolarsCursor
from pyathena.aio.s3fs.cursor import AioS3FSCursor
from pyathena.arrow.async_cursor import AsyncArrowCursor
from pyathena.async_cursor import AsyncCursor, AsyncDictCursor
from pyathena.cursor import DictCursor
from pyathena.pandas.async_cursor import AsyncPandasCursor
from pyathena.pandas.cursor import PandasCursor
from pyathena.polars.async_cursor import AsyncPolarsCursor
from pyathena.polars.cursor import PolarsCursor
from pyathena.s3fs.async_cursor import AsyncS3FSCursor
from pyathena.s3fs.cursor import S3FSCursor

# Ten thousand rows: several pages of GetQueryResults, several chunks of any reader.
ROWS = 10_000
NUMBERS = (
    "SELECT a * 100 + b AS n, 'line ' || CAST(b AS varchar) AS name FROM UNNEST(sequence(0, 99)) AS x(a) "
    "CROSS JOIN UNNEST(sequence(0, 99)) AS y(b) ORDER BY 1"
)
TYPED = (
    "SELECT 1 AS n, CAST(NULL AS varchar) AS name, DECIMAL '1.25' AS price, true AS ok, "
    "TIMESTAMP '2026-01-02 03:04:05.678' AS at, DATE '2026-01-02' AS day, 0.5e0 AS f"
)
ENDLESS = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), " + (
    "UNNEST(sequence(1, 10000)) c(z) WHERE x + y * z = 7"
)


@pytest.fixture(scope="module")
def options(shared_athena):
    return {
        "s3_staging_dir": shared_athena.output,
        "schema_name": shared_athena.database,
        "region_name": "us-east-1",
        "poll_interval": 0.1,
    }


@pytest.fixture
def connection(options):
    with pyathena.connect(**options) as connection:
        yield connection


@pytest.fixture
def managed(options, shared_athena, unique):
    """A workgroup that keeps results itself: pyarrow's own S3 client reads no endpoint from a profile."""
    shared_athena.client.create_work_group(
        Name=unique, Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}}
    )
    return {**{k: v for k, v in options.items() if k != "s3_staging_dir"}, "work_group": unique}


# With UNLOAD, PolarsCursor reads by polars' own S3 client, which wants 206 for a range; rclone answers 200.
@pytest.mark.parametrize(
    ("cursor", "unload"), [(PandasCursor, False), (PandasCursor, True), (PolarsCursor, False)]
)
def test_frames_hold_all_rows_in_their_types(connection, cursor, unload):
    found = connection.cursor(cursor, unload=unload).execute(NUMBERS)

    frame = found.as_pandas() if cursor is PandasCursor else found.as_polars()
    assert sorted(frame["n"]) == list(range(ROWS))
    assert sorted(set(frame["name"])) == sorted(f"line {i}" for i in range(100))


def test_frames_come_in_chunks(connection):
    found = connection.cursor(PandasCursor, chunksize=3000).execute(NUMBERS)

    sizes = [len(chunk) for chunk in found.iter_chunks()]
    assert sum(sizes) == ROWS
    assert max(sizes) <= ROWS // 2


def test_pages_of_the_plain_cursor(connection):
    cursor = connection.cursor().execute(NUMBERS)

    assert cursor.fetchone() == (0, "line 0")
    assert cursor.fetchmany(5)[-1] == (5, "line 5")
    assert [row[0] for row in cursor] == list(range(6, ROWS))
    assert cursor.fetchone() is None


@pytest.mark.parametrize(
    "cursor",
    [AsyncCursor, AsyncDictCursor, AsyncPandasCursor, AsyncPolarsCursor, AsyncS3FSCursor, AsyncArrowCursor],
)
def test_cursors_with_futures(options, managed, cursor):
    options = managed if cursor is AsyncArrowCursor else options
    with pyathena.connect(**options).cursor(cursor) as running:
        identifier, future = running.execute(TYPED)
        row = future.result().fetchone()
        execution = running.query_execution(identifier).result()

    assert (row["n"] if cursor is AsyncDictCursor else row[0]) == 1
    assert execution.state == "SUCCEEDED"


def test_a_cursor_with_futures_and_unload(connection):
    _, future = connection.cursor(AsyncPandasCursor, unload=True).execute(NUMBERS)

    assert sorted(row[0] for row in future.result().fetchall()) == list(range(ROWS))


@pytest.mark.parametrize(
    "cursor", [AioCursor, AioDictCursor, AioPandasCursor, AioPolarsCursor, AioS3FSCursor, AioArrowCursor]
)
def test_cursors_of_asyncio(options, managed, cursor):
    options = managed if cursor is AioArrowCursor else options

    async def ask():
        async with await pyathena.aio_connect(**options) as connection:
            found = await connection.cursor(cursor).execute(NUMBERS)
            return await found.fetchall()

    rows = asyncio.run(ask())
    assert [row["n"] if cursor is AioDictCursor else row[0] for row in rows] == list(range(ROWS))


def test_a_callback_learns_the_identifier_before_the_query_ends(connection):
    seen = []

    cursor = connection.cursor().execute("SELECT 1", on_start_query_execution=seen.append)

    assert seen == [cursor.query_id]


@pytest.mark.parametrize("cursor", [PandasCursor, S3FSCursor, DictCursor])
def test_cancel_from_another_thread(connection, cursor):
    running = connection.cursor(cursor)
    started = threading.Event()

    def cancel():
        started.wait(30)
        running.cancel()

    helper = threading.Thread(target=cancel)
    helper.start()
    began = time.monotonic()
    with pytest.raises(pyathena.error.OperationalError, match="cancelled"):
        running.execute(ENDLESS, on_start_query_execution=lambda _: started.set())
    helper.join()
    assert time.monotonic() - began < 60


def test_executemany_in_both_styles(connection, shared_athena, unique):
    shared_athena.run(
        f"CREATE TABLE {unique} WITH (external_location = 's3://{shared_athena.bucket}/{unique}/') AS "
        "SELECT 0 AS a, CAST('zero' AS varchar) AS s"
    )
    cursor = connection.cursor()
    cursor.executemany(
        f"INSERT INTO {unique} VALUES (%(a)d, %(s)s)", [{"a": 1, "s": "it's"}, {"a": 2, "s": 'x"; --'}]
    )
    cursor.executemany(f"INSERT INTO {unique} VALUES (?, ?)", [["3", "'three'"]], paramstyle="qmark")

    found = connection.cursor().execute(f"SELECT a, s FROM {unique} ORDER BY a").fetchall()
    assert found == [(0, "zero"), (1, "it's"), (2, 'x"; --'), (3, "three")]


def test_a_result_is_reused_by_age(connection, unique):
    sql = f"SELECT '{unique}' AS x"
    first = connection.cursor().execute(sql, result_reuse_enable=True, result_reuse_minutes=10)
    again = connection.cursor().execute(sql, result_reuse_enable=True, result_reuse_minutes=10)

    assert (first.reused_previous_result, again.reused_previous_result) == (False, True)
    assert again.fetchall() == [(unique,)]


def test_pyathenas_own_cache_finds_the_query_before(connection, unique):
    sql = f"SELECT '{unique}' AS x"
    first = connection.cursor().execute(sql)
    again = connection.cursor().execute(sql, cache_size=20)

    assert again.query_id == first.query_id


@pytest.mark.parametrize("value", [None, 7, 2.5, "it's %s ? --", True])
def test_values_come_back_as_they_went_in(connection, value):
    found = connection.cursor().execute("SELECT %(v)s", {"v": value}).fetchone()

    assert found == (value,)
