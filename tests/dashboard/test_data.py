"""Answers: one query for all who ask, fresh after a commit, troubles in words."""

import threading
import time

import pandas as pd
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from logloom.dashboard.background import Cancelled
from logloom.dashboard.data import Data, Trouble, trouble
from logloom.dashboard.statements import Statement
from logloom.errors import AwsUnreachable, QueryFailed
from logloom.queries import QueryResult
from logloom.settings import Settings

QUESTION = Statement("any", "SELECT ?", (1,))


class Queries:
    def __init__(self):
        self.asked, self.commit, self.hold, self.errors = 0, 0, None, []

    def version(self):
        return str(self.commit)

    def run_sql(self, sql, parameters=(), *, cancellation, on_progress, version=""):
        self.asked += 1
        if self.hold:
            self.hold.wait(5)
        if self.errors:
            raise self.errors.pop()
        return QueryResult(pd.DataFrame({"n": [self.asked]}), sql, tuple(parameters), 20 * 2**20, 3, "q")


@pytest.fixture
def queries():
    return Queries()


@pytest.fixture
def data(queries, monkeypatch):
    monkeypatch.setattr("logloom.dashboard.data.VERSION_SECONDS", -1)
    return Data(Settings(), queries)


def test_the_second_answer_is_from_the_cache(data, queries):
    first, second = data.ask(QUESTION), data.ask(QUESTION)
    assert (first.cached, second.cached, queries.asked) == (False, True, 1)
    assert second.frame is first.frame
    assert first.price == pytest.approx(20 / 2**20 * 5)


def test_never_a_stale_answer_after_a_commit(data, queries):
    data.ask(QUESTION)
    queries.commit += 1
    assert not data.ask(QUESTION).cached
    assert queries.asked == 2


def test_other_values_are_another_question(data, queries):
    data.ask(QUESTION)
    assert not data.ask(Statement("any", "SELECT ?", ("1",))).cached


def test_many_at_once_cost_one_query(data, queries):
    queries.hold = threading.Event()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(data.ask(QUESTION))) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    queries.hold.set()
    for thread in threads:
        thread.join()
    assert queries.asked == 1
    assert len(answers) == 8


def test_who_waits_for_a_cancelled_query_runs_its_own(data, queries):
    queries.hold, queries.errors = threading.Event(), [Cancelled()]
    outcomes = []

    def ask():
        try:
            outcomes.append(data.ask(QUESTION).frame["n"].item())
        except Cancelled:
            outcomes.append("cancelled")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    queries.hold.set()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["2", "cancelled"]


def test_a_failure_is_not_kept(data, queries):
    queries.errors = [QueryFailed("TABLE_NOT_FOUND: no")]
    with pytest.raises(Trouble, match="notebook 03_transform"):
        data.ask(QUESTION)
    assert not data.ask(QUESTION).cached


def client_error(code, message="told"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "StartQueryExecution")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (client_error("TooManyRequestsException"), "refresh in a moment"),
        (client_error("ThrottlingException"), "refresh in a moment"),
        (client_error("AccessDeniedException", "User is not authorized."), "not authorized.*credentials"),
        (client_error("ExpiredTokenException"), "credentials"),
        (client_error("NoSuchBucket"), "01_land"),
        (client_error("InvalidRequestException", "No such workgroup."), "No such workgroup"),
        (QueryFailed("TABLE_NOT_FOUND: line 1:1: Table 'a.b.log_counts' does not exist"), "03_transform"),
        (QueryFailed("SCHEMA_NOT_FOUND: line 1:1: Schema 'logloom' does not exist"), "03_transform"),
        (QueryFailed("Bytes scanned limit was exceeded"), "shorter range"),
        (QueryFailed("INVALID_FUNCTION_ARGUMENT: Invalid regular expression: unclosed"), "unclosed"),
        (QueryFailed("GENERIC_INTERNAL_ERROR: x"), "GENERIC_INTERNAL_ERROR: x"),
        (AwsUnreachable("there are no AWS credentials: set them"), "set them"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "logloom local start"),
        (RuntimeError("secret inside"), "RuntimeError; the server's log"),
    ],
)
def test_troubles_in_words(error, words):
    told = trouble(error)
    assert told.title
    with pytest.raises(Trouble, match=words):
        raise told
    assert "secret" not in str(told)
    assert "Traceback" not in str(told)
