"""What AWS refuses, as one sentence instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from logloom.errors import AwsUnreachable, LogloomError


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what AWS refuses in the block into a `LogloomError`: ``doing`` failed, and why.

    Parameters
    ----------
    doing
        What was being done: "creating the bucket logs".
    """
    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        reason = answer.get("Message") or "no reason given"
        raise LogloomError(f"{doing} failed: {reason} ({answer.get('Code', 'unknown')})") from error
    except BotoCoreError as error:
        raise AwsUnreachable(f"{doing} failed: {error}") from error
