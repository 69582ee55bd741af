"""Figures of the dashboard and the reports: plain functions of data frames that know nothing of Dash or
Athena.

Times in the frames are UTC without a zone, as Athena gives them. Colours of text and grid are neutral; inside
the page the style sheet sets them for light and dark.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from logloom.dashboard.palette import ACCENT, ERROR_LEVELS, GRID, LEVEL_COLOURS, LEVELS, SEQUENTIAL, TEXT

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def events_over_time(
    frame: pd.DataFrame, start: datetime, end: datetime, bucket_minutes: int, levels: tuple[str, ...] = LEVELS
) -> go.Figure:
    """Events by level, stacked, a bar a bucket.

    Parameters
    ----------
    frame
        Columns bucket (datetime64, start of the bucket), log_level, events; rows of other levels and without
        a bucket are passed over.
    start, end
        The range of the axis, shown whole, so that a quiet hour is a gap and not a shorter axis.
    bucket_minutes
        Width of a bucket.
    """
    counts = level_counts(frame, levels)
    figure = _empty(f"Events by level, a bar for {width_in_words(bucket_minutes)}")
    middle = pd.to_timedelta(bucket_minutes / 2, unit="min")
    for level in counts.columns:
        shown = counts[level][counts[level] > 0]
        figure.add_bar(
            name=level,
            # A bar stands on its bucket, not around its beginning.
            x=shown.index + middle,
            y=shown.to_numpy(),
            width=bucket_minutes * 60_000,
            marker={"color": LEVEL_COLOURS[level], "line": {"width": 0}},
            customdata=np.stack([shown.index.strftime("%a %Y-%m-%d %H:%M"), [level] * len(shown)], axis=-1)
            if len(shown)
            else [],
            hovertemplate="%{customdata[0]}  %{customdata[1]}  <b>%{y:,}</b><extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        bargap=0,
        dragmode="zoom",
        xaxis={"range": _iso(start, end), "type": "date"},
        yaxis={"rangemode": "tozero", "fixedrange": True},
        showlegend=False,
    )
    return figure


def mark_spikes(figure: go.Figure, spikes: pd.DataFrame, minutes: int) -> None:
    """Put a mark above each spike of `spikes.find` on the figure of `events_over_time`.

    `minutes` is the width of the buckets in which spikes were looked for.
    """
    bars = [pd.Series(bar.y, index=pd.DatetimeIndex(bar.x)) for bar in figure.data]
    heights = pd.concat(bars) if bars else pd.Series(index=pd.DatetimeIndex([]))
    for bucket, kind, count, usual, score, days in spikes.itertuples(index=False):
        middle = bucket + pd.Timedelta(minutes=minutes / 2)
        # Bars may be narrower than the hours that are judged: the mark stands on the highest of them.
        inside = heights[(heights.index >= bucket) & (heights.index < bucket + pd.Timedelta(minutes=minutes))]
        tops = inside.groupby(inside.index).sum()
        figure.add_annotation(
            x=(tops.idxmax() if len(tops) else middle).isoformat(sep=" "),
            y=int(tops.max()) if len(tops) else count,
            text="▼",
            showarrow=False,
            yanchor="bottom",
            font={"size": 11, "color": LEVEL_COLOURS["ERROR"]},
            hovertext=f"{bucket:%a %Y-%m-%d %H:%M}: {count:,} {kind}, usually {usual:,.0f} "
            f"(median of the same hour of {days} days before; {score:.0f} deviations above)",
        )


def errors_per_day(frame: pd.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """Events of level ERROR and FATAL, a bar a day (UTC).

    `frame` as for `events_over_time`, with buckets that divide a day.
    """
    counts = level_counts(frame, ERROR_LEVELS)
    figure = _empty("Errors per day")
    days = counts.groupby(counts.index.floor("D")).sum() if len(counts) else counts
    for level in days.columns:
        shown = days[level][days[level] > 0]
        figure.add_bar(
            name=level,
            x=shown.index + pd.Timedelta(hours=12),
            y=shown.to_numpy(),
            width=86_400_000 * 0.86,
            marker={"color": LEVEL_COLOURS[level], "line": {"width": 0}},
            customdata=shown.index.strftime("%a %Y-%m-%d"),
            hovertemplate="%{customdata}  " + level + "  <b>%{y:,}</b><extra></extra>",
        )
    first = start.replace(hour=0, minute=0, second=0, microsecond=0)
    last = (end - timedelta(microseconds=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    figure.update_layout(
        barmode="stack",
        xaxis={"range": _iso(first, last + timedelta(days=1)), "type": "date"},
        yaxis={"rangemode": "tozero", "fixedrange": True},
        showlegend=False,
    )
    if (last - first).days < 8:  # otherwise the axis would name hours, which the bars do not have
        figure.update_xaxes(
            tickvals=[first + timedelta(days=n, hours=12) for n in range((last - first).days + 1)],
            ticktext=[f"{first + timedelta(days=n):%-d %b}" for n in range((last - first).days + 1)],
        )
    return figure


def heat_map(frame: pd.DataFrame) -> go.Figure:
    """Events by hour of the day and weekday (UTC).

    Parameters
    ----------
    frame
        Columns weekday (1 Monday … 7 Sunday), hour (0 … 23), events.
    """
    grid = np.zeros((7, 24), dtype=np.int64)
    for weekday, hour, events in frame[["weekday", "hour", "events"]].itertuples(index=False):
        grid[int(weekday) - 1, int(hour)] += int(events)
    figure = _empty("Events by hour and weekday")
    figure.add_heatmap(
        z=grid,
        x=[f"{hour:02d}" for hour in range(24)],
        y=list(WEEKDAYS),
        colorscale=[list(stop) for stop in SEQUENTIAL],
        zmin=0,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{y} %{x}:00  <b>%{z:,}</b><extra></extra>",
    )
    figure.update_layout(
        yaxis={
            "autorange": "reversed",
            "showgrid": False,
            "fixedrange": True,
            "type": "category",
            "dtick": 1,
        },
        xaxis={"type": "category", "nticks": 12, "fixedrange": True},
    )
    return figure


def top_values(frame: pd.DataFrame, title: str) -> go.Figure:
    """The most frequent values, a bar each, the share that is errors in the colour of errors.

    Parameters
    ----------
    frame
        Columns value (text or null), events, errors (of those events).
    """
    figure = _empty(title)
    names = [NO_VALUE if pd.isna(value) else shorten(str(value)) for value in frame["value"]]
    places = list(range(len(names)))
    errors = frame["errors"].astype("int64")
    for name, counts, colour in (
        ("errors", errors, LEVEL_COLOURS["ERROR"]),
        ("other", frame["events"].astype("int64") - errors, ACCENT),
    ):
        figure.add_bar(
            name=name,
            orientation="h",
            x=counts.to_numpy(),
            y=places,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[escape(value) for value in names],
            hovertemplate="%{customdata}  " + name + "  <b>%{x:,}</b><extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        showlegend=False,
        xaxis={"rangemode": "tozero", "fixedrange": True},
        yaxis={
            "tickvals": places,
            "ticktext": [escape(name) for name in names],
            "autorange": "reversed",
            "showgrid": False,
            "fixedrange": True,
        },
    )
    return figure


NO_VALUE = "(none)"


def level_counts(frame: pd.DataFrame, levels: tuple[str, ...] = LEVELS) -> pd.DataFrame:
    """Index bucket (datetime64, sorted), a column of counts (int64) for each of `levels` that occurs."""
    known = frame[frame["bucket"].notna() & frame["log_level"].isin(levels)]
    if known.empty:
        return pd.DataFrame(index=pd.DatetimeIndex([], name="bucket"))
    known = known.assign(bucket=pd.to_datetime(known["bucket"]), events=known["events"].astype("int64"))
    table = known.pivot_table(
        index="bucket", columns="log_level", values="events", aggfunc="sum", fill_value=0
    )
    return table[[level for level in LEVELS if level in table.columns]].astype("int64").sort_index()


def width_in_words(minutes: int) -> str:
    """60 → "1 hour"."""
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    raise ValueError(f"{minutes} is no number of minutes")


def shorten(text: str, length: int = 60) -> str:
    """Keep the beginning and the end, where paths and agents differ."""
    return text if len(text) <= length else f"{text[: length - 16]}…{text[-15:]}"


def escape(text: str) -> str:
    """Text for a place where Plotly reads a little HTML (labels, hover): shown as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _iso(*times: datetime) -> list[str]:
    return [time.isoformat(sep=" ") for time in times]


def _empty(title: str) -> go.Figure:
    axis = {
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "automargin": True,
        "tickfont": {"size": 11, "color": TEXT},
    }
    return go.Figure(
        layout={
            "template": "none",
            "meta": {"title": title},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 12, "color": TEXT},
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "hoverlabel": {"font": {"family": FONT, "size": 12}},
            "hovermode": "closest",
            "xaxis": {**axis, "showgrid": False, "ticks": "outside", "ticklen": 4, "tickcolor": GRID},
            "yaxis": {**axis, "showline": False, "ticks": "", "nticks": 5},
        }
    )
