"""What a killed supervisor leaves of its query executions."""

from __future__ import annotations

from types import SimpleNamespace

from localaws.athena.documents import Documents, now
from localaws.athena.executions import Executions
from localaws.athena.workgroups import WorkGroups
from localaws.store import Store


def executions(root) -> Executions:
    store = Store(root / "state.db")
    documents = Documents(store)
    context = SimpleNamespace(store=store, root=root, s3_root=root / "s3")
    workgroups = WorkGroups(documents, "123456789012", "us-east-1")
    return Executions(context, documents, workgroups, run=lambda document, live: live.stop.wait())


def test_a_query_that_ran_at_a_kill_has_failed_after_the_restart(tmp_path):
    before = executions(tmp_path)
    identifier = before.start(
        {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://b/"}}
    )["QueryExecutionId"]

    after = executions(tmp_path)
    after.recover()

    status = after.get({"QueryExecutionId": identifier})["QueryExecution"]["Status"]
    assert status["State"] == "FAILED"
    assert "was stopped while the query ran" in status["StateChangeReason"]
    assert status["CompletionDateTime"] <= now()
    before.stop({"QueryExecutionId": identifier})


def test_a_token_starts_one_query_over_a_restart_too(tmp_path):
    request = {
        "QueryString": "SELECT 1",
        "ResultConfiguration": {"OutputLocation": "s3://b/"},
        "ClientRequestToken": "x" * 32,
    }
    before = executions(tmp_path)
    identifier = before.start(request)["QueryExecutionId"]

    assert executions(tmp_path).start(request)["QueryExecutionId"] == identifier
    before.stop({"QueryExecutionId": identifier})
