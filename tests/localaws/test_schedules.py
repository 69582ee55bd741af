"""Schedules of crawlers."""

import pytest
from localaws.glue import schedules


@pytest.mark.parametrize(
    "fields",
    [
        "15 12 * * ? *",
        "0 10 * * ? *",
        "0 18 ? * MON-FRI *",
        "0 8 1 * ? *",
        "0/15 * * * ? *",
        "0/10 * ? * mon-fri *",
        "0 0 L * ? *",
        "0 9 ? * 2#1 *",
        "0 9 ? * 6L *",
        "0 9 15W jan,JUN ? 2026-2030",
        "*/5 8-17 ? * MON,WED,FRI *",
    ],
)
def test_a_schedule(fields):
    assert schedules.problem(f"cron({fields})") is None


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("", "it must be cron"),
        ("rate(5 minutes)", "it must be cron"),
        ("cron(0 10 * * ?)", "it must be cron"),
        ("cron(60 10 * * ? *)", "'60' is no value of minutes, 0 to 59"),
        ("cron(0 24 * * ? *)", "hours"),
        ("cron(0 0 32 * ? *)", "day-of-month"),
        ("cron(0 0 ? * FOO *)", "day-of-week"),
        ("cron(0 0 1 0 ? *)", "month"),
        ("cron(0 0 1 1 ? 1969)", "year"),
        ("cron(0/0 0 1 1 ? *)", "minutes"),
        ("cron(1-2-3 0 1 1 ? *)", "minutes"),
        ("cron(0 0 * * * *)", "one of day-of-month and day-of-week must be ?"),
        ("cron(0 0 ? * ? *)", "one of day-of-month and day-of-week must be ?"),
        ("cron(² 0 * * ? *)", "minutes"),
    ],
)
def test_what_is_no_schedule(schedule, message):
    assert message in schedules.problem(schedule)
