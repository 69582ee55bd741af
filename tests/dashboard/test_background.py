"""Background callbacks on threads: results, progress, cancelling, two apps that do not meet."""

import threading
import time

import pytest
from logloom.dashboard import background
from logloom.dashboard.background import Cancellation, Cancelled, ThreadManager


def run(manager, function, *arguments, progress=False):
    with manager.registering():
        manager.register("key", function, progress)
    key = manager.build_cache_key(function, arguments, [], None)
    assert manager.call_job_fn(key, manager.func_registry["key"], arguments, {}) == key
    return key


def result(manager, key):
    for _ in range(100):
        found = manager.get_result(key, key)
        if found is not manager.UNDEFINED:
            return found
    raise AssertionError("no result")


def test_gives_the_result_once():
    manager = ThreadManager()
    key = run(manager, lambda a, b: a + b, 1, 2)
    assert result(manager, key) == 3
    assert manager.get_result(key, key) is manager.UNDEFINED
    assert not manager.job_running(key)


def test_the_same_asked_twice_is_answered_twice():
    manager = ThreadManager()
    first, second = (run(manager, lambda a: a, 1) for _ in range(2))
    assert result(manager, first) == result(manager, second) == 1


def test_an_error_is_a_reference_to_the_log(caplog):
    manager = ThreadManager()
    key = run(manager, lambda: 1 / 0)
    error = result(manager, key)["background_callback_error"]
    assert "division" not in str(error)
    assert error["msg"].split()[-1] in caplog.text
    assert "division by zero" in caplog.text


def test_progress():
    manager = ThreadManager()
    go = threading.Event()

    def work(set_progress):
        set_progress("half")
        go.wait(5)
        return "done"

    key = run(manager, work, progress=True)
    while (told := manager.get_progress(key)) is None:
        time.sleep(0.01)
    assert told == ["half"]
    assert manager.get_progress(key) is None
    assert manager.job_running(key)
    go.set()
    assert result(manager, key) == "done"


def test_cancelling_stops_what_the_job_waits_for():
    manager = ThreadManager()
    stopped, waiting = threading.Event(), threading.Event()

    def work():
        with background.current().on_cancel(stopped.set):
            waiting.set()
            background.current().wait(30)

    def told():
        try:
            work()
        except Cancelled:
            return "cancelled"

    key = run(manager, told)
    assert waiting.wait(5)
    manager.terminate_job(key)
    assert result(manager, key) == "cancelled"
    assert stopped.is_set()


def test_cancelled_before_there_is_something_to_stop():
    cancellation, stopped = Cancellation(), []
    cancellation.cancel()
    with pytest.raises(Cancelled), cancellation.on_cancel(lambda: stopped.append(1)):
        raise AssertionError("the block does not run")
    assert stopped == [1]


def test_cancelling_after_the_end_does_nothing():
    cancellation, stopped = Cancellation(), []
    with cancellation.on_cancel(lambda: stopped.append(1)):
        pass
    cancellation.cancel()
    assert stopped == []


def test_nobody_cancels_outside_of_a_job():
    background.current().wait(0)
    assert not background.current().cancelled


def test_a_manager_takes_only_its_own_apps_functions():
    mine, other = ThreadManager(), ThreadManager()
    with mine.registering():
        mine.register("key", lambda: "mine", False)
        other.register("key", lambda: "mine", False)
    with other.registering():
        mine.register("key", lambda: "other", False)
        other.register("key", lambda: "other", False)
    answers = [
        result(m, m.call_job_fn(f"{n}", m.func_registry["key"], (), {})) for n, m in enumerate((mine, other))
    ]
    assert answers == ["mine", "other"]


def test_a_closed_page_stops_its_query(monkeypatch):
    manager = ThreadManager()
    stopped = threading.Event()

    def work():
        with background.current().on_cancel(stopped.set):
            background.current().wait(30)

    key = run(manager, work)
    monkeypatch.setattr(background, "ABANDONED_SECONDS", -1)
    manager._forget_abandoned()
    assert stopped.wait(5)
    assert not manager.job_running(key)


def test_one_secret():
    manager = ThreadManager()
    assert manager.get_or_create_signing_secret(lambda: b"a") == b"a"
    assert manager.get_or_create_signing_secret(lambda: b"b") == b"a"
