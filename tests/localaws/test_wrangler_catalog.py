"""awswrangler's catalog functions against the local AWS, with nothing but the profile set."""

import awswrangler as wr
import pandas as pd
import pytest

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
