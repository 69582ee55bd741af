"""What a batch is about to do, written down first, so that the next run can end it or undo it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logformats.schema import TABLES

from logtables import places as all_places
from logtables import s3 as objects
from logtables.places import MOVED
from logtables.s3 import Location

if TYPE_CHECKING:
    from botocore.client import BaseClient


class FencedError(RuntimeError):
    """This batch was undone by another run: what is left of it must not write any more."""


@dataclass(frozen=True)
class Intent:
    """A batch on its way.

    Attributes
    ----------
    batch_id
        The batch; its files' names begin with it.
    run_id
        The job run that is at it.
    moves
        Tables and dates that the batch writes anew, in places of its own: they get these places once it is
        committed.
    void
        Another run undid it.
    """

    batch_id: str
    run_id: str
    moves: tuple[tuple[str, str], ...] = ()
    void: bool = False

    def to_json(self) -> bytes:
        return json.dumps(vars(self), indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Intent:
        values = json.loads(data)
        return cls(**values | {"moves": tuple((table, dt) for table, dt in values["moves"])})

    def new_places(self) -> dict[tuple[str, str], str]:
        """Give the places that the dates get, by table and date: prefixes below the tables' place."""
        return {(table, dt): all_places.moved_prefix(self.batch_id, table, dt) for table, dt in self.moves}


class Intents:
    """The intents beside the tables.

    Parameters
    ----------
    s3
        The client.
    cleaned
        The place of the tables.
    """

    def __init__(self, s3: BaseClient, cleaned: Location) -> None:
        self._s3 = s3
        self._cleaned = cleaned
        self._place = cleaned.below("_intents")

    def write(self, intent: Intent) -> None:
        """Write an intent, or its newer state."""
        self._s3.put_object(Bucket=self._place.bucket, Key=self._key(intent.batch_id), Body=intent.to_json())

    def drop(self, intent: Intent) -> None:
        """Drop an intent: nothing of it is left to do."""
        objects.delete(self._s3, self._place.bucket, [self._key(intent.batch_id)])

    def pending(self) -> list[Intent]:
        """Give all intents, the oldest first."""
        return [
            Intent.from_json(objects.get(self._s3, stored.bucket, stored.key))
            for stored in objects.list_objects(self._s3, self._place)
            if stored.name.endswith(".json")
        ]

    def check(self, batch_id: str) -> None:
        """See that a batch may still write.

        A worker can outlive its driver; what it still writes after another run has undone the batch would
        stay for ever.

        Raises
        ------
        FencedError
            If the intent is gone or void.
        """
        data = objects.get_or_none(self._s3, self._place.bucket, self._key(batch_id))
        if data is None or Intent.from_json(data).void:
            raise FencedError(f"batch {batch_id} was undone by another run of the job, so it stops here")

    def recover(self, committed: set[str]) -> list[Intent]:
        """End the committed batches, and undo those that were not.

        Parameters
        ----------
        committed
            The ids of the committed batches.

        Returns
        -------
        list of Intent
            The batches that were undone. Their intents stay, void, until `forget`, and keep what is left of
            the dead run from writing.
        """
        undone = []
        for intent in self.pending():
            if intent.batch_id in committed:
                self.finish(intent)
            else:
                void = replace(intent, void=True)
                self.write(void)
                undone.append(void)
        self.remove_files(intent.batch_id for intent in undone)
        return undone

    def finish(self, intent: Intent) -> None:
        """Give the dates that a committed batch wrote anew their places, and drop its intent."""
        if intent.moves:
            places = all_places.load(self._s3, self._cleaned)
            if intent.batch_id not in places.done:
                places = places.move(intent.batch_id, intent.new_places(), datetime.now(UTC))
                all_places.save(self._s3, self._cleaned, places)
        self.drop(intent)

    def forget(self, undone: list[Intent]) -> None:
        """Remove what was written of undone batches since they were, and drop their intents."""
        self.remove_files(intent.batch_id for intent in undone)
        for intent in undone:
            self.drop(intent)

    def remove_files(self, batch_ids: Iterable[str]) -> None:
        """Remove every file of these batches from the tables."""
        beginnings = tuple(f"{batch_id}-" for batch_id in batch_ids)
        if not beginnings:
            return
        for folder in (*TABLES, MOVED):
            keys = [
                stored.key
                for stored in objects.list_objects(self._s3, self._cleaned.below(folder))
                if stored.name.startswith(beginnings)
            ]
            objects.delete(self._s3, self._cleaned.bucket, keys)

    def _key(self, batch_id: str) -> str:
        return self._place.key(f"{batch_id}.json")
