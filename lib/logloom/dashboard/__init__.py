"""The dashboard: events over time, errors per day, top values, the events themselves; all asked of Athena."""

# numpy and pandas are imported before any callback runs: two threads that import them lazily at once get in
# each other's way, and a panel stays empty.
import numpy as _numpy  # noqa: F401
import pandas as _pandas  # noqa: F401

from logloom.dashboard import figures
from logloom.dashboard.app import create_app
from logloom.dashboard.inline import show_inline, static_figures
from logloom.dashboard.server import Serving, serve

__all__ = ["Serving", "create_app", "figures", "serve", "show_inline", "static_figures"]
