"""Every action that the local AWS offers, used once over HTTP; every other one refused by name.

What boto3 sends and gets is held against botocore's service model at both ends: here by boto3, there by
`localaws.model`, which makes a wrong answer an error.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from localaws import support
from localaws.model import Model

ACCOUNT = "123456789012"
STATISTICS = {
    "ColumnName": "message",
    "ColumnType": "string",
    "AnalyzedTime": 0,
    "StatisticsData": {
        "Type": "STRING",
        "StringColumnStatisticsData": {
            "MaximumLength": 9,
            "AverageLength": 4.5,
            "NumberOfNulls": 0,
            "NumberOfDistinctValues": 3,
        },
    },
}


class Calls:
    """A client that notes which actions succeeded.

    An action that can only say that a thing is not there is noted when it says so (`refuses`).
    """

    def __init__(self, client):
        self.client = client
        self.succeeded = set()

    def __call__(self, action, **request):
        answer = getattr(self.client, xform_name(action))(**request)
        self.succeeded.add(action)
        return answer

    def refuses(self, code, action, **request):
        with pytest.raises(ClientError) as refused:
            self(action, **request)
        assert refused.value.response["Error"]["Code"] == code
        self.succeeded.add(action)


@pytest.fixture(scope="module")
def name():
    return f"t{uuid.uuid4().hex[:10]}"


def test_every_action_of_glue_that_is_offered(local_aws, name):
    call = Calls(local_aws.client("glue"))
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="scripts/job.py", Body=b"print('done')")
    s3.put_object(Bucket=name, Key="logs/a.json", Body=b'{"message": "a"}\n{"message": "b"}\n')
    catalog(call, name)
    account(call)
    crawlers(call, name)
    jobs(call, name)
    call("DeleteDatabase", Name=name)
    assert support.actions("glue") - call.succeeded == set()


def catalog(call, name):
    call("GetDatabases")
    call("CreateDatabase", DatabaseInput={"Name": name}, Tags={"a": "1"})
    database = call("GetDatabase", Name=name)["Database"]
    arn = f"arn:aws:glue:us-east-1:{database['CatalogId']}:database/{name}"
    call("TagResource", ResourceArn=arn, TagsToAdd={"b": "2"})
    call("UntagResource", ResourceArn=arn, TagsToRemove=["a"])
    assert call("GetTags", ResourceArn=arn)["Tags"] == {"b": "2"}
    call("UpdateDatabase", Name=name, DatabaseInput={"Name": name, "Description": "d"})

    columns = [{"Name": "message", "Type": "string"}]
    descriptor = {"Columns": columns, "Location": f"s3://{name}/table/"}
    table = {"Name": "t", "StorageDescriptor": descriptor, "PartitionKeys": [{"Name": "dt", "Type": "date"}]}
    call("CreateTable", DatabaseName=name, TableInput=table)
    for description in ("a", "b", "c"):
        call("UpdateTable", DatabaseName=name, TableInput={**table, "Description": description})
    assert call("GetTable", DatabaseName=name, Name="t")["Table"]["VersionId"] == "3"
    assert len(call("GetTables", DatabaseName=name, Expression="t*")["TableList"]) == 1
    assert len(call("SearchTables", Filters=[{"Key": "DatabaseName", "Value": name}])["TableList"]) == 1
    which = {"DatabaseName": name, "TableName": "t"}
    assert call("GetTableVersion", **which, VersionId="1")["TableVersion"]["Table"]["Description"] == "a"
    assert len(call("GetTableVersions", **which)["TableVersions"]) == 4
    call("DeleteTableVersion", **which, VersionId="0")
    assert call("BatchDeleteTableVersion", **which, VersionIds=["1"])["Errors"] == []

    def partition(value):
        return {"Values": [value], "StorageDescriptor": descriptor}

    day, other, third = "2026-01-01", "2026-01-02", "2026-01-03"
    call("CreatePartition", **which, PartitionInput=partition(day))
    made = call("BatchCreatePartition", **which, PartitionInputList=[partition(day), partition(other)])
    assert [each["PartitionValues"] for each in made["Errors"]] == [[day]]
    assert call("GetPartition", **which, PartitionValues=[day])["Partition"]["Values"] == [day]
    found = call("GetPartitions", **which, Expression=f"dt > '{day}'", ExcludeColumnSchema=True)
    assert [each["Values"] for each in found["Partitions"]] == [[other]]
    got = call("BatchGetPartition", **which, PartitionsToGet=[{"Values": [day]}, {"Values": [third]}])
    assert [each["Values"] for each in got["Partitions"]] == [[day]]
    call("UpdatePartition", **which, PartitionValueList=[other], PartitionInput=partition(third))
    entry = {"PartitionValueList": [third], "PartitionInput": partition(third)}
    assert call("BatchUpdatePartition", **which, Entries=[entry])["Errors"] == []
    call("CreatePartitionIndex", **which, PartitionIndex={"IndexName": "i", "Keys": ["dt"]})
    assert len(call("GetPartitionIndexes", **which)["PartitionIndexDescriptorList"]) == 1
    call("DeletePartitionIndex", **which, IndexName="i")

    for kind, more in (("Table", {}), ("Partition", {"PartitionValues": [day]})):
        call(f"UpdateColumnStatisticsFor{kind}", **which, **more, ColumnStatisticsList=[STATISTICS])
        answer = call(f"GetColumnStatisticsFor{kind}", **which, **more, ColumnNames=["message", "nosuch"])
        assert [each["ColumnName"] for each in answer["ColumnStatisticsList"]] == ["message"]
        assert [each["ColumnName"] for each in answer["Errors"]] == ["nosuch"]
        call(f"DeleteColumnStatisticsFor{kind}", **which, **more, ColumnName="message")

    function = {"FunctionName": "f", "ClassName": "c"}
    call("CreateUserDefinedFunction", DatabaseName=name, FunctionInput=function)
    call("UpdateUserDefinedFunction", DatabaseName=name, FunctionName="f", FunctionInput=function)
    call("GetUserDefinedFunction", DatabaseName=name, FunctionName="f")
    assert len(call("GetUserDefinedFunctions", DatabaseName=name, Pattern="*")["UserDefinedFunctions"]) == 1
    call("DeleteUserDefinedFunction", DatabaseName=name, FunctionName="f")

    call("DeletePartition", **which, PartitionValues=[day])
    left = call("BatchDeletePartition", **which, PartitionsToDelete=[{"Values": [day]}, {"Values": [third]}])
    assert [each["PartitionValues"] for each in left["Errors"]] == [[day]]
    call("CreateTable", DatabaseName=name, TableInput={"Name": "u"})
    call("DeleteTable", DatabaseName=name, Name="t")
    left = call("BatchDeleteTable", DatabaseName=name, TablesToDelete=["t", "u"])
    assert [each["TableName"] for each in left["Errors"]] == ["t"]


def account(call):
    call("GetCatalogImportStatus")
    call("GetDataCatalogEncryptionSettings")
    call("GetResourcePolicies")
    call("GetConnections")
    call("GetSecurityConfigurations")
    call.refuses("EntityNotFoundException", "GetResourcePolicy")
    call.refuses("EntityNotFoundException", "GetConnection", Name="c")
    call.refuses("EntityNotFoundException", "GetSecurityConfiguration", Name="c")


def crawlers(call, name):
    call("CreateClassifier", JsonClassifier={"Name": name, "JsonPath": "$[*]"})
    call("UpdateClassifier", JsonClassifier={"Name": name, "JsonPath": "$.rows[*]"})
    assert call("GetClassifier", Name=name)["Classifier"]["JsonClassifier"]["Version"] == 2
    assert call("GetClassifiers")["Classifiers"]
    call("DeleteClassifier", Name=name)

    targets = {"S3Targets": [{"Path": f"s3://{name}/logs/"}]}
    call("CreateCrawler", Name=name, Role="r", DatabaseName=name, Targets=targets, TablePrefix="c_")
    call("UpdateCrawler", Name=name, Description="d")
    call("UpdateCrawlerSchedule", CrawlerName=name, Schedule="cron(15 12 * * ? *)")
    call("StopCrawlerSchedule", CrawlerName=name)
    call("StartCrawlerSchedule", CrawlerName=name)
    assert call("GetCrawler", Name=name)["Crawler"]["Schedule"]["State"] == "SCHEDULED"
    call("GetCrawlers")
    assert name in call("ListCrawlers")["CrawlerNames"]
    assert call("BatchGetCrawlers", CrawlerNames=[name, "nosuch"])["CrawlersNotFound"] == ["nosuch"]
    call("StartCrawler", Name=name)
    wait(lambda: call("GetCrawler", Name=name)["Crawler"]["State"] == "READY")
    assert call("GetCrawler", Name=name)["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"
    assert call("GetTable", DatabaseName=name, Name="c_logs")
    assert [each["State"] for each in call("ListCrawls", CrawlerName=name)["Crawls"]] == ["COMPLETED"]
    metrics = call("GetCrawlerMetrics", CrawlerNameList=[name])["CrawlerMetricsList"]
    assert metrics[0]["TablesCreated"] == 1
    call.refuses("CrawlerNotRunningException", "StopCrawler", Name=name)
    call("DeleteCrawler", Name=name)


def jobs(call, name):
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{name}/scripts/job.py", "PythonVersion": "3.9"}
    call("CreateJob", Name=name, Role="r", Command=command)
    call("UpdateJob", JobName=name, JobUpdate={"Role": "r", "Command": command, "Description": "d"})
    assert call("GetJob", JobName=name)["Job"]["Description"] == "d"
    call("GetJobs")
    assert name in call("ListJobs")["JobNames"]
    assert call("BatchGetJobs", JobNames=[name, "nosuch"])["JobsNotFound"] == ["nosuch"]
    run = call("StartJobRun", JobName=name)["JobRunId"]
    wait(lambda: "CompletedOn" in call("GetJobRun", JobName=name, RunId=run)["JobRun"])
    assert call("GetJobRun", JobName=name, RunId=run)["JobRun"]["JobRunState"] == "SUCCEEDED"
    assert [each["Id"] for each in call("GetJobRuns", JobName=name)["JobRuns"]] == [run]
    stopped = call("BatchStopJobRun", JobName=name, JobRunIds=[run])
    assert [each["JobRunId"] for each in stopped["Errors"]] == [run]
    call.refuses("EntityNotFoundException", "GetJobBookmark", JobName=name)
    call("ResetJobBookmark", JobName=name)
    call("DeleteJob", JobName=name)


def test_every_action_of_athena_that_is_offered(local_aws, name):
    call = Calls(local_aws.client("athena"))
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=f"{name}-athena")
    output = {"OutputLocation": f"s3://{name}-athena/results/"}
    call("CreateWorkGroup", Name=name, Configuration={"ResultConfiguration": output})
    account_id = local_aws.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:athena:us-east-1:{account_id}:workgroup/{name}"
    call("TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    call("UntagResource", ResourceARN=arn, TagKeys=["a"])
    assert call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    call("UpdateWorkGroup", WorkGroup=name, Description="d")
    assert call("GetWorkGroup", WorkGroup=name)["WorkGroup"]["Description"] == "d"
    assert name in [each["Name"] for each in call("ListWorkGroups")["WorkGroups"]]
    assert call("ListEngineVersions")["EngineVersions"]
    queries(call, name)
    saved(call, name)
    metadata(call, name)
    call("DeleteWorkGroup", WorkGroup=name, RecursiveDeleteOption=True)
    assert support.actions("athena") - call.succeeded == set()


def queries(call, name):
    query = call("StartQueryExecution", QueryString=f"CREATE DATABASE {name}_athena", WorkGroup=name)
    finish(call, query["QueryExecutionId"])
    sql = f"CREATE EXTERNAL TABLE {name}_athena.t (a int) LOCATION 's3://{name}-athena/t/'"
    finish(call, call("StartQueryExecution", QueryString=sql, WorkGroup=name)["QueryExecutionId"])
    query = call("StartQueryExecution", QueryString="SELECT 1 AS one", WorkGroup=name)["QueryExecutionId"]
    finish(call, query)
    rows = call("GetQueryResults", QueryExecutionId=query)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["one", "1"]
    assert call("GetQueryRuntimeStatistics", QueryExecutionId=query)["QueryRuntimeStatistics"]["Timeline"]
    assert query in call("ListQueryExecutions", WorkGroup=name)["QueryExecutionIds"]
    assert call("BatchGetQueryExecution", QueryExecutionIds=[query])["QueryExecutions"]
    call("StopQueryExecution", QueryExecutionId=query)
    execution = call("GetQueryExecution", QueryExecutionId=query)["QueryExecution"]
    assert execution["Status"]["State"] == "SUCCEEDED"


def saved(call, name):
    query = {"Name": "n", "QueryString": "SELECT 1"}
    named = call("CreateNamedQuery", **query, Database=name, WorkGroup=name)["NamedQueryId"]
    call("UpdateNamedQuery", NamedQueryId=named, **query, Description="d")
    assert call("GetNamedQuery", NamedQueryId=named)["NamedQuery"]["Description"] == "d"
    assert call("BatchGetNamedQuery", NamedQueryIds=[named])["NamedQueries"]
    assert call("ListNamedQueries", WorkGroup=name)["NamedQueryIds"] == [named]
    call("DeleteNamedQuery", NamedQueryId=named)
    statement = {"StatementName": "st", "WorkGroup": name}
    call("CreatePreparedStatement", **statement, QueryStatement="SELECT ?")
    call("UpdatePreparedStatement", **statement, QueryStatement="SELECT ?, ?")
    found = call("GetPreparedStatement", **statement)["PreparedStatement"]
    assert found["QueryStatement"] == "SELECT ?, ?"
    assert call("ListPreparedStatements", WorkGroup=name)["PreparedStatements"]
    answer = call("BatchGetPreparedStatement", PreparedStatementNames=["st", "nosuch"], WorkGroup=name)
    assert len(answer["PreparedStatements"]) == len(answer["UnprocessedPreparedStatementNames"]) == 1
    call("DeletePreparedStatement", **statement)


def metadata(call, name):
    call("CreateDataCatalog", Name=name, Type="GLUE", Parameters={"catalog-id": ACCOUNT})
    call("UpdateDataCatalog", Name=name, Type="GLUE", Parameters={"catalog-id": ACCOUNT}, Description="d")
    assert call("GetDataCatalog", Name=name)["DataCatalog"]["Description"] == "d"
    assert name in [each["CatalogName"] for each in call("ListDataCatalogs")["DataCatalogsSummary"]]
    call("DeleteDataCatalog", Name=name)
    where = {"CatalogName": "AwsDataCatalog"}
    assert call("GetDatabase", **where, DatabaseName=f"{name}_athena")["Database"]
    assert call("ListDatabases", **where)["DatabaseList"]
    where["DatabaseName"] = f"{name}_athena"
    assert call("GetTableMetadata", **where, TableName="t")["TableMetadata"]["Columns"]
    assert len(call("ListTableMetadata", **where)["TableMetadataList"]) == 1


def finish(call, query):
    def ended():
        status = call("GetQueryExecution", QueryExecutionId=query)["QueryExecution"]["Status"]
        assert status["State"] != "FAILED", status
        return status["State"] == "SUCCEEDED"

    wait(ended)


def wait(ended):
    until = time.monotonic() + 60
    while not ended():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("service", ["glue", "athena"])
def test_every_other_action_is_refused_by_name(local_aws, service):
    client, model = local_aws.client(service), Model(service)
    others = set(model.service.operation_names) - support.actions(service)
    assert len(others) > 30
    for action in sorted(others):
        with pytest.raises(ClientError) as refused:
            getattr(client, xform_name(action))(**smallest(model.operation(action).input_shape))
        error = refused.value.response["Error"]
        assert error["Code"] == "UnknownOperationException", action
        assert error["Message"] == f"The local AWS does not have {service}'s {action}."


@pytest.mark.parametrize("service", ["glue", "athena"])
def test_the_smallest_request_of_every_action_gets_an_answer_of_its_model(local_aws, service):
    client, model = local_aws.client(service), Model(service)
    for action in sorted(support.actions(service)):
        request = smallest(model.operation(action).input_shape)
        if action.startswith(("Create", "Start")):
            continue  # they would leave behind what they make; each is used above
        try:
            getattr(client, xform_name(action))(**request)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, (action, error)
            assert error.response["Error"]["Code"] != "UnknownOperationException", action


def smallest(shape):
    """A request with the required members only, each as small as its model allows."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        return {name: smallest(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [smallest(shape.member)] * max(1, shape.metadata.get("min", 0))
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        written = "x" * max(1, shape.metadata.get("min", 1))
        return getattr(shape, "enum", None)[0] if getattr(shape, "enum", None) else written
    return {"boolean": True, "timestamp": 0, "blob": b"x"}.get(shape.type_name, shape.metadata.get("min", 1))


def test_no_answer_of_this_run_broke_the_contract(local_aws):
    """So far; the fixture looks again at the end."""
    log = (Path(local_aws.root) / "logs" / "supervisor.log").read_text(encoding="utf-8")
    assert "not as the service model says" not in log
