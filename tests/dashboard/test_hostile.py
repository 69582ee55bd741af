"""Hostile text in every field of every panel, in a real browser: it shows as text, and does nothing."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pandas as pd
import pytest
from fake_athena import END, FakeAthena, tables
from logloom.dashboard import create_app
from logloom.dashboard.components import visible
from logloom.dashboard.panels import brief
from logloom.settings import Settings

COLUMNS = ("client_address", "user_agent_original", "http_request_header_referer", "service_name", "format")
# What dashes of the page hold log text, and of which elements it may be made.
SHOWN = ".values, .ag-center-cols-container, .fields, .neighbours, .accounts, .pills, .message, .note-card"
PLAIN = {
    "OL",
    "LI",
    "UL",
    "DIV",
    "SPAN",
    "BUTTON",
    "DL",
    "DT",
    "DD",
    "TABLE",
    "TBODY",
    "THEAD",
    "TR",
    "TD",
    "TH",
}
PLAIN |= {"I", "P", "PRE", "CODE", "STRONG", "H3", "SECTION"}
WATCH = """
    window.__broken = [];
    document.addEventListener('securitypolicyviolation', event =>
        window.__broken.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class HostileAthena(FakeAthena):
    """Gives a third of a column's values, `part` of it, where the page asks for the ten most frequent."""

    part = None

    def run_sql(self, sql, parameters=(), **more):
        result = super().run_sql(sql, parameters, **more)
        if self.part is None or " AS value" not in sql:
            return result
        every = super().run_sql(sql, (*parameters[:-1], 10_000), **more).frame.dropna(subset=["value"])
        third = -(-len(every) // 3)
        start = self.part % 3 * third
        return replace(result, frame=every.sort_values("value").iloc[start : start + third])


def sources_of(texts: list[str]) -> list[str]:
    """Names of sources, seven texts each: the page has a row for each of them."""
    return ["".join(texts[n : n + 7])[:1000] for n in range(0, len(texts), 7)]


def hostile_tables(texts: list[str]) -> dict[str, pd.DataFrame]:
    """Each text once as a message with all the other columns, once as a path; as a source; and rejected.

    A source and a file's path are parts of an S3 key, so of 1024 characters at most.
    """
    plain = tables(days=1)
    sources = sources_of(texts)
    row = plain["logs"].iloc[0].to_dict() | {"log_level": "ERROR", "http_request_method": None}
    rows = []
    for number, text in enumerate(texts):
        at = END - timedelta(minutes=number)
        place = {
            "timestamp": at,
            "dt": str(at.date()),
            "log_file_line": number + 1,
            "source": sources[number // 7],
        }
        hostile = dict.fromkeys(COLUMNS, text) | {"log_file_path": f"s3://logloom/logs/raw/{text[:1000]}"}
        rows.append(row | place | hostile | {"message": text, "url_path": None, "url_query": None})
        at -= timedelta(hours=8)
        place |= {"timestamp": at, "dt": str(at.date()), "log_file_line": number + 100_000}
        path = dict.fromkeys(COLUMNS) | {"message": None, "url_path": text, "url_query": None}
        rows.append(row | place | path)
    logs = pd.DataFrame(rows)
    logs["attributes"] = None
    logs.loc[0, "attributes"] = "{" + ", ".join(texts[:-1]) + "}"
    logs["http_response_status_code"] = logs["http_response_status_code"].astype("Int32")
    logs["http_response_body_size"] = logs["http_response_body_size"].astype("Int64")
    counts = logs.assign(minute=logs["timestamp"].dt.floor("min"), events=1, bytes=1)
    audit = pd.DataFrame([plain["log_audit"].iloc[0].to_dict() | {"source": one} for one in sources])
    audit["log_file_path"] = [f"s3://logloom/logs/raw/{one}" for one in sources]
    for at in ("first_event", "last_event"):
        audit[at] = logs["timestamp"].min() if at == "first_event" else logs["timestamp"].max()
    audit["lines_read"] = audit["lines_kept"] = 2
    for other in ("dropped", "rejected", "joined", "blank"):
        audit[f"lines_{other}"] = 0
    audit.loc[:1, ["lines_read", "lines_rejected"]] = [202, 200]
    rejected = [
        {"raw_line": t, "reason": t, "source": sources[n // 200], "log_file_path": t}
        for n, t in enumerate(texts)
    ]
    rejects = pd.DataFrame(rejected).assign(log_file_line=range(len(texts)), dt="2026-03-14")
    return {
        "logs": logs,
        "log_counts": counts[list(plain["log_counts"].columns)],
        "log_audit": audit,
        "log_rejects": rejects,
    }


@pytest.fixture
def hostile_look(new_look, port, hostile):
    """The page on hostile rows; it must be quiet at the end."""
    athena = HostileAthena(hostile_tables(hostile))
    port.app = create_app(Settings(), queries=athena).server
    look = new_look(port.url)
    look.athena = athena
    look.page.add_init_script(WATCH)
    yield look
    assert look.page.evaluate("[window.__pwned, window.__broken]") == [None, []]
    elements = look.page.evaluate(
        "shown => [...document.querySelectorAll(shown)].flatMap(e => [...e.querySelectorAll('*')])"
        ".map(e => e.tagName)",
        SHOWN,
    )
    assert set(elements) <= PLAIN, set(elements) - PLAIN


def texts_of(look, selector):
    return look.page.evaluate(
        "selector => [...document.querySelectorAll(selector)].map(e => e.textContent)", selector
    )


def test_in_the_lists_of_values(hostile_look, hostile):
    look, shown = hostile_look, []
    look.open()
    look.athena.commits += 1  # what was asked so far is asked anew
    look.page.wait_for_timeout(600)
    for part, column in enumerate((*COLUMNS, "url_path")):
        look.athena.part = part
        look.page.evaluate("column => dash_clientside.set_props('top0-column', {value: column})", column)
        look.page.wait_for_timeout(60)
        look.settled()
        shown += texts_of(look, "#top0-body .value")
    wanted = Counter(visible(text)[:300] for text in hostile * 2)
    assert (Counter(shown) - wanted, wanted - Counter(shown)) == (Counter(), Counter())


def test_in_the_events_their_details_and_rejects(hostile_look, hostile):
    look = hostile_look
    look.open()
    seen = []
    while True:
        seen += [row["text"] for row in look.rows()]
        assert set(texts_of(look, "#events-grid .ag-row .cell-text")) <= set(seen)
        if look.page.locator("#older").is_disabled():
            break
        look.page.locator("#older").click()
        look.settled()
    assert sorted(seen) == sorted(brief(text) for text in hostile * 2)
    look.page.reload()
    look.settled()
    look.page.locator("#events-grid .ag-row").first.click()
    look.page.wait_for_selector("#event-body .fields")
    details = "".join(texts_of(look, "#event-body .fields"))
    for text in hostile[:-1]:
        assert visible(text) in details
    look.page.keyboard.press("Escape")
    assert set(texts_of(look, ".accounts th[scope=row]")) == {visible(one) for one in sources_of(hostile)}
    for source, part in ((0, hostile[:200]), (1, hostile[200:])):
        look.page.evaluate(
            "source => [...document.querySelectorAll('[data-rejects]')]"
            ".find(e => e.dataset.rejects === source).click()",
            sources_of(hostile)[source],
        )
        look.page.wait_for_function(
            "count => document.querySelectorAll('#rejects-body .cell-text').length === count", arg=len(part)
        )
        shown = texts_of(look, "#rejects-body .cell-text")
        assert sorted(shown) == sorted(brief(text, 2000) for text in part)
        look.page.keyboard.press("Escape")


def test_in_the_address_of_the_page(hostile_look, hostile):
    look = hostile_look
    short = [text for text in hostile if len(text) <= 60 and "\0" not in text]
    kinds = ("source", "no.service_name", "levels", "q", "range", "from", "to", "status", "regex")
    for start in range(0, 100, 50):
        pairs = [("is.url_path", text) for text in short[start : start + 50]]
        pairs += [(kind, text) for text in hostile[start : start + 5] for kind in kinds]
        look.open("?" + urlencode(pairs))
        assert len([text for text in texts_of(look, ".pill") if text.startswith("url_path is")]) == 50
