"""Who did what: a line of JSON for every login, logout and export, in a file of mode 0600; no secrets."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger(__name__)


class Journal:
    """Lines are written at once and whole, from any worker; whoever rotates the file may move it away."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, event: str, user: str, address: str, **more: str | int) -> None:
        """One line: time (UTC), event, user, address, `more`. Text is escaped: a name cannot make a line."""
        if self._path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, "user": user[:128], "address": address, **more})
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            handle = os.open(self._path, flags, 0o600)
            try:
                os.write(handle, f"{line}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:
            log.error("the journal %s cannot be written: %s", self._path, error.strerror)
