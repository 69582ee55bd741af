"""Tags of Glue's crawlers and jobs, by ARN."""

from __future__ import annotations

from typing import Any

from localaws.glue.named_documents import create_tables
from localaws.service import Context, Handler


class Tags:
    """The tags of an account's Glue resources.

    Parameters
    ----------
    context
        The local AWS.
    """

    def __init__(self, context: Context) -> None:
        create_tables(context.store)
        self.context = context

    def actions(self) -> dict[str, Handler]:
        """Give the handlers of Glue's tag actions."""
        return {"TagResource": self.tag, "UntagResource": self.untag, "GetTags": self.get}

    def arn(self, kind: str, name: str) -> str:
        """Give the ARN of a resource: kind ``crawler`` or ``job``."""
        return f"arn:aws:glue:{self.context.region}:{self.context.account_id}:{kind}/{name}"

    def set(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags to a resource, in place of those with the same keys."""
        with self.context.store.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO glue_tag VALUES (?, ?, ?)", [(arn, key, tags[key]) for key in tags]
            )

    def of(self, arn: str) -> dict[str, str]:
        """Give a resource's tags."""
        rows = self.context.store.connection().execute(
            "SELECT key, value FROM glue_tag WHERE arn = ? ORDER BY key", (arn,)
        )
        return {row["key"]: row["value"] for row in rows}

    def has(self, arn: str, tags: dict[str, str]) -> bool:
        """Tell whether a resource has all of these tags."""
        return tags.items() <= self.of(arn).items()

    def forget(self, arn: str) -> None:
        """Drop the tags of a resource that is deleted."""
        with self.context.store.transaction() as db:
            db.execute("DELETE FROM glue_tag WHERE arn = ?", (arn,))

    def tag(self, body: dict[str, Any]) -> dict[str, Any]:
        self.set(body["ResourceArn"], body["TagsToAdd"])
        return {}

    def untag(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.context.store.transaction() as db:
            db.executemany(
                "DELETE FROM glue_tag WHERE arn = ? AND key = ?",
                [(body["ResourceArn"], key) for key in body["TagsToRemove"]],
            )
        return {}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self.of(body["ResourceArn"])}
