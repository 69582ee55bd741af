"""The supervisor: serves one state folder until it is told to stop."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from localaws import profile
from localaws.application import Application
from localaws.httpserver import listen, make_server
from localaws.layout import ACCOUNT_ID, Layout, Settings, UserError, write_private
from localaws.lock import lock
from localaws.objects import ObjectStore, end_orphan, free_port, is_free
from localaws.processes import Spawner
from localaws.service import Context, Service
from localaws.store import Store

log = logging.getLogger(__name__)

ORPHAN_PATIENCE_S = 3.0

# A thread that waits for the interpreter gets it after this long, not after 5 ms: answers stay quick while
# other threads compute.
SWITCH_INTERVAL_S = 0.001

# Kept open until the process ends: who finds the lock free finds nothing of us at work any more.
_held: list[IO[str]] = []


def choose_ports(settings: Settings, port: int | None, s3_port: int | None) -> None:
    """Set the ports of this run: those asked for, else those of the last run, else free ones.

    Raises
    ------
    UserError
        When a port that was asked for is in use, or one is asked for twice.
    """
    for name, asked in (("port", port), ("s3_port", s3_port)):
        if asked is not None:
            if not 1 <= asked <= 65535:
                raise UserError(f"Port {asked} does not exist: name one from 1 to 65535.")
            if not is_free(asked):
                raise UserError(
                    f"Port {asked} is in use: name another one with --{name.replace('_', '-')}, or none."
                )
            setattr(settings, name, asked)
        elif (kept := getattr(settings, name)) is None or not is_free(kept):
            if kept is not None:
                log.warning("port %s of the last run is in use by another program: taking another", kept)
            setattr(settings, name, free_port())
    if settings.port == settings.s3_port:
        if port is not None and s3_port is not None:
            raise UserError(f"Port {port} cannot serve both S3 and the rest: name two.")
        setattr(settings, "s3_port" if s3_port is None else "port", free_port())


def load_services(context: Context) -> list[Service]:
    """Make the services of ours."""
    from localaws.athena.service import AthenaService
    from localaws.glue.service import GlueService

    return [GlueService(context), AthenaService(context)]


def serve(
    root: Path,
    port: int | None = None,
    s3_port: int | None = None,
    region: str | None = None,
    ready: Callable[[str], None] = lambda endpoint: None,
) -> None:
    """Serve a state folder, until SIGTERM or SIGINT.

    Parameters
    ----------
    root
        The state folder; made when it is not there.
    port, s3_port
        Ports to listen on; without them those of the last run, at first free ones.
    region
        The region that the profile names; without it that of the last run, at first us-east-1.
    ready
        Called with the endpoint when everything answers.

    Raises
    ------
    AlreadyRunning
        When another supervisor serves the folder.
    UserError
        When it cannot be served as asked.
    """
    layout = Layout(Path(root).resolve())
    layout.prepare()
    _held.append(lock(layout))
    crashed = layout.running.exists()
    settings = Settings.load(layout.settings)
    if crashed:
        log.warning("the supervisor before this one was killed: its state is taken over")
        _await_own_ports(layout, settings)
    choose_ports(settings, port, s3_port)
    settings.region = region or settings.region
    settings.save(layout.settings)
    _serve(layout, settings, ready)


def _await_own_ports(layout: Layout, settings: Settings) -> None:
    """Wait for the ports of a killed supervisor: the kernel ends its children a moment after it."""
    kept = [port for port in (settings.port, settings.s3_port) if port is not None]
    until = time.monotonic() + ORPHAN_PATIENCE_S
    while not all(is_free(port) for port in kept) and time.monotonic() < until:
        end_orphan(layout)  # where the kernel cannot do it
        time.sleep(0.02)


def _serve(layout: Layout, settings: Settings, ready: Callable[[str], None]) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sys.setswitchinterval(SWITCH_INTERVAL_S)

    started = time.time()
    endpoint, s3_endpoint = profile.endpoint_of(settings.port), profile.endpoint_of(settings.s3_port)
    key = profile.ensure_key(layout)
    objects = ObjectStore(layout, key, settings.s3_port, Spawner())
    try:
        listening = listen(settings.port)
    except OSError as error:
        raise UserError(f"Port {settings.port} cannot be listened on: {error.strerror}.") from None
    services: list[Service] = []
    try:
        objects.launch()  # it gets ready while we do
        profile.write_config(layout, settings.region, endpoint, s3_endpoint)
        context = Context(
            root=layout.root,
            s3_root=layout.s3,
            store=Store(layout.database),
            account_id=ACCOUNT_ID,
            region=settings.region,
            profile_env=profile.environment(layout, settings.region),
            spawner=objects.spawner,
            forget_listing=objects.forget,
        )
        services = load_services(context)
        server = make_server(listening, Application(key, services, s3_endpoint))
        objects.wait()
        objects.watch()
        for service in services:
            service.start()
        state = {"pid": os.getpid(), "endpoint": endpoint, "s3_endpoint": s3_endpoint}
        state["started"] = datetime.now(UTC).isoformat(timespec="seconds")
        write_private(layout.running, json.dumps(state) + "\n")
        threading.Thread(target=server.serve_forever, args=(0.2,), name="http", daemon=True).start()
        threading.Thread(target=objects.sweep, args=(started,), name="sweep", daemon=True).start()
        log.info("serving %s at %s, S3 at %s", layout.root, endpoint, s3_endpoint)
        ready(endpoint)
        stop.wait()
        log.info("stopping")
        server.shutdown()
        layout.running.unlink(missing_ok=True)
    finally:
        for service in services:
            service.close()
        objects.close()
        listening.close()
