"""Filters over partition values."""

import pytest
from localaws.glue.expressions import compile_expression
from localaws.service import AwsError

KEYS = [
    {"Name": "dt", "Type": "date"},
    {"Name": "hour", "Type": "int"},
    {"Name": "source", "Type": "string"},
    {"Name": "price", "Type": "decimal(10,2)"},
    {"Name": "seen", "Type": "timestamp"},
]
VALUES = ["2025-12-22", "09", "nginx_access", "1.50", "2025-12-22 09:30:00"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", True),
        ("hour = 9", True),
        ("hour = '9'", True),
        ("HOUR >= 10", False),
        ("10 > hour", True),
        ("hour <> 9", False),
        ("hour != 8", True),
        ("dt = '2025-12-22'", True),
        ("dt BETWEEN '2025-12-01' AND '2025-12-31' AND hour < 10", True),
        ("dt NOT BETWEEN '2025-12-01' AND '2025-12-31'", False),
        ("dt > DATE '2025-12-22'", False),
        ("source IN ('apache', 'nginx_access')", True),
        ("source NOT IN ('apache')", True),
        ("source LIKE 'nginx%'", True),
        ("source LIKE 'nginx_access'", True),
        ("source LIKE 'nginx'", False),
        ("source LIKE 'n.inx%'", False),
        ("price = 1.5", True),
        ("price < 1.49", False),
        ("seen >= '2025-12-22 09:30:00' and seen < '2025-12-22 09:30:00.001'", True),
        ("NOT (hour = 9 OR source = 'x')", False),
        ("hour = 1 OR hour = 9 AND source = 'x'", False),
        ("(hour = 1 OR hour = 9) AND source = 'nginx_access'", True),
        ("\"source\" = 'nginx_access' AND `hour` = 9", True),
        ("source IS NOT NULL", True),
        ("hour IS NULL", False),
    ],
)
def test_a_partition_passes_or_not(expression, expected):
    assert compile_expression(expression, KEYS)(VALUES) is expected


def test_a_quote_in_a_string_is_written_twice():
    assert compile_expression("name = 'it''s'", [{"Name": "name", "Type": "string"}])(["it's"]) is True


def test_a_key_may_be_called_date():
    passes = compile_expression("date = '2025-12-22'", [{"Name": "date", "Type": "string"}])
    assert passes(["2025-12-22"]) is True


def test_the_default_partition_is_unknown_unless_it_is_text():
    keys = [{"Name": "hour", "Type": "int"}, {"Name": "source", "Type": "string"}]
    values = ["__HIVE_DEFAULT_PARTITION__"] * 2
    assert compile_expression("hour = 1", keys)(values) is None
    assert compile_expression("NOT hour = 1", keys)(values) is None
    assert compile_expression("hour = 1 OR hour IS NULL", keys)(values) is True
    assert compile_expression("source = '__HIVE_DEFAULT_PARTITION__'", keys)(values) is True


@pytest.mark.parametrize(
    "expression",
    [
        "hour",
        "hour =",
        "hour = 9 AND",
        "hour = 9 hour = 8",
        "nosuch = 1",
        "hour = 'nine'",
        "hour LIKE '9%'",
        "source LIKE 9",
        "dt = '2025-13-01'",
        "hour IN ()",
        "hour BETWEEN 1",
        "(hour = 9",
        "hour = 9; DROP TABLE x",
        "source = 'open",
    ],
)
def test_what_is_no_filter_is_refused(expression):
    with pytest.raises(AwsError) as refused:
        compile_expression(expression, KEYS)
    assert refused.value.code == "InvalidInputException"
    assert refused.value.message.startswith("Invalid partition expression!")


def test_a_stored_value_that_its_type_cannot_hold_is_an_invalid_state():
    with pytest.raises(AwsError) as refused:
        compile_expression("hour > 0", KEYS)(["2025-12-22", "null", "", "", ""])
    assert refused.value.code == "InvalidStateException"
    assert 'For input string: "null" is not an integer.' in refused.value.message


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ("a%", True),
        ("%c", True),
        ("a_c", True),
        ("%b%", True),
        ("a%b%c", True),
        ("%%", True),
        ("", False),
        ("abc", True),
        ("ab", False),
        ("%c_", False),
        ("a%%c", True),
        ("%bc%c", False),
        (".%", False),
    ],
)
def test_like(pattern, passes):
    keys = [{"Name": "k", "Type": "string"}]
    assert compile_expression(f"k LIKE '{pattern}'", keys)(["abc"]) is passes


def test_no_pattern_is_slow():
    keys = [{"Name": "k", "Type": "string"}]
    assert compile_expression(f"k LIKE '{'%a' * 200}%b'", keys)(["a" * 1000]) is False
