"""The wires: which control asks which statement, and which panel shows the answer. Nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, no_update

from logloom import queries
from logloom.dashboard import background, export, figures, panels, pattern_table, spikes, statements
from logloom.dashboard import components as c
from logloom.dashboard.access import roles
from logloom.dashboard.access.journal import Journal
from logloom.dashboard.background import Cancelled, ThreadManager
from logloom.dashboard.data import Data, Trouble, trouble
from logloom.dashboard.layout import TOPS
from logloom.dashboard.view import EVENT_COLUMNS, ROLLUP_COLUMNS, BadView, View

OVERVIEW_PANELS = ("series", "days")
TILES = ("events", "errors", "rate", "bytes")
REJECTS_SHOWN = 200


def register(app: Dash, manager: ThreadManager, data: Data, journal: Journal | None = None) -> None:
    """Wire the page of `layout` to `data`."""
    with manager.registering():
        _clientside(app)
        _accounts(app, data)
        _overview(app, data)
        for number in range(len(TOPS)):
            _top(app, data, f"top{number}")
        _heat(app, data)
        _patterns(app, data)
        _events(app, data)
        _export(app, data, journal or Journal(None))
        _event(app, data)
        _rejects(app, data)


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
    js("loaded", Output("freshness", "title"), Input("loaded", "data"), State("extent", "data"))
    js("reset", Output("reset", "title"), Input("reset", "n_clicks"))
    js("copyLink", Output("copy-link", "title"), Input("copy-link", "n_clicks"))
    js("scheme", Output("scheme", "title"), Input("scheme", "n_clicks"))
    js(
        "zoom",
        Output("series-graph", "className"),
        Input("series-graph", "relayoutData"),
        State("view", "data"),
    )
    js(
        "openEvent",
        Output("event", "opened"),
        Output("event-key", "data"),
        Output("event-body", "children", allow_duplicate=True),
        Input("events-grid", "selectedRows"),
        prevent_initial_call=True,
    )
    js(
        "closeEvent",
        Output("events-grid", "selectedRows"),
        Input("event", "opened"),
        prevent_initial_call=True,
    )


def _background(app: Dash, names: tuple[str, ...], outputs: list[Output], inputs: list):
    """A background callback whose panels show that they load, how far it is, and a button to stop it."""
    return app.callback(
        *outputs,
        *inputs,
        background=True,
        interval=background.POLL_INTERVAL_MS,
        running=[(Output(f"{name}-panel", "data-loading"), "true", "false") for name in names],
        progress=[Output(f"{name}-progress", "children") for name in names],
        progress_default=["" for _ in names],
        cancel=[Input(f"{name}-cancel", "n_clicks") for name in names],
    )


def _told(work: Callable[[], tuple], troubled: Callable[[list], tuple]) -> tuple:
    """Run `work`; whatever goes wrong becomes a message by `troubled`."""
    try:
        return work()
    except Cancelled:
        return troubled(c.message("Stopped", "The query was stopped in Athena. Refresh to run it again."))
    except Trouble as error:
        return troubled(c.message(error.title, str(error), bad=True))
    except BadView as error:
        return troubled(c.message("These filters cannot be used", str(error), bad=True))
    except Exception as error:  # noqa: BLE001
        told = trouble(error)  # which logs it
        return troubled(c.message(told.title, str(told), bad=True))


def _for_view(
    view: Any, work: Callable[[View], tuple], width: int, troubled: Callable[[list], tuple]
) -> tuple:
    if not view:
        return (no_update,) * width

    def checked() -> tuple:
        if view.get("trouble"):
            raise Trouble(*view["trouble"])
        return work(View.from_store(view))

    return _told(checked, troubled)


def _teller(set_progress: Callable, names: int = 1) -> Callable[[str, int], None]:
    def tell(state: str, scanned: int) -> None:
        text = "queued" if state == "QUEUED" else f"running, {c.size(scanned)}" if scanned else "running"
        set_progress([text] * names)

    return tell


def _accounts(app: Dash, data: Data) -> None:
    outputs = [
        Output("loaded", "data"),
        Output("source", "data"),
        Output("freshness", "children"),
        *(Output(f"accounts-{part}", "children") for part in ("body", "message", "note")),
    ]

    @_background(app, ("accounts",), outputs, [Input("refresh", "n_clicks")])
    def accounts(set_progress, clicks):
        asked = clicks or 0

        def work() -> tuple:
            answer = data.ask(statements.accounts(), _teller(set_progress))
            extent, options, fresh = panels.what_there_is(answer.frame, data.settings, asked)
            table = panels.accounts_table(answer.frame)
            return extent, options, fresh, table, None, c.note("accounts", answer)

        def troubled(text: list) -> tuple:
            box = text[0].children
            extent = {"trouble": [box[0].children, box[1].children], "asked": asked}
            return extent, [], "", None, text, None

        return _told(work, troubled)


def _overview(app: Dash, data: Data) -> None:
    outputs = [
        Output("series-graph", "figure"),
        Output("series-message", "children"),
        Output("series-note", "children"),
        Output("series-hint", "children"),
        Output("days-graph", "figure"),
        Output("days-message", "children"),
        Output("days-note", "children"),
        *(Output(f"tile-{name}", "children") for name in TILES),
        *(Output(f"tile-{name}-change", "children") for name in TILES),
    ]

    @_background(app, OVERVIEW_PANELS, outputs, [Input("view", "data")])
    def overview(set_progress, view):
        def work(view: View) -> tuple:
            answer, history = data.ask_all(
                statements.overview(view),
                statements.history(view),
                on_progress=_teller(set_progress, len(OVERVIEW_PANELS)),
            )
            frame, width = answer.frame, view.bucket_minutes
            series = figures.events_over_time(frame, view.start, view.end, width, view.levels)
            judged = statements.history_minutes(view)
            found = spikes.find(history.frame, view.start, view.end, judged)
            figures.mark_spikes(series, found, judged)
            now, before = panels.sums(frame, view, before=False), panels.sums(frame, view, before=True)
            return (
                series,
                None if now["events"] else panels.nothing(view, now["all"], data.settings.drop_levels),
                c.note("series", answer, history),
                panels.series_hint(view, found),
                figures.errors_per_day(frame, view.start, view.end),
                None if now["errors"] else c.message("No errors", "None of ERROR or FATAL in this range."),
                c.note("days", answer),
                *panels.tile_values(now),
                *panels.tile_changes(now, before),
            )

        def troubled(text: list) -> tuple:
            tiles = (*["–"] * len(TILES), *[" "] * len(TILES))
            return (c.BLANK, text, None, "", c.BLANK, text, None, *tiles)

        return _for_view(view, work, len(outputs), troubled)


def _top(app: Dash, data: Data, name: str) -> None:
    outputs = [Output(f"{name}-{part}", "children") for part in ("body", "message", "note")]

    @_background(app, (name,), outputs, [Input("view", "data"), Input(f"{name}-column", "value")])
    def top(set_progress, view, column):
        def work(view: View) -> tuple:
            if column not in EVENT_COLUMNS:
                raise Trouble("No such column", "Choose another.")
            answer = data.ask(statements.top(view, column), _teller(set_progress))
            empty = None
            if answer.frame.empty:
                kept = column not in ROLLUP_COLUMNS or not view.rollup_knows
                empty = (
                    panels.nothing_kept(view, data.settings.drop_levels)
                    if kept
                    else panels.nothing(view, 0, ())
                )
            return c.value_list(column, answer.frame), empty, c.note(name, answer)

        return _for_view(view, work, len(outputs), lambda text: (None, text, None))


def _heat(app: Dash, data: Data) -> None:
    outputs = [Output("heat-graph", "figure")]
    outputs += [Output(f"heat-{part}", "children") for part in ("message", "note")]

    @_background(app, ("heat",), outputs, [Input("view", "data")])
    def heat(set_progress, view):
        def work(view: View) -> tuple:
            answer = data.ask(statements.heat(view), _teller(set_progress))
            empty = panels.nothing(view, 0, data.settings.drop_levels) if answer.frame.empty else None
            return figures.heat_map(answer.frame), empty, c.note("heat", answer)

        return _for_view(view, work, len(outputs), lambda text: (c.BLANK, text, None))


def _patterns(app: Dash, data: Data) -> None:
    outputs = [Output(f"patterns-{part}", "children") for part in ("body", "message", "note", "hint")]

    @_background(app, ("patterns",), outputs, [Input("view", "data"), Input("patterns-kind", "value")])
    def patterns(set_progress, view, kind):
        def work(view: View) -> tuple:
            if kind not in pattern_table.FILTER_OF:
                raise Trouble("No such patterns", "Choose those of messages or of paths.")
            answer = data.ask(statements.text_patterns(view, kind), _teller(set_progress))
            empty = None
            if not answer.frame["events"].sum():
                empty = panels.no_patterns(view, kind, data.settings.drop_levels)
            table, left_out = pattern_table.find(answer.frame, kind)
            body = pattern_table.view(table, kind)
            return body, empty, c.note("patterns", answer), pattern_table.hint(table, left_out)

        return _for_view(view, work, len(outputs), lambda text: (None, text, None, ""))


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
                # One more than is shown tells whether there is a further page.
                after = keys[-1] if keys else None
                statement = statements.events(view, after=after, rows=statements.PAGE_ROWS + 1)
            except (IndexError, TypeError, ValueError):
                raise Trouble("No such page", "Go back to the first page: refresh.") from None
            answer = data.ask(statement, _teller(set_progress))
            rows = panels.grid_rows(answer.frame.head(statements.PAGE_ROWS))
            first = len(keys) * statements.PAGE_ROWS
            return (
                rows,
                None if rows else panels.nothing_kept(view, data.settings.drop_levels),
                c.note("events", answer),
                f"{first + 1:,} – {first + len(rows):,}" if rows else "",
                not keys,
                len(answer.frame) <= statements.PAGE_ROWS,
                rows[-1]["key"] if rows else None,
                panels.pills(view),
            )

        def troubled(text: list) -> tuple:
            return [], text, None, "", not keys, True, None, no_update

        return _for_view(view, work, len(outputs), troubled)


def _export(app: Dash, data: Data, journal: Journal) -> None:
    @app.callback(
        Output("csv-file", "data"),
        Output("csv-told", "children"),
        Input("csv", "n_clicks"),
        State("view", "data"),
        background=True,
        interval=background.POLL_INTERVAL_MS,
        prevent_initial_call=True,
        running=[(Output("csv", "disabled"), True, False)],
    )
    def csv(clicks, view):
        def work(view: View) -> tuple:
            # One more than is written tells whether there are more.
            answer = data.ask(statements.events(view, rows=export.MOST_ROWS + 1))
            rows = answer.frame.head(export.MOST_ROWS)
            name = f"events_{view.start:%Y%m%dT%H%M}_{view.end:%Y%m%dT%H%M}.csv"
            more = ", the newest; there are more" if len(answer.frame) > len(rows) else ""
            told = f"CSV: {len(rows):,} rows{more}"
            # What runs here has no request any more: the address stands in the journal with the login.
            who = roles.current() or roles.STRANGER
            journal.write("export", who.name, "", role=who.role, rows=len(rows), file=name)
            return dcc.send_string(export.to_csv(rows), name, type="text/csv"), told

        def troubled(text: list) -> tuple:
            return no_update, f"CSV: {text[0].children[0].children}"

        return _for_view(view, work, 2, troubled) if clicks else (no_update, no_update)


def _event(app: Dash, data: Data) -> None:
    @app.callback(
        Output("event-body", "children"),
        Input("event-key", "data"),
        background=True,
        interval=background.POLL_INTERVAL_MS,
        prevent_initial_call=True,
    )
    def event(key):
        def work() -> tuple:
            try:
                time, path, line = datetime.fromisoformat(key[0]), str(key[1]), int(key[2])
            except (IndexError, TypeError, ValueError):
                raise Trouble("No such event", "Choose another row.") from None
            answer = data.ask(statements.event(path, line, time))
            return ([*panels.event_details(answer.frame, path, line), c.note("event", answer)],)

        return no_update if not key else _told(work, lambda text: (text,))[0]


def _rejects(app: Dash, data: Data) -> None:
    @app.callback(
        Output("rejects-body", "children"),
        Input("rejects-of", "data"),
        background=True,
        interval=background.POLL_INTERVAL_MS,
        prevent_initial_call=True,
    )
    def rejects(asked):
        def work() -> tuple:
            values = {"start_date": queries.FIRST_DATE, "end_date": queries.LAST_DATE}
            values |= {"source": str(asked["source"]), "limit": REJECTS_SHOWN}
            answer = data.ask(statements.named("rejects_sample", values))
            return ([*panels.rejects_table(answer.frame), c.note("rejects", answer)],)

        return no_update if not asked else _told(work, lambda text: (text,))[0]
