"""Small documents in the state database: workgroups, named queries, prepared statements, data catalogs."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from importlib import resources

from localaws.service import AwsError
from localaws.store import Store


def invalid(message: str, code: str = "INVALID_INPUT") -> AwsError:
    """The error for a request that Athena does not take."""
    return AwsError("InvalidRequestException", message, AthenaErrorCode=code, Message=message)


def now() -> datetime:
    return datetime.now(UTC)


def _plain(value):
    if isinstance(value, datetime):
        return {"$time": value.timestamp()}
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _lively(value: dict):
    return datetime.fromtimestamp(value["$time"], UTC) if set(value) == {"$time"} else value


def dumps(document: dict) -> str:
    return json.dumps(_plain(document))


def loads(text: str) -> dict:
    return json.loads(text, object_hook=_lively)


class Documents:
    """Documents of all kinds, by scope (a workgroup, or "") and name."""

    def __init__(self, store: Store) -> None:
        self.store = store
        schema = resources.files("localaws.athena").joinpath("state.sql").read_text(encoding="utf-8")
        store.connection().executescript(schema)

    def get(self, kind: str, name: str, scope: str = "") -> dict | None:
        row = (
            self.store.connection()
            .execute(
                "SELECT document FROM athena_documents WHERE (kind, scope, name) = (?, ?, ?)",
                (kind, scope, name),
            )
            .fetchone()
        )
        return None if row is None else loads(row["document"])

    def put(self, kind: str, name: str, document: dict, scope: str = "") -> None:
        with self.store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO athena_documents VALUES (?, ?, ?, ?)",
                (kind, scope, name, dumps(document)),
            )

    def delete(self, kind: str, name: str, scope: str = "") -> None:
        with self.store.transaction() as db:
            db.execute(
                "DELETE FROM athena_documents WHERE (kind, scope, name) = (?, ?, ?)", (kind, scope, name)
            )

    def delete_scope(self, scope: str) -> None:
        with self.store.transaction() as db:
            db.execute("DELETE FROM athena_documents WHERE scope = ?", (scope,))

    def all(self, kind: str, scope: str | None = None) -> list[dict]:
        rows = self.store.connection().execute(
            "SELECT document FROM athena_documents WHERE kind = ? AND (? IS NULL OR scope = ?) ORDER BY name",
            (kind, scope, scope),
        )
        return [loads(r["document"]) for r in rows]


def page(items: list, request: dict, default: int) -> tuple[list, dict]:
    """Cut a list at NextToken and MaxResults; gives the page and the answer's NextToken, if any."""
    start = decode_token(request.get("NextToken"))
    count = request.get("MaxResults") or default
    more = {"NextToken": encode_token(start + count)} if start + count < len(items) else {}
    return items[start : start + count], more


def encode_token(number: int) -> str:
    return base64.urlsafe_b64encode(f"at:{number}".encode()).decode()


def decode_token(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("at:"))
    except ValueError:
        raise invalid("The NextToken is not valid.") from None
