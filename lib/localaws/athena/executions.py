"""Query executions: started, queued for a worker, run, stopped, listed; their results page by page."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from localaws.athena.documents import Documents, decode_token, dumps, encode_token, invalid, loads, now, page
from localaws.athena.errors import CutoffExceeded, StatementError
from localaws.athena.result_file import read_page
from localaws.athena.workgroups import ENGINE, WorkGroups
from localaws.service import Context

log = logging.getLogger(__name__)

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
WORKERS = 16
# A poll of a query that still runs is answered when it ends, or after this: who polls once a second learns
# at once.
PATIENCE_S = 2.0
_KEPT_FINISHED = 1000


@dataclass(slots=True)
class Live:
    """An execution that has not ended, or ended in this process."""

    document: dict
    done: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    interrupt: object = None  # what stops DuckDB
    lock: threading.Lock = field(default_factory=threading.Lock)
    started: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Outcome:
    """What a statement came to."""

    columns: list[dict] = field(default_factory=list)
    kind: str = "DML"
    substatement: str = "SELECT"
    scanned: int = 0
    planning_ms: int = 0
    engine_ms: int = 0
    rows: int = 0
    output_bytes: int = 0
    input_rows: int = 0
    input_bytes: int = 0
    location: str | None = None
    manifest: str | None = None
    has_header: bool = True
    update_count: int | None = None
    reusable: bool = False


class Cancelled(Exception):
    """The execution was stopped."""


class Executions:
    """The executions of all workgroups.

    Parameters
    ----------
    run
        Runs one statement: takes the document and the live execution, gives an Outcome, raises
        StatementError.
    """

    def __init__(self, context: Context, documents: Documents, workgroups: WorkGroups, run) -> None:
        self.context = context
        self.store = context.store
        self.documents = documents
        self.workgroups = workgroups
        self.run = run
        self._live: dict[str, Live] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="athena")
        self._closing = False

    def actions(self) -> dict:
        return {
            "StartQueryExecution": self.start,
            "GetQueryExecution": self.get,
            "BatchGetQueryExecution": self.batch,
            "ListQueryExecutions": self.list,
            "StopQueryExecution": self.stop,
            "GetQueryResults": self.results,
            "GetQueryRuntimeStatistics": self.statistics,
        }

    def recover(self) -> None:
        """Fail what a killed supervisor left running."""
        rows = self.store.connection().execute(
            "SELECT id, document FROM athena_executions WHERE state NOT IN ('SUCCEEDED', 'FAILED', "
            "'CANCELLED')"
        )
        for row in rows.fetchall():
            document = loads(row["document"])
            _end(
                document,
                "FAILED",
                "GENERIC_INTERNAL_ERROR: the local Athena was stopped while the query ran",
                1000,
                1,
            )
            self._save(document)

    def close(self) -> None:
        """Stop what runs."""
        self._closing = True
        with self._lock:
            running = [live for live in self._live.values() if not live.done.is_set()]
        for live in running:
            self._interrupt(live)
        self._pool.shutdown(wait=True, cancel_futures=True)

    # --- starting ---

    def start(self, request: dict) -> dict:
        group = self.workgroups.get(request.get("WorkGroup", "primary"))
        if group["State"] != "ENABLED":
            raise invalid(f"WorkGroup {group['Name']} is disabled.")
        location = _output_location(request, group["Configuration"])
        if not request["QueryString"].strip():
            raise invalid("Query string is empty", "MALFORMED_QUERY")
        token = request.get("ClientRequestToken")
        fingerprint = _fingerprint(request)
        document = self._document(request, group, location, fingerprint)
        with self._lock:
            known = self._by_token(group["Name"], token) if token else None
            if known is not None:
                if known["fingerprint"] != fingerprint:
                    raise invalid("Idempotent parameters do not match", "DUPLICATE_INPUT")
                return {"QueryExecutionId": known["execution"]["QueryExecutionId"]}
            identifier = document["execution"]["QueryExecutionId"]
            with self.store.transaction() as db:
                number = db.execute("SELECT coalesce(max(number), 0) + 1 FROM athena_executions").fetchone()[
                    0
                ]
                db.execute(
                    "INSERT INTO athena_executions VALUES (?, ?, ?, ?, ?, ?)",
                    (identifier, number, group["Name"], "QUEUED", token, dumps(document)),
                )
            live = Live(document)
            self._live[identifier] = live
            self._forget_old()
        self._pool.submit(self._work, live)
        return {"QueryExecutionId": identifier}

    def _by_token(self, group: str, token: str) -> dict | None:
        row = (
            self.store.connection()
            .execute(
                "SELECT document FROM athena_executions WHERE workgroup = ? AND token = ?", (group, token)
            )
            .fetchone()
        )
        return None if row is None else loads(row["document"])

    def _document(self, request: dict, group: dict, location: str | None, fingerprint: str) -> dict:
        identifier = str(uuid.uuid4())
        configuration = group["Configuration"]
        place = (
            {}
            if configuration["EnforceWorkGroupConfiguration"]
            else dict(request.get("ResultConfiguration", {}))
        )
        place = {**configuration.get("ResultConfiguration", {}), **place}
        if location is not None:
            place["OutputLocation"] = location
        context = {k: v for k, v in request.get("QueryExecutionContext", {}).items() if v}
        if "Catalog" in context:
            context["Catalog"] = context["Catalog"].lower()
        execution = {
            "QueryExecutionId": identifier,
            "Query": request["QueryString"],
            "StatementType": "DML",
            "ResultConfiguration": place,
            "ResultReuseConfiguration": request.get(
                "ResultReuseConfiguration", {"ResultReuseByAgeConfiguration": {"Enabled": False}}
            ),
            "QueryExecutionContext": context,
            "Status": {"State": "QUEUED", "SubmissionDateTime": now()},
            "Statistics": {},
            "WorkGroup": group["Name"],
            "EngineVersion": ENGINE,
        }
        if location is None:
            execution["ManagedQueryResultsConfiguration"] = {"Enabled": True}
        if request.get("ExecutionParameters"):
            execution["ExecutionParameters"] = request["ExecutionParameters"]
        return {
            "execution": execution,
            "fingerprint": fingerprint,
            "reuse_key": _reuse_key(execution),
            "cutoff": configuration.get("BytesScannedCutoffPerQuery"),
        }

    def _forget_old(self) -> None:
        """Keep only so many ended executions in memory; the state database has all of them."""
        if len(self._live) > _KEPT_FINISHED * 2:
            ended = [i for i, live in self._live.items() if live.done.is_set()]
            for identifier in ended[: len(ended) - _KEPT_FINISHED]:
                del self._live[identifier]

    # --- running ---

    def _work(self, live: Live) -> None:
        document = live.document
        execution = document["execution"]
        began = time.monotonic()
        with live.lock:
            if live.stop.is_set():
                return
            execution["Status"]["State"] = "RUNNING"
        # Not written down: after a kill a queued query fails as a running one does.
        queued_ms = round((began - live.started) * 1000)
        outcome = Outcome()
        state, reason, error_type, category = "SUCCEEDED", None, 0, 2
        try:
            outcome = self.run(document, live)
        except Cancelled:
            return
        except CutoffExceeded as error:
            state, reason = "CANCELLED", error.reason
        except StatementError as error:
            state, reason, error_type = "FAILED", error.reason, error.error_type
            category = error.error_category
        except Exception as error:
            log.exception("query %s", execution["QueryExecutionId"])
            state, reason, error_type, category = "FAILED", f"GENERIC_INTERNAL_ERROR: {error}", 1000, 1
        with live.lock:
            live.interrupt = None
            if live.stop.is_set():
                return
            whole_ms = round((time.monotonic() - live.started) * 1000)
            _finish(document, outcome, queued_ms, whole_ms)
            _end(document, state, reason, error_type, category)
            try:
                self._save(document)
            except Exception as error:
                log.exception("the end of query %s could not be written down", execution["QueryExecutionId"])
                _end(document, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}", 1000, 1)
            live.done.set()

    def _save(self, document: dict) -> None:
        execution = document["execution"]
        with self.store.transaction() as db:
            db.execute(
                "UPDATE athena_executions SET state = ?, document = ? WHERE id = ?",
                (execution["Status"]["State"], dumps(document), execution["QueryExecutionId"]),
            )

    def stop(self, request: dict) -> dict:
        identifier = request["QueryExecutionId"]
        document = self._find(identifier)
        live = self._live.get(identifier)
        if live is None or document["execution"]["Status"]["State"] in FINAL:
            return {}
        with live.lock:
            if live.done.is_set():
                return {}
            live.stop.set()
            _finish(live.document, Outcome(), 0, round((time.monotonic() - live.started) * 1000))
            _end(live.document, "CANCELLED", "Query cancelled by user", None, 2)
            self._save(live.document)
            live.done.set()
        self._interrupt(live)
        return {}

    def _interrupt(self, live: Live) -> None:
        interrupt = live.interrupt
        if interrupt is not None:
            with contextlib.suppress(Exception):
                interrupt()

    # --- reading ---

    def _find(self, identifier: str) -> dict:
        live = self._live.get(identifier)
        if live is not None:
            return live.document
        row = (
            self.store.connection()
            .execute("SELECT document FROM athena_executions WHERE id = ?", (identifier,))
            .fetchone()
        )
        if row is None:
            raise invalid(f"QueryExecution {identifier} was not found")
        return loads(row["document"])

    def get(self, request: dict) -> dict:
        identifier = request["QueryExecutionId"]
        document = self._find(identifier)
        live = self._live.get(identifier)
        if live is not None and not live.done.is_set():
            live.done.wait(PATIENCE_S)
        return {"QueryExecution": _copy(document["execution"])}

    def batch(self, request: dict) -> dict:
        found, missing = [], []
        for identifier in request["QueryExecutionIds"]:
            try:
                found.append(_copy(self._find(identifier)["execution"]))
            except Exception as error:  # noqa: BLE001 - each id is answered for itself
                missing.append(
                    {
                        "QueryExecutionId": identifier,
                        "ErrorCode": "INVALID_INPUT",
                        "ErrorMessage": str(getattr(error, "message", error)),
                    }
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def list(self, request: dict) -> dict:
        group = self.workgroups.get(request.get("WorkGroup", "primary"))["Name"]
        rows = self.store.connection().execute(
            "SELECT id FROM athena_executions WHERE workgroup = ? ORDER BY number DESC", (group,)
        )
        found, more = page([r["id"] for r in rows], request, 50)
        return {"QueryExecutionIds": found, **more}

    def statistics(self, request: dict) -> dict:
        document = self._find(request["QueryExecutionId"])
        statistics = document["execution"]["Statistics"]
        names = (
            "QueryQueueTimeInMillis", "ServicePreProcessingTimeInMillis", "QueryPlanningTimeInMillis",
            "EngineExecutionTimeInMillis", "ServiceProcessingTimeInMillis", "TotalExecutionTimeInMillis",
        )  # fmt: skip
        return {
            "QueryRuntimeStatistics": {
                "Timeline": {n: statistics[n] for n in names if n in statistics},
                "Rows": document.get("rows", {}),
            }
        }

    def results(self, request: dict) -> dict:
        """A page of the results, read from the file at the output location."""
        document = self._find(request["QueryExecutionId"])
        execution = document["execution"]
        state = execution["Status"]["State"]
        if state not in FINAL:
            raise invalid(f"Query has not yet finished. Current state: {state}")
        if state != "SUCCEEDED":
            raise invalid(f"Query did not finish successfully. Final query state: {state}")
        columns = document.get("columns", [])
        path = self._file(execution)
        answer: dict = {"ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": columns}}}
        if document.get("update_count") is not None:
            answer["UpdateCount"] = document["update_count"]
        else:
            answer["UpdateCount"] = 0
        if document.get("no_rows"):
            return answer
        try:
            rows, offset = read_page(
                path,
                decode_token(request.get("NextToken")),
                request.get("MaxResults") or 1000,
                csv=document.get("csv", True),
            )
        except OSError:
            raise invalid(
                f"The results of query {execution['QueryExecutionId']} are no longer at its output location"
            ) from None
        answer["ResultSet"]["Rows"] = [
            {"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in rows
        ]
        if offset is not None:
            answer["NextToken"] = encode_token(offset)
        return answer

    def _file(self, execution: dict) -> Path:
        location = execution["ResultConfiguration"].get("OutputLocation")
        if location is None:
            return managed_file(self.context, execution["QueryExecutionId"])
        return self.context.s3_root.joinpath(*location.removeprefix("s3://").split("/"))

    # --- reuse ---

    def reusable(self, document: dict, minutes: int) -> dict | None:
        """An execution of the same query, context and parameters that ended well not longer ago than that."""
        rows = self.store.connection().execute(
            "SELECT document FROM athena_executions WHERE workgroup = ? AND state = 'SUCCEEDED' "
            "AND json_extract(document, '$.reuse_key') = ? ORDER BY number DESC LIMIT 20",
            (document["execution"]["WorkGroup"], document["reuse_key"]),
        )
        for row in rows:
            other = loads(row["document"])
            found = other["execution"]
            age = now() - found["Status"]["CompletionDateTime"]
            fresh = age.total_seconds() <= minutes * 60
            if fresh and other.get("reusable") and self._file(found).exists():
                return other
        return None


def managed_file(context: Context, identifier: str) -> Path:
    """Where a result lies that Athena keeps itself, for a workgroup with managed query results."""
    return context.root / "athena-results" / identifier


def _output_location(request: dict, configuration: dict) -> str | None:
    own = configuration.get("ResultConfiguration", {}).get("OutputLocation")
    asked = request.get("ResultConfiguration", {}).get("OutputLocation")
    if configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
        if asked:
            raise invalid("ResultConfiguration cannot be set for a workgroup with managed query results.")
        return None
    location = own if own and (configuration["EnforceWorkGroupConfiguration"] or not asked) else asked
    if not location:
        raise invalid(
            "No output location provided. An output location is required either through the Workgroup "
            "result configuration "
            "setting or as an API input."
        )
    if not location.startswith("s3://") or not location[5:].strip("/"):
        raise invalid("outputLocation is not a valid S3 path.")
    return location


def _fingerprint(request: dict) -> str:
    relevant = {k: v for k, v in request.items() if k != "ClientRequestToken"}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True, default=str).encode()).hexdigest()


def _reuse_key(execution: dict) -> str:
    """What two executions have in common when the result of one may stand for the other's."""
    members = ("Query", "QueryExecutionContext", "ExecutionParameters")
    same = json.dumps([execution.get(member) for member in members], sort_keys=True)
    return hashlib.sha256(same.encode()).hexdigest()


def _finish(document: dict, outcome: Outcome, queued_ms: int, whole_ms: int) -> None:
    execution = document["execution"]
    execution["StatementType"] = outcome.kind
    execution["SubstatementType"] = outcome.substatement
    if outcome.location is not None:
        execution["ResultConfiguration"]["OutputLocation"] = outcome.location
    service_ms = max(whole_ms - queued_ms - outcome.engine_ms - outcome.planning_ms, 0)
    statistics = {
        "EngineExecutionTimeInMillis": outcome.engine_ms + outcome.planning_ms,
        "DataScannedInBytes": outcome.scanned,
        "TotalExecutionTimeInMillis": whole_ms,
        "QueryQueueTimeInMillis": queued_ms,
        "ServicePreProcessingTimeInMillis": 0,
        "QueryPlanningTimeInMillis": outcome.planning_ms,
        "ServiceProcessingTimeInMillis": service_ms,
        "ResultReuseInformation": {"ReusedPreviousResult": bool(document.get("reused"))},
    }
    if outcome.manifest:
        statistics["DataManifestLocation"] = outcome.manifest
    execution["Statistics"] = statistics
    document["columns"] = outcome.columns
    document["csv"] = outcome.has_header
    document["no_rows"] = outcome.update_count is not None
    document["update_count"] = outcome.update_count
    document["reusable"] = outcome.reusable
    document["rows"] = {
        "InputRows": outcome.input_rows,
        "InputBytes": outcome.scanned,
        "OutputBytes": outcome.output_bytes,
        "OutputRows": outcome.rows,
    }


def _end(document: dict, state: str, reason: str | None, error_type: int | None, category: int) -> None:
    status = document["execution"]["Status"]
    status["State"] = state
    status["CompletionDateTime"] = now()
    if reason is not None:
        status["StateChangeReason"] = reason
    if state == "FAILED":
        status["AthenaError"] = {
            "ErrorCategory": category,
            "ErrorType": error_type,
            "Retryable": category == 1,
            "ErrorMessage": reason,
        }


def _copy(execution: dict) -> dict:
    return {**execution, "Status": dict(execution["Status"]), "Statistics": dict(execution["Statistics"])}
