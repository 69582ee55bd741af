"""The page of what the local AWS has: as the code says, and as it is."""

import io
import re
import time
from pathlib import Path

import pyarrow
import pytest
from localaws import support
from localaws.model import Model
from pyarrow import orc, parquet

PAGE = Path(__file__).resolve().parents[2] / "docs" / "local_aws.md"


def test_the_page_is_as_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == support.page(), "run: make docs"


@pytest.mark.parametrize("service", ["glue", "athena"])
def test_every_action_is_on_the_page_once(service):
    text = PAGE.read_text(encoding="utf-8")
    start = text.index({"glue": "## AWS Glue", "athena": "## Amazon Athena"}[service])
    named = re.findall(r"`(\w+)`", text[start : text.index("\n## ", start + 1)])
    assert sorted(named) == sorted(Model(service).service.operation_names)


def test_every_action_has_a_group_that_says_what_it_is():
    assert "| Others |" not in support.page()


LINES = {"OpenCSV": b'"a"\n', "OpenX JSON": b'{"word": "a"}\n', "Hive JSON": b'{"word": "a"}\n'}
PARAMETERS = {"Regex": {"input.regex": "(.*)"}, "Grok": {"input.format": "%{WORD:word}"}}


def written(name):
    table, sink = pyarrow.table({"word": ["a"]}), io.BytesIO()
    if name == "Parquet":
        parquet.write_table(table, sink)
    elif name == "ORC":
        orc.write_table(table, sink)
    else:
        return LINES.get(name, b"a\n")
    return sink.getvalue()


@pytest.mark.parametrize("serde", support.SERDES, ids=lambda serde: serde.name)
def test_a_serde_is_read_or_refused_as_the_page_says(local_aws, unique, serde):
    s3, glue, athena = (local_aws.client(name) for name in ("s3", "glue", "athena"))
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="t/a", Body=written(serde.name))
    glue.create_database(DatabaseInput={"Name": unique})
    info = {"SerializationLibrary": serde.library, "Parameters": PARAMETERS.get(serde.name, {})}
    descriptor = {
        "Columns": [{"Name": "word", "Type": "string"}],
        "Location": f"s3://{unique}/t/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": info,
    }
    glue.create_table(DatabaseName=unique, TableInput={"Name": "t", "StorageDescriptor": descriptor})
    query = athena.start_query_execution(
        QueryString="SELECT word FROM t",
        QueryExecutionContext={"Database": unique},
        ResultConfiguration={"OutputLocation": f"s3://{unique}/results/"},
    )["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])[
        "State"
    ] not in ("SUCCEEDED", "FAILED"):
        time.sleep(0.02)
    if serde.supported:
        assert status["State"] == "SUCCEEDED", status
        rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        assert [row["Data"][0]["VarCharValue"] for row in rows] == ["word", "a"]
    else:
        assert status["State"] == "FAILED"
        assert re.search("(is|are) not supported", status["StateChangeReason"])
