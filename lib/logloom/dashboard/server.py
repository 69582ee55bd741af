"""`logloom dashboard`: the app on gunicorn."""

from __future__ import annotations

import logging
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from logloom.dashboard import prefix as paths
from logloom.dashboard.access import guard, private
from logloom.dashboard.access.hosts import is_loopback
from logloom.dashboard.background import ThreadManager
from logloom.dashboard.mailbox import Mailbox, lives
from logloom.dashboard.shared_jobs import SharedManager
from logloom.errors import LogloomError
from logloom.settings import Settings

THREADS = 64  # of a worker; each waiting request (long poll of a panel) holds one
STOP_SECONDS = 5


@dataclass(frozen=True)
class Serving:
    """How the dashboard is served.

    Attributes
    ----------
    workers
        Processes that answer.
    proxies
        So many proxies stand before it, whose X-Forwarded-For, -Proto and -Host are believed.
    jupyter
        jupyter-server-proxy asks, and has made sure of who it is.
    certificate, private_key
        Files (PEM) for https; without them it is http.
    """

    host: str = "127.0.0.1"
    port: int = 8050
    workers: int = 1
    proxies: int = 0
    jupyter: bool = False
    certificate: Path | None = None
    private_key: Path | None = None


def serve(settings: Settings, serving: Serving | None = None) -> None:
    """Serve the dashboard until it is interrupted.

    Raises
    ------
    LogloomError
        Others could reach it and there is no login, or the port is taken.
    """
    serving = serving or Serving()
    check(settings, serving)
    listening = listen(serving.host, serving.port)
    port = listening.getsockname()[1]
    prefix = paths.normal(settings.dashboard_prefix.replace("{port}", str(port)))
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        manager: ThreadManager | None = None

        def load_config(self) -> None:
            for name, value in options(serving, listening.fileno()).items():
                self.cfg.set(name, value)
            self.cfg.set("worker_exit", self.stop)

        def stop(self, arbiter, worker) -> None:
            """In a worker that ends: what runs is stopped in Athena, too."""
            if self.manager:
                self.manager.stop()

        def load(self):
            # In the worker: threads and connections are not for forks.
            self.manager = SharedManager(Mailbox(shared)) if serving.workers > 1 else ThreadManager()
            return application(settings, serving, prefix, self.manager)

    shown = f"[{serving.host}]" if ":" in serving.host else serving.host
    scheme = "https" if serving.certificate else "http"
    print(f"Logloom's dashboard is at {scheme}://{shown}:{port}{prefix} (Ctrl+C ends it)", flush=True)
    if not guard.has_login(settings):
        print("It has no login: whoever uses this machine can open it.", flush=True)
    elif scheme == "http" and not is_loopback(serving.host) and not serving.proxies:
        print(
            "Passwords cross the network unencrypted: give --certificate and --private-key, or put a "
            "proxy with https before it (--proxies 1).",
            flush=True,
        )
    with jobs_folder(settings) as shared:
        Server().run()


@contextmanager
def jobs_folder(settings: Settings) -> Iterator[Path]:
    """A folder for what this server's workers tell each other; those that killed servers left are removed."""
    folder = private.folder(settings)
    for left in folder.glob("jobs-*"):
        if not lives(int(left.name.removeprefix("jobs-"))):
            shutil.rmtree(left, ignore_errors=True)
    made = folder / f"jobs-{os.getpid()}"
    made.mkdir(mode=0o700, exist_ok=True)
    owner = os.getpid()
    try:
        yield made
    finally:
        if os.getpid() == owner:  # workers, forked from here, come by too
            shutil.rmtree(made, ignore_errors=True)


def check(settings: Settings, serving: Serving) -> None:
    """Refuse to be where others can reach the logs without a login.

    Raises
    ------
    LogloomError
        With what to do instead.
    """
    how = "add a user (logloom dashboard add-user NAME) or set oidc_issuer"
    if not guard.has_login(settings):
        if not is_loopback(serving.host):
            raise LogloomError(
                f"other machines could reach the dashboard at {serving.host!r}, and it has no login: {how}; "
                "or use 127.0.0.1, and a tunnel (ssh -L) from elsewhere"
            )
        if serving.proxies:
            raise LogloomError(f"through a proxy others reach the dashboard, and it has no login: {how}")
    if bool(serving.certificate) != bool(serving.private_key):
        raise LogloomError("https needs both --certificate and --private-key")
    guard.of(settings)  # what is wrong with its files is told here, not by each worker


def application(settings: Settings, serving: Serving, prefix: str, manager: ThreadManager):
    """The WSGI application of one worker."""
    from logloom.dashboard.app import create_app

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    door = guard.of(settings)
    if serving.jupyter:
        door = replace(door, notebook=True)
    app = create_app(settings, prefix=prefix, guard=door, manager=manager)
    if serving.proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        trusted = serving.proxies
        app.server.wsgi_app = ProxyFix(app.server.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)
    return app.server


def options(serving: Serving, descriptor: int) -> dict:
    """Gunicorn's settings: https://docs.gunicorn.org/en/stable/settings.html"""
    found = {
        "bind": f"fd://{descriptor}",
        "worker_class": "gthread",
        "workers": serving.workers,
        "threads": THREADS,
        "keepalive": 15,
        "limit_request_line": 8190,  # the most there is: a view with many filters is a long address
        "timeout": 120,
        "graceful_timeout": STOP_SECONDS,
        "proc_name": "logloom-dashboard",
        "loglevel": "warning",
        "control_socket_disable": True,
        # Gunicorn by itself believes X-Forwarded-Proto of anybody on this machine; whom to believe is said by
        # `proxies`.
        "forwarded_allow_ips": "",
    }
    if serving.certificate:
        found |= {"certfile": str(serving.certificate), "keyfile": str(serving.private_key)}
    return found


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; opened here, so that a taken port is one clear sentence."""
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
        where = f"port {port}" if is_loopback(host) else f"{host} with port {port}"
        raise LogloomError(f"{where} cannot be used ({error.strerror}): choose another with --port") from None
    listening.set_inheritable(True)
    return listening
