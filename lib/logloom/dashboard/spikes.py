"""Spikes: bars far above what the same hour of the days before had."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

FEWEST_DAYS = 5
# Robust z-score: distance from the median in units of the median absolute deviation, made comparable to a
# standard deviation (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). They flag from 3.5; of a
# chart with a hundred bars that would flag too many.
CONSISTENCY = 1.4826
THRESHOLD = 6.0
LEAST_RATIO = 1.5


def find(history: pd.DataFrame, start: datetime, end: datetime, minutes: int) -> pd.DataFrame:
    """Spikes of the range.

    Parameters
    ----------
    history
        Columns bucket (datetime64), events: of the range and the days before it; a bucket without events has
        no row.
    start, end
        The range, UTC.
    minutes
        Width of a bucket: an hour, or some that divide a day.

    Returns
    -------
    pd.DataFrame
        Columns bucket, events, usual (median of the same hour of the days before), score, days (how many of
        them), sorted by bucket; ``attrs["judged"]`` tells whether any bucket had `FEWEST_DAYS` before it.
    """
    found = pd.DataFrame(columns=["bucket", "events", "usual", "score", "days"])
    found.attrs["judged"] = False
    if history.empty:
        return found
    width = pd.Timedelta(minutes=minutes)
    counts = pd.Series(history["events"].to_numpy(float), index=pd.DatetimeIndex(history["bucket"]))
    # The days before begin with the first that has data: what was not logged was not quiet.
    first = counts.index.min().floor("D")
    whole = counts.sort_index().reindex(pd.date_range(first, counts.index.max(), freq=width), fill_value=0.0)
    step = 1440 // minutes
    rows = []
    for position, (bucket, events) in enumerate(whole.items()):
        if not pd.Timestamp(start) - width < bucket < pd.Timestamp(end):
            continue
        before = whole.iloc[position % step : position : step].to_numpy()[-14:]
        if len(before) < FEWEST_DAYS:
            continue
        found.attrs["judged"] = True
        usual = float(np.median(before))
        deviation = CONSISTENCY * float(np.median(np.abs(before - usual)))
        # Counts vary by their square root even when nothing happens.
        score = (events - usual) / max(deviation, np.sqrt(usual), 1.0)
        if score >= THRESHOLD and events >= LEAST_RATIO * usual:
            rows.append((bucket, int(events), usual, score, len(before)))
    if rows:
        judged = pd.DataFrame(rows, columns=found.columns)
        judged.attrs = found.attrs
        return judged
    return found
