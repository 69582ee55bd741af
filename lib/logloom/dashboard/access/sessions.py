"""Sessions: begun by a login, ended by a logout, by time, or by the user's end or new password."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer

from logloom.dashboard.access.roles import Who
from logloom.dashboard.access.state import State
from logloom.dashboard.access.users import User, Users

PASSWORD, OIDC = "password", "oidc"
# That a session is used is noted so often; more would be a write for every request.
NOTED_SECONDS = 30
MOST_OF_A_USER = 20


@dataclass(frozen=True)
class Sessions:
    """The sessions of one server, in the file that its workers share.

    A cookie holds a random token, signed; the file holds the token's hash, so that who reads the file has no
    session. A login always makes a new one (no fixation).
    """

    state: State
    users: Users
    key: bytes
    idle_seconds: float
    longest_seconds: float

    def begin(self, name: str, role: str, kind: str, stamp: str = "") -> str:
        """Begin a session, and return what its cookie holds."""
        token, now = secrets.token_urlsafe(32), time.time()
        with self.state.writing() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE seen < ? OR began < ?",
                (now - self.idle_seconds, now - self.longest_seconds),
            )
            connection.execute(
                "DELETE FROM sessions WHERE name = ? AND kind = ? AND token_hash NOT IN "
                "(SELECT token_hash FROM sessions WHERE name = ? AND kind = ? ORDER BY seen DESC LIMIT ?)",
                (name, kind, name, kind, MOST_OF_A_USER - 1),
            )
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_hash(token), name, role, kind, stamp, now, now),
            )
        return self._signer.sign(token).decode()

    def find(self, cookie: str) -> Who | None:
        """Who it is, if the session lives; a password user's role is the one that the users' file has now."""
        token = self._token(cookie)
        if token is None:
            return None
        session, now = _hash(token), time.time()
        rows = self.state.rows(
            "SELECT name, role, kind, stamp, began, seen FROM sessions WHERE token_hash = ?", session
        )
        if not rows:
            return None
        name, role, kind, stamp, began, seen = rows[0]
        user: User | None = self.users.all().get(name) if kind == PASSWORD else None
        gone = kind == PASSWORD and (user is None or user.stamp != stamp)
        if gone or now - seen > self.idle_seconds or now - began > self.longest_seconds:
            self._end(session)
            return None
        if now - seen > min(NOTED_SECONDS, self.idle_seconds / 4):
            with self.state.writing() as connection:
                connection.execute("UPDATE sessions SET seen = ? WHERE token_hash = ?", (now, session))
        return Who(name, user.role if user else role, session)

    def end(self, cookie: str) -> None:
        if token := self._token(cookie):
            self._end(_hash(token))

    def _end(self, session: str) -> None:
        with self.state.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (session,))

    def _token(self, cookie: str) -> str | None:
        try:
            return self._signer.unsign(cookie).decode()
        except (BadSignature, UnicodeDecodeError):
            return None

    @property
    def _signer(self) -> Signer:
        return Signer(self.key, salt="logloom.session", digest_method=hashlib.sha256)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
