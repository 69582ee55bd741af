"""Lines of crawls and job runs into CloudWatch Logs, where clients of Glue read them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from localaws.service import Context

# PutLogEvents takes so much at once (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
MAX_EVENTS = 10_000
MAX_BYTES = 1_000_000
MAX_LINE = 250_000
EVENT_BYTES = 26


class CloudWatch:
    """Writes to the local AWS's CloudWatch Logs.

    Parameters
    ----------
    context
        The local AWS.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def put(self, group: str, stream: str, lines: Iterable[str]) -> str | None:
        """Append lines to a stream, which is made when it is not there.

        Returns
        -------
        str or None
            Why the lines could not be written; the work that they tell of goes on without.
        """
        try:
            client = self._context.client("logs")
            for batch in _batches(lines):
                moment = int(time.time() * 1000)
                events = [{"timestamp": moment, "message": line} for line in batch]
                try:
                    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
                except client.exceptions.ResourceNotFoundException:
                    self._make(group, stream)
                    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        except (BotoCoreError, ClientError) as error:
            return str(error)
        return None

    def _make(self, group: str, stream: str) -> None:
        client = self._context.client("logs")
        for make, names in (
            (client.create_log_group, {"logGroupName": group}),
            (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                make(**names)
            except client.exceptions.ResourceAlreadyExistsException:
                continue


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for line in lines:
        if not line:
            continue  # CloudWatch takes no empty message
        line = line[:MAX_LINE]
        bytes_ = len(line.encode()) + EVENT_BYTES
        if batch and (len(batch) == MAX_EVENTS or size + bytes_ > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += bytes_
    if batch:
        yield batch
