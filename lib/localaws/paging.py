"""Pages of a listing: an opaque NextToken that says after which key to go on."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from localaws.service import AwsError


def token(key: Any) -> str:
    """Make the NextToken of a page that ended with this key (any JSON value)."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def after(next_token: str | None, error: str = "InvalidInputException") -> Any:
    """Give the key after which a request's page begins; None is the first page.

    Raises
    ------
    AwsError
        `error`, when the token is none that `token` made.
    """
    if not next_token:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(next_token.encode()))
    except (binascii.Error, ValueError):
        raise AwsError(error, "The NextToken is invalid.") from None


def page(name: str, items: list[dict[str, Any]], keys: list[Any], limit: int) -> dict[str, Any]:
    """Build an answer of at most `limit` items, with a NextToken when there are more.

    Parameters
    ----------
    name
        The member of the answer that holds the items.
    items, keys
        The items in the listing's order, and the key of each: one more than `limit` when there are more.
    limit
        The size of a page.
    """
    answer: dict[str, Any] = {name: items[:limit]}
    if len(items) > limit:
        answer["NextToken"] = token(keys[limit - 1])
    return answer
