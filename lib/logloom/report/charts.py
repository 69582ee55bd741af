"""The charts of a report as still pictures (SVG): what mail previews, paper and readers without scripts show.

They are drawn in per cent of their place, so that they fit a phone and a wide screen while their words keep
their size; `report.js` draws the same anew for what a reader chooses. Colours are classes, which the style
sheet sets from `logloom.dashboard.palette`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from markupsafe import Markup, escape

from logloom.dashboard.figures import WEEKDAYS, width_in_words
from logloom.dashboard.palette import ERROR_LEVELS, LEVELS

# Widths of a bar, in minutes: those of the dashboard's charts and, for years, a week and four.
BARS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10_080, 40_320)
MOST_BARS = 120
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160)
CLASSES = {0: "none", 1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}


@dataclass
class Bars:
    """Stacked bars: `counts[series][bar]`; bars are `minutes` wide, the first begins at `first`.

    `start` and `end` are the range that the axis shows.
    """

    first: datetime
    minutes: int
    start: datetime
    end: datetime
    series: list[str]
    counts: list[list[int]]
    title: str

    @property
    def labels(self) -> list[str]:
        return [
            label(self.first + timedelta(minutes=self.minutes) * n, self.minutes) for n in range(self.size)
        ]

    @property
    def present(self) -> list[str]:
        """The series that have anything."""
        return [name for name, row in zip(self.series, self.counts, strict=True) if any(row)]

    @property
    def size(self) -> int:
        return len(self.counts[0]) if self.counts else 0


def bar_minutes(span: timedelta, held: int, most: int = MOST_BARS) -> int:
    """Width of a bar: the narrowest that the held buckets add up to and that gives at most `most` bars."""
    minutes = span / timedelta(minutes=1)
    wide = [one for one in BARS if one >= held and one % held == 0]
    return next((one for one in wide if minutes / one <= most), wide[-1])


def by_level(counts: pd.DataFrame, start: datetime, end: datetime, held: int) -> Bars:
    """Events over time by level; `counts` has bucket, log_level, events."""
    minutes = bar_minutes(end - start, held)
    levels = [level for level in LEVELS if level in set(counts["log_level"])]
    title = f"Events by level, a bar for {width_in_words(minutes)}"
    return _stacked(counts, start, end, minutes, levels, title)


def errors_per_day(counts: pd.DataFrame, start: datetime, end: datetime, held: int) -> Bars:
    """Errors a day (UTC); of years, a week or four."""
    minutes = max(1440, bar_minutes(end - start, held, most=400))
    return _stacked(
        counts,
        start,
        end,
        minutes,
        list(ERROR_LEVELS),
        f"Errors per {_PER.get(minutes, width_in_words(minutes))}",
    )


_PER = {1440: "day", 10_080: "week", 40_320: "four weeks"}


def _stacked(
    counts: pd.DataFrame, start: datetime, end: datetime, minutes: int, levels: list[str], title: str
) -> Bars:
    first = floor(start, minutes)
    size = math.ceil((end - first) / timedelta(minutes=minutes))
    place = ((counts["bucket"] - first) // pd.Timedelta(minutes=minutes)).astype("int64").clip(0, size - 1)
    sums = counts["events"].astype("int64").groupby([counts["log_level"], place]).sum()
    table = [[0] * size for _ in levels]
    for (level, bar), events in sums.items():
        if level in levels:
            table[levels.index(level)][bar] += int(events)
    return Bars(first, minutes, start, end, levels, table, title)


def floor(moment: datetime, minutes: int) -> datetime:
    """The beginning of the bar that `moment` is in, counted from the epoch."""
    since = moment - datetime(1970, 1, 1)
    return datetime(1970, 1, 1) + since // timedelta(minutes=minutes) * timedelta(minutes=minutes)


def label(moment: datetime, minutes: int) -> str:
    """A bar's time in words."""
    if minutes >= 1440:
        return f"{moment:%a %Y-%m-%d}"
    return f"{moment:%a %Y-%m-%d %H:%M}"


def draw_bars(bars: Bars, height: int = 220) -> Markup:
    """Stacked bars with their axes."""
    whole = (bars.end - bars.start) / timedelta(minutes=1)
    offset = (bars.first - bars.start) / timedelta(minutes=1)
    top, ticks = scale(max((sum(column) for column in zip(*bars.counts, strict=True)), default=0))
    parts = []
    below = [0] * bars.size
    gap = 0.86 if bars.minutes >= 1440 and bars.size < 60 else 1.0
    for name, row in zip(bars.series, bars.counts, strict=True):
        for place, events in enumerate(row):
            if not events:
                continue
            left = (offset + (place + (1 - gap) / 2) * bars.minutes) / whole * 100
            wide = bars.minutes * gap / whole * 100
            right, left = min(left + wide, 100.0), max(left, 0.0)
            parts.append(
                f'<rect class="{name}" x="{_short(left)}%" width="{_short(right - left)}%" '
                f'y="{_short(100 - (below[place] + events) / top * 100)}%" '
                f'height="{_short(events / top * 100)}%"/>'
            )
            below[place] += events
    return _framed(bars.title, "".join(parts), ticks, top, time_ticks(bars.start, bars.end), height)


def draw_heat(grid: Sequence[Sequence[int]], height: int = 210) -> Markup:
    """Events by weekday (rows, Monday first) and hour (UTC), the more the darker."""
    most = max((max(row) for row in grid), default=0) or 1
    cells = [
        f'<rect class="heat" x="{_short(hour / 24 * 100 + 0.15)}%" y="{_short(day / 7 * 100 + 0.7)}%" '
        f'width="{_short(100 / 24 - 0.3)}%" height="{_short(100 / 7 - 1.4)}%" '
        f'fill-opacity="{0.05 + 0.95 * events / most:.3f}"/>'
        for day, row in enumerate(grid)
        for hour, events in enumerate(row)
    ]
    rows = [((day + 0.5) / 7, name) for day, name in enumerate(WEEKDAYS)]
    hours = [((hour + 0.5) / 24, f"{hour:02d}", hour % 6 != 0) for hour in range(0, 24, 3)]
    return _picture(
        "Events by hour and weekday",
        "".join(cells),
        [(100 * place, name) for place, name in rows],
        hours,
        height,
        grid="",
    )


def sparkline(counts: Sequence[int]) -> Markup:
    """A small trend: bars of a pattern's events over the range."""
    most = max(counts, default=0) or 1
    wide = 100 / max(len(counts), 1)
    bars = "".join(
        f'<rect x="{_short(n * wide)}%" width="{_short(wide * 0.85)}%" y="{_short(100 - one / most * 100)}%" '
        f'height="{_short(one / most * 100)}%"/>'
        for n, one in enumerate(counts)
        if one
    )
    return Markup(f'<svg class="spark" width="96" height="20" aria-hidden="true">{bars}</svg>')  # noqa: S704


def share_bar(errors: int, others: int, most: int) -> Markup:
    """A bar of a table: what of it is errors in their colour."""
    most = max(most, 1)
    part, rest = errors / most * 100, others / most * 100
    return Markup(  # noqa: S704 - numbers alone
        f'<svg class="share" width="100%" height="10" aria-hidden="true">'
        f'<rect class="ERROR" width="{_short(part)}%" height="100%"/>'
        f'<rect class="plain" x="{_short(part)}%" width="{_short(rest)}%" height="100%"/></svg>'
    )


def scale(most: int) -> tuple[float, list[float]]:
    """The top of an axis from 0, and its ticks: three to five round numbers."""
    if most <= 0:
        return 1.0, [0, 1]
    raw = most / 4
    size = 10 ** math.floor(math.log10(raw)) if raw >= 1 else 1
    step = next(
        (size * n for n in (1, 2, 2.5, 5, 10) if size * n >= raw and size * n == int(size * n)), size * 10
    )
    count = math.ceil(most / step)
    return float(step * count), [step * n for n in range(count + 1)]


def time_ticks(start: datetime, end: datetime) -> list[tuple[float, str, bool]]:
    """Places (0 to 1), words, and whether a narrow screen may leave it out; at most nine."""
    span = (end - start) / timedelta(minutes=1)
    step = next((one for one in _STEPS if span / one <= 8), None)
    moments: list[datetime] = []
    if step:
        moment = floor(start, step)
        while moment < end:
            moments.append(moment)
            moment += timedelta(minutes=step)
        written = "%-d %b" if step >= 1440 else "%H:%M"
    else:  # first days of months, or of years
        months = next((one for one in (1, 2, 3, 6, 12, 24, 60, 120) if span / (one * 43_830) <= 8), 240)
        index = start.year * 12 + start.month - 1
        index -= index % months
        while datetime(index // 12, index % 12 + 1, 1) < end:
            moments.append(datetime(index // 12, index % 12 + 1, 1))
            index += months
        written = "%b %Y" if months < 12 else "%Y"
    found = []
    for moment in moments:
        place = (moment - start) / (end - start)
        if not 0 <= place <= 0.97:
            continue
        text = f"{moment:{written}}"
        if step and step < 1440 and moment.time() == datetime.min.time():
            text = f"{moment:%-d %b}"
        found.append((place, text))
    return [(place, text, n % 2 == 1) for n, (place, text) in enumerate(found)]


def short_number(value: float) -> str:
    """1500 → 1.5k."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _framed(title: str, bars: str, ticks: list[float], top: float, times, height: int) -> Markup:
    lines = "".join(
        f'<line class="grid" x1="0" x2="100%" y1="{_short(100 - tick / top * 100)}%" '
        f'y2="{_short(100 - tick / top * 100)}%"/>'
        for tick in ticks
    )
    marks = [(100 - tick / top * 100, short_number(tick)) for tick in ticks]
    return _picture(title, bars, marks, times, height, lines)


def _picture(title: str, drawn: str, rows, columns, height: int, grid: str) -> Markup:
    """What is drawn, with words at the left and below: three pictures in a grid of the style sheet."""
    left = "".join(
        f'<text x="100%" y="{_short(place)}%" dy="0.35em" text-anchor="end">{escape(text)}</text>'
        for place, text in rows
    )
    anchor = lambda place: "start" if place < 0.02 else "end" if place > 0.95 else "middle"  # noqa: E731
    below = "".join(
        f'<text x="{_short(place * 100)}%" y="14" text-anchor="{anchor(place)}"{" class=odd" if odd else ""}>'
        f"{escape(text)}</text>"
        for place, text, odd in columns
    )
    return Markup(  # noqa: S704 - texts in it are escaped above
        f'<div class="picture"><svg class="rows" width="44" height="{height}" aria-hidden="true">{left}</svg>'
        f'<svg class="plot" width="100%" height="{height}" role="img" aria-label="{escape(title)}">'
        f"{grid}{drawn}</svg>"
        f'<svg class="columns" width="100%" height="20" aria-hidden="true">{below}</svg></div>'
    )


def _short(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
