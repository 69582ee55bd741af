"""Background callbacks of several workers: any of them hands out, tells and stops what another runs."""

import multiprocessing
import os
import signal
import threading
import time

import pytest
from logloom.dashboard import background
from logloom.dashboard.access import roles
from logloom.dashboard.access.roles import Who
from logloom.dashboard.background import Cancelled
from logloom.dashboard.mailbox import Mailbox
from logloom.dashboard.shared_jobs import SharedManager


@pytest.fixture
def workers(tmp_path):
    """Two managers on one folder, as two processes have them."""
    made = [SharedManager(Mailbox(tmp_path / "jobs")) for _ in range(2)]
    yield made
    for manager in made:
        manager.stop()


def start(manager, function, *arguments, progress=False):
    with manager.registering():
        manager.register("key", function, progress)
    key = manager.build_cache_key(function, arguments, [], None)
    return manager.call_job_fn(key, manager.func_registry["key"], arguments, {})


def result(manager, key):
    for _ in range(100):
        found = manager.get_result(key, key)
        if found is not manager.UNDEFINED:
            return found
        assert manager.job_running(key)
    raise AssertionError("no result")


@pytest.mark.parametrize("asked", [0, 1])
def test_any_worker_hands_out_the_result_once(workers, asked):
    key = start(workers[0], lambda a: {"sum": a + 1}, 1)
    assert result(workers[asked], key) == {"sum": 2}
    for manager in workers:
        assert manager.get_result(key, key) is manager.UNDEFINED
        assert not manager.job_running(key)


def test_progress_and_result_meanwhile(workers):
    go = threading.Event()

    def work(set_progress):
        set_progress("half")
        go.wait(10)
        return "done"

    key = start(workers[0], work, progress=True)
    until = time.monotonic() + 10
    while (told := workers[1].get_progress(key)) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert told == ["half"]
    assert workers[1].get_progress(key) is None
    assert workers[1].get_result(key, key) is workers[1].UNDEFINED
    assert workers[1].job_running(key)
    go.set()
    assert result(workers[1], key) == "done"


def test_another_worker_stops_it(workers):
    stopped = threading.Event()

    def work():
        try:
            background.current().wait(30)
        except Cancelled:
            stopped.set()
        return "stopped"

    key = start(workers[0], work)
    workers[1].terminate_job(key)
    assert stopped.wait(10)


def test_another_session_gets_nothing_and_stops_nothing(workers):
    go = threading.Event()
    with roles.acting(Who("ann", "analyst", "s1")):
        key = start(workers[0], lambda: go.wait(10) and "hers")
    with roles.acting(Who("vic", "viewer", "s2")):
        workers[1].terminate_job(key)
        go.set()
        for manager in workers:
            assert manager.get_result(key, key) is manager.UNDEFINED
    with roles.acting(Who("ann", "analyst", "s1")):
        assert result(workers[1], key) == "hers"


def test_the_job_runs_as_who_asked(workers):
    with roles.acting(Who("vic", "viewer", "s2")):
        key = start(workers[0], lambda: roles.current().name)
        assert result(workers[1], key) == "vic"


def _die_while_it_runs(folder, keys):
    manager = SharedManager(Mailbox(folder))
    keys.put(start(manager, lambda: time.sleep(60)))
    time.sleep(60)


def test_the_job_of_a_worker_that_died_does_not_run(workers, tmp_path):
    context = multiprocessing.get_context("fork")
    keys = context.Queue()
    process = context.Process(target=_die_while_it_runs, args=(tmp_path / "jobs", keys))
    process.start()
    key = keys.get(timeout=30)
    assert workers[0].job_running(key)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert workers[0].get_result(key, key) is workers[0].UNDEFINED
    assert not workers[0].job_running(key)


def test_the_folder_is_private(workers, tmp_path):
    assert (tmp_path / "jobs").stat().st_mode & 0o777 == 0o700
