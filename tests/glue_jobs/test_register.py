"""The cleaned tables in the catalog."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fake_aws import FakeGlue, FakeS3
from logtables.files import FORMATS
from logtables.places import Places
from logtables.register import differs, projected_range, register, table_input
from logtables.s3 import Location

CLEANED = Location("b", "cleaned/")
TODAY = datetime(2025, 12, 24, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ([], "2025-12-24,NOW+1DAYS"),
        (["2015-05-17", "2025-12-20"], "2015-05-17,NOW+1DAYS"),
        (["2025-12-25"], "2025-12-24,NOW+1DAYS"),
        (["2025-12-20", "2031-01-01"], "2025-12-20,2031-01-01"),
    ],
)
def test_the_projected_dates_hold_every_date_there_is_and_tomorrow(dates, expected):
    assert projected_range(dates, TODAY) == expected


def test_a_table_says_where_and_how_its_dates_are():
    audit = table_input("log_audit", CLEANED, FORMATS["parquet"], "2025-01-01,NOW+1DAYS")
    assert audit["Parameters"]["storage.location.template"] == "s3://b/cleaned/log_audit/dt=${dt}/"
    table = table_input("logs", CLEANED, FORMATS["parquet"], "2025-01-01,NOW+1DAYS")
    assert table["PartitionKeys"][0]["Name"] == "dt"
    assert table["Parameters"]["projection.enabled"] == "false"
    assert table["StorageDescriptor"]["Location"] == "s3://b/cleaned/logs/"
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns["attributes"] == "map<string,string>"
    assert columns["timestamp"] == "timestamp"
    assert "dt" not in columns


def test_a_csv_table_has_its_serde():
    table = table_input("logs", CLEANED, FORMATS["csv"], "2025-01-01,NOW+1DAYS")
    assert table["Parameters"]["skip.header.line.count"] == "1"
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["escape.delim"] == "\\"
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns["attributes"] == "string"


def test_tables_are_made_once_and_updated_when_a_date_of_the_audit_is_earlier():
    s3, glue = FakeS3(), FakeGlue({})
    glue.databases.clear()
    assert len(register(glue, s3, "new_db", CLEANED, FORMATS["parquet"], today=TODAY).tables) == 4
    assert "new_db" in glue.databases
    assert register(glue, s3, "new_db", CLEANED, FORMATS["parquet"], today=TODAY).tables == []
    s3.objects["b", "cleaned/log_audit/dt=2020-02-02/x-0.parquet"] = b""
    s3.objects["b", "cleaned/log_audit/not-a-date/x"] = b""
    assert register(glue, s3, "new_db", CLEANED, FORMATS["parquet"], today=TODAY).tables == ["log_audit"]
    assert glue.tables["log_audit"]["Parameters"]["projection.dt.range"] == "2020-02-02,NOW+1DAYS"


def test_a_date_of_events_is_a_partition_at_its_place():
    s3, glue = FakeS3(), FakeGlue({})
    s3.objects["b", "cleaned/logs/dt=2020-02-02/x-0.parquet"] = b""
    s3.objects["b", "cleaned/logs/dt=2020-02-03/x-0.parquet"] = b""
    s3.objects["b", "cleaned/logs/dt=tomorrow/x-0.parquet"] = b""
    assert register(glue, s3, "db", CLEANED, FORMATS["parquet"]).moved is False
    assert glue.locations("logs") == {
        "2020-02-02": "s3://b/cleaned/logs/dt=2020-02-02/",
        "2020-02-03": "s3://b/cleaned/logs/dt=2020-02-03/",
    }
    places = Places({("logs", "2020-02-02"): "moved/m1/logs/dt=2020-02-02/"}, first_date="2020-02-01")
    assert register(glue, s3, "db", CLEANED, FORMATS["parquet"], places=places).moved is True
    assert glue.locations("logs")["2020-02-02"] == "s3://b/cleaned/moved/m1/logs/dt=2020-02-02/"
    assert register(glue, s3, "db", CLEANED, FORMATS["parquet"], places=places).moved is False
    late = Places(first_date="2020-02-03")
    assert register(glue, s3, "db", CLEANED, FORMATS["parquet"], places=late).moved is True
    assert list(glue.locations("logs")) == ["2020-02-03"]


def test_what_glue_does_not_do_of_a_batch_is_an_error():
    s3, glue = FakeS3(), FakeGlue({})
    s3.objects["b", "cleaned/logs/dt=2020-02-02/x-0.parquet"] = b""
    failure = {
        "PartitionValues": ["2020-02-02"],
        "ErrorDetail": {"ErrorCode": "InternalServiceException", "ErrorMessage": "later"},
    }
    glue.batch_create_partition = lambda **_: {"Errors": [failure]}
    with pytest.raises(RuntimeError, match="2020-02-02: InternalServiceException later"):
        register(glue, s3, "db", CLEANED, FORMATS["parquet"])


def test_what_the_catalog_adds_is_no_difference():
    wanted = {"A": {"B": "1"}, "L": [{"x": 1}]}
    assert not differs(wanted, {"A": {"B": "1", "C": "2"}, "L": [{"x": 1, "y": 2}], "Z": 0})
    assert differs(wanted, {"A": {"B": "2"}, "L": [{"x": 1}]})
    assert differs(wanted, {"A": {"B": "1"}, "L": []})
    assert differs(wanted, {"L": [{"x": 1}]})
