"""The dashboard in a notebook: inline where somebody can see it, as Plotly figures where nobody can."""

from __future__ import annotations

import plotly.graph_objects as go

from logloom.dashboard import figures, statements
from logloom.dashboard.data import Data, Queries
from logloom.dashboard.panels import known_range
from logloom.dashboard.server import listen
from logloom.dashboard.view import View
from logloom.errors import LogloomError
from logloom.settings import Settings


def show_inline(
    settings: Settings, *, port: int = 0, height: int = 900, queries: Queries | None = None
) -> str:
    """Show the dashboard in the cell's output (Dash's own Jupyter mode), and return its address.

    Parameters
    ----------
    port
        0 takes a free one, so that several can be open at once.

    Raises
    ------
    LogloomError
        The port is taken: Dash itself would silently put this app in the place of another one in this kernel,
        or end the kernel.
    """
    from dash._jupyter import jupyter_dash

    from logloom.dashboard.app import create_app

    host = "127.0.0.1"
    if (host, port) in jupyter_dash._servers:
        raise LogloomError(
            f"another dashboard of this notebook has port {port}: use another, or 0 for a free one"
        )
    probe = listen(host, port)
    port = probe.getsockname()[1]
    probe.close()
    app = create_app(settings, queries=queries)
    app.run(host=host, port=port, jupyter_mode="inline", jupyter_height=height, debug=False)
    return f"http://{host}:{port}/"


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
