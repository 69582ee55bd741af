"""The dashboard's SQL on the local Athena, where only what AWS takes passes, against the rows themselves."""

from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_athena import END, FakeAthena
from logloom.dashboard import statements, static_figures
from logloom.dashboard.background import Cancellation, Cancelled
from logloom.dashboard.data import Data, Trouble
from logloom.dashboard.view import View
from logloom.settings import Settings

WHOLE = View(start=END - timedelta(days=14), end=END)
TYPES = {
    "timestamp": "timestamp",
    "minute": "timestamp",
    "first_event": "timestamp",
    "last_event": "timestamp",
    "committed_at": "timestamp",
    "http_response_status_code": "int",
    "events": "bigint",
    "bytes": "bigint",
    "http_response_body_size": "bigint",
    "log_file_line": "bigint",
    "object_size": "bigint",
    "attributes": "map<string,string>",
}
ARROW = {
    "timestamp": pa.timestamp("us"),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "string": pa.string(),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}


def kind(name: str) -> str:
    return TYPES.get(name, "bigint" if name.startswith("lines_") else "string")


def register(local_aws, database: str, frames: dict[str, pd.DataFrame]) -> None:
    """Put the frames into the local AWS as the job does: Parquet by date, partition projection."""
    s3, glue = local_aws.client("s3"), local_aws.client("glue")
    s3.create_bucket(Bucket=database)
    glue.create_database(DatabaseInput={"Name": database})
    for table, frame in frames.items():
        names = [name for name in frame.columns if name != "dt"]
        fields = [
            (name, pa.map_(pa.string(), pa.string()) if name == "attributes" else ARROW[kind(name)])
            for name in names
        ]
        for day, rows in frame.groupby("dt"):
            body = pa.BufferOutputStream()
            pq.write_table(pa.Table.from_pandas(rows[names], pa.schema(fields), preserve_index=False), body)
            key = f"logs/cleaned/{table}/dt={day}/b1-0.parquet"
            s3.put_object(Bucket=database, Key=key, Body=body.getvalue().to_pybytes())
        location = f"s3://{database}/logs/cleaned/{table}/"
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": [{"Name": "dt", "Type": "string"}],
                "Parameters": {
                    "classification": "parquet",
                    "projection.enabled": "true",
                    "projection.dt.type": "date",
                    "projection.dt.format": "yyyy-MM-dd",
                    "projection.dt.range": "2026-02-01,2026-04-01",
                    "storage.location.template": location + "dt=${dt}/",
                },
                "StorageDescriptor": {
                    "Columns": [{"Name": name, "Type": kind(name)} for name in names],
                    "Location": location,
                    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                    "SerdeInfo": {
                        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                    },
                },
            },
        )


@pytest.fixture(scope="module")
def settings(local_aws, frames):
    register(local_aws, "dashboardonathena", frames)
    return Settings(bucket="dashboardonathena", database="dashboardonathena")


@pytest.fixture(scope="module")
def data(settings):
    return Data(settings)


VIEWS = {
    "whole": {},
    "two levels of a source": {"levels": ("ERROR", "FATAL"), "sources": ("api_access", "billing_app")},
    "status": {"status_classes": ("4xx", "5xx")},
    "text": {"text": "It's 100% <b>"},
    "found text": {"text": "RETRYING"},
    "regex": {"text": "order [0-9]+$", "regex": True},
    "values": {
        "include": (("url_path", "/cart"), ("url_path", None)),
        "exclude": (("client_address", "192.0.2.7"),),
    },
    "a pattern": {"include": (("message_pattern", "retrying order <number>"), ("path_pattern", "/<*>"))},
    "without a pattern": {"exclude": (("message_pattern", 'a "quoted" <address> <*> [x] $1'),)},
    "status value": {"include": (("http_response_status_code", "502"),)},
    "none": {"exclude": (("http_request_method", None),)},
    "a day by quarters of an hour": {"start": END - timedelta(days=1)},
}


@pytest.mark.parametrize("name", VIEWS)
def test_athena_says_what_the_rows_say(data, frames, name):
    fake = FakeAthena(frames)
    view = View(**{"start": WHOLE.start, "end": WHOLE.end, **VIEWS[name]})
    asked = [
        statements.overview(view),
        statements.history(view),
        statements.heat(view),
        statements.top(view, "source"),
        statements.top(view, "http_response_status_code"),
        statements.top(view, "url_path"),
        statements.events(view),
        statements.text_patterns(view, "message"),
        statements.text_patterns(view, "path"),
    ]
    for statement in asked:
        answer = data.ask(statement).frame
        wanted = fake.sql(statement.sql, statement.parameters)
        assert list(answer.columns) == list(wanted.columns)
        as_text = [frame.astype(object).where(frame.notna(), None).astype(str) for frame in (answer, wanted)]
        for frame in as_text:
            for column in ("events", "errors", "bytes", "events_before", "all_events"):
                if column in frame:
                    frame[column] = frame[column].str.removesuffix(".0").replace("None", "0")
        pd.testing.assert_frame_equal(*as_text, check_dtype=False, obj=statement.name)


def test_accounts(data, frames):
    answer = data.ask(statements.accounts())
    audit = frames["log_audit"].groupby("source")["lines_read"].sum()
    assert answer.frame.set_index("source")["lines_read"].to_dict() == audit.to_dict()
    assert answer.data_scanned_bytes > 0
    assert answer.price == pytest.approx(10 * 2**20 / 2**40 * 5)


def test_pages_by_key_meet(data, frames):
    view = View(start=WHOLE.start, end=WHOLE.end, levels=("ERROR", "FATAL"))
    seen, after = [], None
    while True:
        page = data.ask(statements.events(view, after=after, rows=250)).frame
        if page.empty:
            break
        seen += page["log_file_line"].tolist()
        after = [
            str(page["timestamp"].iloc[-1]),
            page["log_file_path"].iloc[-1],
            page["log_file_line"].iloc[-1],
        ]
    logs = frames["logs"]
    assert sorted(seen) == sorted(logs[logs["log_level"].isin(["ERROR", "FATAL"])]["log_file_line"])


def test_an_event_with_its_neighbours(data, frames):
    one = frames["logs"].iloc[10]
    frame = data.ask(
        statements.event(one["log_file_path"], int(one["log_file_line"]), one["timestamp"])
    ).frame
    assert one["log_file_line"] in frame["log_file_line"].tolist()
    assert frame["log_file_path"].unique().tolist() == [one["log_file_path"]]


def test_a_commit_makes_answers_fresh(settings, local_aws):
    data = Data(settings)
    data.ask(statements.accounts())
    assert data.ask(statements.accounts()).cached
    before = data.queries.version()
    local_aws.client("s3").put_object(
        Bucket=settings.bucket, Key="logs/cleaned/log_audit/_of_no_date/x", Body=b"anything"
    )
    assert data.queries.version() != before


def test_answers_of_while_a_run_is_at_work_are_not_kept_beyond_it(settings, local_aws):
    queries, s3 = Data(settings).queries, local_aws.client("s3")
    before = queries.version()
    ticket = {"Bucket": settings.bucket, "Key": "logs/cleaned/_lock/waiting/000000000001-job.jr_1"}
    s3.put_object(**ticket, Body=b"")
    during = queries.version()
    s3.delete_object(**ticket)
    after = queries.version()
    assert before == after != during


def test_static_figures(settings, frames):
    made = static_figures(settings)
    drawn = sum(int(sum(trace.y)) for trace in made["Events by level"].data)
    assert drawn == frames["log_counts"]["events"].sum()


def test_a_missing_table_says_which_notebook_to_run(settings):
    with pytest.raises(Trouble, match="run notebook 03_transform"):
        Data(settings.model_copy(update={"database": "no_such_database"})).ask(statements.accounts())


def test_a_bad_regular_expression_is_told(data):
    view = View(start=WHOLE.start, end=WHOLE.end, text="(unclosed", regex=True)
    with pytest.raises(Trouble) as told:
        data.ask(statements.events(view))
    assert told.value.title in ("Not a regular expression", "Athena could not run the query")


def test_a_cancelled_query_is_stopped_in_athena(settings, local_aws):
    queries = Data(settings).queries
    cancellation = Cancellation()
    started = []
    start = queries.client.start_query_execution

    def start_and_cancel(**request):
        answer = start(**request)
        started.append(answer["QueryExecutionId"])
        cancellation.cancel()
        return answer

    queries.client.start_query_execution = start_and_cancel
    slow = "SELECT count(*) FROM logs a CROSS JOIN logs b CROSS JOIN logs c WHERE a.message < b.message"
    with pytest.raises(Cancelled):
        queries.run_sql(slow, cancellation=cancellation)
    athena = local_aws.client("athena")
    state = athena.get_query_execution(QueryExecutionId=started[0])["QueryExecution"]["Status"]["State"]
    assert state == "CANCELLED"
