"""What a batch reads, and how it is cut and grouped."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logtables import plan
from logtables.batch import first_lines
from logtables.plan import Known, Piece, RawObject, RawTable
from logtables.s3 import Location, StoredObject

MOMENT = datetime(2025, 12, 24, tzinfo=UTC)
RAW = Location.parse("s3://b/logs/raw")


def raw(key: str, size: int = 10, etag: str = "e", source: str = "web") -> RawObject:
    return RawObject(source, StoredObject("b", key, size, etag, MOMENT))


def known(etag: str = "e", source: str = "web") -> Known:
    return Known(source, etag, MOMENT, None, None)


def test_an_object_is_fresh_changed_unchanged_or_gone():
    found = plan.changes(
        [raw("new"), raw("changed", etag="2"), raw("same")],
        {"s3://b/changed": known("1"), "s3://b/same": known(), "s3://b/gone": known()},
    )
    assert [o.stored.key for o in found.fresh] == ["new"]
    assert [o.stored.key for o in found.changed] == ["changed"]
    assert found.unchanged == 1
    assert list(found.gone) == ["s3://b/gone"]


def test_nothing_of_a_source_that_is_not_wanted_is_gone():
    found = plan.changes([], {"s3://b/x": known(source="shop")}, sources=["web"])
    assert found.gone == {}


def test_sources_are_the_first_folders_below_the_raw_logs_and_no_object_counts_twice():
    keys = ["logs/raw/web/2025/a.log", "logs/raw/web/b.log", "logs/raw/Shop-1/c.log", "elsewhere/d.log"]

    def list_below(place: Location):
        return [raw(key).stored for key in keys if key.startswith(place.prefix)]

    tables = [
        RawTable("raw_web", RAW.below("web")),
        RawTable("raw_2025", RAW.below("web/2025")),
        RawTable("raw_shop_1", RAW.below("Shop-1")),
        RawTable("raw_other", Location.parse("s3://b/elsewhere/")),
    ]
    found = plan.raw_objects(tables, list_below, raw_location=RAW, table_prefix="raw_")
    assert [(o.source, o.stored.key) for o in found] == [
        ("Shop-1", "logs/raw/Shop-1/c.log"),
        ("other", "elsewhere/d.log"),
        ("web", "logs/raw/web/2025/a.log"),
        ("web", "logs/raw/web/b.log"),
    ]
    only = plan.raw_objects(tables, list_below, raw_location=RAW, table_prefix="raw_", sources=["other"])
    assert [o.source for o in only] == ["other"]


@pytest.mark.parametrize(
    ("key", "is_log"),
    [("r/web/a.log", True), ("r/web/", False), ("r/web/.a", False), ("r/_tmp/a", False), ("r/web/a_b", True)],
)
def test_markers_and_hidden_names_are_no_logs(key, is_log):
    assert plan.is_log_object(key, "r/") is is_log


def test_the_dates_of_an_object_span_its_events_and_its_own_date():
    object_ = Known("web", "e", MOMENT, datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 12, 3, tzinfo=UTC))
    assert object_.dates() == (date(2025, 12, 1), date(2025, 12, 24))


@given(st.integers(0, 10_000), st.integers(1, 300))
def test_ranges_cover_an_object_without_gap_or_overlap(size, bytes_each):
    pieces = plan.cut(raw("x", size), bytes_each)
    assert pieces[0].start == 0
    assert pieces[-1].end == size
    assert all(one.end == two.start for one, two in itertools.pairwise(pieces))
    assert all(piece.size < 2 * bytes_each for piece in pieces)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1 << 21))))
def test_groups_keep_every_piece_once_in_order_and_sources_apart(objects):
    pieces = [Piece(raw(str(n), size, source=source)) for n, (source, size) in enumerate(objects)]
    tasks = plan.group(pieces, 1 << 20)
    assert [piece for task in tasks for piece in task.pieces] == pieces
    assert [task.number for task in tasks] == list(range(len(tasks)))
    for task in tasks:
        assert len({piece.raw.source for piece in task.pieces}) == 1
        assert len(task.pieces) == 1 or task.size <= 1 << 20


def test_tasks_are_neither_tiny_nor_huge():
    assert plan.task_bytes(1000, 4) == plan.SMALLEST_TASK_BYTES
    assert plan.task_bytes(10**12, 4) == plan.LARGEST_TASK_BYTES
    assert plan.task_bytes(160 << 20, 4) == 20 << 20


def test_lines_of_ranges_are_numbered_object_by_object():
    one, two = raw("one"), raw("two")
    ranges = [Piece(one, 0, 5), Piece(one, 5, 10), Piece(two, 0, 5), Piece(two, 5, 10)]
    assert [piece.first_line for piece in first_lines(ranges, [3, 4, 5, 6])] == [1, 4, 1, 6]


def test_locations():
    assert str(Location.parse("s3://b/a/c/")) == str(Location.parse("s3a://b/a/c")) == "s3://b/a/c/"
    assert str(Location.parse("s3://b")) == "s3://b/"
    for wrong in ("b/a", "s3://", "https://b/a"):
        with pytest.raises(ValueError, match="is no S3 location"):
            Location.parse(wrong)
