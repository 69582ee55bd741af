"""`/healthz`: for what watches the server. It says how it is, and nothing of what is in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import flask

# Anybody may ask: AWS is asked so often and no more.
LOOKED_SECONDS = 30


def install(server: flask.Flask, look: Callable[[], object]) -> None:
    """Answer ``{"status": "ok"}``, or ``degraded`` where `look` raises: we serve, AWS does not answer.

    Both with 200: a server that is restarted for it, or taken out of service, does not help.
    """
    lock, known = threading.Lock(), [float("-inf"), "ok"]

    @server.get("/healthz")
    def healthz() -> dict[str, str]:
        with lock:
            if time.monotonic() - known[0] > LOOKED_SECONDS:
                known[:] = [time.monotonic(), known[1]]
                threading.Thread(target=find_out, daemon=True, name="health").start()
        return {"status": known[1]}

    def find_out() -> None:
        try:
            look()
            known[1] = "ok"
        except Exception:  # noqa: BLE001
            known[1] = "degraded"
