"""Spikes: bars far above what the same hour of the days before had."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd

FEWEST_DAYS, MOST_DAYS = 5, 14
# Robust z-score: distance from the median in units of the median absolute deviation, made comparable to a
# standard deviation (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). They flag from 3.5; of a
# chart with a hundred bars that would flag too many.
CONSISTENCY = 1.4826
THRESHOLD = 6.0
LEAST_RATIO = 1.5


def find(history: pd.DataFrame, start: datetime, end: datetime, minutes: int) -> pd.DataFrame:
    """Spikes of the range, in errors and in events.

    Parameters
    ----------
    history
        Columns bucket (datetime64), events, errors (of them): of the range and the days before it; a bucket
        without events has no row.
    start, end
        The range, UTC.
    minutes
        Width of a bucket: an hour, or some that divide a day.

    Returns
    -------
    pd.DataFrame
        Columns bucket, kind (``errors``, else ``events``), count, usual (median of the same hour of the days
        before), score, days (how many of them), one row a bucket, sorted; ``attrs["judged"]`` tells
        whether any bucket had `FEWEST_DAYS` before it.
    """
    found: dict[pd.Timestamp, tuple] = {}
    judged = False
    buckets = pd.DatetimeIndex(history["bucket"])
    for kind in ("errors", "events"):
        counts = pd.Series(history[kind].to_numpy(float), index=buckets).sort_index()
        for bucket, *rest in _scores(counts, start, end, minutes):
            judged = True
            count, usual, score, _ = rest
            if score >= THRESHOLD and count >= LEAST_RATIO * usual:
                found.setdefault(bucket, (bucket, kind, int(count), *rest[1:]))
    spikes = pd.DataFrame(
        [found[bucket] for bucket in sorted(found)],
        columns=["bucket", "kind", "count", "usual", "score", "days"],
    )
    spikes.attrs["judged"] = judged
    return spikes


def _scores(counts: pd.Series, start: datetime, end: datetime, minutes: int) -> Iterator[tuple]:
    """Bucket, count, usual, score and days before of every bucket in the range with enough days before it."""
    if counts.empty:
        return
    width = pd.Timedelta(minutes=minutes)
    # The days before begin with the first that has data: what was not logged was not quiet.
    every = pd.date_range(counts.index.min().floor("D"), counts.index.max(), freq=width)
    whole = counts.reindex(every, fill_value=0.0)
    step = 1440 // minutes
    for position, (bucket, count) in enumerate(whole.items()):
        if not pd.Timestamp(start) - width < bucket < pd.Timestamp(end):
            continue
        before = whole.iloc[position % step : position : step].to_numpy()[-MOST_DAYS:]
        if len(before) < FEWEST_DAYS:
            continue
        usual = float(np.median(before))
        deviation = CONSISTENCY * float(np.median(np.abs(before - usual)))
        # Counts vary by their square root even when nothing happens, and small ones by a little more.
        yield bucket, count, usual, (count - usual) / max(deviation, np.sqrt(usual) + 1), len(before)
