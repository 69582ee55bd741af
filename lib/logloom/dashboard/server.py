"""`logloom dashboard`: the app on gunicorn."""

from __future__ import annotations

import ipaddress
import socket

from logloom.errors import LogloomError
from logloom.settings import Settings

THREADS = 64  # each waiting request (long poll of a panel) holds one


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8050) -> None:
    """Serve the dashboard until it is interrupted.

    Raises
    ------
    LogloomError
        `host` is not this machine's own address, or the port is taken.
    """
    listening = listen(host, port)
    from gunicorn.app.base import BaseApplication

    from logloom.dashboard.app import create_app

    class Server(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", f"fd://{listening.fileno()}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("workers", 1)
            self.cfg.set("threads", THREADS)
            self.cfg.set("keepalive", 15)
            self.cfg.set("timeout", 120)
            self.cfg.set("graceful_timeout", 3)
            self.cfg.set("proc_name", "logloom-dashboard")
            self.cfg.set("loglevel", "warning")
            self.cfg.set("control_socket_disable", True)

        def load(self):
            return create_app(settings).server

    shown = f"[{host}]" if ":" in host else host
    print(
        f"Logloom's dashboard is at http://{shown}:{listening.getsockname()[1]}/ (Ctrl+C ends it)", flush=True
    )
    Server().run()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address; opened here, so that a taken port is one clear sentence."""
    if not is_loopback(host):
        raise LogloomError(
            "the dashboard has no login yet, so it serves this machine only: use 127.0.0.1 instead of "
            f"{host}, and a tunnel (ssh -L) from elsewhere"
        )
    if not 0 <= port <= 65535:
        raise LogloomError(f"{port} is no port: choose one from 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise LogloomError(
            f"port {port} cannot be used ({error.strerror}): choose another with --port"
        ) from None
    listening.set_inheritable(True)
    return listening


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
