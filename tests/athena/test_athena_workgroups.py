"""Workgroups, named queries, prepared statements, catalogs, metadata and tags through boto3."""

from __future__ import annotations

import botocore.exceptions
import pytest


def test_primary_is_there_and_says_whether_it_enforces_its_configuration(athena):
    found = athena.client.get_work_group(WorkGroup="primary")["WorkGroup"]

    assert found["State"] == "ENABLED"
    assert found["Configuration"]["EnforceWorkGroupConfiguration"] is False
    assert found["Configuration"]["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_an_enforced_location_wins_over_the_requests(athena, unique):
    athena.client.create_work_group(
        Name=unique,
        Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/enforced/"}},
    )

    found = athena.run("SELECT 1", WorkGroup=unique)

    assert found["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/enforced/")


def test_a_workgroup_is_updated_and_disabled(athena, unique):
    athena.client.create_work_group(Name=unique, Description="first")
    athena.client.update_work_group(
        WorkGroup=unique,
        Description="second",
        State="DISABLED",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False,
            "BytesScannedCutoffPerQuery": 20_000_000,
            "ResultConfigurationUpdates": {"OutputLocation": athena.output},
        },
    )

    found = athena.client.get_work_group(WorkGroup=unique)["WorkGroup"]

    assert found["Description"] == "second"
    assert found["Configuration"]["BytesScannedCutoffPerQuery"] == 20_000_000
    with pytest.raises(botocore.exceptions.ClientError, match="is disabled"):
        athena.start("SELECT 1", WorkGroup=unique)
    assert unique in [w["Name"] for w in athena.client.list_work_groups()["WorkGroups"]]
    athena.client.delete_work_group(WorkGroup=unique, RecursiveDeleteOption=True)
    with pytest.raises(botocore.exceptions.ClientError, match="is not found"):
        athena.client.get_work_group(WorkGroup=unique)


def test_a_query_over_the_cutoff_is_cancelled(athena, unique):
    athena.client.create_work_group(Name=unique, Configuration={"BytesScannedCutoffPerQuery": 10_000_000})
    athena.client.update_work_group(
        WorkGroup=unique,
        ConfigurationUpdates={"ResultConfigurationUpdates": {"OutputLocation": athena.output}},
    )
    athena.put("big/a.csv", b"x" * 10_000_001)
    athena.run(f"CREATE EXTERNAL TABLE big (x string) LOCATION 's3://{athena.bucket}/big/'")

    status = athena.wait(athena.start("SELECT * FROM big", WorkGroup=unique))["Status"]

    assert status["State"] == "CANCELLED"
    assert status["StateChangeReason"] == "Query cancelled! : Bytes scanned limit was exceeded"


def test_named_queries(athena):
    made = athena.client.create_named_query(Name="n", Database="d", QueryString="SELECT 1", Description="x")
    identifier = made["NamedQueryId"]

    athena.client.update_named_query(NamedQueryId=identifier, Name="m", QueryString="SELECT 2")

    assert athena.client.get_named_query(NamedQueryId=identifier)["NamedQuery"]["QueryString"] == "SELECT 2"
    assert identifier in athena.client.list_named_queries()["NamedQueryIds"]
    batch = athena.client.batch_get_named_query(NamedQueryIds=[identifier, "nope"])
    assert [q["Name"] for q in batch["NamedQueries"]] == ["m"]
    assert batch["UnprocessedNamedQueryIds"][0]["NamedQueryId"] == "nope"
    athena.client.delete_named_query(NamedQueryId=identifier)
    with pytest.raises(botocore.exceptions.ClientError, match="is not found"):
        athena.client.get_named_query(NamedQueryId=identifier)


def test_prepared_statements_are_executed_with_values(athena, unique):
    athena.client.create_work_group(Name=unique, Configuration={"EnforceWorkGroupConfiguration": False})
    athena.client.create_prepared_statement(
        StatementName="twice",
        WorkGroup=unique,
        QueryStatement="SELECT x FROM (VALUES 'a', 'b') AS t(x) WHERE x = ?",
    )

    assert athena.rows("EXECUTE twice USING 'b'", WorkGroup=unique) == [["b"]]
    assert athena.rows("EXECUTE twice", "'a'", WorkGroup=unique) == [["a"]]
    listed = athena.client.list_prepared_statements(WorkGroup=unique)["PreparedStatements"]
    assert [s["StatementName"] for s in listed] == ["twice"]
    athena.client.delete_prepared_statement(StatementName="twice", WorkGroup=unique)
    assert "Prepared statement not found: twice" in athena.reason("EXECUTE twice USING 'b'", WorkGroup=unique)


def test_prepare_and_deallocate_by_sql(athena):
    athena.run("PREPARE plus FROM SELECT 1 + ?")

    assert athena.rows("EXECUTE plus USING 41") == [["42"]]
    athena.run("DEALLOCATE PREPARE plus")
    assert "not found" in athena.reason("EXECUTE plus USING 41")


def test_catalogs_databases_and_tables(athena):
    athena.run(
        f"CREATE EXTERNAL TABLE t (a int COMMENT 'first') PARTITIONED BY (dt string) LOCATION 's3://{athena.bucket}/t/'"
    )
    catalog = "AwsDataCatalog"

    assert athena.client.get_data_catalog(Name=catalog)["DataCatalog"]["Type"] == "GLUE"
    assert athena.client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == catalog
    database = athena.client.get_database(CatalogName=catalog, DatabaseName=athena.database)["Database"]
    assert database["Name"] == athena.database
    found = athena.client.get_table_metadata(CatalogName=catalog, DatabaseName=athena.database, TableName="t")
    assert found["TableMetadata"]["Columns"] == [{"Name": "a", "Type": "int", "Comment": "first"}]
    assert found["TableMetadata"]["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    listed = athena.client.list_table_metadata(
        CatalogName=catalog, DatabaseName=athena.database, Expression="t*"
    )
    assert [t["Name"] for t in listed["TableMetadataList"]] == ["t"]
    with pytest.raises(botocore.exceptions.ClientError, match="EntityNotFoundException"):
        athena.client.get_table_metadata(CatalogName=catalog, DatabaseName=athena.database, TableName="nope")


def test_tags_of_a_workgroup(athena, unique):
    athena.client.create_work_group(Name=unique, Tags=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:athena:us-east-1:123456789012:workgroup/{unique}"

    athena.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    athena.client.untag_resource(ResourceARN=arn, TagKeys=["a"])

    assert athena.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
