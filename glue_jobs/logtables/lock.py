"""One writer at a time on one set of tables, with nothing but S3's own strong consistency.

S3's conditional writes would do it in one request, but not every S3 has them: some take ``If-None-Match``
and overwrite all the same. So the runs draw numbers, as in Lamport's bakery
(https://lamport.azurewebsites.net/pubs/bakery.pdf): listings that show every finished write are all that it
needs, and both AWS (https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel) and
rclone have them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from logtables import s3 as objects
from logtables.s3 import Location

if TYPE_CHECKING:
    from botocore.client import BaseClient

POLL_S = 2.0
PATIENCE_S = 600.0


class LockedError(RuntimeError):
    """Another run has the tables, and did not end while this one waited."""


@contextmanager
def hold(
    s3: BaseClient,
    cleaned: Location,
    holder: str,
    *,
    is_alive: Callable[[str], bool],
    patience_s: float = PATIENCE_S,
    say: Callable[[str], None] = print,
) -> Iterator[None]:
    """Wait until no other run has the tables, and keep them while the block runs.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    holder
        This run, by a name that `is_alive` of another run understands.
    is_alive
        Tells of another run's name whether it can still be at work; what a dead run left is cleared away.
    patience_s
        How many seconds to wait.
    say
        Takes a sentence for the log, when this run has to wait.

    Raises
    ------
    LockedError
        When another run is still at work after `patience_s`.
    """
    place = cleaned.below("_lock")
    choosing, waiting = place.below("choosing"), place.below("waiting")
    own_choice = choosing.key(holder)

    # While a number is being drawn it says so: whoever comes between looks again.
    s3.put_object(Bucket=place.bucket, Key=own_choice, Body=b"")
    number = max((_number(name) for name in _names(s3, waiting)), default=0) + 1
    ticket = f"{number:012d}-{holder}"
    own_ticket = waiting.key(ticket)
    s3.put_object(Bucket=place.bucket, Key=own_ticket, Body=b"")
    objects.delete(s3, place.bucket, [own_choice])
    try:
        _wait_for_turn(s3, choosing, waiting, ticket, holder, is_alive, patience_s, say)
        yield
    finally:
        objects.delete(s3, place.bucket, [own_ticket])


def _wait_for_turn(s3, choosing, waiting, ticket, holder, is_alive, patience_s, say) -> None:
    end = time.monotonic() + patience_s
    said = None
    while True:
        # In this order: who is no longer choosing then has a ticket in the second listing.
        before = [(choosing, name, name) for name in _names(s3, choosing) if name != holder]
        before += [(waiting, name, _holder(name)) for name in _names(s3, waiting) if name < ticket]
        living = []
        for place, name, other in before:
            # A ticket of this very run is one that an attempt of it left before.
            if other != holder and is_alive(other):
                living.append(other)
            else:
                objects.delete(s3, place.bucket, [place.key(name)])
        if not living:
            return
        if time.monotonic() >= end:
            raise LockedError(
                f"job run {living[0]} is still writing the same tables: run again when it has ended"
            )
        if living[0] != said:
            said = living[0]
            say(f"waiting for job run {said}, which writes the same tables")
        time.sleep(min(POLL_S, max(0.0, end - time.monotonic())))


def _names(s3: BaseClient, place: Location) -> list[str]:
    return [item.key[len(place.prefix) :] for item in objects.list_objects(s3, place)]


def _number(ticket: str) -> int:
    return int(ticket.partition("-")[0])


def _holder(ticket: str) -> str:
    return ticket.partition("-")[2]
