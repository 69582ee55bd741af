"""Names by regular expression."""

import pytest
from localaws.glue.patterns import matching
from localaws.service import AwsError

NAMES = ["raw_a", "raw_b", "logs", "aaaa"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("*", NAMES),
        (".*", NAMES),
        ("raw_*", ["raw_a", "raw_b"]),
        ("raw_.*", ["raw_a", "raw_b"]),
        ("*og*", ["logs"]),
        ("LOGS", ["logs"]),
        ("log", []),
        ("log.", ["logs"]),
        ("raw_[ab]|logs", ["raw_a", "raw_b", "logs"]),
        ("(a)*", ["aaaa"]),
        ("[a-m]*", ["aaaa"]),
        ("'; DROP TABLE t; --", []),
    ],
)
def test_a_name_matches_as_a_whole(expression, found):
    assert [name for name, hit in zip(NAMES, matching(expression, NAMES), strict=True) if hit] == found


@pytest.mark.parametrize("expression", ["(", "[a", "a{2,1}", "(?=a)a", r"(a)\1"])
def test_what_is_no_expression_is_refused(expression):
    with pytest.raises(AwsError) as refused:
        matching(expression, NAMES)
    assert refused.value.code == "InvalidInputException"


def test_no_expression_explodes():
    assert matching("(a+)+b" + "*a" * 200, ["a" * 255] * 100) == [False] * 100
