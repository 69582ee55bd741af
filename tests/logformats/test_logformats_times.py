"""Times of every kind, as UTC to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from logformats.times import Clock, clock_for, layouts, parse

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK = Clock(datetime(2026, 1, 5, tzinfo=UTC))


def read(text: str, clock: Clock = CLOCK, names: tuple[str, ...] = ()) -> str | None:
    (moment,) = parse(pl.Series([text]), names, clock).to_list()
    return moment and moment.astimezone(UTC).isoformat().removesuffix("+00:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22/Dec/2025:00:43:49 +0330", "2025-12-21T21:13:49"),
        ("22/déc./2025:00:43:49", "2025-12-22T00:43:49"),
        ("2015-04-24T21:08:10.313913Z", "2015-04-24T21:08:10.313913"),
        ("2015-04-24T21:08:10,3", "2015-04-24T21:08:10.300000"),
        ("2015-04-24 21:08:10.313913789 -0230", "2015-04-24T23:38:10.313913"),
        ("2015-04-24T21:08Z", "2015-04-24T21:08:00"),
        ("2025/12/21 00:07:40", "2025-12-21T00:07:40"),
        ("2025-08-13 01:45:01.123 PDT", "2025-08-13T08:45:01.123000"),
        ("2025-08-16 13:02:58.095 CEST", "2025-08-16T11:02:58.095000"),
        ("20120702.102240,672", "2012-07-02T10:22:40.672000"),
        ("17/06/09 20:10:40", "2017-06-09T20:10:40"),
        ("081109 203615", "2008-11-09T20:36:15"),
        ("170817  3:25:01", "2017-08-17T03:25:01"),
        ("Nov  3 09:23:38", "2025-11-03T09:23:38"),
        ("Jan  3 09:23:38", "2026-01-03T09:23:38"),
        ("Feb 29 10:00:00", "2024-02-29T10:00:00"),
        ("Wed May 19 08:00:01 EST 2021", "2021-05-19T13:00:01"),
        ("Wed Oct 11 14:32:52.123456 2022", "2022-10-11T14:32:52.123456"),
        ("août 19 11:08:37", "2025-08-19T11:08:37"),
        ("19 März 2024 11:08:37", "2024-03-19T11:08:37"),
        ("1. Dez. 2024 11:08:37", "2024-12-01T11:08:37"),
        ("17-Aug-2017 13:25:01 Europe/Berlin", "2017-08-17T11:25:01"),
        ("Mon, 17 Aug 2017 13:25:01 +0200", "2017-08-17T11:25:01"),
        ("Jan 24, 2025 7:00:30 PM", "2025-01-24T19:00:30"),
        ("Jan 24, 2025 12:00:30 AM", "2025-01-24T00:00:30"),
        ("1/24/2025 07:00:30 AM", "2025-01-24T07:00:30"),
        ("24.01.2025 07:00:30", "2025-01-24T07:00:30"),
        ("0424 19:51:48.520963", "2025-04-24T19:51:48.520963"),
        ("1428634687", "2015-04-10T02:58:07"),
        ("1428634687.25", "2015-04-10T02:58:07.250000"),
        ("1428634687123", "2015-04-10T02:58:07.123000"),
        ("1428634687123456", "2015-04-10T02:58:07.123456"),
        ("1428634687123456789", "2015-04-10T02:58:07.123456"),
        ("@40000000433225833b6e1a8c", "2005-09-22T03:30:43.997071"),
        ("@4000000037c219bf2ef02e94", "1999-08-24T04:03:43.787492"),
        ("@40000000586846a500000000", "2017-01-01T00:00:00"),
        ("@40000000586846a400000000", "2017-01-01T00:00:00"),
        ("@40000000586846a300000000", "2016-12-31T23:59:59"),
        ("-100000000.5", "1966-10-31T14:13:19.500000"),
        ("2017-06-30T23:59:60Z", "2017-07-01T00:00:00"),
        ("2025-01-01 24:00:00", "2025-01-02T00:00:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00"),
        ("1899-12-31T23:59:59Z", "1899-12-31T23:59:59"),
    ],
)
def test_time(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2015-04-24T21:08:10.313913FOO",
        "2021-02-31 00:00:00",
        "2023-02-29 00:00:00",
        "2021-13-01 00:00:00",
        "2021-01-01 25:00:00",
        "2021-01-01 10:61:00",
        "31/Jun/2015:10:05:01 +0000",
        "Foo 12 10:00:00",
        "17-Aug-2017 13:25:01 Mars/Olympus",
        "99999999999999999999",
        "yesterday",
        "",
    ],
)
def test_time_that_cannot_be_read(text):
    assert read(text) is None


def test_many_at_once_each_with_its_own_layout():
    texts = pl.Series(["2015-04-24T21:08:10Z", None, "1428634687", "no time", "Nov  3 09:23:38"])
    found = parse(texts, (), CLOCK)
    assert found.dtype == pl.Datetime("us", "UTC")
    assert [t and t.year for t in found] == [2015, None, 2015, None, 2025]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-30 01:59:59", "2025-03-30T00:59:59"),
        ("2025-03-30 02:30:00", "2025-03-30T01:30:00"),  # the hour that was not
        ("2025-03-30 03:00:00", "2025-03-30T01:00:00"),
        ("2025-10-26 02:30:00", "2025-10-26T00:30:00"),  # the hour that was twice: the first
        ("2025-07-01 12:00:00Z", "2025-07-01T12:00:00"),
        ("Jul  1 12:00:00", "2025-07-01T10:00:00"),
    ],
)
def test_times_without_a_zone_in_one_with_summer_time(text, expected):
    assert read(text, Clock(CLOCK.latest, "Europe/Berlin")) == expected


def test_strptime_format_of_a_users_own():
    assert read("03|02|2024 10h11", names=("%d|%m|%Y %Hh%M",)) == "2024-02-03T10:11:00"


@pytest.mark.parametrize(
    ("path", "modified", "text", "year"),
    [
        ("s3://b/app/messages", "2024-01-01T03:00:00+00:00", "Dec 31 23:59:58", 2023),
        ("s3://b/app/messages", "2024-01-01T03:00:00+00:00", "Jan  1 00:00:02", 2024),
        ("s3://b/app/messages", "2024-01-01T23:00:00-08:00", "Jan  2 07:30:00", 2024),
        ("s3://b/app/messages-20220101", "2026-11-01T03:00:00+00:00", "Dec 31 23:59:58", 2021),
        ("s3://b/app/messages-20211231", "2026-11-01T03:00:00+00:00", "Jan  1 00:00:02", 2022),
        ("s3://b/app/2021/12/31/messages.gz", "2026-11-01T03:00:00+00:00", "Dec 31 23:59:58", 2021),
        ("s3://b/app/1234567890123/messages", "2024-01-01T03:00:00+00:00", "Jan  1 00:00:02", 2024),
        ("s3://b/app/messages-20251340", "2024-01-01T03:00:00+00:00", "Jan  1 00:00:02", 2024),
    ],
)
def test_year_comes_from_the_file(path, modified, text, year):
    clock = clock_for(path, datetime.fromisoformat(modified))
    assert read(text, clock)[:4] == str(year)


def test_time_of_day_has_the_date_of_the_file_or_none():
    dated = clock_for("s3://b/app/app-2025-01-24.log", CLOCK.latest)
    assert read("07:00:30.139", dated) == "2025-01-24T07:00:30.139000"
    assert read("25:00:30.139", dated) is None
    assert read("07:00:30.139", CLOCK) is None


def test_layouts_are_named_once():
    assert len(layouts()) >= 12


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2069, 12, 31))
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timedelta(minutes=15 * quarters))
MONTHS = {
    "de": ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"],
    "fr": ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
}


@settings(max_examples=60, deadline=None)
@given(
    moment=MOMENTS,
    offset=OFFSETS,
    digits=st.integers(0, 9),
    point=st.sampled_from(".,"),
    layout=st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S{f}{z}", "%Y/%m/%d %H:%M:%S{f} {z}", "%d/%b/%Y:%H:%M:%S{f} {z}"]
    ),
    colon=st.booleans(),
)
def test_zoned_times_come_back_to_the_microsecond(moment, offset, digits, point, layout, colon):
    local = moment.replace(tzinfo=UTC).astimezone(timezone(offset))
    zone = local.strftime("%z")
    zone = f"{zone[:3]}:{zone[3:]}" if colon else zone
    written = f"{moment.microsecond:06}000"[:digits]
    text = local.strftime(layout).replace("{f}", f"{point}{written}" if digits else "").replace("{z}", zone)
    kept = int(f"{written}000000"[:6])
    assert read(text) == moment.replace(microsecond=kept).isoformat()


@settings(max_examples=50, deadline=None)
@given(moment=MOMENTS, unit=st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]))
def test_epochs_of_every_unit_come_back(moment, unit):
    micros = int((moment.replace(tzinfo=UTC) - EPOCH) / timedelta(microseconds=1))
    assume(moment.year > 1973)  # fewer digits could be another unit
    whole, rest = divmod(micros * unit, 1_000_000)
    text = f"{whole}.{rest:06}" if unit == 1 else str(whole)
    kept = (
        micros
        if unit == 1
        else micros // (1_000_000 // min(unit, 1_000_000)) * (1_000_000 // min(unit, 1_000_000))
    )
    assert read(text) == (EPOCH + timedelta(microseconds=kept)).replace(tzinfo=None).isoformat()


@settings(max_examples=50, deadline=None)
@given(moment=MOMENTS, language=st.sampled_from(["de", "fr"]), day_first=st.booleans())
def test_german_and_french_months_come_back(moment, language, day_first):
    month = MONTHS[language][moment.month - 1]
    text = f"{moment:%d} {month} {moment:%Y %H:%M:%S}" if day_first else f"{month} {moment:%d %Y %H:%M:%S}"
    assert read(text) == moment.replace(microsecond=0).isoformat()


@settings(max_examples=60, deadline=None)
@given(
    moment=MOMENTS,
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_times_of_a_zone_are_what_the_zone_says(moment, zone):
    """In a gap the clock runs on as before it; of a time that was twice, the first counts: fold 0."""
    expected = moment.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    found = read(moment.isoformat(sep=" "), Clock(CLOCK.latest, zone))
    assert found == expected.replace(tzinfo=None).isoformat()


@settings(max_examples=60, deadline=None)
@given(moment=MOMENTS, after=st.timedeltas(timedelta(0), timedelta(days=364)))
def test_the_year_is_the_last_that_does_not_put_a_line_after_its_file(moment, after):
    moment = moment.replace(microsecond=0)
    assume((moment.month, moment.day) != (2, 29) or after < timedelta(days=300))
    clock = clock_for("s3://b/app/messages", moment.replace(tzinfo=UTC) + after)
    assert read(moment.strftime("%b %d %H:%M:%S"), clock) == moment.isoformat()
