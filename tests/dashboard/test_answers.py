"""Answers that several processes share, on disk and in Redis."""

from __future__ import annotations

import threading
import time

import numpy as np
import pandas as pd
import pytest
from fakeredis import TcpFakeServer
from logloom.dashboard import answers
from logloom.dashboard.answers import Answers, DiskStore, RedisStore, decode, encode
from logloom.dashboard.data import Data
from logloom.dashboard.statements import Statement
from logloom.errors import SettingsError
from logloom.queries import QueryResult
from logloom.settings import Settings, load

QUESTION = Statement("any", "SELECT ?", (1,))
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def redis_address():
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["disk", "redis"])
def opened(request, tmp_path, unique):
    """Opens the same shared answers, as each process does."""
    if request.param == "disk":
        return lambda limit=MEGABYTE: Answers(DiskStore(tmp_path / "answers", limit), limit)
    address = request.getfixturevalue("redis_address")
    return lambda limit=MEGABYTE: Answers(RedisStore(address, limit, prefix=unique), limit)


def result(frame: pd.DataFrame | None = None) -> QueryResult:
    frame = pd.DataFrame({"n": [1]}) if frame is None else frame
    return QueryResult(frame, "SELECT 1", ("1",), 2048, 7, "q-1")


def test_an_answer_comes_back_as_it_was():
    frame = pd.DataFrame(
        {
            "count": pd.array([1, None], dtype="Int64"),
            "rate": np.array([0.5, np.nan]),
            "is": pd.array([True, None], dtype="boolean"),
            "at": pd.to_datetime(pd.Series(["2026-01-02 03:04:05.123456", None])),
            "text": pd.Series(["<script>\u202e\x00", None], dtype=object),
            "nothing": pd.Series([None, None], dtype=object),
        }
    )
    back = decode(encode(result(frame)))
    pd.testing.assert_frame_equal(back.frame, frame)
    assert (back.sql, back.parameters, back.data_scanned_bytes) == ("SELECT 1", ("1",), 2048)
    with pytest.raises(ValueError, match="no answer"):
        decode(b"\x80\x04pickle")


def test_what_one_process_keeps_another_finds(opened):
    one, other = opened(), opened()
    assert other.get("k") is None
    one.put("k", result())
    assert other.get("k").frame["n"].to_list() == [1]


def test_the_whole_is_bounded_and_the_least_used_go(opened):
    shared = opened()
    rng = np.random.default_rng(1)
    for number in range(40):
        shared.put(str(number), result(pd.DataFrame({"x": rng.random(12_000)})))  # some 100 kB each
        shared.get("0")
    kept = [number for number in range(40) if shared.get(str(number))]
    assert 0 < len(kept) <= 12
    assert 39 in kept


def test_an_answer_too_large_is_not_kept(opened):
    shared = opened()
    shared.put("k", result(pd.DataFrame({"x": np.random.default_rng(1).random(50_000)})))
    assert shared.get("k") is None


def test_one_runs_and_the_others_wait(opened):
    one, other = opened(), opened()
    with one.running("k") as mine, other.running("k") as theirs:
        assert (mine, theirs) == (True, False)
        assert other.is_running("k")
    assert not other.is_running("k")
    with other.running("k") as theirs:
        assert theirs


def test_who_died_running_is_followed_by_another(opened, monkeypatch):
    monkeypatch.setattr(answers, "LEASE_SECONDS", 0.2)
    opened()._store.lease("k", "the dead", 0.2)
    other = opened()
    assert other.is_running("k")
    until = time.monotonic() + 10
    while other.is_running("k") and time.monotonic() < until:
        time.sleep(0.02)
    with other.running("k") as mine:
        assert mine
        time.sleep(0.5)  # longer than a lease: who lives keeps it
        with opened().running("k") as theirs:
            assert not theirs


class Queries:
    """Counts what is asked, by all processes."""

    def __init__(self):
        self.asked, self.commit = 0, 0

    def version(self):
        return str(self.commit)

    def run_sql(self, sql, parameters=(), *, cancellation, on_progress, version):
        self.asked += 1
        assert version == str(self.commit)
        time.sleep(0.2)
        return QueryResult(pd.DataFrame({"n": [self.asked]}), sql, tuple(parameters), 1, 1, "q")


def test_several_processes_asking_at_once_cost_one_query(opened, monkeypatch):
    monkeypatch.setattr("logloom.dashboard.data.VERSION_SECONDS", -1)
    queries = Queries()
    processes = [Data(Settings(), queries, answers=opened()) for _ in range(4)]
    found = []
    threads = [
        threading.Thread(target=lambda data=data: found.append(data.ask(QUESTION)))
        for data in processes
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queries.asked == 1
    assert [answer.frame["n"][0] for answer in found] == [1] * 8
    assert sum(not answer.cached for answer in found) >= 1
    queries.commit += 1
    assert not processes[0].ask(QUESTION).cached, "never a stale one after a commit"
    assert processes[1].ask(QUESTION).cached
    elsewhere = Data(load({"database": "another"}), queries, answers=opened())
    assert not elsewhere.ask(QUESTION).cached


class Broken:
    def __getattr__(self, name):
        def fails(*_):
            raise ConnectionError("no Redis here")

        return fails


def test_a_cache_that_fails_costs_a_query_and_is_told(caplog):
    queries = Queries()
    data = Data(Settings(), queries, answers=Answers(Broken(), MEGABYTE))
    assert data.ask(QUESTION).frame["n"].to_list() == [1]
    assert "no Redis here" in caplog.text


def test_what_is_kept_badly_costs_a_query(opened, caplog):
    shared = opened()
    shared._store.put("k", b"\x80\x04cos\nsystem\n.")
    assert shared.get("k") is None
    assert "no answer of the dashboard" in caplog.text


@pytest.mark.parametrize(
    ("address", "reason"),
    [("localhost:6379", "is no address of Redis"), ("redis://:secret@cache:6379", "has a password in it")],
)
def test_an_address_that_cannot_be_is_refused(address, reason):
    with pytest.raises(SettingsError, match=reason):
        load({"dashboard_redis": address})


def test_the_settings_say_where(tmp_path, redis_address):
    folder = tmp_path / "dashboard"
    on_disk = answers.of(load({"dashboard_folder": str(folder)}))
    on_disk.put("k", result())
    assert (folder / "answers").stat().st_mode & 0o077 == 0
    in_redis = answers.of(load({"dashboard_redis": redis_address}))
    in_redis.put("k", result())
    assert in_redis.get("k") is not None
