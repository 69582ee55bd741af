"""awswrangler's Athena functions as its users use them."""

from __future__ import annotations

import awswrangler as wr
import pandas as pd
import pytest

FRAME = pd.DataFrame(
    {"n": [1, 2, 3], "s": ["it's", None, 'x,"y"'], "dt": ["2026-01-01", "2026-01-01", "2026-01-02"]}
)


@pytest.fixture(scope="module")
def events(shared_athena):
    a = shared_athena
    wr.s3.to_parquet(
        FRAME, f"s3://{a.bucket}/events/", dataset=True, database=a.database, table="events",
        partition_cols=["dt"],
    )  # fmt: skip
    return a


def options(a, **more):
    return {"database": a.database, "s3_output": a.output, **more}


def test_read_sql_table(events):
    frame = wr.athena.read_sql_table("events", **options(events, ctas_approach=False))

    assert sorted(frame["n"]) == [1, 2, 3]
    assert set(frame["dt"]) == {"2026-01-01", "2026-01-02"}


@pytest.mark.parametrize(
    "approach", [{"ctas_approach": False}, {}, {"ctas_approach": False, "unload_approach": True}]
)
def test_chunks_of_a_query(events, approach, unique):
    output = f"{events.output}{unique}/"
    chunks = wr.athena.read_sql_query(
        "SELECT n, s FROM events", database=events.database, s3_output=output, chunksize=2, **approach
    )

    frames = list(chunks)
    assert sorted(n for frame in frames for n in frame["n"]) == [1, 2, 3]


def test_named_and_positional_parameters(events):
    named = wr.athena.read_sql_query(
        "SELECT n FROM events WHERE s = :s AND n < :n",
        **options(events, ctas_approach=False, params={"s": "it's", "n": 9}),
    )
    assert named["n"].tolist() == [1]


def test_create_ctas_table(events, unique):
    made = wr.athena.create_ctas_table(
        "SELECT n, s, dt FROM events", ctas_table=unique, partitioning_info=["dt"],
        storage_format="parquet", write_compression="snappy", wait=True, **options(events),
    )  # fmt: skip

    assert made["ctas_table"] == unique
    assert events.rows(f"SELECT n FROM {unique} WHERE dt = '2026-01-02'") == [["3"]]
    assert [v for p in wr.catalog.get_partitions(events.database, unique).values() for v in p] == [
        "2026-01-01",
        "2026-01-02",
    ]


def test_unload(events, unique):
    wr.athena.unload(
        "SELECT n, s FROM events", path=f"s3://{events.bucket}/{unique}/", file_format="PARQUET",
        compression="snappy", database=events.database,
    )  # fmt: skip

    # The manifest lies beside the files, as on AWS: they have no suffix.
    frame = wr.s3.read_parquet(f"s3://{events.bucket}/{unique}/", path_ignore_suffix=".csv")
    assert sorted(frame["n"]) == [1, 2, 3]


def test_prepared_statements(events, unique):
    wr.athena.create_prepared_statement(
        sql="SELECT n FROM events WHERE s = ?", statement_name=unique, workgroup="primary"
    )
    assert unique in [s["StatementName"] for s in wr.athena.list_prepared_statements("primary")]
    frame = wr.athena.read_sql_query(
        f"EXECUTE {unique} USING 'it''s'", **options(events, ctas_approach=False)
    )
    assert frame["n"].tolist() == [1]
    wr.athena.create_prepared_statement(
        sql="SELECT s FROM events WHERE n = ?", statement_name=unique, workgroup="primary", mode="update"
    )
    frame = wr.athena.read_sql_query(
        f"EXECUTE {unique}", **options(events, ctas_approach=False, params=["3"], paramstyle="qmark")
    )
    assert frame["s"].tolist() == ['x,"y"']
    wr.athena.delete_prepared_statement(statement_name=unique, workgroup="primary")
    assert unique not in [s["StatementName"] for s in wr.athena.list_prepared_statements("primary")]


@pytest.mark.parametrize("ctas", [False, True])
def test_its_own_query_cache(events, ctas, unique):
    sql = f"SELECT n, '{unique}' AS x FROM events"
    asked = options(
        events, ctas_approach=ctas, athena_cache_settings={"max_cache_seconds": 900}, keep_files=True
    )
    first = wr.athena.read_sql_query(sql, **asked)
    again = wr.athena.read_sql_query(sql, **asked)

    assert again.query_metadata["QueryExecutionId"] == first.query_metadata["QueryExecutionId"]
    assert sorted(again["n"]) == [1, 2, 3]


def test_describe_and_show_create(events):
    described = wr.athena.describe_table("events", **options(events))
    shown = wr.athena.show_create_table("events", **options(events))

    assert described["Column Name"].tolist()[:3] == ["n", "s", "dt"]
    assert described["Partition"].tolist()[:3] == [False, False, True]
    assert shown.startswith("CREATE EXTERNAL TABLE")
    assert f"s3://{events.bucket}/events" in shown


def test_overwrite_partitions_leaves_the_others(events, unique):
    to = {"path": f"s3://{events.bucket}/{unique}/", "dataset": True, "database": events.database}
    wr.s3.to_parquet(FRAME, table=unique, partition_cols=["dt"], **to)
    newer = FRAME[FRAME["dt"] == "2026-01-01"].assign(n=9).iloc[:1]
    wr.s3.to_parquet(newer, table=unique, partition_cols=["dt"], mode="overwrite_partitions", **to)

    assert events.rows(f"SELECT n, dt FROM {unique} ORDER BY n") == [["3", "2026-01-02"], ["9", "2026-01-01"]]


def test_csv_dataset_with_partitions(events, unique):
    to = {"path": f"s3://{events.bucket}/{unique}/", "dataset": True, "database": events.database}
    wr.s3.to_csv(FRAME, table=unique, partition_cols=["dt"], index=False, **to)
    wr.s3.to_csv(FRAME, table=unique, partition_cols=["dt"], index=False, mode="append", **to)

    assert events.rows(f"SELECT count(*), sum(n) FROM {unique} WHERE dt = '2026-01-02'") == [["2", "6"]]


def test_repair_finds_partitions_that_were_copied_in(events, unique):
    where = f"s3://{events.bucket}/{unique}/"
    events.run(
        f"CREATE EXTERNAL TABLE {unique} (n bigint, s string) PARTITIONED BY (dt string) "
        f"STORED AS PARQUET LOCATION '{where}'"
    )
    wr.s3.to_parquet(FRAME, where, dataset=True, partition_cols=["dt"])
    assert events.rows(f"SELECT count(*) FROM {unique}") == [["0"]]

    assert wr.athena.repair_table(unique, **options(events)) == "SUCCEEDED"
    assert events.rows(f"SELECT count(*) FROM {unique}") == [["3"]]


def test_start_wait_stop_and_read_by_identifier(events):
    query = wr.athena.start_query_execution("SELECT max(n) AS n FROM events", **options(events))
    wr.athena.wait_query(query)

    assert wr.athena.get_query_results(query)["n"].tolist() == [3]
    assert wr.athena.get_query_columns_types(query) == {"n": "bigint"}
    with pytest.raises(wr.exceptions.QueryFailed, match="TABLE_NOT_FOUND"):
        wr.athena.read_sql_query("SELECT 1 FROM nosuch", **options(events, ctas_approach=False))


def test_the_bucket_for_results_that_it_makes_itself(events):
    assert wr.athena.create_athena_bucket().startswith("s3://aws-athena-query-results-")
