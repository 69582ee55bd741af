"""Who asks, and what that role may see."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

VIEWER, ANALYST = "viewer", "analyst"
ROLES = {
    VIEWER: "sees pseudonyms in the place of client addresses, user names, tokens and mail addresses",
    ANALYST: "sees the logs as they are",
}


@dataclass(frozen=True)
class Who:
    """Somebody who asks: a user's name (empty: this machine's own user, without a login) and role."""

    name: str
    role: str
    session: str = ""

    @property
    def sees_addresses(self) -> bool:
        return self.role == ANALYST


OWNER = Who("", ANALYST)
# Where nothing is known of who asks, on a server with a login, it is somebody who may see the least.
STRANGER = Who("", VIEWER)

_who: contextvars.ContextVar[Who | None] = contextvars.ContextVar("logloom_who", default=None)


def current() -> Who | None:
    """Who asked for what runs now; None where nobody said."""
    return _who.get()


def become(who: Who | None) -> None:
    """What runs from here on in this context does so for `who`."""
    _who.set(who)


@contextmanager
def acting(who: Who | None) -> Iterator[None]:
    token = _who.set(who)
    try:
        yield
    finally:
        _who.reset(token)
