"""A report as one HTML file: everything in it, nothing fetched, whole without scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pandas as pd

from logloom import pages
from logloom.dashboard.figures import WEEKDAYS
from logloom.dashboard.palette import ERROR_LEVELS, LEVEL_COLOURS
from logloom.report import charts, pack
from logloom.report.changes import SHOWN, Changes
from logloom.report.contents import MOST_PATTERNS, TOPS, Contents, is_error
from logloom.report.history import Summary, packed
from logloom.show import COUNTS, size

# Rows of a table before a script draws it anew; the script shows as many.
ROWS, PATTERN_ROWS = 10, 25
# Characters that hide, or turn the direction of the text that follows them.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def title_of(found: Contents) -> str:
    """The report's title: its range in days, or to the minute."""
    start, end = found.view.start, found.view.end
    if end - start > timedelta(days=2):
        last = end - timedelta(microseconds=1)
        return f"Logs from {start:%-d %B %Y} to {last:%-d %B %Y}"
    return f"Logs from {start:%-d %B %Y, %H:%M} to {end:%-d %B %Y, %H:%M} UTC"


def render(
    found: Contents,
    changes: Changes,
    summary: Summary,
    facts: list[str],
    made: Mapping[str, str],
    kept_note: str,
    *,
    live: bool = True,
) -> str:
    """The whole report.

    Parameters
    ----------
    summary
        What the report says, for one that is compared with it.
    facts
        For the line below the title: when it was made, which filters.
    made
        How it was made, by name: for its foot.
    kept_note
        What values are counted of, where that is not all events.
    live
        With the numbers and the script that filter; paper has no use for them.
    """
    series, days, heat = pictures(found)
    new = {(one["kind"], one["pattern"]) for one in changes.new} if changes.against != "nothing" else set()
    return _template("index.html.j2").render(
        title=title_of(found),
        facts=facts,
        changes=changes,
        shown=SHOWN,
        tiles=_tiles(found, changes),
        accounts=_accounts(found.accounts),
        columns=COUNTS,
        counted=_counted(found),
        series=series,
        series_picture=charts.draw_bars(series),
        days=days,
        days_picture=charts.draw_bars(days, 210),
        heat=heat,
        heat_picture=charts.draw_heat(heat),
        weekdays=WEEKDAYS,
        tops=tops(found),
        kept_note=kept_note,
        patterns=_patterns(found, new),
        patterns_total=len(found.patterns),
        rejects=_rows(found.rejects),
        reject_lines=[{**row, "raw_line": str(row["raw_line"])[:500]} for row in _rows(found.reject_lines)],
        made=made,
        live=live,
        summary=packed(summary) if live else "",
        data=pack.packed(pack.data_of(found, new)) if live else "",
        style=_style(),
        script=_script() if live else "",
        policy=_policy(scripts=live),
    )


def render_chart(found: Contents, name: str, facts: list[str]) -> str:
    """A page of one chart, for a picture of it; `name` is one of `single_charts`."""
    series, days, heat = pictures(found)
    drawn: Any
    if name == "events_over_time":
        drawn, heading, legend = charts.draw_bars(series, 360), series.title, series.series
    elif name == "errors_per_day":
        drawn, heading, legend = charts.draw_bars(days, 360), days.title, days.present
    elif name == "heat_map":
        drawn, heading, legend = charts.draw_heat(heat, 360), "Events by hour and weekday (UTC)", []
    else:
        top = next(one for one in tops(found) if one["name"] == name)
        drawn, heading, legend = None, top["title"], []
    return _template("chart.html.j2").render(
        title=f"{heading} · {title_of(found)}",
        heading=heading,
        facts=[title_of(found), *facts],
        picture=drawn,
        top=None if drawn is not None else top,
        legend=legend,
        style=_style(),
        policy=_policy(scripts=False),
    )


def single_charts() -> list[str]:
    """Names of the charts that can be had alone."""
    return ["events_over_time", "errors_per_day", "heat_map", *(name for name, _ in _top_names().values())]


def pictures(found: Contents) -> tuple[charts.Bars, charts.Bars, list[list[int]]]:
    """Events over time, errors per day, and the grid of weekday and hour."""
    counts = found.counts.assign(bucket=pd.to_datetime(found.counts["bucket"]))
    start, end = found.view.start, found.view.end
    grid = [[0] * 24 for _ in WEEKDAYS]
    sums = counts["events"].groupby([counts["bucket"].dt.weekday, counts["bucket"].dt.hour]).sum()
    for (weekday, hour), events in sums.items():
        grid[weekday][hour] = int(events)
    return (
        charts.by_level(counts, start, end, found.width),
        charts.errors_per_day(counts, start, end, found.width),
        grid,
    )


def tops(found: Contents) -> list[dict[str, Any]]:
    """The tables of frequent values: `id`, `name`, `title`, `rows` (value, events, errors, bar)."""
    names = charts.CLASSES
    classes = found.counts[found.counts["status_class"].notna()]
    frames = {
        "sources": found.counts.assign(value=found.counts["source"]),
        "classes": classes.assign(value=[names.get(int(one), "?") for one in classes["status_class"]]),
        **found.values,
    }
    found_tops = []
    for column, (name, title) in _top_names().items():
        rows = _most(frames[column])
        if rows:
            found_tops.append({"id": column, "name": name, "title": title, "rows": rows})
    return found_tops


def _top_names() -> dict[str, tuple[str, str]]:
    own = {"sources": ("sources", "Sources"), "classes": ("status_classes", "Classes of status codes")}
    return own | {column: (title.lower().replace(" ", "_"), title) for column, title in TOPS.items()}


def _most(frame: pd.DataFrame) -> list[dict[str, Any]]:
    if frame.empty:
        return []
    counted = frame.assign(
        value=frame["value"].astype(str).str.slice(0, pack.LONGEST_VALUE),
        errors=frame["events"].where(is_error(frame), 0),
    )
    sums = counted.groupby("value")[["events", "errors"]].sum().astype("int64").reset_index()
    sums = sums.sort_values(["events", "value"], ascending=[False, True]).head(ROWS)
    most = int(sums["events"].max())
    return [
        {
            "value": row.value,
            "events": row.events,
            "errors": row.errors,
            "bar": charts.share_bar(row.errors, row.events - row.errors, most),
        }
        for row in sums.itertuples()
    ]


def _patterns(found: Contents, new: set[tuple[str, str]]) -> list[dict[str, Any]]:
    shown = found.patterns.head(min(PATTERN_ROWS, MOST_PATTERNS))
    first = charts.floor(found.view.start, found.coarse_width)
    width = timedelta(minutes=found.coarse_width)
    size_of_trend = max(1, -((first - found.view.end) // width))
    by_id = dict(list(found.pattern_counts.groupby("id")))
    rows = []
    for row in shown.itertuples():
        trend = [0] * size_of_trend
        for bucket, events in by_id[row.id][["bucket", "events"]].itertuples(index=False):
            trend[min(max((bucket - first) // width, 0), size_of_trend - 1)] += int(events)
        rows.append(
            {
                "pattern": row.pattern,
                "example": str(row.example)[: 2 * pack.LONGEST_VALUE],
                "source": row.source,
                "log_level": row.log_level,
                "events": row.events,
                "new": (row.kind, row.pattern) in new,
                "spark": charts.sparkline(trend),
            }
        )
    return rows


def _tiles(found: Contents, changes: Changes) -> list[dict[str, str]]:
    counts = found.counts
    events = int(counts["events"].sum())
    errors = int(counts.loc[is_error(counts), "events"].sum())
    sent = int(pd.to_numeric(counts["bytes"]).fillna(0).sum())
    rejected = int(found.rejects["lines"].sum()) if len(found.rejects) else 0
    told = changes.against != "nothing"
    events_before = sum(one.events_before for one in changes.sources)
    errors_before = sum(one.errors_before for one in changes.sources)
    rate_before = f"before: {errors_before / events_before:.2%}" if events_before else ""
    tiles = [
        ("Events", f"{events:,}", f"before: {events_before:,}" if told else ""),
        ("Errors", f"{errors:,}", f"before: {errors_before:,}" if told else ""),
        ("Error rate", f"{errors / events:.2%}", rate_before if told else "errors of events"),
        ("Bytes sent", size(sent), "HTTP responses"),
        ("Rejected lines", f"{rejected:,}", "matched no format, kept whole"),
    ]
    return [dict(zip(("name", "value", "note"), tile, strict=True)) for tile in tiles]


def _accounts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for row in frame.to_dict("records"):
        newest = row.get("last_event")
        rows.append(
            pages.balanced(row)
            | {"newest": "" if newest is None or pd.isna(newest) else f"{newest:%Y-%m-%d %H:%M}"}
        )
    return rows


def _counted(found: Contents) -> str:
    errors = int(found.counts.loc[is_error(found.counts), "events"].sum())
    return (
        f"{int(found.counts['events'].sum()):,} events, {errors:,} of them errors (levels "
        f"{' and '.join(ERROR_LEVELS)}), "
        f"{found.view.start:%a %Y-%m-%d %H:%M} to {found.view.end:%a %Y-%m-%d %H:%M} UTC."
    )


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dict("records") if len(frame) else []


def visible(text: Any) -> str:
    """Text whose unseen characters are written out, so that none of them hides or turns what follows."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))


@cache
def _style() -> str:
    levels = "".join(
        f".{level} {{ --of-level: {colour}; }} rect.{level} {{ fill: {colour}; }}\n"
        for level, colour in LEVEL_COLOURS.items()
    )
    return pages.style() + levels + _file("report.css")


@cache
def _script() -> str:
    return _file("report.js")


def _file(name: str) -> str:
    return pages.TEMPLATES.joinpath("report", name).read_text(encoding="utf-8")


def _policy(scripts: bool = True) -> str:
    script = _hash(_script()) if scripts else "'none'"
    return (
        f"default-src 'none'; script-src {script}; style-src {_hash(_style())}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _template(name: str):
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("logloom", "templates/report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
    )
    environment.filters |= {
        "count": lambda value: f"{int(value):,}",
        "number": lambda value: f"{value:,.1f}" if isinstance(value, float) else f"{value:,}",
        "visible": visible,
        "places": _places,
    }
    return environment.get_template(name)


def _places(bars: charts.Bars) -> Iterable[int]:
    """Bars that have anything, for the table of numbers."""
    return [place for place in range(bars.size) if any(row[place] for row in bars.counts)]


def made_at(now: datetime) -> str:
    return f"made {now:%-d %B %Y, %H:%M} UTC"
