"""Job runs: StartJobRun and what becomes of it."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from localaws import documents, paging
from localaws.glue.base import not_found, now
from localaws.glue.cloudwatch import CloudWatch
from localaws.glue.job_arguments import merged
from localaws.glue.job_run import JobRun
from localaws.glue.jobs import Jobs, check_execution_class, check_timeout, settle_capacity
from localaws.glue.run_log import log_group
from localaws.glue.run_table import ACTIVE, RunTable
from localaws.service import AwsError, Context, Handler

PAGE_SIZE = 200
CAPACITY = ("WorkerType", "NumberOfWorkers", "MaxCapacity", "AllocatedCapacity")


class JobRuns:
    """The runs of an account's jobs, and those that go on.

    Parameters
    ----------
    context
        The local AWS.
    jobs
        The definitions.
    minute_s
        Seconds of a minute of Timeout; another than 60 only for tests.
    """

    def __init__(self, context: Context, jobs: Jobs, minute_s: float = 60.0) -> None:
        self.context = context
        self.jobs = jobs
        self.minute_s = minute_s
        self.table = RunTable(context.store)
        self.cloudwatch = CloudWatch(context)
        self._going: dict[str, JobRun] = {}
        self._lock = threading.Lock()
        self._closing = False

    def actions(self) -> dict[str, Handler]:
        """Give the handlers of Glue's actions for job runs."""
        return {
            "StartJobRun": self.start_run,
            "GetJobRun": self.get,
            "GetJobRuns": self.list,
            "BatchStopJobRun": self.batch_stop,
        }

    def start_run(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["JobName"]
        if body.get("JobRunQueuingEnabled") or body.get("SecurityConfiguration"):
            raise AwsError(
                "InvalidInputException", "The local AWS has no run queues and security configurations."
            )
        try:
            job = self.jobs.find(name)
        except AwsError:
            raise not_found("Failed to start job run due to missing metadata") from None
        previous = self.table.find(body["JobRunId"]) if body.get("JobRunId") else None
        if body.get("JobRunId") and (previous is None or previous["JobName"] != name):
            raise not_found(f"Job run {body['JobRunId']} not found.")
        arguments = body.get("Arguments") or (previous or {}).get("Arguments") or {}
        timeout = body.get("Timeout") or job["Timeout"]
        check_timeout(timeout)
        sized = {
            "Command": job["Command"],
            **{key: body[key] for key in CAPACITY if body.get(key) is not None},
        }
        if len(sized) == 1:
            sized |= {key: job[key] for key in ("WorkerType", "NumberOfWorkers") if key in job}
            if "WorkerType" not in job:
                sized["MaxCapacity"] = job["MaxCapacity"]
        settle_capacity(sized)
        execution_class = body.get("ExecutionClass") or job["ExecutionClass"]
        check_execution_class(execution_class, job)
        moment = now()
        run = {
            "Id": f"jr_{secrets.token_hex(32)}",
            "Attempt": 0,
            "JobName": name,
            "JobMode": job["JobMode"],
            "JobRunQueuingEnabled": False,
            "StartedOn": moment,
            "LastModifiedOn": moment,
            "JobRunState": "STARTING",
            "Arguments": arguments,
            "PredecessorRuns": [],
            **{key: sized[key] for key in CAPACITY if key in sized},
            "ExecutionTime": 0,
            "Timeout": timeout,
            "LogGroupName": log_group(merged(job, arguments)),
            "GlueVersion": job["GlueVersion"],
            "ExecutionClass": execution_class,
        }
        if previous is not None:
            run["PreviousRunId"] = previous["Id"]
        with self.context.store.transaction():
            if self.table.active(name) >= job["ExecutionProperty"]["MaxConcurrentRuns"]:
                raise AwsError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}")
            self.table.put(run)
        self._go(run, job)
        return {"JobRunId": run["Id"]}

    def _go(self, run: dict[str, Any], job: dict[str, Any]) -> None:
        going = JobRun(self.context, run, job, self.table, self.cloudwatch, self.minute_s, self._ended)
        with self._lock:
            self._going[run["Id"]] = going
        going.start()

    def _ended(self, run: dict[str, Any], job: dict[str, Any]) -> None:
        """Take a run that has ended off the list, and run it again where its job's MaxRetries says so."""
        with self._lock:
            self._going.pop(run["Id"], None)
        failed = run["JobRunState"] == "FAILED"
        if not failed or self._closing or run["Attempt"] >= job["MaxRetries"]:
            return
        attempt = run["Attempt"] + 1
        moment = now()
        again = {
            **{key: value for key, value in run.items() if key not in ("CompletedOn", "ErrorMessage")},
            "Id": f"{run['Id'].partition('_attempt_')[0]}_attempt_{attempt}",
            "Attempt": attempt,
            "PreviousRunId": run["Id"],
            "StartedOn": moment,
            "LastModifiedOn": moment,
            "JobRunState": "STARTING",
            "ExecutionTime": 0,
        }
        self.table.put(again)
        self._go(again, job)

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        run = self.table.find(body["RunId"])
        if run is None or run["JobName"] != body["JobName"]:
            raise not_found(f"Job run {body['RunId']} of job {body['JobName']} not found.")
        return {"JobRun": _answer(run)}

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        self.jobs.find(body["JobName"])
        limit = body.get("MaxResults") or PAGE_SIZE
        rows = self.table.of_job(body["JobName"], paging.after(body.get("NextToken")), limit + 1)
        runs = [_answer(documents.loads(row["body"])) for row in rows]
        return paging.page("JobRuns", runs, [[row["started"], row["id"]] for row in rows], limit)

    def batch_stop(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["JobName"]
        stopped, errors = [], []
        for run_id in body["JobRunIds"]:
            problem = self._stop(name, run_id)
            if problem is None:
                stopped.append({"JobName": name, "JobRunId": run_id})
            else:
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def _stop(self, name: str, run_id: str) -> AwsError | None:
        with self.context.store.transaction():
            run = self.table.find(run_id)
            if run is None or run["JobName"] != name:
                return not_found(f"Job run {run_id} of job {name} not found.")
            if run["JobRunState"] not in ACTIVE:
                return AwsError(
                    "InvalidInputException", f"Job Run is already in a terminal state {run['JobRunState']}"
                )
            self.table.put({**run, "JobRunState": "STOPPING", "LastModifiedOn": now()})
        with self._lock:
            going = self._going.get(run_id)
        if going is not None:
            going.stop()
        return None

    def start(self) -> None:
        """Record as failed what ran when the supervisor was killed, once nothing of it runs any more."""
        for run, pid, pid_started in self.table.unfinished():
            JobRun.clean_up(self.context, run["Id"], pid, pid_started)
            moment = now()
            run.update(
                JobRunState="FAILED",
                ErrorMessage="The local AWS ended during the run.",
                CompletedOn=moment,
                LastModifiedOn=moment,
                ExecutionTime=int((moment - run["StartedOn"]).total_seconds()),
            )
            self.table.put(run)

    def close(self) -> None:
        """End the runs that go on; they are FAILED, since the local AWS ended."""
        self._closing = True
        with self._lock:
            going = list(self._going.values())
        for each in going:
            each.abandon()
        for each in going:
            each.join(20)


def _answer(run: dict[str, Any]) -> dict[str, Any]:
    if run["JobRunState"] in ACTIVE:
        return {**run, "ExecutionTime": int((now() - run["StartedOn"]).total_seconds())}
    return run
