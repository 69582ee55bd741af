"""The checks and queries on tables of the local Athena: right ones pass, each kind of wrong is found."""

from __future__ import annotations

import datetime
import gzip
import io
import sys
import uuid
from pathlib import Path

import polars as pl
import pytest
from logloom import checks, crawler, landing, queries, settings

GLUE_JOBS = Path(__file__).resolve().parents[2] / "glue_jobs"
ACCESS = '203.0.113.{n} - - [0{day}/Dec/2025:10:0{n}:00 +0000] "GET /{n} HTTP/1.1" {status} 12 "-" "curl/8"\n'
HOSTILE = '2025-12-02T10:00:00Z ERROR it\'s, "quoted" \\ \\N ␤ 100 %\n  at java.lang.Thread(x, y)\n'


class InProcess:
    """The job's tasks without Spark."""

    parallelism = 2

    def __init__(self, s3) -> None:
        self.s3 = s3

    def __call__(self, function, items, step):
        return [function(item, self.s3) for item in items]


def transform(local_aws, chosen) -> None:
    from logtables import batch
    from logtables.s3 import Location

    s3 = local_aws.client("s3")
    options = batch.Options(
        chosen.database,
        Location.parse(chosen.cleaned_location),
        raw=Location.parse(chosen.raw_location),
        drop_levels=chosen.drop_levels,
        output_format=chosen.output_format,
    )
    batch.run(
        options,
        s3=s3,
        glue=local_aws.client("glue"),
        distribute=InProcess(s3),
        run_id="jr_1",
        holder="job.jr_1",
        is_alive=lambda _: False,
    )


@pytest.fixture(scope="module", params=["parquet", "csv"])
def tables(request, local_aws, tmp_path_factory):
    """Tables of 30 access lines, one of them no log line, and of one application log, in either format."""
    if str(GLUE_JOBS) not in sys.path:
        sys.path.insert(0, str(GLUE_JOBS))
    folder = tmp_path_factory.mktemp("input")
    (folder / "web").mkdir()
    (folder / "app").mkdir()
    lines = [ACCESS.format(n=n % 9, day=1 + n % 3, status=(200, 404, 500)[n % 3]) for n in range(29)]
    (folder / "web" / "a.log").write_text("".join(lines[:20]) + "rubbish, \\N\n")
    (folder / "web" / "b.log.gz").write_bytes(gzip.compress("".join(lines[20:]).encode()))
    (folder / "app" / "app.log").write_text(HOSTILE * 3)
    name = f"t{uuid.uuid4().hex[:10]}"
    chosen = settings.load(
        {"input": str(folder), "bucket": name, "database": name, "output_format": request.param}
    )
    landing.land(chosen)
    crawler.create(chosen)
    crawler.run(chosen)
    transform(local_aws, chosen)
    return chosen


@pytest.fixture
def tampered(tables, local_aws):
    """Changes files of a table, and puts them back at the end."""
    from logtables.files import FORMATS

    s3, kind, before = local_aws.client("s3"), FORMATS[tables.output_format], {}

    def tamper(table: str, change) -> None:
        prefix = f"{tables.cleaned_prefix}/{table}/"
        for item in s3.list_objects_v2(Bucket=tables.bucket, Prefix=prefix)["Contents"]:
            data = s3.get_object(Bucket=tables.bucket, Key=item["Key"])["Body"].read()
            rows = change(kind.decode(data, table))
            before.setdefault(item["Key"], data)
            s3.put_object(Bucket=tables.bucket, Key=item["Key"], Body=kind.encode(rows, table))

    yield tamper
    for key, data in before.items():
        s3.put_object(Bucket=tables.bucket, Key=key, Body=data)


def failed(chosen) -> list[str]:
    with pytest.raises(checks.ChecksFailed) as caught:
        checks.run(chosen)
    assert "checks failed: " in str(caught.value)
    return caught.value.frame.loc[~caught.value.frame["passed"], "check"].tolist()


def test_right_tables_pass(tables):
    frame = checks.run(tables)
    assert frame["passed"].all()
    assert len(frame) == 14
    figures = dict(zip(frame["check"], frame["figure"], strict=True))
    assert figures["every raw object is transformed as it is now"] == "3 of 3 objects"
    assert figures["counted again, raw objects have as many lines as were read"] == "36 lines in 3 objects"
    assert checks.run(tables.model_copy(update={"source": "web"}))["passed"].all()


def test_lost_and_doubled_events_are_found(tables, tampered):
    tampered("logs", lambda rows: rows.head(1))
    assert "logs has the lines that were kept, for each object" in failed(tables)
    tampered("logs", lambda rows: pl.concat([rows, rows]))
    assert "logs has each event that log_counts counts once, for each object" in failed(tables)


def test_lost_rejects_and_counts_are_found(tables, tampered):
    tampered("log_rejects", lambda rows: rows.clear())
    tampered("log_counts", lambda rows: rows.with_columns(events=pl.col("events") + 1))
    found = failed(tables)
    assert "log_rejects has the lines that were rejected, for each object" in found
    assert "log_counts counts the events kept and dropped, for each object" in found


def test_values_that_cannot_be_are_found(tables, tampered):
    future = datetime.datetime(2999, 1, 1, tzinfo=datetime.UTC)
    tampered(
        "logs",
        lambda rows: rows.with_columns(
            timestamp=pl.lit(future).cast(pl.Datetime("us", "UTC")),
            log_level=pl.lit("LOUD"),
            format=pl.lit(None, pl.String),
        ),
    )
    found = " ".join(failed(tables))
    for sentence in ("has a level of", "has a time, source", "under its own date", "of the future"):
        assert sentence in found


def test_an_account_that_does_not_add_up_is_found(tables, tampered):
    tampered("log_audit", lambda rows: rows.with_columns(lines_read=pl.col("lines_read") + 1))
    found = failed(tables)
    assert "lines read = kept + dropped + rejected + joined + blank, for each object" in found
    assert "counted again, raw objects have as many lines as were read" in found


def test_a_raw_object_that_was_not_transformed_is_found(tables, local_aws):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=tables.bucket, Key="logs/raw/web/late.log", Body=b"x\n")
    try:
        assert failed(tables) == ["every raw object is transformed as it is now"]
    finally:
        s3.delete_object(Bucket=tables.bucket, Key="logs/raw/web/late.log")


def test_what_was_left_for_another_run_is_named_and_no_failure(tables, local_aws):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=tables.bucket, Key="logs/raw/web/late.log", Body=b"x\n")
    limited = tables.model_copy(update={"read_to": "2025-12-31"})
    today = tables.model_copy(update={"read_from": "2025-12-31"})
    try:
        frame = checks.run(limited).set_index("check")
        figure = frame.loc["every raw object is transformed as it is now", "figure"]
        assert figure == "3 of 4 objects, 1 left for another run by read_from and read_to"
        assert failed(today) == ["every raw object is transformed as it is now"]
    finally:
        s3.delete_object(Bucket=tables.bucket, Key="logs/raw/web/late.log")


def test_what_retention_took_is_missed_by_no_check(tables, local_aws):
    from logtables import places, retention
    from logtables.s3 import Location

    s3, glue = local_aws.client("s3"), local_aws.client("glue")
    cleaned = Location.parse(tables.cleaned_location)
    before = queries.run(tables, "events_by_level").frame["events"].sum()
    options = retention.Options(tables.database, cleaned, datetime.date(2025, 12, 2))
    retention.run(options, s3=s3, glue=glue, holder="job.jr_2", is_alive=lambda _: False)
    try:
        assert checks.kept_from(tables) == "2025-12-02"
        assert queries.run(tables, "events_by_level").frame["events"].sum() < before
        assert checks.run(tables)["passed"].all()
    finally:  # the files are still there
        places.save(s3, cleaned, places.Places())
        transform(local_aws, tables)
    assert queries.run(tables, "events_by_level").frame["events"].sum() == before


def test_a_missing_table_or_column_is_found(tables, local_aws):
    glue = local_aws.client("glue")
    found = glue.get_table(DatabaseName=tables.database, Name="log_rejects")["Table"]
    wanted = {
        name: found[name]
        for name in ("Name", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor")
    }
    less = {**wanted, "StorageDescriptor": {**wanted["StorageDescriptor"]}}
    less["StorageDescriptor"]["Columns"] = [
        column for column in wanted["StorageDescriptor"]["Columns"] if column["Name"] != "reason"
    ]
    glue.update_table(DatabaseName=tables.database, TableInput=less)
    try:
        (check,) = checks._columns(tables)
        assert not check.passed
        assert "log_rejects.reason is missing" in check.figure
    finally:
        glue.update_table(DatabaseName=tables.database, TableInput=wanted)


def test_lines_are_counted_whatever_the_object_is():
    assert checks.count_lines(io.BytesIO(b"a\nb")) == 2
    assert checks.count_lines(io.BytesIO(b"a\nb\n")) == 2
    assert checks.count_lines(io.BytesIO(b"")) == 0
    assert checks.count_lines(io.BytesIO(gzip.compress(b"a\n\nb\n"))) == 3
    assert checks.count_lines(io.BytesIO(gzip.compress(b"a\n" * 9999)[:20])) is None


# --- the queries


def test_every_query_runs(tables):
    for name in queries.names():
        result = queries.run(tables, name)
        assert len(result.frame.columns) > 1, name
        assert result.data_scanned_bytes > 0, name


def test_queries_say_what_the_logs_say(tables):
    levels = queries.run(tables, "events_by_level", source="web").frame
    assert levels["log_level"].tolist() == ["INFO", "WARNING", "ERROR"]
    assert levels["events"].tolist() == [10, 10, 9]
    errors = queries.run(tables, "errors_per_day", source="web").frame
    assert list(errors.itertuples(index=False, name=None)) == [("2025-12-03", "web", 9)]
    accounts = queries.run(tables, "accounts", source="web").frame.iloc[0]
    assert (accounts["lines_read"], accounts["lines_kept"], accounts["lines_rejected"]) == (30, 19, 1)
    hours = queries.run(tables, "timeline", bucket="day", levels=["ERROR"], source="web").frame
    assert hours["events"].tolist() == [9]
    assert queries.run(tables, "timeline", levels=[]).frame.empty


def test_dates_prune_what_is_read(tables):
    whole = queries.run(tables, "events_by_level")
    one = queries.run(tables, "events_by_level", start_date=datetime.date(2025, 12, 3), end_date="2025-12-03")
    assert one.frame["events"].sum() == 9
    assert 0 < one.data_scanned_bytes < whole.data_scanned_bytes


def test_a_page_begins_after_the_one_before(tables):
    seen, last = [], {}
    while True:
        frame = queries.run(tables, "recent_events", limit=7, **last).frame
        if frame.empty:
            break
        seen += list(zip(frame["log_file_path"], frame["log_file_line"], strict=True))
        row = frame.iloc[-1]
        last = {
            "before_time": row["timestamp"].to_pydatetime(),
            "before_path": row["log_file_path"],
            "before_line": int(row["log_file_line"]),
        }
    assert len(seen) == len(set(seen)) == 22


def test_hostile_values_are_values(tables):
    text = 'it\'s, "quoted" \\ \\N'
    found = queries.run(tables, "recent_events", text=text).frame
    assert len(found) == 3
    assert found["message"].str.contains(text, regex=False).all()
    assert queries.run(tables, "recent_events", source="x' OR '1'='1").frame.empty


def test_lines_of_one_event_stay_one_row(tables):
    messages = queries.run(tables, "recent_events", source="app").frame["message"]
    breaks = "\n" if tables.output_format == "parquet" else "␤"
    assert len(messages) == 3
    assert messages.str.contains(f"{breaks}  at java.lang.Thread(x, y)", regex=False).all()


def test_a_statement_that_athena_refuses_gives_its_reason(tables, capfd):
    with pytest.raises(queries.QueryFailed, match="no_such_table"):
        queries.run_sql(tables, "SELECT * FROM no_such_table")
    assert "Traceback" not in capfd.readouterr().err


def test_parameters_by_position(tables):
    result = queries.run_sql(tables, "SELECT ? AS a, ? + 1 AS b", ["it's", 4])
    assert result.frame.iloc[0].tolist() == ["it's", 5]
    assert result.parameters == ("'it''s'", "4")
