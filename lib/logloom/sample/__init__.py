"""Made-up logs that look real: several sources, formats and days, with errors, junk and rotated files.

Every random choice hangs on the seed: the same seed and arguments give the same bytes. Addresses and names
are those reserved for documentation (RFC 5737, RFC 3849, RFC 2606).
"""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from logloom import project
from logloom.errors import InputError
from logloom.sample import lines as sample_lines
from logloom.sample.lines import LEVELS, Builder
from logloom.settings import SAMPLE_FOLDER, Settings

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_LINES = 60_000
DEFAULT_DAYS = 14


@dataclass(frozen=True)
class _Source:
    """What a source is made of: `share` of all events, `malformed` and `blank` shares of its lines."""

    format: str
    file: str
    build: Builder
    share: float
    header: str = ""
    malformed: float = 0.0
    blank: float = 0.0
    spike: float = 0.0  # share of errors while the spike lasts


_SOURCES = {
    "shop_access": _Source(
        "access_combined",
        "access.log",
        sample_lines.access("shop_paths", 0.03, 0.001),
        0.56,
        malformed=0.0006,
        spike=0.45,
    ),
    "docs_access": _Source(
        "access_combined",
        "access.log",
        sample_lines.access("docs_paths", 0.01, 0.0),
        0.12,
        malformed=0.0005,
        blank=0.001,
    ),
    "nginx_error": _Source("nginx_error", "error.log", sample_lines.nginx_error, 0.03, spike=0.8),
    "checkout": _Source(
        "json_lines",
        "checkout.jsonl",
        sample_lines.checkout_json,
        0.13,
        malformed=0.001,
        blank=0.0005,
        spike=0.4,
    ),
    "worker": _Source("text_generic", "worker.log", sample_lines.worker_text, 0.05, spike=0.35),
    "hosts": _Source("syslog", "syslog", sample_lines.host_syslog, 0.08),
    "payments": _Source(
        "csv_header", "payments.csv", sample_lines.payments_csv, 0.03, sample_lines.PAYMENTS_HEADER, spike=0.3
    ),
}


@dataclass
class SourceTruth:
    """What was written for one source; lines = events + rejected + joined + blank (a CSV's header too)."""

    format: str
    files: int = 0
    lines: int = 0
    events: int = 0
    rejected: int = 0
    joined: int = 0
    blank: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    """Level counts by day (UTC, YYYY-MM-DD)."""


@dataclass
class Truth:
    """What the generator knows of the logs that it wrote."""

    folder: str
    seed: int
    first_day: str
    last_day: str
    spike_day: str
    sources: dict[str, SourceTruth] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        return sum(source.lines for source in self.sources.values())

    def levels(self) -> dict[str, int]:
        """Count the events of all sources by level."""
        total: Counter[str] = Counter()
        for source in self.sources.values():
            total.update(source.levels)
        return {level: total[level] for level in LEVELS if total[level]}

    def errors_per_day(self) -> dict[str, int]:
        """Count ERROR and FATAL of all sources by day."""
        total: Counter[str] = Counter()
        for source in self.sources.values():
            for day, levels in source.days.items():
                total[day] += levels.get("ERROR", 0) + levels.get("FATAL", 0)
        return dict(sorted(total.items()))

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2)


def generate(
    folder: str | Path,
    seed: int = 1,
    days: int = DEFAULT_DAYS,
    lines: int = DEFAULT_LINES,
    until: datetime.date | None = None,
) -> Truth:
    """Write sample logs into a folder that is not there yet, or empty.

    Parameters
    ----------
    folder
        One folder a source comes below it, one file a day in each; all but the last two are gzip'd.
    seed
        The same seed (and other arguments) gives the same bytes.
    days
        How many days, the last of them `until`.
    lines
        How many lines, about: continuation lines and malformed ones come on top.
    until
        Last day (UTC); yesterday when None.

    Raises
    ------
    InputError
        There is something in the folder already, or a number makes no sense.
    """
    folder = Path(folder)
    if days < 1 or lines < 1 or seed < 0:
        raise InputError("sample logs need at least one day, one line, and a seed that is not negative")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name one that is not there yet")
    until = until or datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    dates = [until - datetime.timedelta(days=back) for back in range(days - 1, -1, -1)]
    spike = dates[max(0, days - 4)]
    truth = Truth(folder.name, seed, dates[0].isoformat(), until.isoformat(), spike.isoformat())
    # Made beside its place and then moved there: an interrupted run leaves no folder that looks complete.
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        for number, (name, source) in enumerate(_SOURCES.items()):
            rng = np.random.default_rng([seed, number])
            truth.sources[name] = _write_source(
                unfinished / name, source, rng, dates, spike, lines * source.share
            )
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return truth


def ensure(settings: Settings) -> pd.DataFrame | None:
    """Make the sample logs when they are the input and not there yet.

    Returns
    -------
    DataFrame or None
        What was made, a row a source: `source`, `format`, `files`, `lines`; None when nothing was.
    """
    import pandas as pd

    folder = project.resolve(settings.input)
    if settings.input.rstrip("/") != SAMPLE_FOLDER or folder.exists():
        return None
    made = generate(folder).sources.items()
    rows = [(name, source.format, source.files, source.lines) for name, source in made]
    return pd.DataFrame(rows, columns=["source", "format", "files", "lines"])


def _write_source(
    folder: Path,
    source: _Source,
    rng: np.random.Generator,
    dates: list[datetime.date],
    spike: datetime.date,
    events: float,
) -> SourceTruth:
    folder.mkdir(parents=True)
    truth = SourceTruth(source.format)
    # Week-ends are quieter; no two days are alike.
    weights = np.array([0.62 if day.weekday() >= 5 else 1.0 for day in dates]) * rng.uniform(
        0.9, 1.1, len(dates)
    )
    counts = np.maximum(1, np.round(events * weights / weights.sum())).astype(int)
    for back, (day, count) in enumerate(zip(reversed(dates), reversed(counts.tolist()), strict=True)):
        times, heat = _times(rng, day, count, source.spike if day == spike else 0.0)
        made = source.build(rng, times, heat)
        text = _with_junk(rng, source, made.text, truth)
        if source.header:
            text = [source.header, *text]
            truth.blank += 1
        _write(folder / _file_name(source.file, day, back), day, text)
        levels = np.bincount(made.level, minlength=len(LEVELS))
        truth.days[day.isoformat()] = {level: int(n) for level, n in zip(LEVELS, levels, strict=True) if n}
        truth.files += 1
        truth.events += len(times)
        truth.joined += int(made.joined.sum())
    truth.days = dict(sorted(truth.days.items()))
    total: Counter[str] = Counter()
    for by_level in truth.days.values():
        total.update(by_level)
    truth.levels = {level: total[level] for level in LEVELS if total[level]}
    truth.lines = truth.events + truth.rejected + truth.joined + truth.blank
    return truth


def _times(
    rng: np.random.Generator, day: datetime.date, count: int, spike: float
) -> tuple[pl.Series, np.ndarray]:
    """Draw sorted times of a day, busy in the afternoon and quiet at night; heat is the share of errors."""
    minute = np.arange(1440)
    weight = 1 + 0.75 * np.sin((minute / 1440 - 0.375) * 2 * np.pi) + 0.15 * np.sin(minute / 1440 * 8 * np.pi)
    hot = (minute >= 14 * 60 + 5) & (minute < 15 * 60 + 50)
    if spike:
        count += round(count * 0.15)  # errors make people, and programs, try again
        weight = np.where(hot, weight * 1.8, weight)
    drawn = rng.choice(1440, count, p=weight / weight.sum())
    milliseconds = np.sort(drawn * 60_000 + rng.integers(0, 60_000, count))
    heat = np.where(hot[milliseconds // 60_000], spike, 0.0)
    midnight = np.datetime64(day.isoformat(), "ms")
    return pl.Series(midnight + milliseconds.astype("timedelta64[ms]")), heat


def _with_junk(rng: np.random.Generator, source: _Source, text: pl.Series, truth: SourceTruth) -> list[str]:
    """Put torn lines (a writer that died) and blank ones between the good ones."""
    lines = text.to_list()
    torn, blank = rng.binomial(len(lines), [source.malformed, source.blank])
    for _ in range(torn):
        place = int(rng.integers(0, len(lines)))
        lines.insert(place, text[int(rng.integers(0, len(text)))][: int(rng.integers(18, 34))])
    for _ in range(blank):
        lines.insert(int(rng.integers(0, len(lines))), "")
    truth.rejected += int(torn)
    truth.blank += int(blank)
    return lines


def _file_name(name: str, day: datetime.date, back: int) -> str:
    """Name the file as logrotate does with `dateext` and `delaycompress`."""
    if name.endswith(".csv"):
        return f"{Path(name).stem}-{day:%Y%m%d}.csv"
    return name if back == 0 else f"{name}-{day:%Y%m%d}" + (".gz" if back > 1 else "")


def _write(file: Path, day: datetime.date, lines: list[str]) -> None:
    content = ("\n".join(lines) + "\n").encode()
    if file.suffix == ".gz":
        content = gzip.compress(content, compresslevel=6, mtime=0)
    file.write_bytes(content)
    written = datetime.datetime.combine(day, datetime.time(23, 59, 59), datetime.UTC).timestamp()
    os.utime(file, (written, written))
