"""awswrangler's catalog functions against the local AWS, with nothing but the profile set."""

import re
from pathlib import Path

import awswrangler as wr
import pandas as pd
import pytest
from botocore.exceptions import ClientError

FRAME = pd.DataFrame(
    {"message": ["a", "b", None], "status": [200, 404, 502], "dt": ["2025-12-21", "2025-12-22", "2025-12-22"]}
)


@pytest.fixture
def dataset(local_aws, unique):
    """A partitioned Parquet dataset in a bucket, a database and a table of one name."""
    local_aws.client("s3").create_bucket(Bucket=unique)
    wr.catalog.create_database(unique)
    path = f"s3://{unique}/logs/"
    wr.s3.to_parquet(FRAME, path, dataset=True, database=unique, table="logs", partition_cols=["dt"])
    return unique


def test_a_dataset_is_written_registered_and_read_back(dataset):
    described = wr.catalog.table(database=dataset, table="logs")
    assert described[["Column Name", "Type", "Partition"]].to_numpy().tolist() == [
        ["message", "string", False],
        ["status", "bigint", False],
        ["dt", "string", True],
    ]
    assert wr.catalog.get_table_location(dataset, "logs") == f"s3://{dataset}/logs/"
    read = wr.s3.read_parquet(f"s3://{dataset}/logs/", dataset=True).sort_values("status")
    assert read["status"].tolist() == [200, 404, 502]
    assert read["dt"].astype(str).tolist() == FRAME["dt"].tolist()


def test_partitions_are_listed_filtered_and_removed(dataset):
    places = wr.catalog.get_partitions(dataset, "logs")
    assert sorted(places.values()) == [["2025-12-21"], ["2025-12-22"]]
    found = wr.catalog.get_partitions(dataset, "logs", expression="dt > '2025-12-21'")
    assert found == {f"s3://{dataset}/logs/dt=2025-12-22/": ["2025-12-22"]}
    wr.catalog.delete_partitions("logs", dataset, [["2025-12-21"]])
    assert list(wr.catalog.get_partitions(dataset, "logs").values()) == [["2025-12-22"]]
    wr.catalog.delete_all_partitions("logs", dataset)
    assert wr.catalog.get_partitions(dataset, "logs") == {}


def test_a_new_column_makes_a_new_version(dataset):
    wr.s3.to_parquet(
        FRAME.assign(bytes=1.5),
        f"s3://{dataset}/logs/",
        dataset=True,
        database=dataset,
        table="logs",
        partition_cols=["dt"],
        catalog_versioning=True,
    )
    assert wr.catalog.get_table_number_of_versions(dataset, "logs") == 2
    assert wr.catalog.get_table_types(dataset, "logs")["bytes"] == "double"


def test_tables_are_found(dataset):
    assert wr.catalog.does_table_exist(dataset, "logs")
    assert not wr.catalog.does_table_exist(dataset, "nosuch")
    for arguments in ({"name_contains": "og"}, {"name_prefix": "lo"}, {"name_suffix": "gs"}):
        assert [table["Name"] for table in wr.catalog.get_tables(database=dataset, **arguments)] == ["logs"]
    assert list(wr.catalog.get_tables(database=dataset, name_prefix="gs")) == []
    assert dataset in {table["DatabaseName"] for table in wr.catalog.search_tables(text="message")}


def test_comments_and_parameters(dataset):
    wr.catalog.upsert_table_parameters({"owner": "team"}, dataset, "logs")
    assert wr.catalog.get_table_parameters(dataset, "logs")["owner"] == "team"
    assert wr.catalog.get_columns_comments(dataset, "logs")["status"] is None


def test_a_table_is_overwritten_and_deleted(dataset):
    wr.s3.to_csv(
        FRAME,
        f"s3://{dataset}/csv/",
        dataset=True,
        database=dataset,
        table="csv",
        mode="overwrite",
        index=False,
    )
    assert wr.catalog.delete_table_if_exists(dataset, "csv")
    assert not wr.catalog.delete_table_if_exists(dataset, "csv")
    wr.catalog.delete_database(dataset)
    assert dataset not in wr.catalog.databases(limit=1000)["Database"].tolist()


KINDS = ["csv", "json", "orc", "parquet"]
TYPES = {"message": "string", "status": "bigint"}


@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_every_format_are_created_with_partitions(local_aws, unique, kind):
    wr.catalog.create_database(unique)
    path = f"s3://{unique}/{kind}/"
    create = getattr(wr.catalog, f"create_{kind}_table")
    options = {
        "database": unique,
        "table": kind,
        "path": path,
        "columns_types": TYPES,
        "partitions_types": {"dt": "date", "hour": "int"},
        "description": "of the test",
        "parameters": {"owner": "team"},
        "columns_comments": {"status": "of HTTP"},
    }
    create(**options)
    add = getattr(wr.catalog, f"add_{kind}_partitions")
    values = {
        f"{path}dt=2026-01-0{day}/hour={hour}/": [f"2026-01-0{day}", str(hour)]
        for day in (1, 2)
        for hour in (9, 10)
    }
    for _ in range(2):  # what is there already is no error
        add(unique, kind, values, columns_types=TYPES)
    assert wr.catalog.get_partitions(unique, kind) == values
    found = wr.catalog.get_partitions(unique, kind, expression="dt = '2026-01-02' AND hour > 9")
    assert list(found.values()) == [["2026-01-02", "10"]]
    assert wr.catalog.get_table_types(unique, kind) == {**TYPES, "dt": "date", "hour": "int"}
    assert wr.catalog.get_table_description(unique, kind) == "of the test"
    assert wr.catalog.get_columns_comments(unique, kind)["status"] == "of HTTP"
    parameters = wr.catalog.get_table_parameters(unique, kind)
    assert (parameters["owner"], parameters["classification"]) == ("team", kind)
    create(**{**options, "mode": "overwrite", "columns_types": {"a": "int"}})
    assert wr.catalog.get_table_types(unique, kind) == {"a": "int", "dt": "date", "hour": "int"}


def test_partitions_are_listed_as_their_format_has_them(dataset):
    expected = {f"s3://{dataset}/logs/dt={day}/": [day] for day in ("2025-12-21", "2025-12-22")}
    assert wr.catalog.get_parquet_partitions(dataset, "logs") == expected
    assert wr.catalog.get_csv_partitions(dataset, "logs") == expected


def test_columns_are_added_and_deleted(dataset):
    wr.catalog.add_column(dataset, "logs", "host", "string", column_comment="of the server")
    assert wr.catalog.get_table_types(dataset, "logs")["host"] == "string"
    assert wr.catalog.get_columns_comments(dataset, "logs")["host"] == "of the server"
    wr.catalog.delete_column(dataset, "logs", "host")
    assert "host" not in wr.catalog.get_table_types(dataset, "logs")
    assert wr.catalog.get_columns_parameters(dataset, "logs")["status"] is None


def test_parameters_are_overwritten_and_versions_listed(dataset):
    wr.catalog.upsert_table_parameters({"a": "1"}, dataset, "logs")
    wr.catalog.overwrite_table_parameters({"b": "2"}, dataset, "logs", catalog_versioning=True)
    assert wr.catalog.get_table_parameters(dataset, "logs") == {"b": "2"}
    versions = list(wr.catalog.get_table_versions(dataset, "logs"))
    assert len(versions) == wr.catalog.get_table_number_of_versions(dataset, "logs")
    assert versions[0]["Table"]["Parameters"] == {"b": "2"}


def test_listings(dataset):
    assert dataset in {each["Name"] for each in wr.catalog.get_databases()}
    listed = wr.catalog.tables(database=dataset)
    assert listed[["Database", "Table", "Columns", "Partitions"]].to_numpy().tolist() == [
        [dataset, "logs", "message, status", "dt"]
    ]
    assert wr.catalog.tables(database=dataset, search_text="message")["Table"].tolist() == ["logs"]


def test_there_are_no_connections(local_aws):
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        wr.catalog.get_connection("nosuch")


def test_every_function_of_the_catalog_is_used_here():
    # These work on names and frames alone.
    own = {"extract_athena_types", "sanitize_column_name", "sanitize_dataframe_columns_names"}
    own |= {"sanitize_table_name", "drop_duplicated_columns", "rename_duplicated_columns"}
    used = set(re.findall(r"wr\.catalog\.(\w+)", Path(__file__).read_text(encoding="utf-8")))
    used |= {
        f"{verb}_{kind}_{what}"
        for verb, what in (("create", "table"), ("add", "partitions"))
        for kind in KINDS
    }
    assert {name for name in dir(wr.catalog) if not name.startswith("_")} - own - used == set()
