"""What a panel shows of an answer: plain functions of frames and views that give components."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from dash import html

from logloom.dashboard import components as c
from logloom.dashboard import figures, statements
from logloom.dashboard.data import Trouble
from logloom.dashboard.palette import ERROR_LEVELS
from logloom.dashboard.spikes import FEWEST_DAYS
from logloom.dashboard.view import EVENT_COLUMNS, View
from logloom.settings import Settings

# A field of a row in the table shows its beginning, all of it is in the event's details, up to a length.
LONGEST_CELL = 500
LONGEST_FIELD = 100_000


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


def usual_range(frame: pd.DataFrame, start: datetime, end: datetime) -> str:
    """The range that a first look shows: the last 30 days, or `all` where that is less or would hide most.

    Sources that ended long ago and a straggler of today are looked at whole: the last 30 days alone would
    show the straggler.
    """
    if end - start <= timedelta(days=31):
        return "all"
    recent = pd.to_datetime(frame["last_event"]) >= end - timedelta(days=30)
    return "30d" if frame.loc[recent, "lines_read"].sum() * 2 >= frame["lines_read"].sum() else "all"


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


def what_there_is(frame: pd.DataFrame, settings: Settings, asked: int = 0) -> tuple[dict, list[dict], list]:
    """Of the accounts: the range that the filters begin with, the sources to choose of, and how fresh all is.

    Raises
    ------
    Trouble
        As `known_range`.
    """
    start, end, newest, loaded = known_range(frame, settings.start_date, settings.end_date)
    extent = {
        "start": statements.moment(start),
        "end": statements.moment(end),
        "usual": usual_range(frame, start, end),
        "asked": asked,
    }
    sources = sorted(str(source) for source in frame["source"].dropna())
    fresh: list[Any] = [f"Newest event {minute(newest)} UTC"]
    if loaded is not None:
        fresh.append(html.Span(f" · loaded {minute(loaded)}"))
    return extent, [{"value": source, "label": c.visible(source)} for source in sources], fresh


def tile_values(now: dict[str, float]) -> tuple[str, ...]:
    return c.count(now["events"]), c.count(now["errors"]), c.percent(now["rate"]), c.size(now["bytes"])


def tile_changes(now: dict[str, float], before: dict[str, float]) -> tuple[Any, ...]:
    rate = c.change(now["rate"], before["rate"], points=True, more_is_bad=True) if before["all"] else ""
    return (
        c.change(now["events"], before["events"]),
        c.change(now["errors"], before["errors"], more_is_bad=True),
        rate,
        c.change(now["bytes"], before["bytes"]),
    )


def series_hint(view: View, found: pd.DataFrame) -> str:
    """Width of a bar, what is counted, and what is known of spikes."""
    parts = [f"a bar is {figures.width_in_words(view.bucket_minutes)}"]
    if not view.rollup_knows:
        parts.append("kept events only")
    if not found.attrs["judged"]:
        parts.append(f"fewer than {FEWEST_DAYS} days before to tell spikes by")
    elif len(found):
        parts.append(f"▼ {len(found)} spike{'s' if len(found) > 1 else ''}")
    return ", ".join(parts)


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


def nothing_kept(view: View, dropped: tuple[str, ...]) -> list:
    if view.levels and set(view.levels) <= set(dropped):
        return c.message(
            "Counted, not kept",
            f"The transform drops {', '.join(dropped)} (setting drop_levels): the chart counts them, their "
            "lines are not in the table.",
        )
    return nothing(view, 0, dropped)


def no_patterns(view: View, kind: str, dropped: tuple[str, ...]) -> list:
    other = {"message": "messages (those of paths may have)", "path": "paths (those of messages may have)"}[
        kind
    ]
    kept = f" {', '.join(dropped)} are counted, not kept." if dropped else ""
    return c.message("No patterns", f"No kept event of this range and filters has {other}.{kept}")


def grid_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for the table: every value as text or number, times as text with what digits they have."""
    rows = []
    for record in frame.to_dict("records"):
        row = {name: None if pd.isna(value) else value for name, value in record.items()}
        place = [row["log_file_path"], int(row["log_file_line"])]
        time = row["timestamp"]
        row["timestamp"] = str(time) if not isinstance(time, pd.Timestamp) else exact(time)
        path = "".join([row["url_path"] or "", "?" + row["url_query"] if row["url_query"] else ""])
        row["text"] = path or row["message"] or ""
        shown = {name: brief(value) if isinstance(value, str) else value for name, value in row.items()}
        rows.append({**shown, "key": [row["timestamp"], *place], "id": str(len(rows))})
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


def brief(text: str, length: int = LONGEST_CELL) -> str:
    """The beginning of a text, with what would act in it made visible."""
    return c.visible(text[:length]) + ("…" if len(text) > length else "")


def accounts_table(frame: pd.DataFrame) -> html.Table:
    """What became of every line, a row a source.

    `frame`: columns source, objects, lines_read, lines_kept, lines_dropped, lines_rejected, lines_joined,
    lines_blank, last_event, committed_at.
    """
    counts = ("read", "kept", "dropped", "rejected", "joined", "blank")
    heads = ("Source", "Objects", *(name.capitalize() for name in counts), "Newest event", "Loaded")
    rows = []
    for row in frame.to_dict("records"):
        numbers = {name: int(row[f"lines_{name}"]) for name in counts}
        open_ = numbers["read"] - sum(numbers[name] for name in counts[1:])
        source = str(row["source"])
        rejected: Any = f"{numbers['rejected']:,}"
        if numbers["rejected"]:
            rejected = html.Button(
                rejected,
                type="button",
                className="as-link bad",
                title="Show them",
                **{"data-rejects": source},
            )
        cells = [
            html.Th(c.visible(source), scope="row"),
            html.Td(f"{int(row['objects']):,}"),
            html.Td(
                f"{numbers['read']:,}",
                className="bad" if open_ else "",
                title=f"{open_:,} lines are not accounted for" if open_ else "every line is accounted for",
            ),
            *(html.Td(rejected if name == "rejected" else f"{numbers[name]:,}") for name in counts[1:]),
            *(html.Td(minute(row[name])) for name in ("last_event", "committed_at")),
        ]
        rows.append(html.Tr(cells))
    return html.Table(
        [html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])), html.Tbody(rows)],
        className="accounts",
    )


def minute(time: Any) -> str:
    return "–" if pd.isna(time) else f"{pd.Timestamp(time):%Y-%m-%d %H:%M}"


def event_details(frame: pd.DataFrame, path: str, line: int) -> list:
    """One event with all its fields, and its neighbours.

    `frame`: rows of `logs`, all columns, among them the one at `line`.
    """
    this = frame[frame["log_file_line"] == line]
    if this.empty:
        return c.message("Not there any more", "This event has left the table since: refresh.")
    record = this.iloc[0].to_dict()
    fields = []
    for name, value in record.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key}={one}" for key, one in value.items())
        if value is None or value is pd.NaT or value is pd.NA or value != value or name == "dt":
            continue
        text = exact(value) if isinstance(value, pd.Timestamp) else str(value)
        buttons = []
        if name in EVENT_COLUMNS and len(text) <= LONGEST_CELL:
            buttons = [
                html.Button(
                    sign,
                    type="button",
                    className="plain small",
                    title=f"{word} this {name}",
                    **{"data-filter": c.filter_action(kind, name, text), "aria-label": f"{word} this {name}"},
                )
                for kind, sign, word in (("include", "=", "Only"), ("exclude", "≠", "Without"))
            ]
        fields += [html.Dt(name), html.Dd([html.Span(brief(text, LONGEST_FIELD)), *buttons])]
    neighbours = [
        html.Tr(
            [
                html.Td(int(row["log_file_line"])),
                html.Td(c.level_badge(str(row["log_level"]))),
                html.Td(brief(str(row["url_path"] or row["message"] or ""), 300), className="cell-text"),
            ],
            className="this" if row["log_file_line"] == line else "",
        )
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]
    unpacked = " | gunzip" if path.endswith(".gz") else ""
    command = f"aws s3 cp {shlex.quote(path)} -{unpacked} | sed -n {line}p"
    return [
        html.Dl(fields, className="fields"),
        html.H3("Where it stands"),
        html.P(
            [
                html.Code(c.visible(f"{path}:{line}")),
                html.Button(
                    "Copy the command that shows it",
                    type="button",
                    className="plain small",
                    **{"data-copy": command},
                ),
            ]
        ),
        html.H3("Its neighbours in the same file"),
        html.Table(html.Tbody(neighbours), className="neighbours"),
        html.P("Lines that the transform dropped or rejected are not among them.", className="quiet"),
    ]


def rejects_table(frame: pd.DataFrame) -> list:
    """Rejected lines: `frame` has reason, raw_line, log_file_path, log_file_line."""
    return [
        html.Table(
            [
                html.Thead(html.Tr([html.Th(head) for head in ("Line", "Why", "As it stands in the file")])),
                html.Tbody(
                    [
                        html.Tr(
                            [
                                html.Td(
                                    int(row["log_file_line"]), title=c.visible(str(row["log_file_path"]))
                                ),
                                html.Td(brief(str(row["reason"]), 120)),
                                html.Td(brief(str(row["raw_line"]), 2000), className="cell-text"),
                            ]
                        )
                        for row in frame.to_dict("records")
                    ]
                ),
            ],
            className="neighbours",
        )
    ]
