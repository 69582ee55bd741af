"""The parts of the page: panels, tiles, the line that tells a query, messages, lists of values."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import dcc, html

from logloom.dashboard.data import Answer
from logloom.dashboard.figures import NO_VALUE
from logloom.dashboard.palette import LEVEL_COLOURS

GRAPH_CONFIG = {
    "displaylogo": False,
    "displayModeBar": False,
    "responsive": True,
    "scrollZoom": False,
    "showTips": False,
    "doubleClick": False,  # the page's own: back to the range before
}


def panel(
    name: str, title: Any, body: Any, *, hint: str = "", extra: Any = None, className: str = ""
) -> html.Section:
    """A panel whose outer size never changes: head with title and query note, body, and a place for a
    message.

    Its callback fills ``{name}-body`` (or what `body` has for an id), ``{name}-message``, ``{name}-note``.
    """
    return html.Section(
        [
            html.Header(
                [
                    html.H2(title, id=f"{name}-title"),
                    html.Span(hint, className="hint", id=f"{name}-hint"),
                    html.Div(extra, className="panel-extra") if extra is not None else None,
                    html.Div(
                        [
                            html.Span(id=f"{name}-progress", className="progress"),
                            html.Button(
                                "Stop",
                                id=f"{name}-cancel",
                                className="stop",
                                **{"aria-label": f"Stop: {title}"},
                            ),
                            html.Div(id=f"{name}-note", className="note"),
                        ],
                        className="panel-status",
                    ),
                ]
            ),
            html.Div(
                [
                    html.Div(body, className="panel-content"),
                    html.Div(
                        id=f"{name}-message", className="message", role="status", **{"aria-live": "polite"}
                    ),
                ],
                className="panel-body",
            ),
        ],
        id=f"{name}-panel",
        className=f"panel {className}".strip(),
        **{"aria-labelledby": f"{name}-title"},
    )


def graph(name: str, label: str) -> html.Div:
    return html.Div(
        dcc.Graph(id=name, figure=BLANK, config=GRAPH_CONFIG, className="graph", responsive=True),
        role="figure",
        className="graph-frame",
        **{"aria-label": label},
    )


# No axes, no background: what stands in a panel until its first answer is there.
BLANK = {
    "data": [],
    "layout": {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
    },
}


def message(title: str, text: str, *, bad: bool = False) -> list:
    return [
        html.Div([html.Strong(title), html.Span(text)], className="message-box bad" if bad else "message-box")
    ]


def note(name: str, *answers: Answer) -> html.Details:
    """What a panel's queries were and cost: one line, and the whole of it behind a click."""
    scanned, price = sum(a.data_scanned_bytes for a in answers), sum(a.price for a in answers)
    cached = all(answer.cached for answer in answers)
    time = "from cache" if cached else milliseconds(max(answer.seconds for answer in answers))
    return html.Details(
        [
            html.Summary(f"{size(scanned)} · {money(price)} · {time}", title="The query of this panel"),
            html.Div([part for answer in answers for part in _told(answer)], className="note-card"),
        ],
        key=name,
    )


def _told(answer: Answer) -> list:
    facts = [
        ("Bytes scanned", f"{answer.data_scanned_bytes:,}"),
        ("Price", money(answer.price)),
        (
            "Time",
            milliseconds(answer.seconds) + (", cached: nothing was loaded since" if answer.cached else ""),
        ),
    ]
    return [
        html.Dl([part for fact, value in facts for part in (html.Dt(fact), html.Dd(value))]),
        html.Pre(answer.sql, tabIndex=0),
        html.P("Parameters, in their order"),
        html.Pre(json.dumps(list(answer.parameters), ensure_ascii=True), className="parameters"),
        html.Div(
            [
                html.Button(
                    "Copy SQL", type="button", **{"data-copy": with_values(answer.sql, answer.parameters)}
                ),
                html.Button("Copy as notebook cell", type="button", **{"data-copy": notebook_cell(answer)}),
            ],
            className="copies",
        ),
    ]


def with_values(sql: str, parameters: Sequence[Any]) -> str:
    """The SQL with its parameters as a comment before it: to read and to paste, nothing put into the text."""
    if not parameters:
        return sql
    return f"-- parameters: {json.dumps(list(parameters), ensure_ascii=True)}\n{sql}"


def notebook_cell(answer: Answer) -> str:
    """A cell that asks the same by `logloom.queries`; escaped, so that a value cannot end its string."""
    lines = ",\n".join(f"    {json.dumps(line)}" for line in answer.sql.splitlines())
    return (
        "from logloom import queries\n\n"
        f'sql = "\\n".join([\n{lines},\n])\n'
        f"queries.run_sql(settings, sql, {[*answer.parameters]!a}).frame"
    )


def tile(name: str, label: str, hint: str) -> html.Div:
    return html.Div(
        [
            html.Span(label, className="tile-label", title=hint),
            html.Span("–", id=f"tile-{name}", className="tile-value"),
            html.Span(" ", id=f"tile-{name}-change", className="tile-change"),
        ],
        className="tile",
    )


def change(now: float, before: float, *, points: bool = False, more_is_bad: bool = False) -> html.Span:
    """Against the period before: an arrow, the share, and red where more is bad."""
    if points:
        difference = (now - before) * 100
        text = f"{difference:+.1f} points".replace("-", "−")
    elif before == 0:
        return html.Span("nothing before" if now else "nothing before either", className="flat")
    else:
        difference = (now - before) / before * 100
        text = (
            f"{difference:+,.0f} %".replace("-", "−") if abs(difference) < 1000 else f"×{now / before:,.0f}"
        )
    if abs(difference) < 0.05:
        return html.Span("as before", className="flat")
    arrow = "▲" if difference > 0 else "▼"
    mood = "flat" if not more_is_bad else "bad" if difference > 0 else "good"
    return html.Span(
        [html.Span(arrow, className="arrow"), f" {text}"],
        className=mood,
        title=f"{before:,.4g} in the period before",
    )


def value_list(column: str, frame: pd.DataFrame, total: int | None = None) -> html.Ol:
    """The most frequent values with a bar, the errors in it, and buttons to filter by them.

    `frame`: columns value (text or null), events, errors.
    """
    most = int(frame["events"].max()) if len(frame) else 0
    items = []
    for value, events, errors in frame[["value", "events", "errors"]].itertuples(index=False):
        known = None if pd.isna(value) else str(value)
        shown = NO_VALUE if known is None else visible(known)
        share, bad = 100 * events / most, 100 * errors / most
        items.append(
            html.Li(
                [
                    html.Span(
                        [
                            html.Span(className="bar-errors", style={"width": f"{bad:.2f}%"}),
                            html.Span(className="bar-rest", style={"width": f"{share - bad:.2f}%"}),
                        ],
                        className="bar",
                        **{"aria-hidden": "true"},
                    ),
                    html.Button(
                        shown[:300],
                        title=f"Only {shown[:300]}",
                        className="value none" if known is None else "value",
                        **{"data-filter": filter_action("include", column, known)},
                    ),
                    html.Span(
                        f"{int(events):,}",
                        className="count",
                        title=f"{int(events):,} events, {int(errors):,} errors",
                    ),
                    html.Button(
                        "⊖",
                        title=f"Without {shown[:300]}",
                        className="without",
                        **{
                            "data-filter": filter_action("exclude", column, known),
                            "aria-label": f"Without {shown[:300]}",
                        },
                    ),
                ]
            )
        )
    return html.Ol(items, className="values")


def filter_action(kind: str, column: str, value: str | None) -> str:
    return json.dumps([kind, column, value], ensure_ascii=False)


def level_badge(level: str) -> html.Span:
    colour = LEVEL_COLOURS.get(level, "#888")
    return html.Span([html.I(style={"background": colour}), level], className="level")


def icon(name: str) -> html.Span:
    """An icon of the style sheet (drawn by CSS masks: no icon font, nothing from the net)."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})


def action(identity: str, name: str, label: str, **more: Any) -> dmc.ActionIcon:
    return dmc.ActionIcon(
        icon(name), id=identity, variant="subtle", color="gray", size="lg", **{"aria-label": label}, **more
    )


# Characters that do something instead of showing something: control characters (ANSI colours begin with one),
# marks that turn the direction of writing, and those that take no place.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2069\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """A log line as it shows: what would act in it stands there by its number."""
    return _ACTING.sub(
        lambda match: f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}", text
    )


def count(number: float) -> str:
    """12,345 whole; from a million 1.23 M, 4.56 G."""
    for limit, unit in ((1e9, "G"), (1e6, "M")):
        if number >= limit:
            return f"{number / limit:,.2f} {unit}"
    return f"{int(number):,}"


def size(number: float) -> str:
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError


def money(dollars: float) -> str:
    if dollars == 0:
        return "$0"
    return f"${dollars:,.2f}" if dollars >= 0.1 else f"${dollars:.5f}"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def percent(share: float) -> str:
    """Share as a percentage with what digits it needs: 0.02 %, 4.3 %, 54 %."""
    value = share * 100
    return (
        f"{value:.0f} %"
        if value >= 10 or value == 0
        else f"{value:.1f} %"
        if value >= 0.1
        else f"{value:.2g} %"
    )
