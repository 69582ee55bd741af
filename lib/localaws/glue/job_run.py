"""One job run: a thread that prepares it, starts its process, waits, and says how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from localaws.glue import job_arguments
from localaws.glue.base import now
from localaws.glue.cloudwatch import CloudWatch
from localaws.glue.run_files import CannotStart, folder_of, prepare
from localaws.glue.run_log import RunLog
from localaws.glue.run_table import RunTable
from localaws.service import Context

POLL_S = 0.02
SHIP_EVERY_S = 1.0
KILL_AFTER_S = 15.0
# S3 shows what was written beside it within this time, where it cannot be told to look.
LISTING_S = 1.1
ENDED_WITH_SUPERVISOR = "The local AWS ended during the run."


class JobRun:
    """A run that goes on.

    Its process is watched by a thread of its own that lives as long: the kernel ends the process with it.

    Parameters
    ----------
    context
        The local AWS.
    run, job
        As GetJobRun and GetJob answer them.
    table
        Where the run's state is kept.
    cloudwatch
        Where its logs go.
    minute_s
        Seconds of a minute of Timeout.
    ended
        Called with run and job at the end.
    """

    def __init__(
        self,
        context: Context,
        run: dict[str, Any],
        job: dict[str, Any],
        table: RunTable,
        cloudwatch: CloudWatch,
        minute_s: float,
        ended: Callable[[dict[str, Any], dict[str, Any]], None],
    ) -> None:
        self.context = context
        self.run = run
        self.job = job
        self.folder = folder_of(context, run["Id"])
        self._table = table
        arguments = job_arguments.merged(job, run["Arguments"])
        self._log = RunLog(self.folder, run["Id"], arguments, cloudwatch)
        self._deadline = time.monotonic() + run["Timeout"] * minute_s
        self._ended = ended
        self._stop = threading.Event()
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name=f"run-{run['Id'][:12]}", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the run to end: it will be STOPPED."""
        self._stop.set()

    def abandon(self) -> None:
        """Ask the run to end because the supervisor does: it will be FAILED."""
        self._abandoned = True
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            state, message = self._go()
        except CannotStart as reason:
            state, message = "FAILED", str(reason)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the run has to end and to say so
            state, message = "FAILED", f"Internal service error: {type(fault).__name__}: {fault}"
        if self._abandoned:
            state, message = "FAILED", ENDED_WITH_SUPERVISOR
        try:
            self._finish(state, message)
            self._ended(self.run, self.job)
        finally:
            self.folder.remove()
            self.context.store.close()

    def _go(self) -> tuple[str, str | None]:
        prepared = prepare(self.context, self.run, self.job, self._log.say)
        if self._stop.is_set():
            return "STOPPED", None
        output, errors = self._log.open()
        with output, errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "localaws.glue.run_process", str(prepared.description)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                env=prepared.environment,
                cwd=self.folder.work / "cwd",
                start_new_session=True,
            )
        try:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._table.set_process(
                    self.run["Id"], process.pid, psutil.Process(process.pid).create_time()
                )
            self._set_state("RUNNING", unless="STOPPING")
            state = self._watch(process)
        finally:
            _end(process)
        if state is not None:
            return state
        return self._outcome()

    def _watch(self, process: subprocess.Popen) -> tuple[str, str | None] | None:
        """Wait for the process; give the run's end where the process did not choose it."""
        ship_at = time.monotonic() + SHIP_EVERY_S
        while process.poll() is None:
            if self._stop.wait(POLL_S):
                return "STOPPED", None
            moment = time.monotonic()
            if moment > self._deadline:
                minutes = self.run["Timeout"]
                return "TIMEOUT", f"Job run exceeded its timeout of {minutes} minute{'s' * (minutes != 1)}."
            if moment > ship_at:
                self._log.ship()
                ship_at = time.monotonic() + SHIP_EVERY_S
        return None

    def _outcome(self) -> tuple[str, str | None]:
        with contextlib.suppress(FileNotFoundError):
            outcome = json.loads(self.folder.result.read_text(encoding="utf-8"))
            if outcome.get("code") == 0:
                return "SUCCEEDED", None
            if (number := outcome.get("signal")) is not None:
                return (
                    "FAILED",
                    f"The script's process ended by signal {number} ({signal.Signals(number).name}).",
                )
            with contextlib.suppress(FileNotFoundError):
                return "FAILED", self.folder.error.read_text(encoding="utf-8")
            return "FAILED", f"Command failed with exit code {outcome['code']}"
        return "FAILED", "The run's process ended without an outcome: see the run's error log."

    def _finish(self, state: str, message: str | None) -> None:
        if message and state == "FAILED":
            self._log.say(message)
        if not self._abandoned:
            # What a client may look for once it reads the state: the logs, and what the job wrote.
            self._log.ship(last=True)
            self._show_written()
        moment = now()
        self.run.update(
            JobRunState=state,
            CompletedOn=moment,
            LastModifiedOn=moment,
            ExecutionTime=int((moment - self.run["StartedOn"]).total_seconds()),
        )
        if self.run["ExecutionClass"] == "FLEX":
            self.run["DPUSeconds"] = self.run["MaxCapacity"] * self.run["ExecutionTime"]
        if message:
            self.run["ErrorMessage"] = message
        self._table.put(self.run)

    def _show_written(self) -> None:
        if self.context.forget_listing is None:
            time.sleep(LISTING_S)
            return
        for bucket in os.scandir(self.context.s3_root):
            if bucket.is_dir():
                self.context.forget(bucket.name)

    def _set_state(self, state: str, unless: str) -> None:
        with self.context.store.transaction():
            stored = self._table.find(self.run["Id"]) or self.run
            if stored["JobRunState"] != unless:
                self.run.update(JobRunState=state, LastModifiedOn=now())
                self._table.put(self.run)

    @staticmethod
    def clean_up(context: Context, run_id: str, pid: int | None, started: float | None) -> None:
        """End what a run of a killed supervisor may have left, and remove its files.

        The run's process ends by itself when its supervisor does; this is for the moment that it takes.
        """
        if pid is not None and started is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if abs(process.create_time() - started) < 1:
                    process.terminate()
                    with contextlib.suppress(psutil.TimeoutExpired):
                        process.wait(KILL_AFTER_S)
                    if process.is_running():
                        for each in process.children(recursive=True):
                            each.kill()
                        process.kill()
        folder_of(context, run_id).remove()


def _end(process: subprocess.Popen) -> None:
    """End a run's process with all that it started: it does so itself when it is asked."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()
