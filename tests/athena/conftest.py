"""A database, a bucket and a way to run SQL, over the running local AWS."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass
class Athena:
    """Runs statements through boto3, in a database and with an output location of its own."""

    client: Any
    s3: Any
    glue: Any
    bucket: str
    database: str

    @property
    def output(self) -> str:
        return f"s3://{self.bucket}/results/"

    def start(self, sql: str, **request: Any) -> str:
        request = {
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": self.output},
            **request,
        }
        return self.client.start_query_execution(QueryString=sql, **request)["QueryExecutionId"]

    def wait(self, identifier: str) -> dict:
        while True:
            found = self.client.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if found["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return found
            time.sleep(0.05)

    def run(self, sql: str, **request: Any) -> dict:
        found = self.wait(self.start(sql, **request))
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"].get("StateChangeReason")
        return found

    def rows(self, sql: str, *parameters: str, **request: Any) -> list[list[str | None]]:
        """The rows of a statement without the header of a SELECT, texts as GetQueryResults gives them."""
        if parameters:
            request["ExecutionParameters"] = list(parameters)
        found = self.run(sql, **request)
        pages = self.client.get_paginator("get_query_results").paginate(
            QueryExecutionId=found["QueryExecutionId"]
        )
        rows = [
            [item.get("VarCharValue") for item in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if found["ResultConfiguration"]["OutputLocation"].endswith(".csv") else rows

    def reason(self, sql: str, **request: Any) -> str:
        """Why a statement fails."""
        found = self.wait(self.start(sql, **request))
        assert found["Status"]["State"] == "FAILED", found["Status"]
        assert found["Status"]["AthenaError"]["ErrorMessage"] == found["Status"]["StateChangeReason"]
        return found["Status"]["StateChangeReason"]

    def put(self, key: str, body: bytes | str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"


@pytest.fixture
def athena(local_aws, unique) -> Athena:
    """An empty database and bucket of the test's own."""
    return make(local_aws, unique)


@pytest.fixture(scope="module")
def shared_athena(local_aws) -> Athena:
    """A database and bucket that the tests of a module share."""
    import uuid

    return make(local_aws, f"t{uuid.uuid4().hex[:10]}")


def make(local_aws, name: str) -> Athena:
    s3, glue = local_aws.client("s3"), local_aws.client("glue")
    s3.create_bucket(Bucket=name)
    glue.create_database(DatabaseInput={"Name": name})
    return Athena(local_aws.client("athena"), s3, glue, name, name)
