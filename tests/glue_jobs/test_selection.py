"""What a run was told to read: again, or not."""

from __future__ import annotations

from datetime import date

import pytest
from fake_aws import Killed
from logtables.selection import Selection, dates_of
from test_batch import THREE_DAYS, World, line, log

DAY_4, LANDED = date(2025, 12, 4), date(2025, 12, 24)


def transformed() -> World:
    world = World(web__a=THREE_DAYS, web__b=log(line(4, 3), line(4, 9, 404)))
    world.run()
    return world


def test_objects_with_events_of_a_date_are_read_again_and_replace_what_was():
    world = transformed()
    before = world.as_read()
    outcome = world.run(selection=Selection(reprocess=frozenset({DAY_4})))
    assert outcome.objects == {"new": 0, "changed": 0, "gone": 0, "unchanged": 1, "again": 1}
    assert world.as_read() == before
    # A setting that changed since applies to what is read again, and to nothing else.
    world.run(selection=Selection(reprocess=frozenset({DAY_4})), drop_levels=("ERROR",))
    assert world.table("logs").filter(dt="2025-12-04")["log_level"].to_list() == ["WARNING"]
    assert world.table("logs").height == 3


def test_a_date_without_events_takes_nothing():
    outcome = transformed().run(selection=Selection(reprocess=frozenset({date(2025, 11, 30)})))
    assert outcome.batch_id is None


def test_objects_with_rejects_are_read_again():
    world = transformed()
    before = world.as_read()
    outcome = world.run(selection=Selection(replay_rejects=True))
    assert (outcome.objects["again"], outcome.objects["unchanged"]) == (1, 1)
    assert outcome.accounts["web"]["lines_rejected"] == 1
    assert world.as_read() == before


def test_limits_leave_out_by_events_what_is_known_and_by_landing_what_is_new():
    world = transformed()
    world.land("web/a.log", log(line(2, 0)))
    world.land("web/c.log", log(line(1, 0)))
    outcome = world.run(selection=Selection(first=DAY_4))
    assert outcome.objects == {"new": 1, "changed": 0, "gone": 0, "unchanged": 1, "left_out": 1}
    outcome = world.run(selection=Selection(last=date(2025, 12, 3)))
    assert outcome.objects == {"new": 0, "changed": 1, "gone": 0, "unchanged": 2}
    world.land("web/d.log", log(line(1, 1)))
    assert world.run(selection=Selection(last=DAY_4)).objects["left_out"] == 1
    assert world.run(selection=Selection(first=LANDED, last=LANDED)).objects["new"] == 1


@pytest.mark.parametrize("late", [False, True])
def test_reading_again_killed_at_any_write_leaves_no_trace(late):
    wanted = transformed().as_read()
    selection = Selection(reprocess=frozenset({DAY_4}), replay_rejects=True)
    for write in range(1_000):
        world = transformed()
        try:
            world.run(world.s3.client_that_dies(write, late=late), selection=selection)
        except Killed:
            world.run()
            assert world.as_read() == wanted, f"killed at write {write}"
            assert world.s3.keys("_intents") == world.s3.keys("_lock") == []
        else:
            assert write > 5
            return


@pytest.mark.parametrize("text", ["20251201", "2025-13-01", "2025-12-01,soon"])
def test_what_is_no_date_is_told(text):
    with pytest.raises(ValueError, match="is not a date: write it as YYYY-MM-DD"):
        dates_of(text)
    assert dates_of("2025-12-04, 2025-12-24,") == {DAY_4, LANDED}
