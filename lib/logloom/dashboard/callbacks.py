"""The wires: which control asks which statement, and which figure shows the answer. Nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update

from logloom.dashboard import background, figures, statements
from logloom.dashboard import components as c
from logloom.dashboard.background import Cancelled, ThreadManager
from logloom.dashboard.data import Data, Trouble
from logloom.dashboard.layout import TOPS
from logloom.dashboard.palette import ERROR_LEVELS
from logloom.dashboard.view import BadView, View

OVERVIEW_PANELS = ("series", "days")


def register(app: Dash, manager: ThreadManager, data: Data) -> None:
    """Wire the page of `layout` to `data`."""
    with manager.registering():
        _clientside(app)
        _extent(app, data)
        _overview(app, data)
        for name, (_, column) in TOPS.items():
            _top(app, data, name, column)
        _events(app, data)


def _clientside(app: Dash) -> None:
    def js(function: str, *wires: Any, **more: Any) -> None:
        app.clientside_callback(ClientsideFunction("logloom", function), *wires, **more)

    controls = [
        ("levels", "value"),
        ("source", "value"),
        ("status", "value"),
        ("text", "value"),
        ("regex", "checked"),
        ("chosen", "data"),
        ("restored", "data"),
    ]
    js("restore", *(Output(*control) for control in controls), Input("address", "data"))
    ranges = [("range", "value"), ("from", "value"), ("to", "value")]
    js(
        "view",
        Output("view", "data"),
        *(Output(*one) for one in ranges),
        *(Input(*one) for one in ranges),
        *(Input(*control) for control in controls),
        Input("extent", "data"),
    )
    js(
        "page",
        Output("page", "data"),
        Input("view", "data"),
        Input("older", "n_clicks"),
        Input("newer", "n_clicks"),
        State("page", "data"),
        State("next-key", "data"),
    )
    js("reset", Output("reset", "title"), Input("reset", "n_clicks"))
    js("copyLink", Output("copy-link", "title"), Input("copy-link", "n_clicks"))
    js("scheme", Output("scheme", "title"), Input("scheme", "n_clicks"))
    js(
        "zoom",
        Output("series-graph", "className"),
        Input("series-graph", "relayoutData"),
        State("view", "data"),
    )


def _background(app: Dash, panels: tuple[str, ...], outputs: list[Output], inputs: list, **more: Any):
    """A background callback whose panels show that they load, how far it is, and a button to stop it."""
    return app.callback(
        *outputs,
        *inputs,
        background=True,
        interval=background.POLL_INTERVAL_MS,
        running=[(Output(f"{name}-panel", "data-loading"), "true", "false") for name in panels],
        progress=[Output(f"{name}-progress", "children") for name in panels],
        progress_default=["" for _ in panels],
        cancel=[Input(f"{name}-cancel", "n_clicks") for name in panels],
        **more,
    )


def _answered(
    view: Any, work: Callable[[View], tuple], width: int, troubled: Callable[[list], tuple]
) -> tuple:
    """Run `work` for a view; whatever goes wrong becomes a message by `troubled`."""
    if not view:
        return (no_update,) * width
    try:
        if view.get("trouble"):
            raise Trouble(*view["trouble"])
        return work(View.from_store(view))
    except Cancelled:
        return troubled(c.message("Stopped", "The query was stopped in Athena. Refresh to run it again."))
    except Trouble as error:
        return troubled(c.message(error.title, str(error), bad=True))
    except BadView as error:
        return troubled(c.message("These filters cannot be used", str(error), bad=True))


def _teller(set_progress: Callable, panels: int) -> Callable[[str, int], None]:
    def tell(state: str, scanned: int) -> None:
        text = "queued" if state == "QUEUED" else f"running, {c.size(scanned)}" if scanned else "running"
        set_progress([text] * panels)

    return tell


def _extent(app: Dash, data: Data) -> None:
    @app.callback(
        Output("extent", "data"),
        Output("source", "data"),
        Output("freshness", "children"),
        Input("refresh", "n_clicks"),
        background=True,
        interval=background.POLL_INTERVAL_MS,
    )
    def extent(clicks):
        asked = clicks or 0
        try:
            frame = data.ask(statements.extent()).frame
            found = known_range(frame, data.settings.start_date, data.settings.end_date)
        except Trouble as error:
            return {"trouble": [error.title, str(error)], "asked": asked}, [], ""
        except Cancelled:
            return no_update, no_update, no_update
        start, end, newest, loaded = found
        extent = {"start": statements.moment(start), "end": statements.moment(end), "asked": asked}
        sources = sorted(str(source) for source in frame["source"].dropna())
        fresh = [f"Newest event {newest:%Y-%m-%d %H:%M} UTC"]
        if loaded is not None:
            fresh.append(html.Span(f" · loaded {loaded:%Y-%m-%d %H:%M}"))
        return extent, [{"value": one, "label": one} for one in sources], fresh


def known_range(
    frame: pd.DataFrame, first_day: str, last_day: str
) -> tuple[datetime, datetime, datetime, Any]:
    """Of the frame of extent.sql: start (whole minute) and end (excluded) of the events, the newest, the last
    load.

    Raises
    ------
    Trouble
        Nothing is loaded yet, or nothing between the settings' dates.
    """
    known = frame.dropna(subset=["first_event", "last_event"])
    if known.empty:
        raise Trouble("No events yet", "Nothing has been loaded: run notebook 03_transform.")
    newest = pd.Timestamp(known["last_event"].max()).to_pydatetime()
    start = pd.Timestamp(known["first_event"].min()).floor("min").to_pydatetime()
    end = pd.Timestamp(newest).floor("min").to_pydatetime() + timedelta(minutes=1)
    if first_day:
        start = max(start, datetime.fromisoformat(first_day))
    if last_day:
        end = min(end, datetime.fromisoformat(last_day) + timedelta(days=1))
    if start >= end:
        raise Trouble(
            "No events between the settings' dates",
            f"start_date is {first_day or 'open'} and end_date {last_day or 'open'}; there are events from "
            f"{known['first_event'].min():%Y-%m-%d} to {newest:%Y-%m-%d}.",
        )
    loaded = frame["committed_at"].max()
    return start, end, newest, None if pd.isna(loaded) else pd.Timestamp(loaded)


def _overview(app: Dash, data: Data) -> None:
    tiles = ("events", "errors", "rate", "bytes")
    outputs = [
        Output("series-graph", "figure"),
        Output("series-message", "children"),
        Output("series-note", "children"),
        Output("series-hint", "children"),
        Output("days-graph", "figure"),
        Output("days-message", "children"),
        Output("days-note", "children"),
        *(Output(f"tile-{name}", "children") for name in tiles),
        *(Output(f"tile-{name}-change", "children") for name in tiles),
    ]

    @_background(app, OVERVIEW_PANELS, outputs, [Input("view", "data")])
    def overview(set_progress, view):
        def work(view: View) -> tuple:
            answer = data.ask(statements.overview(view), _teller(set_progress, len(OVERVIEW_PANELS)))
            frame, width = answer.frame, view.bucket_minutes
            series = figures.events_over_time(frame, view.start, view.end, width, view.levels)
            days = figures.errors_per_day(frame, view.start, view.end)
            now, before = sums(frame, view, before=False), sums(frame, view, before=True)
            return (
                series,
                None if now["events"] else nothing(view, now["all"], data.settings.drop_levels),
                c.note("series", answer),
                f"a bar is {figures.width_in_words(width)}"
                + ("" if view.rollup_knows else ", kept events only"),
                days,
                None
                if now["errors"]
                else c.message("No errors", "None of level ERROR or FATAL in this range."),
                c.note("days", answer),
                *(
                    c.count(now["events"]),
                    c.count(now["errors"]),
                    c.percent(now["rate"]),
                    c.size(now["bytes"]),
                ),
                c.change(now["events"], before["events"]),
                c.change(now["errors"], before["errors"], more_is_bad=True),
                c.change(now["rate"], before["rate"], points=True, more_is_bad=True) if before["all"] else "",
                c.change(now["bytes"], before["bytes"]),
            )

        def troubled(text: list) -> tuple:
            return (c.BLANK, text, None, "", c.BLANK, text, None, *["–"] * len(tiles), *[" "] * len(tiles))

        return _answered(view, work, len(outputs), troubled)


def sums(frame: pd.DataFrame, view: View, *, before: bool) -> dict[str, float]:
    """Head figures of the frame of overview.sql.

    Events and bytes are of the view's levels; errors and their share of all events, whatever levels are
    chosen.
    """
    part = frame[frame["bucket"].isna() if before else frame["bucket"].notna()]
    shown = part[part["log_level"].isin(view.levels)]
    everything = int(part["events"].sum())
    errors = int(part.loc[part["log_level"].isin(ERROR_LEVELS), "events"].sum())
    return {
        "events": int(shown["events"].sum()),
        "errors": errors,
        "all": everything,
        "rate": errors / everything if everything else 0.0,
        "bytes": int(shown["bytes"].fillna(0).sum()),
    }


def nothing(view: View, all_levels: int, dropped: tuple[str, ...]) -> list:
    """Why there is nothing: levels, filters, or the range."""
    if not view.levels:
        return c.message("No level chosen", "Choose at least one level above.")
    if all_levels:
        return c.message(
            "None of these levels", f"There are {all_levels:,} events of other levels in this range."
        )
    narrow = view.sources or view.status_classes or view.text or view.include or view.exclude
    if view.text or not view.rollup_knows:
        kept = f" The transform kept no {', '.join(dropped)} events to search in." if dropped else ""
        return c.message("Nothing matches", f"No event in this range fulfils the filters.{kept}")
    if narrow:
        return c.message("Nothing matches", "No event in this range fulfils the filters: widen them.")
    return c.message("No events in this range", "Choose another range, or All.")


def _top(app: Dash, data: Data, name: str, column: str) -> None:
    outputs = [Output(f"{name}-{part}", "children") for part in ("body", "message", "note")]

    @_background(app, (name,), outputs, [Input("view", "data")])
    def top(set_progress, view):
        def work(view: View) -> tuple:
            if not view.rollup_knows:
                statement = statements.top_events(view, column)
            else:
                statement = statements.top_counts(view, column)
            answer = data.ask(statement, _teller(set_progress, 1))
            empty = (
                None if len(answer.frame) else c.message("Nothing matches", "No event fulfils the filters.")
            )
            return c.value_list(column, answer.frame), empty, c.note(name, answer)

        return _answered(view, work, len(outputs), lambda text: (None, text, None))


def _events(app: Dash, data: Data) -> None:
    outputs = [
        Output("events-grid", "rowData"),
        Output("events-message", "children"),
        Output("events-note", "children"),
        Output("events-page", "children"),
        Output("newer", "disabled"),
        Output("older", "disabled"),
        Output("next-key", "data"),
        Output("pills", "children"),
    ]

    @_background(app, ("events",), outputs, [Input("page", "data"), State("view", "data")])
    def events(set_progress, page, view):
        keys = (page or {}).get("keys") or []

        def work(view: View) -> tuple:
            try:
                statement = statements.events(
                    view, after=keys[-1] if keys else None, rows=statements.PAGE_ROWS + 1
                )
            except (IndexError, TypeError, ValueError):
                raise Trouble("No such page", "Go back to the first page: refresh.") from None
            answer = data.ask(statement, _teller(set_progress, 1))
            frame = answer.frame
            shown = frame.head(statements.PAGE_ROWS)
            rows = grid_rows(shown)
            first = len(keys) * statements.PAGE_ROWS
            return (
                rows,
                None if rows else nothing_kept(view, data.settings.drop_levels),
                c.note("events", answer),
                f"{first + 1:,} – {first + len(rows):,}" if rows else "",
                not keys,
                len(frame) <= statements.PAGE_ROWS,
                rows[-1]["key"] if rows else None,
                pills(view),
            )

        def troubled(text: list) -> tuple:
            return [], text, None, "", not keys, True, None, no_update

        return _answered(view, work, len(outputs), troubled)


def nothing_kept(view: View, dropped: tuple[str, ...]) -> list:
    if view.levels and set(view.levels) <= set(dropped):
        return c.message(
            "Counted, not kept",
            f"The transform drops {', '.join(dropped)} (setting drop_levels): the chart counts them, their "
            "lines are not in the table.",
        )
    return nothing(view, 0, dropped)


def grid_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for the table: every value as text or number, times as text with what digits they have."""
    rows = []
    for record in frame.to_dict("records"):
        row = {key: None if pd.isna(value) else value for key, value in record.items()}
        key = {name: row[name] for name in ("log_file_path", "log_file_line")}
        time = row["timestamp"]
        row["timestamp"] = str(time) if not isinstance(time, pd.Timestamp) else exact(time)
        path = "".join([row["url_path"] or "", "?" + row["url_query"] if row["url_query"] else ""])
        row["text"] = path or row["message"] or ""
        row = {name: c.visible(value) if isinstance(value, str) else value for name, value in row.items()}
        rows.append({**row, "key": [row["timestamp"], *key.values()], "id": f"{len(rows)}"})
    return rows


def exact(time: pd.Timestamp) -> str:
    """Milliseconds, and microseconds only where there are some: what is shown is also the key of the row."""
    return time.isoformat(sep=" ", timespec="microseconds" if time.microsecond % 1000 else "milliseconds")


def pills(view: View) -> list:
    """The filters by value, each a button that takes it away."""
    buttons = []
    for kind, pairs in (("is", view.include), ("is not", view.exclude)):
        for column, value in pairs:
            text = f"{column} {kind} {figures.NO_VALUE if value is None else value[:80]}"
            buttons.append(
                html.Button(
                    [text, html.Span("×", **{"aria-hidden": "true"})],
                    type="button",
                    className="pill",
                    **{
                        "data-filter": c.filter_action("remove", column, value),
                        "aria-label": f"Remove the filter: {text}",
                    },
                )
            )
    return buttons
