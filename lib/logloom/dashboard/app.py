"""The Dash application, made of its parts."""

from __future__ import annotations

from pathlib import Path

import flask
from dash import Dash

from logloom.dashboard import answers, callbacks, faults, health, layout, panels, statements
from logloom.dashboard import prefix as paths
from logloom.dashboard.access.account import account
from logloom.dashboard.access.guard import Guard
from logloom.dashboard.background import ThreadManager
from logloom.dashboard.data import Data, Queries, Trouble
from logloom.settings import Settings

FOLDER = Path(__file__).parent
EARLY_SECONDS = 0.3


def create_app(
    settings: Settings,
    *,
    queries: Queries | None = None,
    prefix: str = "/",
    guard: Guard | None = None,
    manager: ThreadManager | None = None,
) -> Dash:
    """Make the dashboard of `settings`' tables.

    Parameters
    ----------
    queries
        What runs the SQL; Athena by default.
    prefix
        Path below which the page is asked for, when a proxy puts it there (``/proxy/8050/``).
    guard
        Who gets in; by default this machine, without a login.
    manager
        What runs the background callbacks; by default threads of this process.

    Notes
    -----
    Everything that the page loads comes from this server: no CDN, no font of the net.
    """
    guard, prefix = guard or Guard(), paths.normal(prefix)
    manager = manager or ThreadManager()
    app = Dash(
        __name__,
        title=f"Logloom · {settings.database}",
        update_title=None,
        assets_folder=str(FOLDER / "assets"),
        assets_ignore=r"(scheme|login)\.(js|css)",
        background_callback_manager=manager,
        requests_pathname_prefix=prefix,
        routes_pathname_prefix="/",
        serve_locally=True,
        compress=False,
        add_log_handler=False,
    )
    scheme = app.get_asset_url("scheme.js")
    app.index_string = (FOLDER / "index.html").read_text(encoding="utf-8").replace("{scheme}", scheme)
    # Another Athena may answer otherwise: its answers are not for all.
    shared = answers.of(settings) if queries is None else None
    data = Data(settings, queries, guard.veil(), shared)
    manager.at_stop.append(data.stop)

    def page():
        """The page of a request, with what there is where Athena says it at once: a round trip less."""
        answer = data.soon(statements.accounts(), EARLY_SECONDS) if flask.has_request_context() else None
        try:
            known = panels.what_there_is(answer.frame, settings) if answer else None
        except Trouble:
            known = None  # its panel tells it
        return layout.page(settings, known, account(guard, prefix))

    app.layout = page
    callbacks.register(app, manager, data, guard.journal)
    health.install(app.server, data.queries.version)
    faults.install(app.server)
    guard.install(app.server, app.csp_hashes())
    if prefix != "/":
        app.server.wsgi_app = paths.Below(app.server.wsgi_app, prefix)
    return app
