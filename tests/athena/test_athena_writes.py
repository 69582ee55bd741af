"""CREATE TABLE AS, INSERT INTO and UNLOAD."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest


def keys(athena, prefix: str) -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix)
    return [o["Key"] for o in found.get("Contents", [])]


def test_create_table_as_registers_a_table_of_parquet(athena):
    found = athena.run(
        f"CREATE TABLE made WITH (format = 'PARQUET', external_location = 's3://{athena.bucket}/made/') AS "
        "SELECT 1 AS n, 'x' AS s, DATE '2026-01-02' AS d, ARRAY[1, 2] AS a, CAST(1.5 AS decimal(5,2)) AS p"
    )

    table = athena.glue.get_table(DatabaseName=athena.database, Name="made")["Table"]
    assert found["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    assert [c["Type"] for c in table["StorageDescriptor"]["Columns"]] == [
        "int", "varchar(1)", "date", "array<int>", "decimal(5,2)",
    ]  # fmt: skip
    assert athena.rows("SELECT * FROM made") == [["1", "x", "2026-01-02", "[1, 2]", "1.50"]]
    manifest = found["Statistics"]["DataManifestLocation"].split("/", 3)[3]
    listed = athena.s3.get_object(Bucket=athena.bucket, Key=manifest)["Body"].read().decode().split()
    assert listed == [f"s3://{athena.bucket}/{k}" for k in keys(athena, "made/")]


@pytest.mark.parametrize("form", ["PARQUET", "TEXTFILE", "JSON"])
def test_every_format_reads_back(athena, form):
    athena.run(
        f"CREATE TABLE f WITH (format = '{form}') AS SELECT * FROM (VALUES (1, 'a,b', 1.5e0, true, "
        f"ARRAY['x']), "
        "(2, NULL, NULL, false, NULL)) AS t(n, s, f, b, a)"
    )

    assert athena.rows("SELECT * FROM f ORDER BY n") == [
        ["1", "a,b", "1.5", "true", "[x]"], ["2", None, None, "false", None],
    ]  # fmt: skip


def test_partitions_of_a_made_table(athena):
    athena.run(
        "CREATE TABLE parts WITH (partitioned_by = ARRAY['day', 'kind']) AS SELECT * FROM (VALUES (1, "
        "DATE '2026-01-02', 'a b'), "
        "(2, DATE '2026-01-03', NULL)) AS t(n, day, kind)"
    )

    assert athena.rows("SHOW PARTITIONS parts") == [
        ["day=2026-01-02/kind=a b"], ["day=2026-01-03/kind=__HIVE_DEFAULT_PARTITION__"],
    ]  # fmt: skip
    assert athena.rows("SELECT n, kind FROM parts WHERE day = DATE '2026-01-02'") == [["1", "a b"]]
    assert athena.rows("SELECT n FROM parts WHERE kind IS NULL") == [["2"]]


def test_what_create_table_as_refuses(athena):
    athena.run("CREATE TABLE one AS SELECT 1 AS n")

    assert "already exists" in athena.reason("CREATE TABLE one AS SELECT 1 AS n")
    athena.run("CREATE TABLE IF NOT EXISTS one AS SELECT 1 AS n")
    assert "Column name not specified at position 1" in athena.reason("CREATE TABLE two AS SELECT 1")
    assert "specified more than once" in athena.reason("CREATE TABLE two AS SELECT 1 AS n, 2 AS n")
    assert "Column type is unknown" in athena.reason("CREATE TABLE two AS SELECT NULL AS n")
    assert "Unsupported Hive type" in athena.reason("CREATE TABLE two AS SELECT now() AS n")
    assert "must be the last columns" in athena.reason(
        "CREATE TABLE two WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b"
    )
    assert "table property 'nope' does not exist" in athena.reason(
        "CREATE TABLE two WITH (nope = 1) AS SELECT 1 AS a"
    )
    assert "writing ORC is not supported" in athena.reason(
        "CREATE TABLE two WITH (format = 'ORC') AS SELECT 1 AS a"
    )
    athena.put("full/x", b"x")
    assert athena.reason(
        f"CREATE TABLE two WITH (external_location = 's3://{athena.bucket}/full/') AS SELECT 1 AS a"
    ).startswith("HIVE_PATH_ALREADY_EXISTS")


def test_a_table_without_data(athena):
    athena.run("CREATE TABLE empty AS SELECT 1 AS n WITH NO DATA")

    assert athena.rows("SELECT * FROM empty") == []


def test_insert_appends_and_adds_partitions(athena):
    athena.run("CREATE TABLE t WITH (partitioned_by = ARRAY['p']) AS SELECT 1 AS n, 'a' AS p")

    athena.run("INSERT INTO t SELECT 2, 'b'")
    athena.run("INSERT INTO t (p, n) VALUES ('b', 3)")

    assert athena.rows("SELECT n, p FROM t ORDER BY n") == [["1", "a"], ["2", "b"], ["3", "b"]]
    assert athena.rows("SHOW PARTITIONS t") == [["p=a"], ["p=b"]]
    assert athena.reason("INSERT INTO t SELECT 'x', 'b'").startswith(
        "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [integer, "
        "varchar(1)], Query: [varchar(1), "
    )


def test_unload_writes_files_and_a_manifest(athena):
    found = athena.run(
        f"UNLOAD (SELECT 1 AS n, 'x' AS s) TO 's3://{athena.bucket}/out/' WITH (format = 'PARQUET', "
        f"compression = 'SNAPPY')"
    )

    (key,) = keys(athena, "out/")
    body = athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    assert pq.read_table(io.BytesIO(body)).to_pylist() == [{"n": 1, "s": "x"}]
    assert found["Statistics"]["DataManifestLocation"].endswith("-manifest.csv")
    assert athena.reason(
        f"UNLOAD (SELECT 1 AS n) TO 's3://{athena.bucket}/out/' WITH (format = 'PARQUET')"
    ).startswith("HIVE_PATH_ALREADY_EXISTS")


def test_unload_json(athena):
    import gzip

    athena.run(
        f"UNLOAD (SELECT 1 AS n, MAP(ARRAY['k'], ARRAY['v']) AS m) TO 's3://{athena.bucket}/json/' WITH "
        f"(format = 'JSON')"
    )

    (key,) = keys(athena, "json/")
    body = athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    assert gzip.decompress(body) == b'{"n":1,"m":{"k":"v"}}\n'


def test_insert_cuts_no_text_short(athena):
    athena.run(
        f"CREATE TABLE short WITH (external_location = 's3://{athena.bucket}/s/') AS SELECT 'four' AS s"
    )

    assert athena.reason("INSERT INTO short VALUES 'fives'") == (
        "INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting from varchar(5) to "
        "varchar(4) on INSERT"
    )
    athena.run("INSERT INTO short VALUES 'two   ', NULL")
    assert athena.rows("SELECT s FROM short ORDER BY s NULLS LAST") == [["four"], ["two "], [None]]
