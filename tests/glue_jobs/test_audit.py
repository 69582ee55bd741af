"""The audit says what the tables hold, and reads fast however many batches there were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fake_aws import MOMENT, FakeS3
from logformats.account import Account
from logtables import audit
from logtables.files import FORMATS
from logtables.plan import Known, RawObject
from logtables.s3 import Location, StoredObject

CLEANED = Location("b", "cleaned/")
START = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)


def commit(
    s3, number: int, etag: str = "e", key: str = "raw/a", *, gone: bool = False, file_format="parquet"
):
    raw = RawObject("web", StoredObject("b", key, 10, etag, MOMENT))
    rows = audit.audit_rows(
        {
            raw.uri: Account(
                lines_read=3, lines_kept=3, first_event=START, last_event=MOMENT, formats={"x": 3}
            )
        },
        [] if gone else [raw],
        {raw.uri: Known("web", "e", MOMENT, None, None)} if gone else {},
        batch_id=f"2025-{number:04}",
        run_id="jr",
        committed_at=START + timedelta(minutes=number),
    )
    return audit.commit(s3, CLEANED, rows, FORMATS[file_format], batch_id=f"2025-{number:04}")


def test_a_commit_is_one_object_of_the_date_of_the_commit():
    s3 = FakeS3()
    assert commit(s3, 0) == "cleaned/log_audit/dt=2025-12-31/2025-0000-0.parquet"
    assert commit(s3, 1) == "cleaned/log_audit/dt=2026-01-01/2025-0001-0.parquet"
    assert s3.writes == 2
    assert audit.Audit(s3, CLEANED).committed() == {"2025-0000", "2025-0001"}


def test_the_newest_row_of_an_object_counts():
    s3 = FakeS3()
    commit(s3, 2, "new")
    commit(s3, 1, "old")
    known = audit.Audit(s3, CLEANED).known()
    assert known == {"s3://b/raw/a": Known("web", "new", MOMENT, START, MOMENT)}


def test_an_object_that_was_taken_out_is_not_known():
    s3 = FakeS3()
    commit(s3, 1)
    commit(s3, 2, gone=True)
    assert audit.Audit(s3, CLEANED).known() == {}
    commit(s3, 3)
    assert len(audit.Audit(s3, CLEANED).known()) == 1


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_many_files_are_gathered_and_then_not_read_again(monkeypatch, file_format):
    monkeypatch.setattr(audit, "GATHER_AFTER", 3)
    s3 = FakeS3()
    for number in range(5):
        commit(s3, number, key=f"raw/{number}", file_format=file_format)
    assert len(audit.Audit(s3, CLEANED).known()) == 5
    read = []
    s3.on_get = read.append
    commit(s3, 5, key="raw/5", file_format=file_format)
    again = audit.Audit(s3, CLEANED)
    assert sorted(again.known()) == [f"s3://b/raw/{n}" for n in range(6)]
    assert [key for key in read if "log_audit" in key] == [s3.keys("log_audit")[-1]]


def test_what_somebody_took_out_of_the_audit_is_not_known_by_what_was_gathered(monkeypatch):
    monkeypatch.setattr(audit, "GATHER_AFTER", 1)
    s3 = FakeS3()
    keys = [commit(s3, number, key=f"raw/{number}") for number in range(3)]
    audit.Audit(s3, CLEANED).known()
    del s3.objects["b", keys[0]]
    assert sorted(audit.Audit(s3, CLEANED).known()) == ["s3://b/raw/1", "s3://b/raw/2"]


def test_files_that_are_no_table_files_are_let_be():
    s3 = FakeS3(
        {("b", "cleaned/log_audit/dt=2025-12-31/.x.parquet"): b"", ("b", "cleaned/log_audit/note"): b""}
    )
    assert audit.Audit(s3, CLEANED).known() == {}
    assert audit.Audit(s3, CLEANED).formats() == set()
