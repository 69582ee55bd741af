"""Compaction and retention: few files of many, each row once at any time, and old dates gone for good."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest
from fake_aws import Killed
from logtables import compaction, places
from logtables.batch import UserError
from logtables.s3 import StoredObject
from world import BUCKET, CLEANED, RAW, THREE_DAYS, World, line, log


def world_of_small_files() -> World:
    """Three runs, each with a file of the same three days."""
    world = World()
    for number in range(3):
        lines = (line(day, second, 500, f"/{number}") for day in (1, 2, 3) for second in (5, 1))
        world.land(f"web/{number}.log", log(*lines, "no log line\n"))
        world.run()
    return world


def data_files(world: World, table: str = "logs") -> list[str]:
    return [key for key in world.s3.keys(f"/{table}/dt=") if "log_audit" not in key]


def stored(*sizes: int) -> list[StoredObject]:
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    return [StoredObject("b", f"k{n}", size, "e", moment) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((), []),
        ((50,), []),
        ((150, 50), []),
        ((150, 160), []),
        ((50, 60, 10), [[50, 60], [10]]),
        ((30, 150, 30), [[150], [30, 30]]),
        ((99, 99), [[99, 99]]),
    ],
)
def test_small_files_come_together_until_they_are_large_enough(sizes, expected):
    groups = compaction.grouped(stored(*sizes), 100)
    assert [[member.size for member in group] for group in groups] == expected


def test_many_files_become_one_with_the_same_rows_in_order():
    world = world_of_small_files()
    before = world.as_read()
    outcome = world.compact()
    assert world.as_read() == before
    assert outcome.tables["logs"]["dates"] == 3
    assert (outcome.tables["logs"]["files_before"], outcome.tables["logs"]["files_after"]) == (9, 3)
    assert outcome.tables["logs"]["bytes_after"] > 0
    where = world.glue.locations("logs").values()
    assert all(location.startswith(f"{CLEANED}moved/{outcome.move_id}/logs/") for location in where)
    assert world.compact().move_id is None, "there is nothing left to do"


def test_files_that_are_left_behind_stay_for_the_queries_that_read_them():
    world = world_of_small_files()
    old = data_files(world)
    world.compact()
    assert set(old) <= set(data_files(world))
    world.run()
    assert set(old) <= set(data_files(world))
    later = datetime.now(UTC) + places.GRACE + timedelta(minutes=1)
    places.sweep(world.s3, CLEANED, places.load(world.s3, CLEANED), now=later)
    assert set(old).isdisjoint(data_files(world))
    assert places.load(world.s3, CLEANED).retired == ()
    assert len(world.as_read()["logs"]) == 18


def test_a_dry_run_tells_and_changes_nothing():
    world = world_of_small_files()
    before = dict(world.s3.objects)
    outcome = world.compact(dry_run=True)
    assert outcome.move_id is None
    assert outcome.tables["logs"] == {
        "dates": 3,
        "files_before": 9,
        "files_after": 3,
        "bytes_before": sum(len(world.s3.objects[BUCKET, key]) for key in data_files(world)),
        "bytes_after": None,
    }
    assert world.s3.objects == before


def test_only_the_dates_that_are_asked_for():
    world = world_of_small_files()
    outcome = world.compact(first=date(2025, 12, 2), last=date(2025, 12, 2))
    assert outcome.tables["logs"]["dates"] == 1
    assert "moved" in world.glue.locations("logs")["2025-12-02"]
    assert "moved" not in world.glue.locations("logs")["2025-12-01"]


def test_without_tables_it_says_what_to_do():
    with pytest.raises(UserError, match="run the transform job first"):
        World().compact()


@pytest.mark.parametrize("output_format", ["parquet", "csv"])
def test_late_changed_and_deleted_objects_after_a_compaction(output_format):
    world, plain = World(web__a=THREE_DAYS), World(web__a=THREE_DAYS)
    for each in (world, plain):
        each.run(output_format=output_format)
        each.land("web/b.log", log(line(1, 7), line(2, 8)))
        each.run(output_format=output_format)
    world.compact()
    for each in (world, plain):
        each.land("web/c.log", log(line(2, 9)))  # late data, into the new place
        each.land("web/a.log", log(line(1, 0), line(3, 1)))  # changed
        each.land("web/b.log", None)  # gone
        each.run(output_format=output_format, drop_deleted=True)
    assert world.as_read() == plain.as_read()
    world.compact()
    assert world.as_read() == plain.as_read()


def kills(run):
    """Call `run` with a client that dies after 0, 1, 2 … writes, until it lives; late or not."""
    for late in (False, True):
        for after in range(1000):
            with contextlib.suppress(Killed):
                run(after, late)
                break
        assert after > 3


def test_killed_at_any_write_readers_see_each_row_once_and_the_next_run_ends_it():
    expected = None

    def run(after, late):
        nonlocal expected
        world = world_of_small_files()
        expected = expected or world.as_read()
        try:
            world.compact(world.s3.client_that_dies(after, late=late))
        finally:
            assert world.as_read() == expected
            world.land("web/late.log", log(line(2, 3, 500, "/late")))
            world.run()
            assert len(world.as_read()["logs"]) == len(expected["logs"]) + 1
            world.compact()
            assert len(world.as_read()["logs"]) == len(expected["logs"]) + 1
            assert not world.s3.keys("_intents/")

    kills(run)


def test_a_killed_transform_after_a_compaction_leaves_no_trace():
    def run(after, late):
        world = world_of_small_files()
        world.compact()
        expected = world.as_read()
        world.land("web/1.log", log(line(2, 3, 500, "/changed")))
        try:
            world.run(world.s3.client_that_dies(after, late=late))
        finally:
            world.run()
            clean = world_of_small_files()
            clean.land("web/1.log", log(line(2, 3, 500, "/changed")))
            clean.run()
            assert world.as_read() == clean.as_read() != expected

    kills(run)


def test_a_move_that_the_catalog_follows_late_keeps_its_old_files_for_long_enough():
    world = world_of_small_files()
    old = data_files(world)
    for after in range(1000):  # the death that comes between the commit and the catalog
        world = world_of_small_files()
        with contextlib.suppress(Killed):
            world.compact(world.s3.client_that_dies(after))
        if places.load(world.s3, CLEANED).done:
            break
    assert not any("moved" in location for location in world.glue.locations("logs").values())
    aged = places.load(world.s3, CLEANED)
    long_ago = tuple(places.Retired(each.prefix, datetime(2020, 1, 1, tzinfo=UTC)) for each in aged.retired)
    places.save(world.s3, CLEANED, places.Places(aged.moved, aged.done, long_ago))
    world.run()
    assert all("moved" in location for location in world.glue.locations("logs").values())
    assert len([key for key in data_files(world) if "moved" not in key]) == len(old)
    world.run()
    assert len(world.as_read()["logs"]) == 18


# --- retention


def test_dates_before_go_from_the_catalog_and_their_files_later():
    world = world_of_small_files()
    outcome = world.retain(date(2025, 12, 3))
    assert outcome.tables["logs"] | {"bytes": 0} == {
        "dates": 2,
        "first": "2025-12-01",
        "last": "2025-12-02",
        "files": 6,
        "bytes": 0,
    }
    assert list(world.glue.locations("logs")) == ["2025-12-03"]
    later = datetime.now(UTC) + places.GRACE + timedelta(minutes=1)
    places.sweep(world.s3, CLEANED, places.load(world.s3, CLEANED), now=later)
    assert not world.s3.keys("/logs/dt=2025-12-01/")
    assert len(world.as_read()["logs"]) == 6


def test_what_went_does_not_come_back():
    world = world_of_small_files()
    world.retain(date(2025, 12, 3))
    world.land("web/0.log", log(line(1, 1), line(3, 3)))  # changed, with a line of an old date
    world.run()
    assert list(world.glue.locations("logs")) == ["2025-12-03"]
    assert len([row for row in world.as_read()["logs"] if f"{RAW}web/0.log" in row]) == 1
    world.retain(date(2025, 11, 1))
    assert list(world.glue.locations("logs")) == ["2025-12-03"], "an earlier date brings nothing back"


def test_a_dry_run_of_retention_changes_nothing():
    world = world_of_small_files()
    before, catalog = dict(world.s3.objects), world.glue.locations("logs")
    outcome = world.retain(date(2025, 12, 2), dry_run=True)
    assert outcome.tables["logs"]["dates"] == 1
    assert outcome.delete_after == ""
    assert (world.s3.objects, world.glue.locations("logs")) == (before, catalog)


def test_a_date_of_the_future_would_take_all():
    world = world_of_small_files()
    with pytest.raises(UserError, match="nothing at all would be kept"):
        world.retain(date(2999, 1, 1))
    assert len(world.as_read()["logs"]) == 18


def test_retention_killed_at_any_write_is_ended_by_the_next_run():
    def run(after, late):
        world = world_of_small_files()
        try:
            world.retain(date(2025, 12, 3), world.s3.client_that_dies(after, late=late))
        finally:
            world.run()
            assert len(world.as_read()["logs"]) in (6, 18)
            world.retain(date(2025, 12, 3))
            assert len(world.as_read()["logs"]) == 6

    kills(run)
