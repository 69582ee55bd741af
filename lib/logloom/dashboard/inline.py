"""The dashboard in a notebook: inline where somebody can see it, as Plotly figures where nobody can."""

from __future__ import annotations

import logging
import os
import threading

import plotly.graph_objects as go
from werkzeug.serving import BaseWSGIServer, make_server

from logloom.dashboard import figures, statements
from logloom.dashboard import prefix as paths
from logloom.dashboard.access.guard import Guard
from logloom.dashboard.data import Data, Queries
from logloom.dashboard.panels import known_range
from logloom.dashboard.server import listen
from logloom.dashboard.view import View
from logloom.errors import LogloomError
from logloom.settings import Settings

# The dashboards of this kernel, by port.
_servers: dict[int, BaseWSGIServer] = {}


def show_inline(
    settings: Settings, *, port: int = 0, height: int = 900, queries: Queries | None = None
) -> str:
    """Show the dashboard in the cell's output, and return its address.

    It listens on this machine's loopback alone. Where JupyterLab runs on another machine than the browser,
    jupyter-server-proxy brings it there: the setting `dashboard_prefix` is then ``/proxy/{port}/`` (after the
    server's own base path); below JupyterHub that is found out.

    Parameters
    ----------
    port
        0 takes a free one, so that several can be open at once.

    Raises
    ------
    LogloomError
        The port is taken, by another program or by another dashboard of this kernel.
    """
    from IPython.display import IFrame, display

    from logloom.dashboard.app import create_app

    if port in _servers:
        raise LogloomError(
            f"another dashboard of this notebook has port {port}: use another, or 0 for a free one"
        )
    listening = listen("127.0.0.1", port)
    port = listening.getsockname()[1]
    hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    prefix = settings.dashboard_prefix
    if prefix == "/" and hub:
        prefix = f"{hub}proxy/{{port}}/"
    prefix = paths.normal(prefix.replace("{port}", str(port)))
    # A hub knows who asks, and its name is whatever its users call it.
    guard = Guard(notebook=True, known_hosts=settings.dashboard_hosts, any_host=bool(hub))
    app = create_app(settings, queries=queries, prefix=prefix, guard=guard)
    # Not Dash's own notebook mode: that sends tracebacks to the browser.
    server = make_server("127.0.0.1", port, app.server, threaded=True, fd=listening.fileno())
    listening.close()
    _servers[port] = server
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=server.serve_forever, daemon=True, name=f"dashboard-{port}").start()
    address = f"http://127.0.0.1:{port}/" if prefix == "/" else prefix
    display(IFrame(address, "100%", height))
    return address


def static_figures(settings: Settings, *, queries: Queries | None = None) -> dict[str, go.Figure]:
    """The figures of the whole range, or of the settings' dates, by title.

    Raises
    ------
    LogloomError
        There are no tables yet, nothing in them, or Athena does not answer.
    """
    data = Data(settings, queries)
    frame = data.ask(statements.accounts()).frame
    start, end, _, _ = known_range(frame, settings.start_date, settings.end_date)
    view = View(start=start, end=end, sources=(settings.source,) if settings.source else ())
    overview = data.ask(statements.overview(view)).frame
    made = {
        "Events by level": figures.events_over_time(overview, start, end, view.bucket_minutes),
        "Errors per day": figures.errors_per_day(overview, start, end),
    }
    for title, column in (("Events by source", "source"), ("Status codes", "http_response_status_code")):
        made[title] = figures.top_values(data.ask(statements.top(view, column)).frame, title)
    for title, figure in made.items():
        figure.update_layout(title={"text": title, "x": 0, "xref": "paper", "font": {"size": 14}}, height=320)
        figure.update_layout(margin={"t": 40, "l": 40, "r": 16, "b": 32})
    return made
