"""The panel of patterns: messages or paths as templates, with share, trend, an example, and what is new."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dash import html

from logloom import patterns
from logloom.dashboard import components as c

SHOWN = 50
TWELFTHS = 12
FILTER_OF = {"message": "message_pattern", "path": "path_pattern"}


def find(frame: pd.DataFrame, kind: patterns.Kind) -> tuple[pd.DataFrame, int]:
    """Patterns of the frame of patterns.sql, and the events of texts that were too rare to be among them.

    Returns
    -------
    pd.DataFrame
        As `patterns.compare` gives it, with `trend`: counts (int64) of the twelfths of the range.
    int
        Events of the texts left out, of the range.
    """
    frame = frame.astype({"events": "int64", "events_before": "int64"})
    now, before = frame[["example", "events"]], frame[["example", "events_before"]]
    table = patterns.compare(now, before, kind=kind).table
    slots = np.array([[int(n) for n in trend.split()] for trend in frame["trend"]], dtype=np.int64)
    slots = slots.reshape(-1, TWELFTHS)
    by_pattern = {pattern: np.zeros(TWELFTHS, dtype=np.int64) for pattern in table["pattern"]}
    for pattern, counts in zip(patterns.assign(frame["example"], by_pattern, kind=kind), slots, strict=True):
        if pattern in by_pattern:
            by_pattern[pattern] += counts
    table["trend"] = list(by_pattern.values())
    everything = int(frame["all_events"].max()) if len(frame) else 0
    table["share"] = table["events"] / max(everything, 1)
    return table, everything - int(frame["events"].sum())


def hint(table: pd.DataFrame, left_out: int) -> str:
    """What the panel's head says of the patterns."""
    present = int((table["events"] > 0).sum())
    parts = [f"{present:,} pattern{'s' if present != 1 else ''}"]
    for status in ("new", "gone"):
        if count := int((table["status"] == status).sum()):
            parts.append(f"{count:,} {status}")
    if present and not table["events_before"].sum():
        parts.append("nothing before to compare with")
    if left_out:
        parts.append(f"{left_out:,} events are too different to be grouped")
    return ", ".join(parts)


def view(table: pd.DataFrame, kind: patterns.Kind) -> list:
    """The most frequent patterns, the new ones first where there are many, and those that are gone."""
    present, gone = table[table["events"] > 0], table[table["status"] == "gone"]
    shown = present.head(SHOWN)
    # What is new is what people look for: none of it falls behind the end of the list.
    further = present.iloc[SHOWN:].query("status == 'new'").head(SHOWN)
    rows = [_row(row, kind) for part in (shown, further, gone.head(10)) for row in part.to_dict("records")]
    heads = ("Events", "Share", "Trend", "Before", "Pattern", "")
    return [
        html.Table(
            [
                html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
                html.Tbody(rows),
            ],
            className="patterns",
        )
    ]


def _row(row: dict, kind: patterns.Kind) -> html.Tr:
    column, pattern = FILTER_OF[kind], row["pattern"]
    shown, example = c.visible(pattern), c.visible(row["example"][:300])
    gone = row["status"] == "gone"
    name = shown[:300]
    badge = [html.Span(row["status"], className=f"badge {row['status']}")] if row["status"] else []
    only = html.Button(
        shown,
        type="button",
        title=f"Only events like this: {name}",
        className="value",
        **{"data-filter": c.filter_action("include", column, pattern)},
    )
    without = html.Button(
        "⊖",
        type="button",
        title=f"Without events like this: {name}",
        className="without",
        **{
            "data-filter": c.filter_action("exclude", column, pattern),
            "aria-label": f"Without events like {name}",
        },
    )
    return html.Tr(
        [
            html.Td(f"{row['events']:,}", className="number"),
            html.Td(c.percent(row["share"]), className="number"),
            html.Td(spark(row["trend"])),
            html.Td(f"{row['events_before']:,}", className="number quiet"),
            html.Td([*badge, only, html.Span(example, className="example")], className="pattern"),
            html.Td(without),
        ],
        className="gone" if gone else "",
    )


def spark(counts: np.ndarray) -> html.Span:
    """Twelve counts as a small area; a screen reader hears whether they rise."""
    most = max(int(counts.max()), 1)
    step = 100 / len(counts)
    points = ["0% 100%"]
    for position, count in enumerate(counts):
        height = 100 - 100 * int(count) / most
        points += [f"{position * step:.1f}% {height:.0f}%", f"{(position + 1) * step:.1f}% {height:.0f}%"]
    points.append("100% 100%")
    half = len(counts) // 2
    first, last = int(counts[:half].sum()), int(counts[half:].sum())
    word = "rising" if last > 1.5 * first else "falling" if first > 1.5 * last else "steady"
    label = f"{word}: {first:,} in the first half of the range, {last:,} in the second"
    return html.Span(
        html.I(style={"clipPath": f"polygon({', '.join(points)})"}),
        className="spark",
        title=label,
        role="img",
        **{"aria-label": label},
    )
