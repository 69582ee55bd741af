"""The numbers of a report, packed for the scripts in it: columns of small integers, JSON, gzip, base64.

Times are numbers of buckets since the first day's midnight, each as the distance to the one before; rows are
grouped by source, level and class of status, which are named once. A month of half-hours of twenty sources is
some hundred kilobytes.
"""

from __future__ import annotations

import base64
import gzip
import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from logloom.dashboard.palette import LEVELS
from logloom.report.contents import LONGEST_VALUE, MOST_PATTERNS, Contents

_EPOCH = datetime(1970, 1, 1)


def packed(data: dict[str, Any]) -> str:
    """gzip of JSON, base64: DecompressionStream of every browser since 2023 reads it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode()


def data_of(found: Contents, new: set[tuple[str, str]] = frozenset()) -> dict[str, Any]:
    """What the scripts of the report filter and draw.

    Parameters
    ----------
    new
        Patterns (kind, pattern) to mark as new.
    """
    sources = sorted(
        set(found.counts["source"])
        | set(found.pattern_counts["source"])
        | {one for frame in found.values.values() for one in frame["source"]}
    )
    return {
        "first": _minutes(found.first_minute),
        "start": _minutes(found.view.start),
        "end": _minutes(found.view.end),
        "width": found.width,
        "coarse": found.coarse_width,
        "levels": list(LEVELS),
        "sources": sources,
        "counts": _counts(found, sources),
        "tops": {column: _values(found, frame, sources) for column, frame in found.values.items()},
        "patterns": _patterns(found, sources, new),
    }


def _counts(found: Contents, sources: list[str]) -> list[list[Any]]:
    """One row a source, level and class of status: these three, distances of buckets, events, bytes."""
    counts = found.counts.assign(bytes=pd.to_numeric(found.counts["bytes"]).fillna(0).astype("int64"))
    frame = _keyed(counts, found, sources, found.width, ["events", "bytes"])
    return [
        [
            *(int(one) for one in key),
            np.diff(rows["place"], prepend=0).tolist(),
            rows["events"].tolist(),
            rows["bytes"].tolist(),
        ]
        for key, rows in frame.groupby(["s", "l", "c"])
    ]


def _values(found: Contents, frame: pd.DataFrame, sources: list[str]) -> list[list[Any]]:
    """One row a value: its text, then places, sources, levels, classes of status, events."""
    if frame.empty:
        return []
    cut = frame.assign(value=frame["value"].astype(str).str.slice(0, LONGEST_VALUE))
    keyed = _keyed(cut, found, sources, found.coarse_width, ["events"], "value")
    order = keyed.groupby("value")["events"].sum().sort_values(ascending=False, kind="stable").index
    by_value = dict(list(keyed.groupby("value")))
    return [
        [
            value,
            np.diff(by_value[value]["place"], prepend=0).tolist(),
            by_value[value]["s"].tolist(),
            by_value[value]["l"].tolist(),
            by_value[value]["c"].tolist(),
            by_value[value]["events"].tolist(),
        ]
        for value in order
    ]


def _patterns(found: Contents, sources: list[str], new: set[tuple[str, str]]) -> list[list[Any]]:
    """One row a pattern: its text, kind, example, whether it is new; places, sources, levels, events."""
    shown = found.patterns.head(MOST_PATTERNS)
    keyed = _keyed(
        found.pattern_counts[found.pattern_counts["id"].isin(shown["id"])].assign(status_class=None),
        found,
        sources,
        found.coarse_width,
        ["events"],
        "id",
    )
    by_id = dict(list(keyed.groupby("id")))
    return [
        [
            row.pattern,
            row.kind,
            str(row.example)[: 2 * LONGEST_VALUE],
            int((row.kind, row.pattern) in new),
            np.diff(by_id[row.id]["place"], prepend=0).tolist(),
            by_id[row.id]["s"].tolist(),
            by_id[row.id]["l"].tolist(),
            by_id[row.id]["events"].tolist(),
        ]
        for row in shown.itertuples()
    ]


def _keyed(
    frame: pd.DataFrame, found: Contents, sources: list[str], width: int, sums: list[str], *by: str
) -> pd.DataFrame:
    """The sums by `by`, bucket (`place`), source (`s`), level (`l`), class of status (`c`, 0 for none)."""
    since = pd.to_datetime(frame["bucket"]) - found.first_minute
    keyed = frame.assign(
        place=(since // pd.Timedelta(minutes=width)).astype("int64"),
        s=frame["source"].map({name: n for n, name in enumerate(sources)}).astype("int64"),
        l=frame["log_level"].map({name: n for n, name in enumerate(LEVELS)}).fillna(-1).astype("int64"),
        c=pd.to_numeric(frame["status_class"]).fillna(0).astype("int64"),
        events=frame["events"].astype("int64"),
    )
    return keyed.groupby([*by, "place", "s", "l", "c"], as_index=False, sort=True)[sums].sum()


def _minutes(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(minutes=1)
