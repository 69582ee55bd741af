"""A run of the job from raw logs to tables, without Spark: what it reads, writes, what a crash leaves."""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
from datetime import UTC, datetime

import polars as pl
import pytest
from fake_aws import InProcess, Killed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logtables import batch, plan, small
from logtables.lock import LockedError
from world import BUCKET, CLEANED, RAW, TABLES, THREE_DAYS, World, in_order, line, log


def test_the_tables_hold_what_the_logs_say():
    world = World(web__a=THREE_DAYS)
    outcome = world.run()

    logs = world.table("logs").sort("timestamp")
    assert logs["log_level"].to_list() == ["ERROR", "WARNING"]
    assert logs["dt"].to_list() == ["2025-12-01", "2025-12-02"]
    assert logs["source"].to_list() == ["web", "web"]
    assert logs["log_file_line"].to_list() == [1, 2]
    assert logs["log_file_path"].unique().to_list() == [f"{RAW}web/a.log"]
    assert world.table("log_counts")["events"].sum() == 3
    assert world.table("log_rejects")["raw_line"].to_list() == ["no log line at all"]
    assert outcome.accounts == {
        "web": {
            "objects": 1,
            "lines_read": 4,
            "lines_kept": 2,
            "lines_dropped": 1,
            "lines_rejected": 1,
            "lines_joined": 0,
            "lines_blank": 0,
        }
    }
    audit = world.table("log_audit").row(0, named=True)
    assert audit["batch_id"] == outcome.batch_id
    assert audit["job_run_id"] == "jr_1"
    assert audit["object_size"] == len(THREE_DAYS)
    assert audit["first_event"] == datetime(2025, 12, 1, 10, tzinfo=UTC)
    assert audit["dt"] == audit["committed_at"].date().isoformat()


def test_a_second_run_has_nothing_to_distribute_and_writes_no_table():
    world = World(web__a=THREE_DAYS)
    world.run()
    before = dict(world.s3.objects)
    outcome = world.run()
    assert outcome.batch_id is None
    assert outcome.objects == {"new": 0, "changed": 0, "gone": 0, "unchanged": 1}
    assert world.distributes[-1].steps == []
    assert world.s3.objects == before


def test_one_more_object_is_read_alone():
    world = World(web__a=THREE_DAYS)
    world.run()
    world.land("shop/b.log", log(line(5, 1)))
    read = []
    world.s3.on_get = read.append
    outcome = world.run()
    assert outcome.objects == {"new": 1, "changed": 0, "gone": 0, "unchanged": 1}
    assert [key for key in read if "/raw/" in key] == ["logs/raw/shop/b.log"]
    assert sorted(world.table("logs")["dt"]) == ["2025-12-01", "2025-12-02", "2025-12-05"]


def test_a_changed_object_replaces_its_rows_and_no_others():
    world = World(web__a=THREE_DAYS, web__b=log(line(1, 7), line(2, 8), "rubbish b\n"))
    world.run()
    world.land("web/a.log", log(line(2, 30, 503), line(9, 1)))
    outcome = world.run()
    assert outcome.objects == {"new": 0, "changed": 1, "gone": 0, "unchanged": 1}

    clean = World(web__a=log(line(2, 30, 503), line(9, 1)), web__b=log(line(1, 7), line(2, 8), "rubbish b\n"))
    clean.run()
    assert world.as_read() == clean.as_read()
    assert world.s3.keys("_intents") == []


def test_an_object_that_gets_its_old_content_back_is_read_again():
    world = World(web__a=log(line(1, 0)))
    world.run()
    world.land("web/a.log", log(line(2, 0)))
    world.run()
    world.land("web/a.log", log(line(1, 0)))
    assert world.run().objects["changed"] == 1
    assert world.table("logs")["dt"].to_list() == ["2025-12-01"]


def test_rows_of_a_deleted_object_stay_unless_told_otherwise():
    world = World(web__a=log(line(1, 0)), web__b=log(line(1, 1)))
    world.run()
    world.land("web/a.log", None)
    assert world.run().batch_id is None
    assert world.table("logs").height == 2

    assert world.run(drop_deleted=True).objects["gone"] == 1
    assert world.table("logs")["log_file_path"].to_list() == [f"{RAW}web/b.log"]
    assert world.run(drop_deleted=True).batch_id is None
    world.land("web/a.log", log(line(1, 0)))
    assert world.run(drop_deleted=True).objects["new"] == 1
    assert world.table("logs").height == 2


def test_only_the_sources_asked_for_are_read():
    world = World(web__a=log(line(1, 0)), shop__b=log(line(1, 1)))
    assert list(world.run(sources=("shop",)).accounts) == ["shop"]
    assert world.run(drop_deleted=True).objects == {"new": 1, "changed": 0, "gone": 0, "unchanged": 1}


def test_folder_markers_hidden_and_empty_objects_do_no_harm():
    world = World(web__a=log(line(1, 0)), web__empty=b"")
    world.land("web/", b"")
    world.land("web/.hidden.log", log(line(1, 0)))
    world.land("web/_SUCCESS", b"")
    world.land("web/.git/x.log", log(line(1, 0)))
    outcome = world.run()
    assert outcome.accounts["web"]["objects"] == 2
    assert outcome.accounts["web"]["lines_read"] == 1
    assert world.run().batch_id is None


def test_a_corrupt_archive_is_rejected_with_the_reason():
    whole = gzip.compress(log(*(line(1, second, 500, f"/{second * 7919}") for second in range(2000))))
    world = World(web__a=log(line(1, 0)))
    world.land("web/broken.log.gz", whole[: len(whole) // 2])
    outcome = world.run()
    rejects = world.table("log_rejects")
    assert rejects["log_file_path"].unique().to_list() == [f"{RAW}web/broken.log.gz"]
    assert rejects["reason"][-1]
    assert outcome.accounts["web"]["lines_rejected"] == rejects.height


def test_an_object_replaced_meanwhile_fails_the_run_by_name_and_leaves_nothing():
    world = World(web__a=log(line(1, 0)), web__b=log(line(1, 1)))

    def replace(key: str) -> None:
        if key.endswith("raw/web/a.log"):
            world.land("web/b.log", log(line(3, 3)))

    world.s3.on_get = replace
    with pytest.raises(RuntimeError, match=r"^s3://b/logs/raw/web/b.log was replaced"):
        world.run()
    assert world.s3.keys("/dt=") == []
    world.s3.on_get = None
    world.run()
    assert sorted(world.table("logs")["dt"]) == ["2025-12-01", "2025-12-03"]


def test_a_large_object_is_cut_and_gives_the_same_rows(monkeypatch):
    data = log(
        *(line(1 + n // 500, n, 500, f"/{n}") + ("rubbish\n" if n % 100 == 3 else "") for n in range(2000))
    )
    whole = World(web__a=data)
    whole.run()
    monkeypatch.setattr(plan, "LARGEST_TASK_BYTES", 20_000)
    monkeypatch.setattr(plan.cut, "__defaults__", (20_000,))
    cut = World(web__a=data)
    cut.run()
    assert cut.distributes[0].steps[0] == ("number the lines", len(data) // 20_000)
    assert cut.as_read() == whole.as_read()
    assert cut.table("log_audit")["lines_read"].to_list() == whole.table("log_audit")["lines_read"].to_list()


def test_rows_beyond_the_buffer_go_to_further_files(monkeypatch):
    spec = functools.partial(batch.BatchSpec, buffer_bytes=1)
    monkeypatch.setattr(batch, "BatchSpec", spec)
    monkeypatch.setattr(small, "SMALL_BYTES", -1)  # each object by itself
    many = World(web__a=THREE_DAYS, web__b=THREE_DAYS)
    many.run()
    monkeypatch.undo()
    one = World(web__a=THREE_DAYS, web__b=THREE_DAYS)
    one.run()
    assert many.as_read() == one.as_read()
    assert len(many.s3.keys("/logs/dt=")) == 4
    assert len(one.s3.keys("/logs/dt=")) == 2


def test_formats_and_zones_of_the_users_own():
    world = World(
        shop__till=b"24|01|2025 07h30 | OOPS | no paper\n", web__app=b"2025-01-24 07:30:00 ERROR no\n"
    )
    own = {
        "till": {
            "grok": r"%{DATA:timestamp} \| %{NOTSPACE:log_level} \| %{GREEDYDATA:message}",
            "times": ["%d|%m|%Y %Hh%M"],
            "levels": {"OOPS": "ERROR"},
        }
    }
    world.run(formats=json.dumps(own), time_zones={"shop": "Europe/Berlin", "*": "Asia/Tokyo"})
    rows = world.table("logs").sort("source").select("source", "format", "log_level", "message", "timestamp")
    assert rows.rows() == [
        ("shop", "till", "ERROR", "no paper", datetime(2025, 1, 24, 6, 30, tzinfo=UTC)),
        ("web", "text_generic", "ERROR", "no", datetime(2025, 1, 23, 22, 30, tzinfo=UTC)),
    ]


def test_csv_tables_hold_the_same_rows():
    rows = {}
    for output_format in ("parquet", "csv"):
        world = World(web__a=THREE_DAYS)
        world.run(output_format=output_format)
        world.land("web/a.log", log(line(2, 1)))
        world.run(output_format=output_format)
        assert all(key.endswith(output_format) for key in world.s3.keys("/dt="))
        rows[output_format] = world.as_read()
    assert rows["csv"] == rows["parquet"]


def test_tables_of_another_format_are_refused():
    world = World(web__a=THREE_DAYS)
    world.run()
    with pytest.raises(batch.UserError, match="are parquet, and output_format is csv"):
        world.run(output_format="csv")


def test_no_raw_tables_is_said():
    world = World()
    world.glue.tables.clear()
    with pytest.raises(batch.UserError, match="run the crawler first"):
        world.run()
    with pytest.raises(batch.UserError, match="run the crawler first"):
        world.run(database="other")


def test_tables_that_somebody_dropped_are_registered_again():
    world = World(web__a=THREE_DAYS)
    assert sorted(world.run().tables) == ["log_audit", "log_counts", "log_rejects", "logs"]
    del world.glue.tables["logs"]
    assert world.run().tables == ["logs"]
    assert world.run().tables == []


def test_a_run_waits_for_no_dead_run_but_says_which_living_one_it_waits_for():
    world = World(web__a=THREE_DAYS)
    world.s3.objects[BUCKET, "logs/cleaned/_lock/waiting/000000000001-job.jr_other"] = b""
    common = {"s3": world.s3, "glue": world.glue, "distribute": InProcess(world.s3), "run_id": "jr_9"}
    options = batch.Options("logs_db", CLEANED, raw=RAW)
    said = []
    with pytest.raises(LockedError, match=r"job run job.jr_other is still writing"):
        batch.run(
            options, **common, holder="job.jr_9", is_alive=lambda _: True, say=said.append, lock_patience_s=0
        )
    world.run()
    assert world.s3.keys("_lock") == []
    assert world.table("logs").height == 2


# --- crashes


def outcomes_of_crashes(prepare, change):
    """Crash at every single write, then run again; give (number of the write, world, tables wanted)."""
    reference = prepare()
    change(reference)
    reference.run()
    wanted = reference.as_read()
    for late in (False, True):
        for write in range(10_000):
            world = prepare()
            change(world)
            try:
                world.run(world.s3.client_that_dies(write, late=late))
            except Killed:
                world.run()
                yield write, world, wanted
            else:
                assert write > 5, "the run must have written something"
                break


def test_a_first_run_killed_at_any_write_and_run_again_leaves_no_trace():
    def prepare() -> World:
        return World(web__a=THREE_DAYS, shop__b=log(line(1, 3), line(4, 2)))

    for write, world, wanted in outcomes_of_crashes(prepare, lambda world: None):
        assert world.as_read() == wanted, f"killed at write {write}"
        assert world.s3.keys("_intents") == world.s3.keys("_lock") == []
        assert world.run().batch_id is None


def test_a_run_on_changed_and_new_objects_killed_at_any_write_leaves_no_trace():
    def prepare() -> World:
        world = World(web__a=THREE_DAYS, web__b=log(line(1, 3), line(2, 2), "rubbish b\n"))
        world.run()
        return world

    def change(world: World) -> None:
        world.land("web/a.log", log(line(2, 40), line(3, 41), "rubbish a\n"))
        world.land("shop/c.log", log(line(2, 50)))

    for write, world, wanted in outcomes_of_crashes(prepare, change):
        assert world.as_read() == wanted, f"killed at write {write}"
        assert world.s3.keys("_intents") == world.s3.keys("_lock") == []


def by_date(world: World) -> dict[tuple[str, str], list[str]]:
    """What a query finds of each table's date, counts of the same added up."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in TABLES:
        rows = world.table(name)
        for (dt,), of_date in rows.partition_by("dt", as_dict=True).items():
            found[name, dt] = in_order(
                {each: of_date if each == name else pl.DataFrame() for each in TABLES}
            )[name]
    return found


def test_at_any_moment_a_date_is_of_the_older_or_of_the_newer_version_of_an_object():
    def prepare() -> World:
        world = World(web__a=THREE_DAYS, web__b=log(line(1, 3), line(2, 2), "rubbish b\n"))
        world.run()
        return world

    def change(world: World) -> None:
        world.land("web/a.log", log(line(1, 0), line(2, 40, 503), line(2, 41), "rubbish a\n"))

    older, reference = by_date(prepare()), prepare()
    change(reference)
    reference.run()
    newer = by_date(reference)
    assert older != newer
    seen = set()
    for late in (False, True):
        for write in range(1000):
            world = prepare()
            change(world)
            with contextlib.suppress(Killed):
                world.run(world.s3.client_that_dies(write, late=late))
                break
            for key, rows in by_date(world).items():
                assert rows in (older.get(key), newer.get(key)), f"{key} when killed at write {write}"
                seen.add(rows == newer.get(key))
    assert False in seen


contents = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 120), st.sampled_from([200, 404, 500])), max_size=4
).map(lambda events: log(*(line(*event) for event in events), *(["junk\n"] if len(events) % 2 else [])))
names = st.sampled_from(["web/a.log", "web/b.log", "shop/c.log"])
steps = st.lists(
    st.tuples(
        st.dictionaries(names, st.none() | contents, max_size=3),
        st.none() | st.tuples(st.integers(0, 25), st.booleans()),
        st.sampled_from(["run", "run", "compact"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_whatever_changes_and_whenever_it_dies_the_end_is_that_of_one_clean_run(steps):
    world = World()
    final: dict[str, bytes] = {}
    for landed, death, what in steps:
        for path, data in landed.items():
            world.land(path, data)
            final[path] = data
        client = world.s3.client_that_dies(death[0], late=death[1]) if death else world.s3
        # Without tables there is nothing to compact.
        with contextlib.suppress(Killed, batch.UserError):
            if what == "compact":
                world.compact(client)
            else:
                world.run(client, drop_deleted=True)
    world.run(drop_deleted=True)

    clean = World()
    for path, data in final.items():
        clean.land(path, data)
    clean.run(drop_deleted=True)
    assert world.as_read() == clean.as_read()


def test_what_a_dead_run_writes_late_is_not_accepted():
    world = World(web__a=THREE_DAYS)
    first = world.s3.client_that_dies(6)
    with pytest.raises(Killed):
        world.run(first)
    (intent_key,) = world.s3.keys("_intents")
    batch_id = intent_key.rsplit("/", 1)[1].removesuffix(".json")
    world.run()
    # A worker of the dead run goes on: it finds its batch undone.
    raw = next(iter(batch._list_raw(batch.Options("logs_db", CLEANED, raw=RAW), world.s3, world.glue)))
    spec = batch.BatchSpec(batch_id, CLEANED, (), "parquet")
    result = batch.run_task(plan.Task(0, (plan.Piece(raw),)), spec, world.s3)
    assert "was undone by another run" in result.failure
    assert not world.s3.keys(batch_id)
