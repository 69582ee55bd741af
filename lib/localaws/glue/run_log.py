"""The logs of a job run: files while it runs, and CloudWatch Logs, where clients read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from localaws.glue.cloudwatch import CloudWatch
from localaws.glue.run_files import RunFolder

LOG_GROUP = "/aws-glue/jobs"
CONTINUOUS_LOG_GROUP = "/aws-glue/jobs/logs-v2"
MAX_AT_ONCE = 4 * 2**20


class RunLog:
    """Ships what a run writes to its two logs, as it grows.

    Parameters
    ----------
    folder
        The run's folders.
    run_id
        The run's id, which its streams are named after.
    arguments
        The run's arguments: some of them say where its logs go, see `destinations`.
    cloudwatch
        Where they go.
    """

    def __init__(
        self, folder: RunFolder, run_id: str, arguments: Mapping[str, str], cloudwatch: CloudWatch
    ) -> None:
        self._folder = folder
        output, errors, both = destinations(arguments, run_id)
        self._destinations = {
            folder.output_log: [each for each in (output, both) if each],
            folder.error_log: [each for each in (errors, both) if each],
        }
        self._cloudwatch = cloudwatch
        self._at: dict[Path, int] = {}
        folder.logs.mkdir(parents=True, exist_ok=True)

    def open(self) -> tuple[BinaryIO, BinaryIO]:
        """Open the files of output and errors, to append to."""
        return self._folder.output_log.open("ab"), self._folder.error_log.open("ab")

    def say(self, sentence: str) -> None:
        """Write a line of the runner's own to the error log."""
        with self._folder.error_log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%y/%m/%d %H:%M:%S} INFO localaws: {sentence}\n")

    def ship(self, *, last: bool = False) -> None:
        """Send the lines that were written since; the last one even when it has no end."""
        for path, destinations_ in self._destinations.items():
            while lines := self._new_lines(path, last):
                for group, stream in destinations_:
                    if problem := self._cloudwatch.put(group, stream, lines):
                        self.say(f"The log could not be sent to CloudWatch Logs ({group}): {problem}")
                        return

    def _new_lines(self, path: Path, last: bool) -> list[str]:
        if not path.is_file():
            return []
        with path.open("rb") as file:
            file.seek(self._at.get(path, 0))
            data = file.read(MAX_AT_ONCE)
        end = data.rfind(b"\n") + 1
        if ((last or len(data) == MAX_AT_ONCE) and end == 0) or (last and len(data) < MAX_AT_ONCE):
            end = len(data)
        self._at[path] = self._at.get(path, 0) + end
        return data[:end].decode("utf-8", "backslashreplace").splitlines()


def destinations(
    arguments: Mapping[str, str], run_id: str
) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str] | None]:
    """Give log group and stream of a run's output, of its errors, and of both together.

    The third is for runs with continuous logging; without it, None. Source:
    https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging-enable.html
    """
    group, stream = log_group(arguments), arguments.get("--custom-logStream-prefix") or run_id
    both = None
    if arguments.get("--enable-continuous-cloudwatch-log", "").lower() == "true":
        prefix = arguments.get("--continuous-log-logStreamPrefix") or run_id
        both = (arguments.get("--continuous-log-logGroup") or CONTINUOUS_LOG_GROUP, f"{prefix}-driver")
    return (f"{group}/output", stream), (f"{group}/error", stream), both


def log_group(arguments: Mapping[str, str]) -> str:
    """Give what the names of a run's log groups begin with."""
    return arguments.get("--custom-logGroup-prefix") or LOG_GROUP
