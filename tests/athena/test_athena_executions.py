"""Query executions through boto3: start, poll, stop, results, statistics, idempotence."""

from __future__ import annotations

import time

import botocore.exceptions
import pytest

SLOW = (
    "SELECT count(*) FROM UNNEST(sequence(1, 9999)) AS a(x) CROSS JOIN UNNEST(sequence(1, 9999)) AS b(y) "
    "CROSS JOIN UNNEST(sequence(1, 9999)) AS c(z) WHERE x * y % 7 = z % 5"
)


def test_a_query_succeeds_with_a_result_file_as_athena_writes_it(athena):
    found = athena.run("SELECT 1 AS a, 'it''s \"x\"' AS b, CAST(NULL AS varchar) AS c, '' AS d")

    location = found["ResultConfiguration"]["OutputLocation"]
    body = athena.s3.get_object(Bucket=athena.bucket, Key=location.split("/", 3)[3])["Body"].read().decode()
    assert location == f"{athena.output}{found['QueryExecutionId']}.csv"
    assert body == '"a","b","c","d"\n"1","it\'s ""x""",,""\n'
    assert found["StatementType"] == "DML"
    assert found["SubstatementType"] == "SELECT"
    assert found["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_results_have_a_header_row_types_and_nulls(athena):
    identifier = athena.run(
        "SELECT 1 AS n, CAST(1.5 AS decimal(10,2)) AS d, CAST(NULL AS varchar) AS s, 1e0 AS f"
    )["QueryExecutionId"]

    found = athena.client.get_query_results(QueryExecutionId=identifier)["ResultSet"]

    assert found["Rows"][0]["Data"] == [{"VarCharValue": n} for n in "ndsf"]
    assert found["Rows"][1]["Data"] == [
        {"VarCharValue": "1"},
        {"VarCharValue": "1.50"},
        {},
        {"VarCharValue": "1.0"},
    ]
    columns = found["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Type"], c["Precision"], c["Scale"]) for c in columns] == [
        ("integer", 10, 0), ("decimal", 10, 2), ("varchar", 2147483647, 0), ("double", 17, 0),
    ]  # fmt: skip
    assert {c["Nullable"] for c in columns} == {"UNKNOWN"}


def test_results_come_in_pages(athena):
    identifier = athena.run("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x")["QueryExecutionId"]
    first = athena.client.get_query_results(QueryExecutionId=identifier)

    pages = athena.client.get_paginator("get_query_results").paginate(QueryExecutionId=identifier)
    values = [r["Data"][0]["VarCharValue"] for p in pages for r in p["ResultSet"]["Rows"]]

    assert len(first["ResultSet"]["Rows"]) == 1000
    assert values == ["x", *map(str, range(1, 2501))]


def test_small_pages_hold_values_with_line_ends_together(athena):
    identifier = athena.run(
        "SELECT x, 'a' || chr(10) || '\",b' AS y FROM UNNEST(sequence(1, 5)) AS t(x) ORDER BY x"
    )
    pages = athena.client.get_paginator("get_query_results").paginate(
        QueryExecutionId=identifier["QueryExecutionId"], PaginationConfig={"PageSize": 2}
    )

    rows = [[d["VarCharValue"] for d in r["Data"]] for p in pages for r in p["ResultSet"]["Rows"]]

    assert rows == [["x", "y"], *([str(i), 'a\n",b'] for i in range(1, 6))]


def test_a_failing_query_says_why(athena):
    found = athena.wait(athena.start("SELECT nope FROM (SELECT 1 AS x)"))

    assert found["Status"]["State"] == "FAILED"
    assert found["Status"]["StateChangeReason"].startswith(
        "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"
    )
    assert found["Status"]["AthenaError"]["ErrorCategory"] == 2
    assert found["Status"]["AthenaError"]["ErrorType"] == 1006
    with pytest.raises(botocore.exceptions.ClientError, match="Query did not finish successfully"):
        athena.client.get_query_results(QueryExecutionId=found["QueryExecutionId"])


def test_a_syntax_error_has_its_place(athena):
    reason = athena.reason("SELECT\n  a b c FROM t")

    assert reason.startswith("SYNTAX_ERROR: line 2:7: mismatched input 'c'. Expecting: ',', ")


def test_an_output_location_is_needed(athena):
    with pytest.raises(botocore.exceptions.ClientError, match="No output location provided"):
        athena.client.start_query_execution(QueryString="SELECT 1")


def test_a_bucket_that_is_not_there_fails_the_query(athena):
    reason = athena.reason("SELECT 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket-here/x/"})

    assert "Unable to verify/create output bucket no-such-bucket-here" in reason


def test_a_request_token_starts_one_query(athena):
    token = "t" * 36
    first = athena.start("SELECT 1", ClientRequestToken=token)

    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(botocore.exceptions.ClientError, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


def test_a_stopped_query_stays_cancelled_and_frees_the_engine(athena):
    identifier = athena.start(SLOW)
    time.sleep(0.3)

    athena.client.stop_query_execution(QueryExecutionId=identifier)

    assert athena.wait(identifier)["Status"]["State"] == "CANCELLED"
    assert athena.rows("SELECT 1") == [["1"]]
    assert athena.wait(identifier)["Status"]["State"] == "CANCELLED"


def test_stopping_a_query_that_ended_changes_nothing(athena):
    identifier = athena.run("SELECT 1")["QueryExecutionId"]

    athena.client.stop_query_execution(QueryExecutionId=identifier)

    assert athena.wait(identifier)["Status"]["State"] == "SUCCEEDED"


def test_executions_are_listed_newest_first_and_got_in_batches(athena, unique):
    athena.client.create_work_group(Name=unique)
    ids = [athena.run("SELECT 1", WorkGroup=unique)["QueryExecutionId"] for _ in range(3)]

    listed = athena.client.list_query_executions(WorkGroup=unique)["QueryExecutionIds"]
    batch = athena.client.batch_get_query_execution(QueryExecutionIds=[*ids, "0" * 36])

    assert listed == ids[::-1]
    assert [q["QueryExecutionId"] for q in batch["QueryExecutions"]] == ids
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "0" * 36


def test_runtime_statistics_count_rows(athena):
    identifier = athena.run("SELECT * FROM (VALUES 1, 2, 3)")["QueryExecutionId"]

    found = athena.client.get_query_runtime_statistics(QueryExecutionId=identifier)["QueryRuntimeStatistics"]

    assert found["Rows"]["OutputRows"] == 3
    assert found["Timeline"]["TotalExecutionTimeInMillis"] >= found["Timeline"]["EngineExecutionTimeInMillis"]


def test_a_result_is_reused_when_the_request_says_so(athena):
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    first = athena.run("SELECT 42", ResultReuseConfiguration=reuse)

    second = athena.run("SELECT 42", ResultReuseConfiguration=reuse)
    third = athena.run("SELECT 42")

    assert second["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is True
    assert second["ResultConfiguration"] == first["ResultConfiguration"]
    assert third["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is False


def test_a_result_is_not_reused_for_other_values_or_another_database(athena):
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    request = {"ResultReuseConfiguration": reuse}
    athena.run("SELECT ? AS x", ExecutionParameters=["1"], **request)

    def reused(**more):
        found = athena.run("SELECT ? AS x", **request, **more)
        return found["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]

    assert reused(ExecutionParameters=["2"]) is False
    elsewhere = {"Database": "default"}
    assert reused(ExecutionParameters=["1"], QueryExecutionContext=elsewhere) is False
    assert reused(ExecutionParameters=["1"]) is True


@pytest.mark.parametrize(
    ("value", "expected"),
    [("'it''s'", "it's"), ("it's", "it's"), ("12", "12"), ("DATE '2026-01-02'", "2026-01-02")],
)
def test_execution_parameters_are_sql_values_or_bare_texts(athena, value, expected):
    assert athena.rows("SELECT ? AS x", value) == [[expected]]


def test_execution_parameters_cannot_become_sql(athena):
    assert athena.reason("SELECT 1 WHERE 'a' = ?", ExecutionParameters=["'' OR 1 = 1"]).startswith(
        "TYPE_MISMATCH"
    )
    assert athena.rows("SELECT ? AS x", "x' OR '1'='1") == [["x' OR '1'='1"]]


def test_the_number_of_parameters_has_to_fit(athena):
    reason = athena.reason("SELECT 1 WHERE 1 = ? AND 2 = ?", ExecutionParameters=["1"])

    assert reason == "INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 2 but found 1"


def test_sql_reads_nothing_outside_the_s3_folder(athena, local_aws):
    (local_aws.root / "secret.csv").write_text("secret\n")
    link = local_aws.root / "s3" / athena.bucket / "link"
    link.mkdir()
    (link / "way-out.csv").symlink_to(local_aws.root / "secret.csv")
    athena.run(f"CREATE EXTERNAL TABLE linked (x string) LOCATION 's3://{athena.bucket}/link/'")

    assert athena.rows("SELECT * FROM linked") == []
    athena.run(f"CREATE EXTERNAL TABLE up (x string) LOCATION 's3://{athena.bucket}/../../'")
    assert "is not valid" in athena.reason("SELECT * FROM up")
