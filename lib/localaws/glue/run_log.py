"""The logs of a job run: files while it runs, and CloudWatch Logs, where clients read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from localaws.glue.cloudwatch import CloudWatch
from localaws.glue.run_files import RunFolder

LOG_GROUP = "/aws-glue/jobs"
MAX_AT_ONCE = 4 * 2**20


class RunLog:
    """Ships what a run writes to its two logs, as it grows.

    Parameters
    ----------
    folder
        The run's folders.
    stream
        The stream's name: the run's id.
    cloudwatch
        Where it goes.
    """

    def __init__(self, folder: RunFolder, stream: str, cloudwatch: CloudWatch) -> None:
        self._folder = folder
        self._stream = stream
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
        for path, group in (
            (self._folder.output_log, f"{LOG_GROUP}/output"),
            (self._folder.error_log, f"{LOG_GROUP}/error"),
        ):
            while lines := self._new_lines(path, last):
                if problem := self._cloudwatch.put(group, self._stream, lines):
                    self.say(f"The log could not be sent to CloudWatch Logs: {problem}")
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
