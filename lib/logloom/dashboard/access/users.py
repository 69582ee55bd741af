"""Users of the dashboard: names, hashed passwords and roles in one file of mode 0600."""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from logloom.dashboard.access import private
from logloom.dashboard.access.roles import ROLES
from logloom.errors import LogloomError

# scrypt with N = 2^15, r = 8, p = 3: 32 MiB and some 0.2 s a try.
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
METHOD = "scrypt:32768:8:3"
SHORTEST, LONGEST = 10, 1024
# Tries at once in one process: each takes 32 MiB, and a core.
_HASHING = threading.BoundedSemaphore(2)
# What an unknown user's password is held against, so that it takes as long as a known one's.
_NOBODY = generate_password_hash(os.urandom(24).hex(), METHOD)


@dataclass(frozen=True)
class User:
    """One user; `stamp` changes with the password, and ends the sessions of the one before."""

    name: str
    password: str
    role: str
    stamp: str


class Users:
    """The users of one file; what another process writes into it counts from the next question on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], dict[str, User]] | None = None

    def all(self) -> dict[str, User]:
        """The users by name.

        Raises
        ------
        LogloomError
            The file is readable by others, or not what this module writes.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return {}
        state = (status.st_mtime_ns, status.st_ino, status.st_mode)
        with self._lock:
            if self._read is None or self._read[0] != state:
                self._read = (state, self._parse(private.read(self.path)))
            return dict(self._read[1])

    def check(self, name: str, password: str) -> User | None:
        """The user, if that is the password; unknown names take the same time."""
        user = self.all().get(name)
        with _HASHING:
            right = check_password_hash(user.password if user else _NOBODY, password[: LONGEST + 1])
        return user if right and user else None

    def known(self, name: str) -> User:
        """The user of that name.

        Raises
        ------
        LogloomError
            There is none; with the names that there are.
        """
        return self._known(self.all(), name)

    def put(self, name: str, password: str, role: str) -> None:
        """Add a user, or give one another password and role."""
        check_name(name)
        check_role(role)
        check_password(password)
        hashed = generate_password_hash(password, METHOD)
        with self._changing() as users:
            users[name] = User(name, hashed, role, datetime.now(UTC).isoformat())

    def set_role(self, name: str, role: str) -> None:
        check_role(role)
        with self._changing() as users:
            user = self._known(users, name)
            users[name] = User(name, user.password, role, user.stamp)

    def remove(self, name: str) -> None:
        with self._changing() as users:
            self._known(users, name)
            del users[name]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """The users to change, while no other process does; written when the block ends well."""
        with (self.path.parent / f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            users = self.all()
            yield users
            entries = {
                name: {field: value for field, value in asdict(user).items() if field != "name"}
                for name, user in sorted(users.items())
            }
            private.write(self.path, (json.dumps({"users": entries}, indent=2) + "\n").encode())

    def _known(self, users: dict[str, User], name: str) -> User:
        if name not in users:
            known = f"there are {', '.join(sorted(users))}" if users else "there are none"
            raise LogloomError(f"there is no user {name!r}: {known}")
        return users[name]

    def _parse(self, content: bytes) -> dict[str, User]:
        try:
            entries = json.loads(content)["users"]
            users = {name: User(name=name, **entry) for name, entry in entries.items()}
            if not all(isinstance(user.password, str) and user.role in ROLES for user in users.values()):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError):
            raise LogloomError(
                f"{self.path} is not a file of users: move it away, and add them anew "
                "(logloom dashboard add-user)"
            ) from None
        return users


def check_name(name: str) -> None:
    if not re.fullmatch(r"[\w.@+-]{1,64}", name, re.ASCII):
        raise LogloomError(f"{name!r} is no user name: 1 to 64 letters, digits and . _ @ + - without spaces")


def check_role(role: str) -> None:
    if role not in ROLES:
        raise LogloomError(f"there is no role {role!r}: there are {' and '.join(ROLES)}")


def check_password(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise LogloomError(f"a password has {SHORTEST} to {LONGEST} characters")
