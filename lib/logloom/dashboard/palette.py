"""The one palette: what colour a log level is, in charts, tables, reports, light and dark."""

from __future__ import annotations

from types import MappingProxyType

LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")
ERROR_LEVELS = ("ERROR", "FATAL")

# Every two of them keep a distance of at least 17 (CIE76) under normal sight, protanopia, deuteranopia and
# tritanopia (Machado et al. 2009, severity 1): tests/dashboard/test_palette.py holds that true. They go from
# quiet to loud, so that the order reads without a legend.
LEVEL_COLOURS = MappingProxyType(
    {
        "TRACE": "#C2C8D0",
        "DEBUG": "#8792A2",
        "INFO": "#4A90D9",
        "WARNING": "#E8A317",
        "ERROR": "#D1452B",
        "FATAL": "#9C2F86",
    }
)

# One hue for counts without a level, and a sequential scale of it for heat maps.
ACCENT = "#2F7F86"
SEQUENTIAL = ((0.0, "rgba(47,127,134,0.05)"), (1.0, "rgba(47,127,134,1)"))

# Text and lines of a figure outside the page (reports, pictures); inside it the style sheet sets them, so
# that light and dark switch without asking the server.
TEXT = "#5B6472"
GRID = "#E4E7EB"
