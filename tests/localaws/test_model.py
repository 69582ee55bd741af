"""Requests and answers held against botocore's service model."""

import re
import threading
from datetime import UTC, datetime

import pytest
from localaws.model import Model, _compiled
from localaws.service import AwsError


@pytest.fixture(scope="module")
def glue():
    return Model("glue")


def decode(glue, action, document):
    return glue.decode_request(glue.operation(action), document, "ValidationException")


def encode(glue, action, answer):
    return glue.encode_answer(glue.operation(action), answer)


def test_a_request_is_converted(glue):
    document = {
        "DatabaseName": "d",
        "TableInput": {"Name": "t", "LastAccessTime": 1_700_000_000.5, "Description": None},
    }
    body = decode(glue, "CreateTable", document)
    assert body["TableInput"]["LastAccessTime"] == datetime(2023, 11, 14, 22, 13, 20, 500_000, UTC)
    assert "Description" not in body["TableInput"]


def test_blobs_are_base64_both_ways(glue):
    data = {"DecimalColumnStatisticsData": {"MinimumValue": {"UnscaledValue": "AQI=", "Scale": 1}}}
    data["DecimalColumnStatisticsData"].update(NumberOfNulls=0, NumberOfDistinctValues=1)
    item = {
        "ColumnName": "c",
        "ColumnType": "decimal",
        "AnalyzedTime": 0,
        "StatisticsData": {"Type": "DECIMAL", **data},
    }
    body = decode(
        glue,
        "UpdateColumnStatisticsForTable",
        {"DatabaseName": "d", "TableName": "t", "ColumnStatisticsList": [item]},
    )
    found = body["ColumnStatisticsList"][0]
    assert found["StatisticsData"]["DecimalColumnStatisticsData"]["MinimumValue"]["UnscaledValue"] == b"\1\2"
    answer = {"ColumnStatisticsList": [found], "Errors": []}
    assert encode(glue, "GetColumnStatisticsForTable", answer)["ColumnStatisticsList"] == [item]


@pytest.mark.parametrize(
    ("action", "document", "message"),
    [
        ("GetTable", {"DatabaseName": "d"}, "Value null at 'name' failed to satisfy constraint"),
        ("GetTable", {"DatabaseName": "", "Name": "t"}, "length greater than or equal to 1"),
        ("GetTable", {"DatabaseName": "d", "Name": "t" * 256}, "length less than or equal to 255"),
        ("GetTable", {"DatabaseName": "d", "Name": "a\0b"}, "regular expression pattern"),
        ("GetTable", {"DatabaseName": "d", "Name": 1}, "must be a string"),
        ("GetTable", {"DatabaseName": "d", "Name": "t", "Nmae": "t"}, "Unknown member 'Nmae'"),
        ("GetDatabases", {"MaxResults": 0}, "value greater than or equal to 1"),
        ("GetDatabases", {"MaxResults": 101}, "value less than or equal to 100"),
        ("GetDatabases", {"MaxResults": True}, "must be a integer"),
        ("GetDatabases", {"ResourceShareType": "NONE"}, "enum value set: [ALL, FEDERATED, FOREIGN]"),
        ("CreateDatabase", {"DatabaseInput": []}, "'databaseInput' must be an object"),
        (
            "CreatePartition",
            {"DatabaseName": "d", "TableName": "t", "PartitionInput": {"Values": "x"}},
            "must be a list",
        ),
    ],
)
def test_a_request_that_breaks_the_model(glue, action, document, message):
    with pytest.raises(AwsError) as refused:
        decode(glue, action, document)
    assert refused.value.code == "ValidationException"
    assert refused.value.message.startswith("1 validation error detected: ")
    assert message in refused.value.message


def test_all_that_is_wrong_is_named(glue):
    with pytest.raises(AwsError, match="2 validation errors detected"):
        decode(glue, "GetTable", {})


def test_a_request_that_is_no_object(glue):
    with pytest.raises(AwsError) as refused:
        decode(glue, "GetTable", ["d", "t"])
    assert refused.value.code == "SerializationException"


def test_an_answer_is_converted(glue):
    database = {"Name": "d", "CreateTime": datetime(2026, 11, 23, tzinfo=UTC)}
    assert encode(glue, "GetDatabase", {"Database": database}) == {
        "Database": {"Name": "d", "CreateTime": 1_795_392_000.0}
    }


def test_a_listing_may_be_empty_in_an_answer():
    athena = Model("athena")
    empty = {"NamedQueryIds": []}
    assert encode(athena, "ListNamedQueries", empty) == empty
    with pytest.raises(AwsError):
        decode(athena, "BatchGetNamedQuery", empty)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 1.5, float("nan")])
def test_a_number_that_java_cannot_hold_is_refused(glue, value):
    with pytest.raises(AwsError):
        decode(glue, "StartJobRun", {"JobName": "j", "Timeout": value})


def test_half_a_character_is_refused_wherever_it_stands(glue):
    for parameters in ({"a": "\ud800"}, {"\udfff": "a"}):
        table = {"Name": "t", "Parameters": parameters}
        with pytest.raises(AwsError, match="valid Unicode"):
            decode(glue, "CreateTable", {"DatabaseName": "d", "TableInput": table})


def test_a_message_does_not_grow_with_the_request(glue):
    values = {"DatabaseName": "d" * 10**6, "TableName": "t", "PartitionsToGet": [{"Values": [1] * 10**4}]}
    with pytest.raises(AwsError) as refused:
        decode(glue, "BatchGetPartition", values)
    assert len(refused.value.message) < 20_000


def test_only_errors_of_the_model_may_be_answered(glue):
    operation = glue.operation("GetTable")
    assert glue.may_answer(operation, "EntityNotFoundException")
    assert glue.may_answer(operation, "ValidationException")
    assert not glue.may_answer(operation, "CrawlerRunningException")


@pytest.mark.parametrize(
    "answer",
    [
        {"Databse": {"Name": "d"}},
        {"Database": {}},
        {"Database": {"Name": "d", "CreateTime": datetime(2026, 11, 23)}},
        {"Database": {"Name": "d", "CreateTime": 1}},
    ],
)
def test_an_answer_that_breaks_the_model_is_a_fault_of_ours(glue, answer):
    with pytest.raises(ValueError, match="not as the service model says"):
        encode(glue, "GetDatabase", answer)


@pytest.mark.parametrize("service", ["glue", "athena"])
def test_every_pattern_of_the_model_is_understood(service):
    model = Model(service).service
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    assert patterns
    for pattern in patterns:
        assert isinstance(_compiled(pattern), re.Pattern)


def test_a_name_may_hold_any_letter(glue):
    assert decode(glue, "GetTable", {"DatabaseName": "d", "Name": "ü 😀"})["Name"] == "ü 😀"


def test_many_threads_may_be_the_first(glue):
    model = Model("glue")
    found = []

    def work():
        found.append(decode(model, "CreateTable", {"DatabaseName": "d", "TableInput": {"Name": "t"}}))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"DatabaseName": "d", "TableInput": {"Name": "t"}}] * 16


def test_an_unknown_action(glue):
    assert glue.operation("GetTabel") is None
