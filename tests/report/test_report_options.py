"""What a report may be asked for, and what is said when it cannot."""

from datetime import datetime

import pytest
from logloom.dashboard.view import View
from logloom.errors import InputError
from logloom.report import options

VIEW = View(start=datetime(2026, 3, 1), end=datetime(2026, 3, 15))


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("2026-03-01", False, datetime(2026, 3, 1)),
        ("2026-03-01", True, datetime(2026, 3, 2)),
        ("2026-03-01T14:30", True, datetime(2026, 3, 1, 14, 30)),
        ("2026-03-01 14:30Z", False, datetime(2026, 3, 1, 14, 30)),
    ],
)
def test_days_and_times_are_read(text, end, expected):
    assert options.moment(text, end=end) == expected


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-03-01T10:00+02:00", "1812-01-01"])
def test_other_times_are_refused(text):
    with pytest.raises(InputError, match="--to"):
        options.moment(text, end=True, name="to")


def test_filters_are_laid_over_a_view():
    view = options.with_filters(
        VIEW,
        [
            "level=error,FATAL",
            "source=a,b",
            "status!=2xx,3xx",
            "client=192.0.2.7",
            "url_path!=/x,y",
            "text=a=b",
        ],
    )
    assert view.levels == ("ERROR", "FATAL")
    assert view.sources == ("a", "b")
    assert view.status_classes == ("4xx", "5xx")
    assert view.include == (("client_address", "192.0.2.7"),)
    assert view.exclude == (("url_path", "/x,y"),)
    assert (view.text, view.regex) == ("a=b", False)
    assert (view.start, view.end) == (VIEW.start, VIEW.end)
    assert options.in_words(view) == [
        "level ERROR, FATAL",
        "source a, b",
        "status 4xx, 5xx",
        "containing a=b",
        "client_address = 192.0.2.7",
        "url_path ≠ /x,y",
    ]
    assert options.in_words(view, lambda text, column: f"<{column}>")[-1] == "url_path ≠ <url_path>"


@pytest.mark.parametrize(
    ("filter", "said"),
    [
        ("colour=red", "no column 'colour'"),
        ("url_pth=/", "did you mean 'url_path'"),
        ("level=ERR", "did you mean ERROR"),
        ("status=9xx", "class of status codes"),
        ("level", "NAME=VALUE"),
        ("level=", "no value"),
        ("text!=x", "cannot be excluded"),
        ("status_code=many", "number"),
        ("url_path=" + "x" * 1001, "not a text"),
    ],
)
def test_wrong_filters_are_refused(filter, said):
    with pytest.raises(InputError, match=said):
        options.with_filters(VIEW, [filter])
