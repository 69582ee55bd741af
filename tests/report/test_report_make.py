"""The file: written whole or not at all, with SQL's numbers, and nothing in it that was to be hidden."""

import base64
import gzip
import json
import re
from datetime import datetime, timedelta

import pytest
from fake_athena import END, HOSTILE, FakeAthena, tables
from logloom import redact, report
from logloom.errors import InputError, LogloomError
from logloom.report import browser, history
from logloom.report.contents import Asker
from logloom.settings import Settings

NOW = datetime(2026, 3, 15, 8)


def unpacked(page: str, name: str = "data") -> dict:
    found = re.search(rf'<script type="application/x-logloom-{name}" id="{name}">([\w+/=]*)</script>', page)
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


@pytest.fixture
def write(asker, tmp_path):
    def make(name="r.html", **options):
        made = report.write(Settings(), tmp_path / name, ask=asker, now=NOW, **options)
        return made, made.path.read_bytes()

    return make


def test_the_numbers_in_it_are_those_of_sql(write, athena):
    made, page = write(start="2026-03-02", end="2026-03-08")
    data = unpacked(page.decode())
    found = {}
    for source, level, _, places, events, _ in data["counts"]:
        key = (data["sources"][source], data["levels"][level])
        found[key] = found.get(key, 0) + sum(events)
        at, end = data["first"], 0
        for step in places:
            end += step
            assert data["start"] <= at + end * data["width"] < data["end"]
    expected = athena.sql(
        "SELECT source, log_level, sum(events) AS events FROM log_counts"
        " WHERE minute >= TIMESTAMP '2026-03-02' AND minute < TIMESTAMP '2026-03-09' GROUP BY 1, 2"
    )
    assert found == {(row.source, row.log_level): row.events for row in expected.itertuples()}
    paths = {row[0]: sum(row[5]) for row in data["tops"]["url_path"]}
    expected = athena.sql(
        "SELECT url_path, count(*) AS events FROM logs WHERE url_path IS NOT NULL"
        " AND timestamp >= TIMESTAMP '2026-03-02' AND timestamp < TIMESTAMP '2026-03-09' GROUP BY 1"
    )
    assert paths == dict(zip(expected["url_path"], expected["events"], strict=True))
    assert made.sentence in page.decode()


def test_it_is_compared_with_the_period_before_then_with_the_report_before(write):
    _, first = write(start="2026-03-09", end="2026-03-11")
    assert "Compared with the period before, 6 March 2026 to 8 March 2026" in first.decode()
    _, again = write(start="2026-03-09", end="2026-03-11")
    for name in ("data", "summary"):
        assert unpacked(again.decode(), name) == unpacked(first.decode(), name)
    assert again == first
    _, next_one = write(start="2026-03-12", end="2026-03-14")
    text = next_one.decode()
    assert (
        "Compared with the report of 15 March 2026, 08:00 UTC, which told of 9 March 2026 to 11 March 2026"
        in text
    )
    _, forced = write(start="2026-03-12", end="2026-03-14", against="period")
    assert "Compared with the period before" in forced.decode()


def test_two_files_can_be_compared(write, tmp_path):
    write("old.html", start="2026-03-02", end="2026-03-03")
    _, page = write("new.html", start="2026-03-09", end="2026-03-12", against=str(tmp_path / "old.html"))
    text = page.decode()
    assert "which told of 2 March 2026 to 3 March 2026" in text
    assert "errors a day" in text
    assert history.of_file(tmp_path / "new.html").start == "2026-03-09T00:00:00"


def test_a_redacted_report_is_compared_with_redacted_ones_only(write, tmp_path):
    write("old.html", start="2026-03-02", end="2026-03-03", redacted=True)
    with pytest.raises(InputError, match="add --redact"):
        write(start="2026-03-09", end="2026-03-10", against=str(tmp_path / "old.html"))
    write(start="2026-03-09", end="2026-03-10", against=str(tmp_path / "old.html"), redacted=True)


KNOWN = {
    "addresses": ["203.0.113.77", "2001:db8::77", "198.51.100.9"],
    "users": ["mallory.k", "trudy_x", "owen"],
    "mails": ["carol@example.org", "dave@example.net"],
    "secrets": ["s3cr3tvalue", "hunter2", "AKIAIOSFODNN7EXAMPLE", "deadbeefcafe"],
}
LINES = [
    "Failed password for mallory.k from 203.0.113.77 port 22",
    "login of trudy_x (carol@example.org) from 2001:db8::77 token=s3cr3tvalue",
    "trudy_x again: password=hunter2 AKIAIOSFODNN7EXAMPLE",
    "owen has logged out; dave@example.net",
]


@pytest.fixture(scope="module")
def private():
    """Known rows in which people can be known again, in every column that a report shows."""
    frames = tables(days=4, seed=3)
    logs = frames["logs"]
    chosen = logs[logs["source"] == "billing_app"].index[:60]
    logs.loc[chosen, "message"] = [LINES[n % len(LINES)] for n in range(len(chosen))]
    logs.loc[chosen, "log_level"] = "ERROR"
    access = logs[logs["url_path"].notna()].index
    logs.loc[access, "client_address"] = [
        "203.0.113.77" if n % 2 else "2001:db8::77" for n in range(len(access))
    ]
    logs.loc[access[:50], "url_path"] = "/home/mallory.k/198.51.100.9/dave@example.net"
    logs.loc[access[:50], "http_request_header_referer"] = (
        "https://x.example/?session=deadbeefcafe&u=carol%40example.org"
    )
    logs.loc[access, "user_agent_original"] = "Mozilla/5.0 Chrome/120.0.0.0 (carol@example.org; 203.0.113.77)"
    # The stand-in has structs for maps: a key that is not there is an error in it.
    keys = ("user.name", "user", "username", "user_name", "user.id", "_user_id")
    empty = dict.fromkeys(keys)
    names = [{**empty, "user.name": name} for name in ("owen", "trudy_x")]
    logs["attributes"] = [names[n % 2] for n in range(len(logs))]
    rejects = frames["log_rejects"]
    rejects["raw_line"] = [LINES[n % len(LINES)] for n in range(len(rejects))]
    return FakeAthena(frames)


def test_nothing_that_is_hidden_is_anywhere_in_the_bytes(private, tmp_path, state):
    days = {"start": str((END - timedelta(days=2)).date()), "end": str((END - timedelta(days=1)).date())}
    asker = Asker(Settings(), private.run_sql)
    options = {**days, "filters": ["client_address!=198.51.100.9"], "ask": asker, "now": NOW}
    plain = report.write(Settings(), tmp_path / "plain.html", **options).path.read_text()
    told = plain + json.dumps(unpacked(plain), ensure_ascii=False) + json.dumps(unpacked(plain, "summary"))
    for kind, values in KNOWN.items():
        assert any(value in told for value in values), kind
    made = report.write(Settings(), tmp_path / "hidden.html", redacted=True, **options)
    page = made.path.read_text()
    told = page + json.dumps(unpacked(page), ensure_ascii=False) + json.dumps(unpacked(page, "summary"))
    for value in [one for values in KNOWN.values() for one in values]:
        assert value not in told
        assert value.replace("@", "%40") not in told
    one = redact.load(state / "redaction.key").address("203.0.113.77")
    assert one in [row[0] for row in unpacked(page)["tops"]["client_address"]]
    assert "Chrome/120.0.0.0" in told
    assert len(unpacked(page)["tops"]["client_address"]) == len(unpacked(plain)["tops"]["client_address"])


def test_what_goes_wrong_leaves_no_file_and_the_old_one_whole(write, tmp_path, athena, monkeypatch):
    output = tmp_path / "r.html"
    output.write_text("before")
    for options in (
        {"start": "2026-03-09", "end": "2026-03-01"},
        {"start": "2001-01-01", "end": "2001-02-01"},
        {"filters": ["colour=red"]},
        {"filters": ["source=nothing"]},
        {"filters": ["url_path=/not/there"]},
        {"chart": "pie"},
        {"format": "gif"},
        {"format": "png"},
        {"against": str(tmp_path / "none.html")},
    ):
        with pytest.raises(LogloomError) as told:
            write(**options)
        assert told.value.exit_code == 2 and "\n" not in str(told.value), options
    monkeypatch.setattr(athena, "fail", RuntimeError("TABLE_NOT_FOUND"))
    with pytest.raises(LogloomError):
        write()
    assert output.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ""] == ["r.html"]


def test_where_nothing_can_be_written_nothing_is_asked(tmp_path, athena):
    asked = len(athena.asked)
    for output in (tmp_path, tmp_path / "no" / "r.html"):
        with pytest.raises(InputError, match=r"folder"):
            report.write(Settings(), output, ask=Asker(Settings(), athena.run_sql))
    assert len(athena.asked) == asked


def test_without_a_chromium_one_line_says_so(write, monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    with pytest.raises(InputError, match="need Chromium"):
        write("r.pdf", format="pdf")


@pytest.mark.browser
def test_paper_and_pictures(write, chromium):
    _, pdf = write("r.pdf", format="pdf")
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    _, png = write("r.png", format="png", chart="errors_per_day")
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20]) == 2400


def test_hostile_lines_are_text_in_it(write):
    page = write()[1].decode()
    for line in HOSTILE:
        if "<" in line:
            assert line not in page
    assert "\u202e" not in page and "\x1b" not in page
    assert page.lower().count("<script") == 3
