"""JSON for the state database that keeps what JSON has not: aware datetimes and bytes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

_TIME, _BYTES = "$time", "$bytes"


def dumps(value: Any) -> str:
    """Write a document as compact JSON; a datetime to the microsecond, bytes as base64."""
    return json.dumps(value, default=_tag, separators=(",", ":"), ensure_ascii=False)


def loads(text: str) -> Any:
    """Read what `dumps` wrote; datetimes come back aware, in UTC."""
    # The hook costs more than the parsing itself, and most documents need none.
    if _TIME in text or _BYTES in text:
        return json.loads(text, object_hook=_untag)
    return json.loads(text)


def _tag(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_TIME: value.timestamp()}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _untag(document: dict[str, Any]) -> Any:
    if len(document) == 1:
        if isinstance(seconds := document.get(_TIME), float | int):
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(text := document.get(_BYTES), str):
            return base64.b64decode(text)
    return document
