"""Tags of Glue's databases, crawlers and jobs, by ARN."""

from __future__ import annotations

import re
from typing import Any

from localaws.glue.base import invalid, not_found
from localaws.glue.named_documents import create_tables
from localaws.service import Handler
from localaws.store import Store

# The kinds of resources that can have tags here, as their ARNs name them, and where their names are.
KINDS = {"database": "glue_database", "crawler": "glue_crawler", "job": "glue_job"}
MAX_TAGS = 50  # of one resource: https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html


class Tags:
    """The tags of an account's Glue resources.

    Parameters
    ----------
    store
        The state database.
    account_id, region
        As they stand in ARNs.
    """

    def __init__(self, store: Store, account_id: str, region: str) -> None:
        create_tables(store)
        self.store = store
        self._start = f"arn:aws:glue:{region}:{account_id}:"

    def actions(self) -> dict[str, Handler]:
        """Give the handlers of Glue's tag actions."""
        return {"TagResource": self.tag, "UntagResource": self.untag, "GetTags": self.get}

    def arn(self, kind: str, name: str) -> str:
        """Give the ARN of a resource of one of the `KINDS`."""
        return f"{self._start}{kind}/{name}"

    def set(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags to a resource, in place of those with the same keys."""
        with self.store.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO glue_tag VALUES (?, ?, ?)", [(arn, key, tags[key]) for key in tags]
            )

    def of(self, arn: str) -> dict[str, str]:
        """Give a resource's tags."""
        rows = self.store.connection().execute(
            "SELECT key, value FROM glue_tag WHERE arn = ? ORDER BY key", (arn,)
        )
        return {row["key"]: row["value"] for row in rows}

    def has(self, arn: str, tags: dict[str, str]) -> bool:
        """Tell whether a resource has all of these tags."""
        return tags.items() <= self.of(arn).items()

    def forget(self, arn: str) -> None:
        """Drop the tags of a resource that is deleted."""
        with self.store.transaction() as db:
            db.execute("DELETE FROM glue_tag WHERE arn = ?", (arn,))

    def tag(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.store.transaction():
            arn = self._existing(body["ResourceArn"])
            if reserved := [key for key in body["TagsToAdd"] if key.lower().startswith("aws:")]:
                raise invalid(f"Tag keys that begin with aws: are reserved: {reserved[0]}")
            if len(self.of(arn) | body["TagsToAdd"]) > MAX_TAGS:
                raise invalid(f"A resource has at most {MAX_TAGS} tags.")
            self.set(arn, body["TagsToAdd"])
        return {}

    def untag(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.store.transaction() as db:
            arn = self._existing(body["ResourceArn"])
            db.executemany(
                "DELETE FROM glue_tag WHERE arn = ? AND key = ?", [(arn, key) for key in body["TagsToRemove"]]
            )
        return {}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self.of(self._existing(body["ResourceArn"]))}

    def _existing(self, arn: str) -> str:
        """Give the ARN of a resource as its tags are stored, once it is there."""
        kind, _, name = arn.removeprefix(self._start).partition("/")
        if not re.match(r"arn:aws[\w-]*:glue:", arn):
            raise invalid(f"{arn} is no ARN of a Glue resource.")
        if arn.startswith(self._start) and (table := KINDS.get(kind)):
            name = name.lower() if kind == "database" else name
            # The table's name is one of this module's own.
            rows = self.store.connection().execute(f"SELECT 1 FROM {table} WHERE name = ?", (name,))  # noqa: S608
            if rows.fetchone():
                return self.arn(kind, name)
        raise not_found(f"Resource {arn} not found.")
