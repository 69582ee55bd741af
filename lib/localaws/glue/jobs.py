"""Job definitions: CreateJob and what goes with it."""

from __future__ import annotations

from typing import Any

from localaws import paging
from localaws.glue.base import invalid, not_found, now
from localaws.glue.named_documents import NamedDocuments
from localaws.glue.tags import Tags
from localaws.service import AwsError, Context, Handler

COMMANDS = ("glueetl", "pythonshell")
GLUE_VERSIONS = ("0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1")
LOCAL_VERSION = "5.1"  # whose Spark, 3.5.6, is what runs here
SPARK_WORKERS = {
    "Standard": 1.0, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0, "G.12X": 12.0, "G.16X": 16.0,
    "R.1X": 1.0, "R.2X": 2.0, "R.4X": 4.0, "R.8X": 8.0,
}  # fmt: skip
PAGE_SIZE = 100
MAX_TIMEOUT = 10080  # minutes: seven days
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html#aws-glue-api-jobs-job-Job
DEFAULT_TIMEOUT = 480
OLD_VERSIONS = ("0.9", "1.0", "2.0", "3.0", "4.0")
OLD_DEFAULT_TIMEOUT = 2880
DEFAULT_WORKERS = {"WorkerType": "G.1X", "NumberOfWorkers": 10}
NOT_HERE = {
    "Connections": "connections",
    "SecurityConfiguration": "security configurations",
    "CodeGenConfigurationNodes": "visual jobs",
    "SourceControlDetails": "source control",
    "MaintenanceWindow": "maintenance windows",
}


class Jobs:
    """The jobs of an account.

    Parameters
    ----------
    context
        The local AWS.
    tags
        What jobs are tagged with.
    """

    def __init__(self, context: Context, tags: Tags) -> None:
        self.context = context
        self.tags = tags
        self._documents = NamedDocuments(context.store, "glue_job")

    def actions(self) -> dict[str, Handler]:
        """Give the handlers of Glue's actions for job definitions."""
        return {
            "CreateJob": self.create,
            "GetJob": lambda body: {"Job": self.find(body["JobName"])},
            "GetJobs": self.list,
            "BatchGetJobs": self.batch_get,
            "ListJobs": self.list_names,
            "UpdateJob": self.update,
            "DeleteJob": self.delete,
            "GetJobBookmark": self.get_bookmark,
            "ResetJobBookmark": self.reset_bookmark,
        }

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["Name"]
        definition = {key: value for key, value in body.items() if key != "Tags"}
        settled = settle(definition)
        with self.context.store.transaction():
            existing = self._documents.find(name)
            if existing is not None:
                if {k: v for k, v in existing.items() if k not in ("CreatedOn", "LastModifiedOn")} == settled:
                    return {"Name": name}
                raise AwsError(
                    "IdempotentParameterMismatchException",
                    f"Job with name: {name} already submitted with different configuration",
                )
            moment = now()
            self._documents.put(name, {**settled, "CreatedOn": moment, "LastModifiedOn": moment})
            self.tags.set(self.tags.arn("job", name), body.get("Tags") or {})
        return {"Name": name}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["JobName"]

        def change(job: dict[str, Any]) -> None:
            # The whole definition is replaced: what the update leaves out goes back to its default.
            settled = settle({"Name": name, **body["JobUpdate"]}, update=True)
            created = job["CreatedOn"]
            job.clear()
            job.update(settled, CreatedOn=created, LastModifiedOn=now())

        if self._documents.change(name, change) is None:
            raise _missing(name)
        return {"JobName": name}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["JobName"]
        self._documents.remove(name)
        self.tags.forget(self.tags.arn("job", name))
        return {"JobName": name}

    def find(self, name: str) -> dict[str, Any]:
        """Give a job as GetJob answers it.

        Raises
        ------
        AwsError
            EntityNotFoundException.
        """
        job = self._documents.find(name)
        if job is None:
            raise _missing(name)
        return job

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        limit = body.get("MaxResults") or PAGE_SIZE
        return self._documents.page("Jobs", body.get("NextToken"), limit, lambda _, each: each)

    def list_names(self, body: dict[str, Any]) -> dict[str, Any]:
        limit = body.get("MaxResults") or PAGE_SIZE
        if not body.get("Tags"):
            return self._documents.page("JobNames", body.get("NextToken"), limit, lambda name, _: name)
        after = paging.after(body.get("NextToken")) or ""
        names = [
            job["Name"]
            for job in self._documents.all()
            if job["Name"] > after and self.tags.has(self.tags.arn("job", job["Name"]), body["Tags"])
        ]
        return paging.page("JobNames", names, names, limit)

    def batch_get(self, body: dict[str, Any]) -> dict[str, Any]:
        found = {name: self._documents.find(name) for name in body["JobNames"]}
        return {
            "Jobs": [job for job in found.values() if job is not None],
            "JobsNotFound": [name for name, job in found.items() if job is None],
        }

    def get_bookmark(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say that there is none, as AWS does of a job that never ran with bookmarks: none are kept here."""
        self.find(body["JobName"])
        raise not_found(f"Continuation for job {body['JobName']} not found.")

    def reset_bookmark(self, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a reset is for, which is so already: the next run reads everything."""
        name = self.find(body["JobName"])["Name"]
        return {"JobBookmarkEntry": {"JobName": name, "Version": 0, "Run": 0, "Attempt": 0}}


def settle(job: dict[str, Any], update: bool = False) -> dict[str, Any]:
    """Check a job's definition and fill in what it leaves out.

    Raises
    ------
    AwsError
        InvalidInputException, for what Glue refuses and for what the local AWS does not have.
    """
    for member, what in NOT_HERE.items():
        if job.get(member):
            raise invalid(f"The local AWS has no {what} for jobs: {member} is not supported.")
    if job.get("JobRunQueuingEnabled"):
        raise invalid("The local AWS does not queue job runs: JobRunQueuingEnabled is not supported.")
    command = job.get("Command") or {}
    if not job.get("Role") and not update:
        raise invalid("A job needs a Role.")
    if (name := command.get("Name")) not in COMMANDS:
        raise invalid(f"The local AWS runs jobs with the command {' or '.join(COMMANDS)}, not {name}.")
    if (python := command.get("PythonVersion", "3")) not in ("3", "3.9"):
        raise invalid(f"The local AWS runs Python 3.11, not {python}: use PythonVersion 3 or 3.9.")
    if python == "3.9" and name != "pythonshell":
        raise invalid("PythonVersion 3.9 is for Python shell jobs; a Spark job takes 3.")
    if not command.get("ScriptLocation"):
        raise invalid("A job needs a ScriptLocation in its Command.")
    version = job.get("GlueVersion", LOCAL_VERSION)
    if version not in GLUE_VERSIONS:
        raise invalid(f"The local AWS does not run Glue version {version}: use {LOCAL_VERSION}.")
    settled = {
        "JobMode": "SCRIPT",
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "Timeout": OLD_DEFAULT_TIMEOUT if version in OLD_VERSIONS else DEFAULT_TIMEOUT,
        "ExecutionClass": "STANDARD",
        "GlueVersion": version,
        **{key: value for key, value in job.items() if value is not None},
        "Command": {"PythonVersion": "3", **command},
    }
    settled["ExecutionProperty"] = {"MaxConcurrentRuns": 1, **settled["ExecutionProperty"]}
    if settled["ExecutionProperty"]["MaxConcurrentRuns"] < 1:
        raise invalid("MaxConcurrentRuns must be at least 1.")
    if not 0 <= settled["MaxRetries"] <= 10:
        raise invalid("MaxRetries must be from 0 to 10.")
    check_timeout(settled["Timeout"])
    check_execution_class(settled["ExecutionClass"], settled)
    settle_capacity(settled)
    return settled


def check_timeout(minutes: int) -> None:
    """Refuse a timeout that Glue refuses.

    Raises
    ------
    AwsError
        InvalidInputException.
    """
    if not 1 <= minutes <= MAX_TIMEOUT:
        raise invalid(f"Timeout must be from 1 to {MAX_TIMEOUT} minutes.")


def check_execution_class(execution_class: str, job: dict[str, Any]) -> None:
    """Refuse FLEX for a job that it is not for.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html

    Raises
    ------
    AwsError
        InvalidInputException.
    """
    old = job["GlueVersion"] in ("0.9", "1.0", "2.0")
    if execution_class == "FLEX" and (job["Command"]["Name"] != "glueetl" or old):
        raise invalid("Only jobs with Glue version 3.0 and above and command type glueetl can be FLEX.")


def settle_capacity(job: dict[str, Any]) -> None:
    """Check worker type, workers and capacity of a job or run, and fill in what follows from the others.

    Raises
    ------
    AwsError
        InvalidInputException.
    """
    kind, workers, capacity = job.get("WorkerType"), job.get("NumberOfWorkers"), job.get("MaxCapacity")
    capacity = capacity if capacity is not None else job.get("AllocatedCapacity")
    if capacity is not None and (kind or workers):
        raise invalid("Please do not set Max Capacity if using Worker Type and Number of Workers.")
    if job["Command"]["Name"] == "pythonshell":
        if kind or workers:
            raise invalid("Worker Type is not supported for Job Command pythonshell and PythonVersion 3")
        capacity = 0.0625 if capacity is None else capacity
        if capacity not in (0.0625, 1.0):
            raise invalid("A Python shell job takes a MaxCapacity of 0.0625 or 1.")
        job.update(MaxCapacity=float(capacity), AllocatedCapacity=int(capacity))
        return
    if capacity is not None:
        if capacity != int(capacity) or not 2 <= capacity <= 100:
            raise invalid("A Spark job takes a MaxCapacity from 2 to 100, without a fraction.")
        job.update(MaxCapacity=float(capacity), AllocatedCapacity=int(capacity))
        return
    if bool(kind) != bool(workers):
        raise invalid("Please set both Worker Type and Number of Workers.")
    if not kind:
        job.update(DEFAULT_WORKERS)
        kind, workers = job["WorkerType"], job["NumberOfWorkers"]
    if kind not in SPARK_WORKERS:
        raise invalid(f"A {job['Command']['Name']} job does not take the worker type {kind}.")
    if workers < 2:
        raise invalid("Number of Workers must be at least 2.")
    units = SPARK_WORKERS[kind] * workers
    job.update(MaxCapacity=units, AllocatedCapacity=int(units))


def _missing(name: str) -> AwsError:
    return not_found(f"Job with name: {name} not found.")
