"""Guessing passwords takes long: failed logins make the next one wait, for all workers alike.

Failures count for the pair of user and address, for the user, and for the address. A user's own count, which
anybody can raise, makes wait at most a minute; and a browser that has logged in as that user before
is counted on its own (a device cookie), so that nobody's guessing keeps the owner out.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from logloom.dashboard.access.state import State

FORGOTTEN_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Limit:
    """So many failures are free; then each doubles the wait, from a second to `longest` seconds."""

    free: int
    longest: float

    def wait(self, failed: int) -> float:
        return 0.0 if failed < self.free else min(2.0 ** min(failed - self.free, 30), self.longest)


PAIR, USER, ADDRESS, DEVICE = Limit(5, 900), Limit(20, 60), Limit(30, 300), Limit(5, 300)


@dataclass(frozen=True)
class Attempts:
    """The failures of one server."""

    state: State
    now: Callable[[], float] = field(default=time.time)

    def begin(self, name: str, address: str, device: str | None) -> float:
        """Count an attempt as failed, before it is tried: two at once are two.

        Returns
        -------
        float
            Seconds to wait before another try is looked at; 0.0 where this one may be tried.
        """
        now = self.now()
        with self.state.writing() as connection:
            connection.execute("DELETE FROM failures WHERE last < ?", (now - FORGOTTEN_SECONDS,))
            known = {}
            for counted_for, limit in _counted(name, address, device).items():
                found = connection.execute(
                    "SELECT failed, last FROM failures WHERE counted_for = ?", (counted_for,)
                ).fetchone()
                known[counted_for] = found[0] if found else 0
                if found and (left := found[1] + limit.wait(found[0]) - now) > 0:
                    return left  # not counted: who keeps asking does not wait longer for it
            for counted_for, failed in known.items():
                connection.execute(
                    "INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (counted_for, failed + 1, now)
                )
        return 0.0

    def succeeded(self, name: str, address: str, device: str | None) -> None:
        """Forget the failures of this user from here; of the address alone only this attempt."""
        with self.state.writing() as connection:
            for counted_for in _counted(name, address, device):
                if counted_for == _address(address):
                    connection.execute(
                        "UPDATE failures SET failed = failed - 1 WHERE counted_for = ?", (counted_for,)
                    )
                else:
                    connection.execute("DELETE FROM failures WHERE counted_for = ?", (counted_for,))


def _counted(name: str, address: str, device: str | None) -> dict[str, Limit]:
    # Hashed: what somebody typed as a user name may be a password.
    user = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
    if device:
        return {f"device {user} {hashlib.sha256(device.encode()).hexdigest()[:32]}": DEVICE}
    return {f"pair {user} {_address(address)}": PAIR, f"user {user}": USER, _address(address): ADDRESS}


def _address(address: str) -> str:
    """An IPv6 address by its /64: that many are one customer's."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address[:64]}"
    if known.version == 6 and known.ipv4_mapped is None:
        return f"address {ipaddress.ip_network((known, 64), strict=False)}"
    return f"address {known}"
