"""Users, keys, sessions and limits: the files, and what they hold."""

import json
import os
import re
import stat
import threading

import pytest
from logloom.dashboard.access import private
from logloom.dashboard.access.attempts import Attempts
from logloom.dashboard.access.sessions import PASSWORD, Sessions
from logloom.dashboard.access.state import State
from logloom.dashboard.access.users import Users
from logloom.errors import LogloomError
from logloom.settings import Settings

WORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path):
    return private.folder(Settings(dashboard_folder=str(tmp_path / "door")))


@pytest.fixture
def users(folder):
    return Users(folder / "users.json")


@pytest.fixture
def state(folder):
    return State(folder / "state.sqlite")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_passwords_are_hashed_and_files_private(users, folder):
    users.put("ann", WORD, "analyst")
    text = users.path.read_text()
    assert WORD not in text
    assert json.loads(text)["users"]["ann"]["password"].startswith("scrypt:")
    assert mode(users.path) == 0o600
    assert mode(folder) == 0o700
    assert users.check("ann", WORD).role == "analyst"
    assert users.check("ann", WORD + "x") is None
    assert users.check("nobody", WORD) is None
    assert users.check("ann", "") is None


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(users, wide):
    users.put("ann", WORD, "viewer")
    users.path.chmod(wide)
    with pytest.raises(LogloomError, match=r"chmod 600 .*users\.json"):
        Users(users.path).all()
    with pytest.raises(LogloomError, match="chmod 600"):
        users.all()  # also where it was read before


def test_a_folder_that_others_can_open_is_refused(folder):
    folder.chmod(0o755)
    with pytest.raises(LogloomError, match="chmod 700"):
        private.folder(Settings(dashboard_folder=str(folder)))


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"users": []}', '{"users": {"a": {"role": "boss"}}}', '{"users": {"a": 1}}', "\xff"],
)
def test_a_broken_file_is_told_and_nobody_gets_in(users, content):
    private.write(users.path, content.encode("latin-1"))
    with pytest.raises(LogloomError, match="not a file of users"):
        users.check("ann", WORD)


def test_changes_at_once_are_all_there(users):
    names = [f"user{n}" for n in range(6)]
    threads = [threading.Thread(target=Users(users.path).put, args=(n, WORD, "viewer")) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(users.all()) == names
    assert [path.name for path in users.path.parent.glob(".users.json.*")] == [".users.json.lock"]


def test_the_key_is_made_once(folder):
    keys, threads = [], []
    for _ in range(8):
        threads.append(threading.Thread(target=lambda: keys.append(private.key(folder, "session.key"))))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(keys[0]) == private.KEY_BYTES
    assert mode(folder / "session.key") == 0o600
    assert [path.name for path in folder.iterdir()] == ["session.key"]
    private.write(folder / "session.key", b"short")
    with pytest.raises(LogloomError, match="no key"):
        private.key(folder, "session.key")


# --- sessions ------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1_000_000.0

    monkeypatch.setattr("logloom.dashboard.access.sessions.time.time", lambda: Clock.now)
    return Clock


@pytest.fixture
def sessions(state, users, clock):
    users.put("ann", WORD, "analyst")
    return Sessions(state, users, b"k" * 32, idle_seconds=600, longest_seconds=3600)


def begin(sessions, users):
    return sessions.begin("ann", "analyst", PASSWORD, users.all()["ann"].stamp)


def test_a_session_lives_while_it_is_used_and_not_longer_than_its_longest(sessions, users, clock):
    cookie = begin(sessions, users)
    for _ in range(6):
        assert sessions.find(cookie).name == "ann"
        clock.now += 590
    clock.now += 61
    assert sessions.find(cookie) is None
    clock.now -= 1000
    assert sessions.find(cookie) is None  # ended is ended


def test_an_idle_session_ends(sessions, users, clock):
    cookie = begin(sessions, users)
    clock.now += 601
    assert sessions.find(cookie) is None


def test_a_role_counts_at_once_and_a_new_password_or_removal_ends_sessions(sessions, users):
    cookie = begin(sessions, users)
    users.set_role("ann", "viewer")
    assert sessions.find(cookie).role == "viewer"
    users.put("ann", WORD + "!", "viewer")
    assert sessions.find(cookie) is None
    cookie = begin(sessions, users)
    users.remove("ann")
    assert sessions.find(cookie) is None


def test_what_the_file_holds_is_no_cookie_and_a_changed_cookie_is_none(sessions, users):
    cookie = begin(sessions, users)
    stored = sessions.state.rows("SELECT token_hash FROM sessions")[0][0]
    assert stored not in cookie
    assert cookie.split(".")[0] not in str(sessions.state.rows("SELECT * FROM sessions"))
    for wrong in (
        stored,
        cookie[:-1] + ("A" if cookie[-1] != "A" else "B"),
        cookie.split(".")[0],
        "",
        "\u2028",
    ):
        assert sessions.find(wrong) is None
    assert mode(sessions.state.path) == 0o600


def test_logout_ends_one_session_and_old_ones_are_forgotten(sessions, users):
    first, second = begin(sessions, users), begin(sessions, users)
    sessions.end(first)
    assert sessions.find(first) is None
    assert sessions.find(second)
    for _ in range(40):
        begin(sessions, users)
    assert sessions.state.rows("SELECT count(*) FROM sessions") == [(20,)]


# --- limits --------------------------------------------------------------------------------------------


class Times:
    def __init__(self, state):
        self.now = 1_000_000.0
        self.attempts = Attempts(state, lambda: self.now)

    def fail(self, name="ann", address="192.0.2.1", device=None):
        return self.attempts.begin(name, address, device)


@pytest.fixture
def times(state):
    return Times(state)


def test_failures_make_wait_longer_and_longer(times):
    assert [times.fail() for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(14):
        waits.append(times.fail())
        times.now += waits[-1]
        assert times.fail() == 0.0
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits == sorted(waits)
    assert max(waits) <= 900


def test_asking_again_does_not_make_it_longer(times):
    for _ in range(6):
        times.fail()
    waits = {times.fail() for _ in range(50)}
    assert waits == {1.0}


def test_guessing_from_everywhere_costs_the_owner_a_minute_at_most_and_a_known_browser_nothing(times):
    for n in range(200):
        while times.fail(address=f"198.51.100.{n}") > 0:
            times.now += 61
    assert 0 < times.fail(address="203.0.113.9") <= 60
    assert times.fail(address="203.0.113.9", device="the owner's") == 0.0


def test_one_address_cannot_try_all_users(times):
    waited = [times.fail(name=f"user{n}") for n in range(60)]
    assert waited[:30] == [0.0] * 30
    assert waited[30] > 0


def test_ipv6_counts_by_its_network(times):
    waited = [times.fail(name=f"user{n}", address=f"2001:db8:1:2::{n:x}") for n in range(40)]
    assert waited[-1] > 0
    assert times.fail(name="ann", address="2001:db8:1:3::1") == 0.0


def test_success_forgets(times):
    for _ in range(5):
        times.fail()
    times.attempts.succeeded("ann", "192.0.2.1", None)
    assert [times.fail() for _ in range(5)] == [0.0] * 5


def test_workers_count_together(state):
    now = lambda: 1_000_000.0  # noqa: E731
    one, other = Attempts(state, now), Attempts(State(state.path), now)
    results = []

    def tries(attempts):
        results.extend(attempts.begin("ann", "192.0.2.1", None) for _ in range(10))

    threads = [threading.Thread(target=tries, args=(attempts,)) for attempts in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(0.0) == 5


def test_no_name_stands_in_the_file(times):
    times.fail(name="hunter2, typed into the wrong field")
    assert "hunter2" not in str(times.attempts.state.rows("SELECT * FROM failures"))
    assert not re.search(rb"hunter2", times.attempts.state.path.read_bytes())
    assert os.access(times.attempts.state.path, os.R_OK)
