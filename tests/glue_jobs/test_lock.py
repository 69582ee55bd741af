"""Of many runs at once, one has the tables."""

from __future__ import annotations

import threading

import pytest
from fake_aws import FakeS3, Killed
from logtables import lock
from logtables.s3 import Location

CLEANED = Location("b", "cleaned/")


def hold(s3, holder, *, alive=True, patience_s=0.0, say=lambda _: None):
    return lock.hold(s3, CLEANED, holder, is_alive=lambda _: alive, patience_s=patience_s, say=say)


def test_the_lock_is_gone_after_use_even_after_a_failure():
    s3 = FakeS3()
    with pytest.raises(RuntimeError), hold(s3, "job.one"):
        assert s3.keys("_lock") == ["cleaned/_lock/waiting/000000000001-job.one"]
        raise RuntimeError
    assert s3.keys() == []


def test_a_second_run_is_told_who_has_the_tables():
    s3 = FakeS3()
    with hold(s3, "job.one"):
        with pytest.raises(lock.LockedError, match=r"job\.one is still writing"), hold(s3, "job.two"):
            pytest.fail("two runs have the tables")
        assert s3.keys("job.two") == []


def test_what_a_dead_run_left_is_cleared_away():
    s3 = FakeS3()
    for writes in range(3):
        with pytest.raises(Killed), hold(s3.client_that_dies(writes), "job.dead"):
            raise Killed
    with hold(s3, "job.two", alive=False):
        assert s3.keys() == ["cleaned/_lock/waiting/" + s3.keys()[0].rsplit("/", 1)[1]]
        assert s3.keys()[0].endswith("-job.two")


def test_a_run_that_waits_says_so_and_goes_on(monkeypatch):
    monkeypatch.setattr(lock, "POLL_S", 0.01)
    s3, said = FakeS3(), []
    first = hold(s3, "job.one")
    first.__enter__()

    def say(sentence: str) -> None:
        said.append(sentence)
        first.__exit__(None, None, None)

    with hold(s3, "job.two", patience_s=60, say=say):
        assert said == ["waiting for job run job.one, which writes the same tables"]


def test_of_many_at_once_one_is_in(monkeypatch):
    monkeypatch.setattr(lock, "POLL_S", 0.001)
    s3, inside, worst, order = FakeS3(), [], [], []

    def work(name: str) -> None:
        with hold(s3, name, patience_s=60):
            inside.append(name)
            worst.append(len(inside))
            order.append(name)
            inside.remove(name)

    threads = [threading.Thread(target=work, args=(f"job.{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order) == [f"job.{n}" for n in range(8)]
    assert max(worst) == 1
    assert s3.keys() == []
