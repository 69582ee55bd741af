"""SQL sees the tables of the catalog over the S3 folder, and nothing else of the machine."""

from __future__ import annotations

import duckdb
import pytest
from localaws.athena.engine import Engine

# What DuckDB would do, and Athena does not know: none of it may get past the reader of statements.
NOT_ATHENA = [
    "COPY (SELECT 1) TO '{path}'",
    "COPY t FROM '{path}'",
    "ATTACH '{path}' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "EXPORT DATABASE '{path}'",
    "IMPORT DATABASE '{path}'",
    "CALL pragma_version()",
    "CREATE SECRET (TYPE s3)",
    "SELECT 1; SELECT 2",
]
TABLE_FUNCTIONS = [
    "read_text('{path}')", "read_blob('{path}')", "read_csv('{path}')", "read_csv_auto('{path}')",
    "read_json('{path}')", "read_parquet('{path}')", "parquet_scan('{path}')", "parquet_metadata('{path}')",
    "glob('{path}')", "sniff_csv('{path}')", "duckdb_settings()", "duckdb_secrets()", "query('SELECT 1')",
    "TABLE(read_text('{path}'))", "'{path}'", '"{path}"', "sqlite_scan('{path}', 't')",
]  # fmt: skip
FUNCTIONS = ["getenv('HOME')", "current_setting('threads')", "nextval('s')", "pg_read_file('{path}')"]


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("the secret\n")
    return path


@pytest.mark.parametrize("sql", NOT_ATHENA)
def test_statements_of_duckdb_are_refused(shared_athena, secret, sql):
    before = sorted(secret.parent.iterdir())

    assert "secret\n" not in shared_athena.reason(sql.format(path=secret))
    assert sorted(secret.parent.iterdir()) == before


def test_functions_of_duckdb_are_refused(shared_athena, secret):
    asked = [f"SELECT * FROM {function.format(path=secret)}" for function in TABLE_FUNCTIONS]
    asked += [f"SELECT {function.format(path=secret)}" for function in FUNCTIONS]

    running = [shared_athena.start(sql) for sql in asked]

    for sql, identifier in zip(asked, running, strict=True):
        found = shared_athena.wait(identifier)["Status"]
        assert found["State"] == "FAILED", sql
        assert "the secret" not in found["StateChangeReason"]


@pytest.mark.parametrize(
    "location",
    ["file://{folder}/", "{folder}/", "s3://{bucket}/../../../{folder}/", "s3://{bucket}/a/../../up/",
     "s3://../", "s3:///etc/", "hdfs://x/y/", "s3://{bucket}/%2e%2e/%2e%2e/"],
)  # fmt: skip
@pytest.mark.parametrize("through", ["sql", "glue"])
def test_a_table_lies_nowhere_but_in_a_bucket(athena, secret, location, through):
    location = location.format(folder=secret.parent, bucket=athena.bucket)
    if through == "sql":
        made = athena.wait(athena.start(f"CREATE EXTERNAL TABLE t (x string) LOCATION '{location}'"))
        if made["Status"]["State"] == "FAILED":
            return
    else:
        lazy = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
        storage = {
            "Columns": [{"Name": "x", "Type": "string"}],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": lazy},
        }
        athena.glue.create_table(
            DatabaseName=athena.database, TableInput={"Name": "t", "StorageDescriptor": storage}
        )

    read = athena.wait(athena.start("SELECT * FROM t"))
    if read["Status"]["State"] == "SUCCEEDED":
        page = athena.client.get_query_results(QueryExecutionId=read["QueryExecutionId"])
        assert [row["Data"] for row in page["ResultSet"]["Rows"][1:]] == []
    written = athena.wait(athena.start("INSERT INTO t VALUES 'x'"))
    assert written["Status"]["State"] == "FAILED" or "%2e" in location
    assert [p.name for p in secret.parent.iterdir()] == ["secret.csv"]


def test_a_folder_behind_a_link_is_neither_read_nor_written(athena, local_aws, secret):
    (local_aws.root / "s3" / athena.bucket / "out").symlink_to(secret.parent)
    for number, below in enumerate(("out/", "out/deeper/")):
        athena.run(f"CREATE EXTERNAL TABLE t{number} (x string) LOCATION 's3://{athena.bucket}/{below}'")
        assert "is not valid" in athena.reason(f"SELECT * FROM t{number}")
        assert "is not valid" in athena.reason(f"INSERT INTO t{number} VALUES 'x'")
    assert [p.name for p in secret.parent.iterdir()] == ["secret.csv"]


def test_a_bucket_that_is_not_there_is_not_made_by_writing(athena, local_aws, unique):
    target = f"s3://{unique}-none/t/"

    made = athena.reason(f"CREATE TABLE t WITH (external_location = '{target}') AS SELECT 1 AS a")
    unloaded = athena.reason(f"UNLOAD (SELECT 1 AS a) TO '{target}' WITH (format = 'PARQUET')")

    assert "NoSuchBucket" in made
    assert "NoSuchBucket" in unloaded
    assert not (local_aws.root / "s3" / f"{unique}-none").exists()
    assert "TABLE_NOT_FOUND" in athena.reason("SELECT * FROM t")


@pytest.mark.parametrize("place", ["s3://{bucket}/../../out/", "file://{folder}/out/", "{folder}/out/"])
def test_results_and_unloaded_files_go_nowhere_but_to_a_bucket(athena, secret, place):
    place = place.format(folder=secret.parent, bucket=athena.bucket)

    assert athena.reason(f"UNLOAD (SELECT 1 AS a) TO '{place}' WITH (format = 'JSON')")
    assert athena.reason(f"CREATE TABLE t WITH (external_location = '{place}') AS SELECT 1 AS a")
    try:
        ended = athena.wait(athena.start("SELECT 1", ResultConfiguration={"OutputLocation": place}))
        assert ended["Status"]["State"] == "FAILED"
    except athena.client.exceptions.InvalidRequestException as refused:
        assert "S3" in str(refused)
    assert [p.name for p in secret.parent.iterdir()] == ["secret.csv"]


def test_duckdb_itself_is_closed_in(tmp_path, secret):
    """What would be left if a statement got past the reader."""
    (tmp_path / "s3" / "bucket").mkdir(parents=True)
    engine = Engine(tmp_path / "s3", tmp_path / "work")
    try:
        for sql in (
            f"SELECT * FROM read_text('{secret}')",
            f"SELECT * FROM '{secret}'",
            f"SELECT * FROM read_text('{tmp_path}/s3/../secret.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"ATTACH '{tmp_path}/out.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SELECT * FROM read_text('https://127.0.0.1:1/x')",
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
            "RESET lock_configuration",
        ):
            with pytest.raises(duckdb.Error):
                engine.cursor().execute(sql).fetchall()
        (tmp_path / "s3" / "bucket" / "link.csv").symlink_to(secret)
        with pytest.raises(duckdb.Error):
            engine.cursor().execute(f"SELECT * FROM read_text('{tmp_path}/s3/bucket/link.csv')").fetchall()
        assert not (tmp_path / "out.csv").exists()
        assert not (tmp_path / "out.db").exists()
    finally:
        engine.close()
