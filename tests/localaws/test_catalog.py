"""The data catalog, in process."""

import sqlite3

import pytest
from localaws.glue.catalog import Catalog
from localaws.service import AwsError
from localaws.store import Store

COLUMNS = [{"Name": "message", "Type": "string"}]


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(Store(tmp_path / "state.db"), "123456789012", "us-east-1")
    catalog.create_database(DatabaseInput={"Name": "Logs"})
    return catalog


def table_input(name="t", keys=("dt", "hour"), **more):
    return {
        "Name": name,
        "StorageDescriptor": {"Columns": COLUMNS, "Location": f"s3://b/{name}/"},
        "PartitionKeys": [{"Name": key, "Type": "int" if key == "hour" else "string"} for key in keys],
        **more,
    }


def add_partitions(catalog, values, table="t"):
    items = [
        {"Values": list(item), "StorageDescriptor": {"Columns": COLUMNS, "Location": "s3://b/x"}}
        for item in values
    ]
    return catalog.batch_create_partition(DatabaseName="logs", TableName=table, PartitionInputList=items)


def refused(code):
    return pytest.raises(AwsError, check=lambda error: error.code == code)


def pages(call, member, **arguments):
    token = None
    while True:
        answer = call(**arguments, **({"NextToken": token} if token else {}))
        yield answer[member]
        if (token := answer.get("NextToken")) is None:
            return


def test_a_full_disk_is_an_error_and_leaves_the_catalog_whole(catalog):
    db = catalog.store.connection()
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 20}")
    made = 0
    with pytest.raises(sqlite3.OperationalError, match="full"):
        for made in range(1000):
            catalog.create_table(
                DatabaseName="logs", TableInput=table_input(f"t{made}", Description="x" * 999)
            )
    assert 0 < made < 1000
    listed = [table for page in pages(catalog.get_tables, "TableList", DatabaseName="logs") for table in page]
    assert len(listed) == made
    db.execute("PRAGMA max_page_count = 1000000")
    catalog.create_table(DatabaseName="logs", TableInput=table_input("after"))
    assert catalog.get_table(DatabaseName="logs", Name="after")["Table"]["Name"] == "after"


class TestDatabases:
    def test_a_name_is_folded_to_lower_case(self, catalog):
        assert catalog.get_database(Name="LOGS")["Database"]["Name"] == "logs"

    def test_it_carries_what_it_was_given_and_what_glue_adds(self, catalog):
        catalog.create_database(DatabaseInput={"Name": "b", "Description": "d", "LocationUri": "s3://b/"})
        database = catalog.get_database(Name="b")["Database"]
        assert (database["Description"], database["LocationUri"]) == ("d", "s3://b/")
        assert database["CatalogId"] == "123456789012"
        assert database["CreateTime"].tzinfo is not None

    def test_a_second_one_of_the_name_is_refused(self, catalog):
        with refused("AlreadyExistsException"):
            catalog.create_database(DatabaseInput={"Name": "lOGS"})

    def test_an_unknown_one_is_not_found(self, catalog):
        for call in (catalog.get_database, catalog.delete_database):
            with refused("EntityNotFoundException"):
                call(Name="nosuch")

    def test_update_replaces_and_keeps_the_time_of_creation(self, catalog):
        before = catalog.get_database(Name="logs")["Database"]
        catalog.update_database(Name="logs", DatabaseInput={"Name": "logs", "Description": "new"})
        after = catalog.get_database(Name="logs")["Database"]
        assert after == {**before, "Description": "new"}

    def test_pages(self, catalog):
        for name in ("a", "b", "c"):
            catalog.create_database(DatabaseInput={"Name": name})
        listed = list(pages(catalog.get_databases, "DatabaseList", MaxResults=3))
        assert [[item["Name"] for item in page] for page in listed] == [["a", "b", "c"], ["logs"]]

    def test_delete_takes_the_tables_along(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        add_partitions(catalog, [("a", "1")])
        catalog.delete_database(Name="logs")
        catalog.create_database(DatabaseInput={"Name": "logs"})
        assert catalog.get_tables(DatabaseName="logs")["TableList"] == []

    def test_another_accounts_catalog_is_shut(self, catalog):
        with refused("AccessDeniedException"):
            catalog.get_databases(CatalogId="999999999999")


class TestTables:
    def test_it_carries_what_it_was_given_and_what_glue_adds(self, catalog):
        given = table_input("T", Parameters={"classification": "json"}, TableType="EXTERNAL_TABLE")
        catalog.create_table(DatabaseName="Logs", TableInput=given)
        table = catalog.get_table(DatabaseName="logs", Name="t")["Table"]
        assert table["Name"] == "t"
        assert table["DatabaseName"] == "logs"
        assert table["Parameters"] == {"classification": "json"}
        assert table["StorageDescriptor"].items() >= given["StorageDescriptor"].items()
        assert table["VersionId"] == "0"
        assert table["CatalogId"] == "123456789012"
        assert table["CreatedBy"].startswith("arn:aws:iam::123456789012:")
        assert table["UpdateTime"] >= table["CreateTime"]

    def test_refusals(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        with refused("AlreadyExistsException"):
            catalog.create_table(DatabaseName="logs", TableInput=table_input("T"))
        with refused("EntityNotFoundException"):
            catalog.create_table(DatabaseName="nosuch", TableInput=table_input())
        for call in (catalog.get_table, catalog.delete_table):
            with refused("EntityNotFoundException"):
                call(DatabaseName="logs", Name="nosuch")
        with refused("EntityNotFoundException"):
            catalog.update_table(DatabaseName="logs", TableInput=table_input("nosuch"))

    def test_an_update_makes_a_version(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input(Description="first"))
        catalog.update_table(DatabaseName="logs", TableInput=table_input(Description="second"))
        assert catalog.get_table(DatabaseName="logs", Name="t")["Table"]["Description"] == "second"
        versions = catalog.get_table_versions(DatabaseName="logs", TableName="t")["TableVersions"]
        assert [(v["VersionId"], v["Table"]["Description"]) for v in versions] == [
            ("1", "second"),
            ("0", "first"),
        ]
        old = catalog.get_table_version(DatabaseName="logs", TableName="t", VersionId="0")
        assert old["TableVersion"]["Table"]["Description"] == "first"

    def test_an_update_may_leave_no_version(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        catalog.update_table(DatabaseName="logs", TableInput=table_input(), SkipArchive=True)
        versions = catalog.get_table_versions(DatabaseName="logs", TableName="t")["TableVersions"]
        assert [version["VersionId"] for version in versions] == ["1"]

    def test_versions_come_in_pages_and_can_be_deleted(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        for _ in range(4):
            catalog.update_table(DatabaseName="logs", TableInput=table_input())
        listed = pages(
            catalog.get_table_versions, "TableVersions", DatabaseName="logs", TableName="t", MaxResults=2
        )
        assert [[v["VersionId"] for v in page] for page in listed] == [["4", "3"], ["2", "1"], ["0"]]
        answer = catalog.batch_delete_table_version(
            DatabaseName="logs", TableName="t", VersionIds=["0", "1", "4", "9"]
        )
        assert [error["VersionId"] for error in answer["Errors"]] == ["4", "9"]
        left = catalog.get_table_versions(DatabaseName="logs", TableName="t")["TableVersions"]
        assert [version["VersionId"] for version in left] == ["4", "3", "2"]

    def test_an_update_of_a_version_that_is_gone_is_refused(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        catalog.update_table(DatabaseName="logs", TableInput=table_input(), VersionId="0")
        with refused("ConcurrentModificationException"):
            catalog.update_table(DatabaseName="logs", TableInput=table_input(), VersionId="0")

    def test_lists_by_regular_expression_in_pages(self, catalog):
        for name in ("raw_a", "raw_b", "raw_c", "logs"):
            catalog.create_table(DatabaseName="logs", TableInput=table_input(name))
        listed = pages(
            catalog.get_tables, "TableList", DatabaseName="logs", Expression="raw_.*", MaxResults=2
        )
        assert [[t["Name"] for t in page] for page in listed] == [["raw_a", "raw_b"], ["raw_c"]]
        for expression in ("raw_*", "*a*_?|raw_[abc]", "RAW_.*"):
            found = catalog.get_tables(DatabaseName="logs", Expression=expression)["TableList"]
            assert [table["Name"] for table in found] == ["raw_a", "raw_b", "raw_c"], expression
        assert catalog.get_tables(DatabaseName="logs", Expression="aw_*")["TableList"] == []
        with refused("InvalidInputException"):
            catalog.get_tables(DatabaseName="logs", Expression="(")
        with refused("EntityNotFoundException"):
            catalog.get_tables(DatabaseName="nosuch")

    def test_delete_names_the_ones_that_are_not_there(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        answer = catalog.batch_delete_table(DatabaseName="logs", TablesToDelete=["t", "nosuch"])
        assert [error["TableName"] for error in answer["Errors"]] == ["nosuch"]
        assert catalog.get_tables(DatabaseName="logs")["TableList"] == []

    def test_a_table_made_again_has_none_of_the_old_partitions(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        add_partitions(catalog, [("a", "1")])
        catalog.delete_table(DatabaseName="logs", Name="t")
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        assert catalog.get_partitions(DatabaseName="logs", TableName="t")["Partitions"] == []

    def test_search(self, catalog):
        catalog.create_database(DatabaseInput={"Name": "other"})
        catalog.create_table(
            DatabaseName="logs", TableInput=table_input("nginx", Parameters={"classification": "json"})
        )
        catalog.create_table(DatabaseName="other", TableInput=table_input("apache", Owner="hadoop"))

        def names(**request):
            return [table["Name"] for table in catalog.search_tables(**request)["TableList"]]

        assert names() == ["nginx", "apache"]
        assert names(SearchText="GIN") == ["nginx"]
        assert names(SearchText='"ngin"') == []
        assert names(SearchText="message") == ["nginx", "apache"]
        assert names(Filters=[{"Key": "DatabaseName", "Value": "other"}]) == ["apache"]
        assert names(Filters=[{"Key": "classification", "Value": "json", "Comparator": "EQUALS"}]) == [
            "nginx"
        ]
        assert names(SortCriteria=[{"FieldName": "Name", "Sort": "ASC"}]) == ["apache", "nginx"]
        listed = pages(catalog.search_tables, "TableList", MaxResults=1)
        assert [[table["Name"] for table in page] for page in listed] == [["nginx"], ["apache"]]


class TestPartitions:
    @pytest.fixture(autouse=True)
    def table(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())

    def values(self, catalog, **request):
        answer = catalog.get_partitions(DatabaseName="logs", TableName="t", **request)
        return [tuple(partition["Values"]) for partition in answer["Partitions"]]

    def test_a_partition_carries_what_it_was_given_and_what_glue_adds(self, catalog):
        add_partitions(catalog, [("a", "1")])
        answer = catalog.get_partition(DatabaseName="Logs", TableName="T", PartitionValues=["a", "1"])
        partition = answer["Partition"]
        assert partition["Values"] == ["a", "1"]
        assert (partition["DatabaseName"], partition["TableName"]) == ("logs", "t")
        assert partition["StorageDescriptor"]["Columns"] == COLUMNS
        assert partition["CreationTime"].tzinfo is not None

    def test_the_filter_respects_types(self, catalog):
        add_partitions(catalog, [(day, str(hour)) for day in ("a", "b") for hour in range(24)])
        assert self.values(catalog, Expression="dt = 'b' AND hour > 21") == [("b", "22"), ("b", "23")]

    def test_pages_hold_every_partition_once(self, catalog):
        made = {(day, str(hour)) for day in ("a", "b") for hour in range(24)}
        for start in range(0, 48, 10):
            add_partitions(catalog, sorted(made)[start : start + 10])
        listed = pages(catalog.get_partitions, "Partitions", DatabaseName="logs", TableName="t", MaxResults=7)
        seen = [tuple(partition["Values"]) for page in listed for partition in page]
        assert len(seen) == 48
        assert set(seen) == made

    def test_segments_hold_every_partition_once(self, catalog):
        add_partitions(catalog, [("a", str(hour)) for hour in range(24)])
        seen = [
            value
            for number in range(3)
            for value in self.values(catalog, Segment={"SegmentNumber": number, "TotalSegments": 3})
        ]
        assert sorted(seen) == sorted(("a", str(hour)) for hour in range(24))

    def test_the_columns_can_be_left_out(self, catalog):
        add_partitions(catalog, [("a", "1")])
        answer = catalog.get_partitions(DatabaseName="logs", TableName="t", ExcludeColumnSchema=True)
        assert "Columns" not in answer["Partitions"][0]["StorageDescriptor"]

    def test_a_batch_adds_what_it_can_and_names_the_rest(self, catalog):
        add_partitions(catalog, [("a", "1")])
        errors = add_partitions(catalog, [("a", "1"), ("a", "2"), ("a",)])["Errors"]
        assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [
            (["a", "1"], "AlreadyExistsException"),
            (["a"], "InvalidInputException"),
        ]
        assert self.values(catalog) == [("a", "1"), ("a", "2")]

    def test_batch_get_leaves_out_what_is_not_there(self, catalog):
        add_partitions(catalog, [("a", "1"), ("a", "2")])
        answer = catalog.batch_get_partition(
            DatabaseName="logs",
            TableName="t",
            PartitionsToGet=[{"Values": ["a", "2"]}, {"Values": ["z", "9"]}],
        )
        assert [partition["Values"] for partition in answer["Partitions"]] == [["a", "2"]]

    def test_update_can_change_the_values(self, catalog):
        add_partitions(catalog, [("a", "1"), ("a", "2")])
        names = {"DatabaseName": "logs", "TableName": "t"}
        catalog.update_partition(
            **names,
            PartitionValueList=["a", "1"],
            PartitionInput={"Values": ["a", "3"], "Parameters": {"k": "v"}},
        )
        assert self.values(catalog) == [("a", "2"), ("a", "3")]
        with refused("AlreadyExistsException"):
            catalog.update_partition(
                **names, PartitionValueList=["a", "3"], PartitionInput={"Values": ["a", "2"]}
            )
        errors = catalog.batch_update_partition(
            **names,
            Entries=[{"PartitionValueList": ["a", "9"], "PartitionInput": {"Values": ["a", "9"]}}],
        )["Errors"]
        assert errors[0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"

    def test_delete(self, catalog):
        add_partitions(catalog, [("a", "1"), ("a", "2"), ("a", "3")])
        catalog.delete_partition(DatabaseName="logs", TableName="t", PartitionValues=["a", "1"])
        answer = catalog.batch_delete_partition(
            DatabaseName="logs",
            TableName="t",
            PartitionsToDelete=[{"Values": ["a", "2"]}, {"Values": ["a", "1"]}],
        )
        assert [error["PartitionValues"] for error in answer["Errors"]] == [["a", "1"]]
        assert self.values(catalog) == [("a", "3")]
        with refused("EntityNotFoundException"):
            catalog.get_partition(DatabaseName="logs", TableName="t", PartitionValues=["a", "1"])

    def test_indexes(self, catalog):
        names = {"DatabaseName": "logs", "TableName": "t"}
        catalog.create_partition_index(**names, PartitionIndex={"IndexName": "i", "Keys": ["hour"]})
        found = catalog.get_partition_indexes(**names)["PartitionIndexDescriptorList"]
        assert found == [
            {"IndexName": "i", "Keys": [{"Name": "hour", "Type": "int"}], "IndexStatus": "ACTIVE"}
        ]
        with refused("InvalidInputException"):
            catalog.create_partition_index(**names, PartitionIndex={"IndexName": "j", "Keys": ["nosuch"]})
        with refused("AlreadyExistsException"):
            catalog.create_partition_index(**names, PartitionIndex={"IndexName": "j", "Keys": ["hour"]})
        for index, keys in (("j", ["dt"]), ("k", ["dt", "hour"])):
            catalog.create_partition_index(**names, PartitionIndex={"IndexName": index, "Keys": keys})
        with refused("ResourceNumberLimitExceededException"):
            catalog.create_partition_index(**names, PartitionIndex={"IndexName": "l", "Keys": ["hour", "dt"]})
        for index in ("j", "k"):
            catalog.delete_partition_index(**names, IndexName=index)
        catalog.delete_partition_index(**names, IndexName="i")
        assert catalog.get_partition_indexes(**names)["PartitionIndexDescriptorList"] == []

    def test_a_hundred_thousand_are_filtered_by_the_index_alone(self, catalog):
        table_id = catalog._table_row("logs", "t")["id"]
        with catalog.store.transaction() as db:
            db.executemany(
                "INSERT INTO glue_partition (table_id, partition_values, body) VALUES (?, ?, '{}')",
                ((table_id, f'["d{day:05}","{hour}"]') for day in range(4200) for hour in range(24)),
            )
        assert len(catalog.partition_values("logs", "t", "dt = 'd00007' AND hour >= 20")) == 4
        plan = catalog.store.connection().execute(
            "EXPLAIN QUERY PLAN SELECT partition_values FROM glue_partition"
            " WHERE table_id = 1 AND partition_values > '' ORDER BY partition_values"
        )
        assert "COVERING INDEX" in plan.fetchone()["detail"]


STATISTICS = {
    "ColumnName": "message",
    "ColumnType": "string",
    "StatisticsData": {
        "Type": "DECIMAL",
        "DecimalColumnStatisticsData": {
            "MinimumValue": {"UnscaledValue": b"\x01\x02", "Scale": 2},
            "NumberOfNulls": 0,
            "NumberOfDistinctValues": 2,
        },
    },
}


class TestColumnStatistics:
    def test_of_a_table_and_of_a_partition_are_apart(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        add_partitions(catalog, [("a", "1")])
        names = {"DatabaseName": "logs", "TableName": "t"}
        catalog.update_column_statistics_for_table(**names, ColumnStatisticsList=[STATISTICS])
        found = catalog.get_column_statistics_for_table(**names, ColumnNames=["message", "x"])
        assert found["ColumnStatisticsList"] == [STATISTICS]
        assert [error["ColumnName"] for error in found["Errors"]] == ["x"]
        part = {**names, "PartitionValues": ["a", "1"]}
        found = catalog.get_column_statistics_for_partition(**part, ColumnNames=["message"])
        assert found["ColumnStatisticsList"] == []
        catalog.delete_column_statistics_for_table(**names, ColumnName="message")
        found = catalog.get_column_statistics_for_table(**names, ColumnNames=["message"])
        assert found["ColumnStatisticsList"] == []

    def test_of_a_column_that_is_not_there_are_refused(self, catalog):
        catalog.create_table(DatabaseName="logs", TableInput=table_input())
        answer = catalog.update_column_statistics_for_table(
            DatabaseName="logs",
            TableName="t",
            ColumnStatisticsList=[{**STATISTICS, "ColumnName": "nosuch"}],
        )
        assert answer["Errors"][0]["Error"]["ErrorCode"] == "EntityNotFoundException"


class TestAccount:
    def test_it_answers_as_an_account_that_has_set_nothing(self, catalog):
        assert catalog.get_catalog_import_status()["ImportStatus"] == {"ImportCompleted": True}
        settings = catalog.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
        assert settings["EncryptionAtRest"] == {"CatalogEncryptionMode": "DISABLED"}
        assert catalog.get_resource_policies() == {"GetResourcePoliciesResponseList": []}
        assert catalog.get_connections() == {"ConnectionList": []}
        assert catalog.get_security_configurations() == {"SecurityConfigurations": []}
        for call, arguments in (
            (catalog.get_resource_policy, {}),
            (catalog.get_connection, {"Name": "c"}),
            (catalog.get_security_configuration, {"Name": "s"}),
        ):
            with refused("EntityNotFoundException"):
                call(**arguments)


class TestActions:
    def test_every_action_is_one_of_glue(self, catalog):
        from botocore.loaders import Loader

        model = Loader().load_service_model("glue", "service-2")
        assert catalog.actions().keys() <= model["operations"].keys()
        assert catalog.actions().keys() >= {"GetTable", "GetPartitions", "SearchTables"}

    def test_a_member_that_nothing_heeds_is_refused(self, catalog):
        with refused("InvalidInputException"):
            catalog.actions()["GetTable"]({"DatabaseName": "logs", "Name": "t", "QueryAsOfTime": 1})

    def test_a_broken_token_is_refused(self, catalog):
        with refused("InvalidInputException"):
            catalog.get_databases(NextToken="%%%")
