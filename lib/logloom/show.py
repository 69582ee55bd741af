"""What notebooks show: the accounts of the lines, what queries cost; and whether anybody looks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from logloom.queries import QueryResult
    from logloom.settings import Settings

ACCOUNTS = "application/vnd.logloom.accounts+json"
# In a run, an environment variable that names its folder: what a notebook leaves there is linked.
RUN_FOLDER_VARIABLE = "LOGLOOM_RUN_FOLDER"
# read is the sum of all the others
COUNTS = ("read", "kept", "dropped", "rejected", "joined", "blank")


def is_live() -> bool:
    """Tell whether somebody looks at this kernel's outputs as they come: JupyterLab, Notebook, VS Code.

    Run by papermill, nbconvert or nbval nobody does, and what needs the kernel (a Dash app) is dead in what
    they leave.
    """
    # jupyter_server tells its kernels the session's name; whoever runs notebooks headlessly does not.
    return "LOGLOOM_HEADLESS" not in os.environ and bool({"JPY_SESSION_NAME", "VSCODE_PID"} & set(os.environ))


def accounts(frame: pd.DataFrame) -> None:
    """Display what became of the lines, and leave it in the notebook for the page of the run.

    Parameters
    ----------
    frame
        One row a source: `source`, `lines_read`, `lines_kept`, `lines_dropped`, `lines_rejected`,
        `lines_joined`, `lines_blank` (counts). Other columns are not shown.
    """
    from IPython.display import display

    if frame.empty:
        print("No line was read: nothing was new.")
        return
    counted = frame[["source", *(f"lines_{name}" for name in COUNTS)]]
    shown = counted.rename(columns=lambda name: name.removeprefix("lines_"))
    missing = 2 * shown["read"] - shown[list(COUNTS)].sum(axis=1)
    shown = shown.assign(balance=["even" if lines == 0 else f"{lines:,} missing" for lines in missing])
    formats = dict.fromkeys(COUNTS, "{:,}".format)
    data = {
        "text/html": shown.to_html(index=False, border=0, formatters=formats),
        "text/plain": shown.to_string(index=False, formatters=formats),
        ACCOUNTS: json.loads(counted.to_json(orient="records")),
    }
    display(data, raw=True)


def table(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> None:
    """Display a table's columns (all, if none are named); what is not known is left empty."""
    import pandas as pd
    from IPython.display import display

    chosen = frame[list(columns)] if columns else frame
    filled = chosen.astype(object).where(chosen.notna(), "")
    with pd.option_context("display.max_colwidth", 120):
        data = {
            "text/html": filled.to_html(index=False, border=0),
            "text/plain": filled.to_string(index=False),
        }
    display(data, raw=True)


def costs(settings: Settings, results: Mapping[str, QueryResult]) -> pd.DataFrame:
    """Say what queries cost.

    Returns
    -------
    DataFrame
        By the query's name: `rows`, `scanned` (bytes) and `price` (US dollars on AWS) as text, `seconds`.
    """
    import pandas as pd

    from logloom import queries

    rows = {
        name: (
            len(result.frame),
            size(result.data_scanned_bytes),
            f"${queries.price(settings, result):.6f}",
            round(result.engine_ms / 1000, 2),
        )
        for name, result in results.items()
    }
    columns = ["rows", "scanned", "price", "seconds"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(columns="query")


def size(count: float) -> str:
    """Write a number of bytes as people read it: 1,500 is 1.5 kB."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.2f} TB"
