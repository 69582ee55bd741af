"""The page: one readable list of what is on it."""

from __future__ import annotations

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import dcc, html

from logloom.dashboard import components as c
from logloom.dashboard import export
from logloom.dashboard.palette import LEVEL_COLOURS, LEVELS
from logloom.dashboard.view import LONGEST_TEXT, STATUS_CLASSES
from logloom.settings import Settings

RANGES = {
    "1h": "Last hour",
    "6h": "Last 6 hours",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "all": "All",
    "custom": "Custom",
}
# What can be counted by its values, each value a click from being a filter; and what the four panels begin
# with.
VALUES = {
    "source": "Sources",
    "http_response_status_code": "Status codes",
    "http_request_method": "Methods",
    "url_path": "Paths",
    "client_address": "Clients",
    "user_agent_original": "User agents",
    "http_request_header_referer": "Referrers",
    "service_name": "Services",
    "format": "Formats",
    "log_file_path": "Files",
}
TOPS = ("source", "http_response_status_code", "url_path", "client_address")
LEVEL_CLASSES = {f"cell-level level-{level.lower()}": f"params.value == '{level}'" for level in LEVELS}
COLUMNS = (
    {"field": "timestamp", "headerName": "Time (UTC)", "width": 184, "cellClass": "cell-time"},
    {"field": "log_level", "headerName": "Level", "width": 108, "cellClassRules": LEVEL_CLASSES},
    {"field": "source", "headerName": "Source", "width": 140},
    {"field": "http_response_status_code", "headerName": "Status", "width": 84, "type": "rightAligned"},
    {"field": "http_request_method", "headerName": "Method", "width": 92},
    {"field": "text", "headerName": "Message or path", "flex": 1, "minWidth": 320, "cellClass": "cell-text"},
    {"field": "client_address", "headerName": "Client", "width": 150},
)

# Colours by the style sheet's variables: light and dark switch without the grid knowing.
GRID_THEME = """themeQuartz.withParams({
    backgroundColor: 'var(--surface)', foregroundColor: 'var(--text)', borderColor: 'var(--line)',
    headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--quiet)', rowHoverColor: 'var(--hover)',
    selectedRowBackgroundColor: 'var(--chosen)', accentColor: 'var(--accent)', fontFamily: 'inherit',
    fontSize: 12.5, headerFontSize: 12, headerFontWeight: 500, cellHorizontalPadding: 10,
    wrapperBorder: false, wrapperBorderRadius: 0, rowBorder: {color: 'var(--line-soft)'}, columnBorder: false,
    headerColumnBorder: false,
})"""


def page(
    settings: Settings, known: tuple[dict, list, list] | None = None, account: list | None = None
) -> dmc.MantineProvider:
    """The page; `known` is what `panels.what_there_is` says, when it is known already.

    `account` is who is logged in, and the way out.
    """
    extent, sources, fresh = known or (None, [], [])
    return dmc.MantineProvider(
        html.Div(
            [
                html.A("To the events", href="#events-panel", className="skip"),
                head(settings, fresh, account or []),
                filters(sources),
                html.Main(
                    [
                        tiles(),
                        c.panel("series", "Events", c.graph("series-graph", "Events over time by level")),
                        c.panel("days", "Errors per day", c.graph("days-graph", "Errors per day")),
                        *(top(f"top{number}", column) for number, column in enumerate(TOPS)),
                        c.panel(
                            "heat", "Hour and weekday", c.graph("heat-graph", "Events by hour and weekday")
                        ),
                        c.panel("accounts", "Every line accounted for", html.Div(id="accounts-body")),
                        text_patterns(),
                        events(),
                    ],
                    className="panels",
                ),
                drawer("event", "Event"),
                drawer("rejects", "Rejected lines"),
                *stores(extent),
            ],
            className="page",
        ),
        theme={
            "primaryColor": "teal",
            "fontFamily": "inherit",
            "defaultRadius": "sm",
            "respectReducedMotion": True,
        },
        defaultColorScheme="auto",
    )


def head(settings: Settings, fresh: list, account: list) -> html.Header:
    return html.Header(
        [
            html.H1("Logloom"),
            html.Span(
                f"{settings.database} · {'local' if settings.is_local else settings.region}",
                className="where",
            ),
            html.Span(fresh, id="freshness", className="freshness"),
            html.Div(
                [
                    c.action("refresh", "refresh", "Refresh"),
                    c.action("copy-link", "link", "Copy the link to this view"),
                    c.action("scheme", "scheme", "Light or dark"),
                    *account,
                ],
                className="actions",
            ),
        ],
        className="top",
    )


def filters(sources: list) -> html.Div:
    return html.Div(
        [
            labelled(
                "Range",
                "range",
                dmc.Select(
                    id="range",
                    data=[{"value": k, "label": v} for k, v in RANGES.items()],
                    value=None,
                    allowDeselect=False,
                    size="xs",
                    w=126,
                    checkIconPosition="right",
                    placeholder="…",
                ),
            ),
            labelled("From (UTC)", "from", time_input("from")),
            labelled("Until (UTC)", "to", time_input("to")),
            html.Fieldset(
                [
                    html.Legend("Levels"),
                    dmc.ChipGroup(
                        [level_chip(level) for level in LEVELS],
                        id="levels",
                        multiple=True,
                        value=list(LEVELS),
                    ),
                ]
            ),
            labelled(
                "Sources",
                "source",
                dmc.MultiSelect(
                    id="source",
                    data=sources,
                    value=[],
                    searchable=True,
                    clearable=True,
                    placeholder="All",
                    size="xs",
                    w=200,
                    hidePickedOptions=False,
                    nothingFoundMessage="No such source",
                ),
            ),
            html.Fieldset(
                [
                    html.Legend("Status"),
                    dmc.ChipGroup(
                        [dmc.Chip(one, value=one, size="xs", radius="sm") for one in STATUS_CLASSES],
                        id="status",
                        multiple=True,
                        value=[],
                    ),
                ]
            ),
            labelled(
                "Text in message or path",
                "text",
                dmc.TextInput(
                    id="text",
                    value="",
                    debounce=400,
                    size="xs",
                    w=240,
                    placeholder="Search",
                    inputProps={"maxLength": LONGEST_TEXT},
                ),
            ),
            dmc.Checkbox(id="regex", label="Regular expression", size="xs", checked=False, className="regex"),
            html.Button("Reset", id="reset", type="button", className="plain"),
            html.Div(id="pills", className="pills", role="group", **{"aria-label": "Filters by value"}),
        ],
        className="filters",
        role="search",
        **{"aria-label": "Filters"},
    )


def labelled(label: str, identity: str, control) -> html.Div:
    return html.Div([html.Label(label, htmlFor=identity), control], className="field")


def time_input(identity: str) -> dmc.DateTimePicker:
    return dmc.DateTimePicker(
        id=identity,
        valueFormat="YYYY-MM-DD HH:mm",
        size="xs",
        w=152,
        withSeconds=False,
        highlightToday=False,
        timePickerProps={"withDropdown": True, "format": "24h"},
        firstDayOfWeek=1,
        placeholder="…",
        popoverProps={"withinPortal": True},
    )


def level_chip(level: str) -> dmc.Chip:
    return dmc.Chip(
        level,
        value=level,
        size="xs",
        radius="sm",
        color=LEVEL_COLOURS[level],
        variant="outline",
        className=f"level-chip level-{level.lower()}",
    )


def tiles() -> html.Section:
    return html.Section(
        [
            c.tile("events", "Events", "Events in the range that the filters leave"),
            c.tile("errors", "Errors", "Events of level ERROR and FATAL, whatever levels are chosen"),
            c.tile("rate", "Error rate", "Errors of all events, whatever levels are chosen"),
            c.tile("bytes", "Bytes sent", "Sum of the response bodies, of the levels chosen"),
            html.Div(id="tiles-message", className="tiles-message", role="status"),
        ],
        id="tiles-panel",
        className="tiles",
        **{"aria-label": "In figures, against the period before of the same length"},
    )


def top(name: str, column: str) -> html.Section:
    title = dmc.Select(
        id=f"{name}-column",
        data=[{"value": key, "label": label} for key, label in VALUES.items()],
        value=column,
        allowDeselect=False,
        size="xs",
        w=148,
        variant="unstyled",
        className="title-select",
        **{"aria-label": "Column to count by"},
    )
    return c.panel(name, title, html.Div(id=f"{name}-body"), className="tops")


def text_patterns() -> html.Section:
    title = dmc.Select(
        id="patterns-kind",
        data=[
            {"value": "path", "label": "Path patterns"},
            {"value": "message", "label": "Message patterns"},
        ],
        value="message",
        allowDeselect=False,
        size="xs",
        w=200,
        variant="unstyled",
        className="title-select",
        **{"aria-label": "Patterns of what"},
    )
    return c.panel("patterns", title, html.Div(id="patterns-body"), hint=" ")


def drawer(name: str, title: str) -> dmc.Drawer:
    return dmc.Drawer(
        html.Div(id=f"{name}-body", className="drawer-body"),
        id=name,
        title=title,
        position="right",
        size="min(760px, 100vw)",
        padding="md",
        closeButtonProps={"aria-label": "Close"},
        keepMounted=True,
    )


def events() -> html.Section:
    grid = dag.AgGrid(
        id="events-grid",
        columnDefs=[dict(column) for column in COLUMNS],
        rowData=[],
        getRowId="params.data.id",
        defaultColDef={"sortable": False, "resizable": True, "suppressMovable": False, "filter": False},
        dashGridOptions={
            "theme": {"function": GRID_THEME},
            "rowHeight": 28,
            "headerHeight": 30,
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "suppressNoRowsOverlay": True,
            "suppressColumnVirtualisation": True,
        },
        style={"height": "100%", "width": "100%"},
    )
    pager = html.Div(
        [
            html.Span("", id="events-page", className="page-number", role="status"),
            html.Span("", id="csv-told", className="page-number", role="status"),
            html.Button(
                "CSV",
                id="csv",
                type="button",
                className="plain",
                title=f"Download the matching events, at most the newest {export.MOST_ROWS:,}",
            ),
            dcc.Download(id="csv-file"),
            html.Button("Newer", id="newer", className="plain", disabled=True),
            html.Button("Older", id="older", className="plain", disabled=True),
        ],
        className="pager",
    )
    return c.panel("events", "Matching events", grid, hint="newest first", extra=pager, className="events")


def stores(extent: dict | None) -> list:
    return [
        dcc.Store(id="address"),
        dcc.Store(id="restored"),
        dcc.Store(id="extent", data=extent),
        dcc.Store(id="loaded"),
        dcc.Store(id="chosen", data={"include": [], "exclude": []}),
        dcc.Store(id="view"),
        dcc.Store(id="page", data={"keys": []}),
        dcc.Store(id="next-key"),
        dcc.Store(id="event-key"),
        dcc.Store(id="rejects-of"),
    ]
