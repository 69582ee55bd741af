"""Times of log lines, as UTC to the microsecond.

Layouts and names of months and zones are data (`data/times.toml`). A time without a zone is in the caller's
zone, UTC unless told. A time without a year gets the latest year that does not put it after the file's date:
never now's.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources

import polars as pl

from logformats.schema import TIMESTAMP

SECOND = 1_000_000
DAY = 86_400 * SECOND
#: Seconds by which TAI was ahead of UTC at 1972; it is one more from each of `leap_seconds` on.
TAI_OFFSET = 10
_EPOCH_LEAST, _EPOCH_MOST = -2_208_988_800 * SECOND, 4_102_444_800 * SECOND  # 1900 to 2100
_FILE_DATE = re.compile(r"(?<!\d)(20\d\d|19[89]\d)[-_./]?(0[1-9]|1[0-2])[-_./]?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class Clock:
    """What a time's text does not say.

    latest
        No time without a year is after this moment (UTC).
    zone
        The zone (IANA name) of times without one.
    date
        The date of times of day without a date, `YYYY-MM-DD`; empty if it is not known.
    years
        Whether times without a year are read at all.
    """

    latest: datetime
    zone: str = "UTC"
    date: str = ""
    years: bool = True


def clock_for(path: str, last_modified: datetime, zone: str = "UTC") -> Clock:
    """The clock of an object.

    A date in the path (`access.log-20251223`, `2025/12/22/`) goes before `last_modified`, which is when the
    object was uploaded: the file may begin or end at that date, so that its last line is within five weeks of
    it. Without one, no line is more than a day (a zone's worth) after `last_modified`.
    """
    if last_modified.tzinfo is None:
        last_modified = last_modified.replace(tzinfo=UTC)
    latest = last_modified.astimezone(UTC) + timedelta(days=1)
    for found in reversed(list(_FILE_DATE.finditer(path))):
        try:
            date = datetime(*(int(part) for part in found.groups()), tzinfo=UTC)
        except ValueError:
            continue
        if date <= latest:
            latest = min(latest, date + timedelta(days=36))
        return Clock(latest, zone, date.strftime("%Y-%m-%d"))
    return Clock(latest, zone)


@dataclass(frozen=True)
class Layout:
    """One way to write a time."""

    name: str
    regex: str
    groups: tuple[str, ...]
    fast: str


@functools.cache
def _data() -> dict:
    return tomllib.loads(
        resources.files("logformats").joinpath("data/times.toml").read_text(encoding="utf-8")
    )


@functools.cache
def layouts() -> dict[str, Layout]:
    """All layouts by name, in the order in which they are tried."""
    return {
        entry["name"]: Layout(
            entry["name"],
            f"^(?:{entry['regex']})$",
            tuple(re.findall(r"\(\?P<(\w+)>", entry["regex"])),
            entry.get("fast", ""),
        )
        for entry in _data()["layout"]
    }


def parse(text: pl.Series, names: tuple[str, ...], clock: Clock) -> pl.Series:
    """Times of texts; null for a text that no layout reads, or that names no day of the calendar.

    Parameters
    ----------
    text
        Strings.
    names
        Layouts to try in order (a name of `layouts()`, or a strptime format with `%`); empty for all.
    clock
        Year and zone of times without them.

    Returns
    -------
    Datetime (µs, UTC), as long as `text`.
    """
    result: pl.Series | None = None
    for name in names or tuple(layouts()):
        if result is None:
            result = _read(text, name, clock)
        else:
            left = result.is_null() & text.is_not_null()
            if not left.any():
                break
            rows = left.arg_true()
            result = result.scatter(rows, _read(text.gather(rows), name, clock))
    return result.rename("timestamp")


def _read(text: pl.Series, name: str, clock: Clock) -> pl.Series:
    if "%" in name:
        return _localise(text.str.to_datetime(name, time_unit="us", strict=False), clock)
    layout = layouts()[name]
    if not layout.fast:
        return _assemble(text, layout, clock)
    fast = _localise(text.str.to_datetime(layout.fast, time_unit="us", strict=False), clock)
    if fast.null_count() > text.null_count():
        rows = (fast.is_null() & text.is_not_null()).arg_true()
        fast = fast.scatter(rows, _assemble(text.gather(rows), layout, clock))
    return fast


def _localise(naive: pl.Series, clock: Clock) -> pl.Series:
    """A series of datetimes in UTC: with a zone converted, without one taken in the clock's zone."""
    if naive.dtype.time_zone is not None:
        return naive.dt.convert_time_zone("UTC")
    if clock.zone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    local = naive.dt.replace_time_zone(clock.zone, ambiguous="earliest", non_existent="null")
    gaps = local.is_null() & naive.is_not_null()
    local = local.dt.convert_time_zone("UTC")
    if gaps.any():
        # A clock that was not put forward runs on in the old offset.
        rows = gaps.arg_true()
        before = naive.gather(rows).dt.offset_by("-3h").dt.replace_time_zone(clock.zone, ambiguous="earliest")
        local = local.scatter(rows, before.dt.convert_time_zone("UTC").dt.offset_by("3h"))
    return local


def _assemble(text: pl.Series, layout: Layout, clock: Clock) -> pl.Series:
    """Read texts of one layout from its parts."""
    frame = text.to_frame("text").select(pl.col("text").str.extract_groups(layout.regex)).unnest("text")
    if layout.name == "epoch":
        return frame.select(_epoch()).to_series().cast(TIMESTAMP)
    if layout.name.startswith("tai64n"):
        leaps = layout.name == "tai64n"
        return frame.select(_tai64n(leaps)).to_series().cast(TIMESTAMP)
    has = layout.groups.__contains__
    if not has("d"):
        frame = _dated(frame, clock)
    month = _month(pl.col("b")) if has("b") else _number("m")
    if has("m2"):
        month = pl.coalesce(month, _number("m2"))
    hour = _number("H")
    if has("p"):
        pm = pl.col("p").str.to_lowercase()
        hour = pl.when(pm == "pm").then(hour % 12 + 12).when(pm == "am").then(hour % 12).otherwise(hour)
    minute = pl.coalesce(_number("M"), _number("M2")) if has("M2") else _number("M")
    second = _number("S").fill_null(0)
    day = _number("d")
    clock_time = ((hour * 60 + minute) * 60 + second) * SECOND + (_fraction() if has("f") else 0)
    valid = (hour < 25) & (minute < 60) & (second < 61) & (hour * 60 + minute <= 24 * 60)
    frame = frame.with_columns(
        _clock=pl.when(valid).then(clock_time),
        _month=month,
        _day=day,
        _zone=_zone(pl.col("z")) if has("z") else pl.lit(None, dtype=pl.Int64),
        _zoned=pl.col("z").is_not_null() if has("z") else pl.lit(False),
    )
    years = [_number(name) for name in ("Y", "Y2") if name in frame.columns]
    if has("y"):
        short = _number("y")
        years.append(pl.when(short < 70).then(short + 2000).otherwise(short + 1900))
    year = pl.coalesce(years) if years else pl.lit(None, dtype=pl.Int64)
    frame = frame.with_columns(
        _local=_days(year) * DAY + pl.col("_clock"), _yearless=year.is_null() & pl.col("_clock").is_not_null()
    )
    if has("d") and clock.years and frame["_yearless"].any():
        frame = frame.with_columns(_local=pl.coalesce("_local", _with_year(clock)))
    zoned = (pl.col("_local") - pl.col("_zone")).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    parts = frame.select(
        zoned=pl.when(pl.col("_zoned")).then(zoned),
        naive=pl.when(~pl.col("_zoned")).then(pl.col("_local")).cast(pl.Datetime("us")),
    )
    local = _localise(parts["naive"], clock)
    if has("z") and "/" in "".join(frame["z"].drop_nulls().unique().to_list()):
        local = _in_named_zones(frame, local)
    return pl.select(pl.coalesce(parts["zoned"], local)).to_series()


def _dated(frame: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """Times of day with the date of the file; without one they have none, rather than a guess."""
    parts = clock.date.split("-") if clock.date else [None] * 3
    return frame.with_columns(
        pl.lit(part, dtype=pl.String).alias(name) for name, part in zip(("Y", "m", "d"), parts, strict=True)
    )


def _in_named_zones(frame: pl.DataFrame, times: pl.Series) -> pl.Series:
    """Fill in the times whose zone is an IANA name (`Europe/Berlin`)."""
    for zone in frame["z"].drop_nulls().unique().to_list():
        if "/" not in zone:
            continue
        rows = (frame["z"] == zone).arg_true()
        naive = frame["_local"].gather(rows).cast(pl.Datetime("us"))
        try:
            local = _localise(naive, Clock(datetime.max, zone))
        except pl.exceptions.ComputeError:
            continue  # no such zone: the time stays unread
        times = times.scatter(rows, local)
    return times


def _with_year(clock: Clock) -> pl.Expr:
    """Local time of yearless texts, in the latest year that does not put it after the latest moment."""
    latest = int((clock.latest - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND
    offset = pl.col("_zone").fill_null(0)
    candidates = []
    for back in range(9):  # 29 February may be eight years back
        local = _days(pl.lit(clock.latest.year - back, dtype=pl.Int64)) * DAY + pl.col("_clock")
        candidates.append(pl.when(local - offset <= latest).then(local))
    return pl.when(pl.col("_yearless")).then(pl.coalesce(candidates))


def _number(group: str) -> pl.Expr:
    return pl.col(group).cast(pl.Int64, strict=False)


def _fraction() -> pl.Expr:
    """Microseconds of a fraction with its point or comma; digits beyond are cut off."""
    return (pl.col("f").fill_null(".0").str.slice(1) + "000000").str.slice(0, 6).cast(pl.Int64, strict=False)


def _month(name: pl.Expr) -> pl.Expr:
    table = {word: int(number) for number, words in _data()["months"].items() for word in words}
    clean = name.str.to_lowercase().str.strip_chars(".")
    return clean.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.Int64)


def _zone(text: pl.Expr) -> pl.Expr:
    """Offset from UTC in microseconds; null for a name that is not known."""
    table = {name: int(hours * 3600) * SECOND for name, hours in _data()["zones"].items()} | {"Z": 0, "z": 0}
    named = text.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.Int64)
    digits = text.str.slice(1).str.replace(":", "", literal=True)
    sign = pl.when(text.str.starts_with("-")).then(-1).otherwise(1)
    hours = digits.str.slice(0, 2).cast(pl.Int64, strict=False)
    minutes = digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    numeric = pl.when(text.str.contains("^[+-]")).then(sign * (hours * 3600 + minutes * 60) * SECOND)
    return pl.coalesce(named, numeric)


def _days(year: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01 of `year`, `_month`, `_day`; null where the calendar has no such day.

    The civil calendar by arithmetic (Howard Hinnant, https://howardhinnant.github.io/date_algorithms.html),
    since polars' own constructor raises at the first impossible date.
    """
    month, day = pl.col("_month"), pl.col("_day")
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    length = (
        pl.when(month == 2)
        .then(pl.when(leap).then(29).otherwise(28))
        .when(month.is_in([4, 6, 9, 11]))
        .then(30)
        .otherwise(31)
    )
    y = pl.when(month <= 2).then(year - 1).otherwise(year)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return pl.when((day >= 1) & (day <= length) & month.is_between(1, 12)).then(days)


def _epoch() -> pl.Expr:
    """Microseconds of epoch numbers; the unit follows from the number of digits."""
    number = pl.col("e").cast(pl.Int64, strict=False)
    digits = pl.col("e").str.strip_chars("-").str.len_bytes()
    sign = pl.when(pl.col("e").str.starts_with("-")).then(-1).otherwise(1)
    micros = (
        pl.when(digits <= 11)
        .then(number * SECOND + sign * _fraction())
        .when(digits <= 14)
        .then(number * 1000 + sign * (_fraction() // 1000))
        .when(digits <= 16)
        .then(number)
        .otherwise(number // 1000)
    )
    return pl.when(micros.is_between(_EPOCH_LEAST, _EPOCH_MOST)).then(micros)


def _tai64n(leaps: bool) -> pl.Expr:
    """Microseconds of TAI64(N) labels, whose seconds count from 1970 TAI.

    A leap second itself is the first second of the next day, since UTC without one has no other name for it.
    """
    seconds = pl.col("t").str.slice(1).str.to_integer(base=16, strict=False)
    nanoseconds = pl.col("n").str.to_integer(base=16, strict=False).fill_null(0)
    ahead = pl.lit(TAI_OFFSET, dtype=pl.Int64)
    for number, start in enumerate(_leap_seconds() if leaps else (), TAI_OFFSET + 1):
        ahead += (seconds >= start + number).cast(pl.Int64)
    return (seconds - ahead) * SECOND + nanoseconds // 1000


@functools.cache
def _leap_seconds() -> tuple[int, ...]:
    """Unix times from which on TAI is one second further ahead."""
    days = (datetime.combine(day, datetime.min.time(), UTC) for day in _data()["leap_seconds"])
    return tuple(int(day.timestamp()) for day in days)
