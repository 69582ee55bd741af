"""The state database: what a transaction keeps, and what it does not."""

import sqlite3
import threading

import pytest
from localaws.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state.db")
    with store.transaction() as db:
        db.execute("CREATE TABLE item (name TEXT PRIMARY KEY)")
    return store


def names(store):
    return [row["name"] for row in store.connection().execute("SELECT name FROM item ORDER BY name")]


def test_a_block_that_raises_writes_nothing(store):
    with pytest.raises(RuntimeError), store.transaction() as db:
        db.execute("INSERT INTO item VALUES ('a')")
        raise RuntimeError
    assert names(store) == []


def test_an_inner_block_joins_the_outer_one(store):
    with pytest.raises(RuntimeError), store.transaction() as outer:
        outer.execute("INSERT INTO item VALUES ('outer')")
        with store.transaction() as inner:
            inner.execute("INSERT INTO item VALUES ('inner')")
        raise RuntimeError
    assert names(store) == []


def test_a_write_is_in_the_file_when_the_block_ends(store):
    with store.transaction() as db:
        db.execute("INSERT INTO item VALUES ('a')")
    other = sqlite3.connect(store.path)
    assert other.execute("SELECT name FROM item").fetchall() == [("a",)]
    other.close()


def test_writers_of_many_threads_all_get_their_turn(store):
    def write(first):
        for i in range(first, first + 25):
            with store.transaction() as db:
                db.execute("INSERT INTO item VALUES (?)", (str(i),))
        store.close()

    threads = [threading.Thread(target=write, args=(n * 25,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(store)) == 200
