"""The dashboard in a real browser: every control, and what it leaves on the page against what SQL says."""

import csv
import json
import re
from datetime import timedelta

import pytest
from fake_athena import END, HOSTILE, SPIKE
from logloom.dashboard import create_app
from logloom.dashboard.access.guard import Guard
from logloom.dashboard.access.journal import Journal
from logloom.dashboard.palette import LEVELS
from logloom.dashboard.statements import PAGE_ROWS
from logloom.errors import QueryFailed
from logloom.settings import Settings

pytestmark = pytest.mark.browser


def by_level(served, condition: str = "true", table: str = "log_counts") -> dict[str, int]:
    """What SQL says is on the chart."""
    counted = "sum(events)" if table == "log_counts" else "count(*)"
    frame = served.athena.sql(f"SELECT log_level, {counted} AS n FROM {table} WHERE {condition} GROUP BY 1")
    return {level: int(n) for level, n in zip(frame["log_level"], frame["n"], strict=True)}


def number(text: str) -> int:
    return int(text.replace(",", ""))


def click_chip(look, name):
    look.page.locator(".filters label", has_text=re.compile(f"^{name}$")).click()


def chip(look, name):
    click_chip(look, name)
    look.settled()


def test_first_look_shows_everything(look, served):
    look.open()
    assert look.bars() == by_level(served)
    assert (
        sum(look.bars("days-graph").values())
        == served.athena.sql("SELECT sum(events) AS n FROM log_counts WHERE log_level IN ('ERROR', 'FATAL')")[
            "n"
        ].item()
    )
    assert number(look.text("#tile-events")) == sum(by_level(served).values())
    rows = look.rows()
    assert len(rows) == PAGE_ROWS
    assert [row["timestamp"] for row in rows] == sorted((row["timestamp"] for row in rows), reverse=True)
    assert "Newest event 2026-03-14 23:59 UTC" in look.text("#freshness")


def test_levels(look, served):
    look.open()
    for level in ("INFO", "TRACE", "DEBUG", "WARNING"):
        chip(look, level)
    assert look.bars() == by_level(served, "log_level IN ('ERROR', 'FATAL')")
    assert {row["log_level"] for row in look.rows()} == {"ERROR", "FATAL"}
    chip(look, "ERROR")
    assert look.bars() == by_level(served, "log_level = 'FATAL'")
    assert "levels=FATAL" in look.page.url
    # Errors and their rate are of all events.
    everything = by_level(served)
    errors = everything["ERROR"] + everything["FATAL"]
    assert number(look.text("#tile-errors")) == errors
    chip(look, "FATAL")
    assert "No level chosen" in look.text("#series-message")


def test_quick_range(look, served):
    look.open()
    look.page.locator("#range").click()
    look.page.get_by_role("option", name="Last 24 hours").click()
    look.page.wait_for_url("**range=24h**")
    look.settled()
    assert look.bars() == by_level(served, f"minute >= TIMESTAMP '{END - timedelta(days=1)}'")
    assert "range=24h" in look.page.url
    assert [end[:10] for end in look.range_of()] == ["2026-03-14", "2026-03-15"]
    assert "a bar is 15 minutes" in look.text("#series-hint")


def test_times_of_the_range(look, served):
    look.open()
    look.page.locator("#from").click()
    look.page.get_by_label("10 March 2026").click()
    look.page.keyboard.press("Escape")
    look.settled()
    assert "from=2026-03-10" in look.page.url.replace("+", " ")
    start = look.page.evaluate("new URLSearchParams(location.search).get('from')")
    assert look.bars() == by_level(served, f"minute >= TIMESTAMP '{start}'")
    assert look.page.locator("#range").input_value() == "Custom"


def test_sources(look, served):
    look.open()
    look.page.locator("#source").click()
    look.page.get_by_role("option", name="billing_app").click()
    look.settled()
    assert look.bars() == by_level(served, "source = 'billing_app'")
    assert {row["source"] for row in look.rows()} == {"billing_app"}
    assert "source=billing_app" in look.page.url


def test_status_classes(look, served):
    look.open()
    chip(look, "5xx")
    assert look.bars() == by_level(served, "http_response_status_code BETWEEN 500 AND 599")
    assert {row["http_response_status_code"] for row in look.rows()} == {502}


def test_text(look, served):
    look.open()
    look.page.fill("#text", "retrying order")
    look.page.wait_for_url("**q=retrying+order*")
    look.settled()
    condition = "message LIKE '%retrying order%'"
    assert look.bars() == by_level(served, condition, "logs")
    assert {row["text"] for row in look.rows()} == {"retrying order 4711"}
    assert "kept events only" in look.text("#series-hint")


def test_regular_expression(look, served):
    look.open("?q=^/(cart|login)$&regex=1")
    assert look.page.locator("#regex").is_checked()
    # Message, path and query are looked at as one text.
    assert look.bars() == by_level(served, "url_path IN ('/cart', '/login') AND message IS NULL", "logs")


def test_top_value_includes_and_excludes(look, served):
    look.open()
    look.page.get_by_role("button", name="404", exact=True).click()
    look.settled()
    assert look.bars() == by_level(served, "http_response_status_code = 404")
    assert look.page.locator(".pill").inner_text().startswith("http_response_status_code is 404")
    look.page.locator(".pill").click()
    look.settled()
    assert look.bars() == by_level(served)
    look.page.get_by_role("button", name="Without (none)").first.click()
    look.settled()
    assert look.bars() == by_level(served, "http_response_status_code IS NOT NULL")


def test_top_values_by_another_column(look, served):
    look.open()
    look.page.locator("#top0-column").click()
    look.page.get_by_role("option", name="Methods").click()
    look.settled()
    frame = served.athena.sql("SELECT http_request_method AS m, sum(events) AS n FROM log_counts GROUP BY 1")
    shown = look.page.locator("#top0-body li").all_inner_texts()
    wanted = {f"{method or '(none)'} {int(n):,}" for method, n in frame.itertuples(index=False)}
    assert {" ".join(text.split()[:2]) for text in shown} == wanted
    look.page.get_by_role("button", name="POST", exact=True).click()
    look.settled()
    assert look.bars() == by_level(served, "http_request_method = 'POST'")


def patterns_shown(look) -> dict[str, tuple[int, int]]:
    """Events now and before of each pattern on the page."""
    rows = look.page.locator("#patterns-body tbody tr").all()
    shown = {}
    for row in rows:
        cells = row.locator("td")
        name = row.locator(".value").inner_text()
        shown[name] = (number(cells.nth(0).inner_text()), number(cells.nth(3).inner_text()))
    return shown


def test_patterns_of_messages_and_what_is_new(look, served):
    look.open("?range=24h&source=billing_app")
    counts = served.athena.sql(
        "SELECT message, count_if(\"timestamp\" >= TIMESTAMP '2026-03-14') AS n, "
        "count_if(\"timestamp\" < TIMESTAMP '2026-03-14') AS before FROM logs "
        "WHERE source = 'billing_app' AND \"timestamp\" >= TIMESTAMP '2026-03-13' GROUP BY 1"
    ).set_index("message")
    shown = patterns_shown(look)
    for message in ("payment declined by provider", "connection reset by peer"):
        assert shown[message] == tuple(counts.loc[message])
    assert shown["retrying order <number>"] == tuple(counts.loc["retrying order 4711"])
    assert shown[HOSTILE[6]] == (1, 0)
    new = look.page.locator("#patterns-body .badge.new").count()
    assert new == len(shown) - 3 and f"{new} new" in look.text("#patterns-hint")
    trend = look.page.locator("#patterns-body tr", has_text="retrying").locator(".spark")
    assert re.match(r"(steady|rising|falling): \d+ in the first half", trend.get_attribute("aria-label"))
    look.page.get_by_role("button", name="retrying order <number>", exact=True).click()
    look.settled()
    condition = "message LIKE 'retrying order%' AND \"timestamp\" >= TIMESTAMP '2026-03-14'"
    assert look.bars() == by_level(served, condition, "logs")
    assert "is.message_pattern=retrying" in look.page.url
    assert list(patterns_shown(look)) == ["retrying order <number>"]


def test_patterns_of_paths_exclude(look, served):
    look.open()
    look.page.locator("#patterns-kind").click()
    look.page.get_by_role("option", name="Path patterns").click()
    look.settled()
    assert set(patterns_shown(look)) == {
        "/",
        "/cart",
        "/api/orders",
        "/login",
        "/static/app.js",
        "/wp-login.php",
    }
    look.page.get_by_role("button", name="Without events like /login", exact=True).click()
    look.settled()
    condition = "url_path IS NULL OR url_path <> '/login'"
    assert look.bars() == by_level(served, condition, "logs")


def test_heat_map(look, served):
    look.open("?levels=ERROR")
    drawn = look.page.evaluate(
        "document.querySelector('#heat-graph .js-plotly-plot').calcdata[0][0].z.map(r => [...r])"
    )
    frame = served.athena.sql(
        "SELECT day_of_week(minute) AS d, hour(minute) AS h, sum(events) AS n FROM log_counts "
        "WHERE log_level = 'ERROR' GROUP BY 1, 2"
    )
    wanted = [[0] * 24 for _ in range(7)]
    for day, hour, events in frame.itertuples(index=False):
        wanted[int(day) - 1][int(hour)] = int(events)
    assert drawn == wanted
    assert SPIKE.isoweekday() == 2
    assert drawn[1][SPIKE.hour] == max(map(max, drawn))


def test_the_spike_is_marked(look):
    look.open()
    assert "1 spike" in look.text("#series-hint")
    marks = look.page.evaluate(
        "document.querySelector('#series-graph .js-plotly-plot').layout.annotations.map(a => a.hovertext)"
    )
    assert len(marks) == 1
    assert re.match(r"Tue 2026-03-10 12:00: \d+ errors, usually \d+ ", marks[0])
    look.open("?range=24h&levels=FATAL")
    assert "spike" not in look.text("#series-hint")


def test_accounts(look, served):
    look.open()
    rows = [row.split("\t") for row in look.text("#accounts-body tbody").splitlines()]
    audit = served.frames["log_audit"].groupby("source")[["lines_read", "lines_kept", "lines_dropped"]].sum()
    assert {row[0]: [number(cell) for cell in row[2:5]] for row in rows} == {
        source: list(map(int, numbers)) for source, *numbers in audit.itertuples()
    }


def test_rejected_lines_are_shown_as_text(look):
    look.open()
    look.page.locator("[data-rejects=billing_app]").click()
    look.page.wait_for_selector("#rejects-body table")
    shown = look.page.locator("#rejects-body .cell-text").all_inner_texts()
    assert {HOSTILE[0], HOSTILE[1]} <= set(shown)
    assert look.page.evaluate("window.hacked") is None


def test_an_event_opens_to_all_its_fields(look, served):
    look.open("?is.url_path=/cart")
    row = look.rows()[3]
    look.page.locator(".ag-row[row-index='3'] .cell-text").click()
    look.page.wait_for_selector("#event-body .fields")
    fields = look.text("#event-body .fields")
    record = served.frames["logs"].set_index("log_file_line").loc[row["log_file_line"]]
    for name in ("client_address", "http_response_status_code", "url_path", "log_file_path", "format"):
        assert name in fields
        assert str(record[name]) in fields
    numbers = [int(n) for n in look.page.locator("#event-body .neighbours td:first-child").all_inner_texts()]
    assert row["log_file_line"] in numbers
    assert all(abs(n - row["log_file_line"]) <= 5 for n in numbers)
    look.page.get_by_role("button", name="Only this client_address").click()
    look.page.keyboard.press("Escape")
    look.settled()
    assert {row["client_address"] for row in look.rows()} == {record["client_address"]}
    # The same row can be opened again.
    look.page.locator(".ag-row[row-index='0'] .cell-text").click()
    look.page.wait_for_selector("#event-body .fields")


def test_brush_to_zoom(look, served):
    look.open()
    box = look.page.locator("#series-graph .nsewdrag").bounding_box()
    middle = box["y"] + box["height"] / 2
    look.page.mouse.move(box["x"] + box["width"] * 0.6, middle)
    look.page.mouse.down()
    look.page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=8)
    look.page.mouse.up()
    look.page.wait_for_url("**from=*")
    look.settled()
    start, end = look.page.evaluate(
        "() => ['from', 'to'].map(name => new URLSearchParams(location.search).get(name))"
    )
    assert "2026-03-09" <= start < end <= "2026-03-13"
    assert look.bars() == by_level(served, f"minute >= TIMESTAMP '{start}' AND minute < TIMESTAMP '{end}'")


def test_a_copied_link_opens_the_same_view(look, new_look, served):
    look.open()
    chip(look, "INFO")
    chip(look, "4xx")
    look.page.get_by_role("button", name="/cart", exact=True).click()
    look.settled()
    other = new_look(served.url)
    other.open(look.page.url.removeprefix(served.url))
    assert other.bars() == look.bars()
    assert other.rows() == look.rows()
    assert other.page.url == look.page.url
    assert other.bars() == by_level(
        served, "log_level <> 'INFO' AND http_response_status_code = 404 AND url_path = '/cart'", "logs"
    )


def test_back_and_forward(look, served):
    look.open()
    chip(look, "INFO")
    chip(look, "WARNING")
    narrow = look.bars()
    look.page.go_back()
    look.page.wait_for_function("() => !location.search.includes('levels=TRACE%2CDEBUG%2CERROR')")
    look.settled()
    assert look.bars() == by_level(served, "log_level <> 'INFO'")
    look.page.go_back()
    look.page.wait_for_function("() => location.search === ''")
    look.settled()
    assert look.bars() == by_level(served)
    look.page.go_forward()
    look.page.go_forward()
    look.page.wait_for_function("() => location.search.includes('levels=TRACE%2CDEBUG%2CERROR')")
    look.settled()
    assert look.bars() == narrow


def test_reset(look, served):
    look.open("?levels=FATAL&status=5xx&q=x&range=1h&no.source=a&regex=1")
    look.page.get_by_role("button", name="Reset").click()
    look.page.wait_for_function("() => location.search === ''")
    look.settled()
    assert look.bars() == by_level(served)


def test_pages_of_events(look, served):
    look.open("?levels=FATAL,ERROR")
    wanted = served.athena.sql(
        "SELECT log_file_line AS n FROM logs WHERE log_level IN ('ERROR', 'FATAL') "
        'ORDER BY "timestamp" DESC, log_file_path DESC, log_file_line DESC'
    )["n"].tolist()
    seen = []
    while True:
        seen += [row["log_file_line"] for row in look.rows()]
        older = look.page.locator("#older")
        if older.is_disabled():
            break
        older.click()
        look.settled()
    assert seen == wanted
    look.page.locator("#newer").click()
    look.settled()
    first = (len(wanted) // PAGE_ROWS - 1) * PAGE_ROWS
    assert [row["log_file_line"] for row in look.rows()] == wanted[first : first + PAGE_ROWS]
    chip(look, "ERROR")  # a new view begins at its first page
    assert look.text("#events-page").startswith("1 –")
    assert look.page.locator("#newer").is_disabled()


def test_csv_of_the_matching_events(look, served, port, tmp_path):
    watched = Guard(journal=Journal(tmp_path / "access.log"))
    port.app = create_app(Settings(), queries=served.athena, guard=watched).server
    look.open("?source=billing_app")
    with look.page.expect_download() as download:
        look.page.get_by_role("button", name="CSV", exact=True).click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    count = served.athena.sql("SELECT count(*) AS n FROM logs WHERE source = 'billing_app'")["n"].item()
    assert len(rows) == count and {row["source"] for row in rows} == {"billing_app"}
    assert not any(row["message"][0] in "=+-@" for row in rows)
    assert download.value.suggested_filename == "events_20260301T0000_20260315T0000.csv"
    look.page.wait_for_selector(f"#csv-told:has-text('CSV: {count:,} rows')")
    (line,) = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert (line["event"], line["rows"], line["role"]) == ("export", count, "analyst")


def test_a_panel_tells_its_query(look, served):
    look.open("?levels=FATAL")
    summary = look.page.locator("#events-note summary")
    assert re.match(r"12\.3 KB · \$0\.00005 · \d+ ms", summary.inner_text())
    summary.click()
    card = look.page.locator("#events-note .note-card")
    assert "FROM logs" in card.inner_text()
    assert '"FATAL"' in card.inner_text()
    assert "12,345" in card.inner_text()
    look.page.keyboard.press("Escape")
    assert not card.is_visible()


def test_the_same_again_comes_from_the_cache_until_something_is_loaded(look, served):
    look.open()
    asked = len(served.athena.asked)
    look.page.reload()
    look.settled()
    assert len(served.athena.asked) == asked
    assert "from cache" in look.text("#series-note")
    served.athena.commits += 1
    look.page.wait_for_timeout(600)
    look.page.locator("#refresh").click()
    look.page.wait_for_function("() => !document.querySelector('#series-note').innerText.includes('cache')")
    look.settled()
    assert len(served.athena.asked) == 2 * asked


def test_hostile_lines_are_text(look, served):
    look.open()
    texts = {row["text"] for row in look.rows()}
    shown = look.page.locator("#events-grid .cell-text").all_inner_texts()
    for payload in HOSTILE:
        visible = payload.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
        assert visible in texts
        assert visible in shown
    assert look.page.evaluate("window.hacked") is None
    assert look.page.locator("#events-grid a, #events-grid img, #events-grid svg:not(.ag-icon)").count() == 0


def test_hostile_urls_do_nothing(look, served):
    look.open(
        "?levels=<script>&source=<img src=x onerror=window.hacked=1>&q=<svg onload=window.hacked=1>"
        "&from=x&to=y&range=zzz&is.url_path=<b>x</b>&is.constructor=1&no.__proto__=2"
    )
    assert look.page.evaluate("window.hacked") is None
    assert "No level chosen" in look.text("#series-message")
    assert "url_path is <b>x</b>" in look.text(".pills")


def test_a_failing_query_is_a_message_in_its_panel(look, served):
    served.athena.fail = QueryFailed("TABLE_NOT_FOUND: line 1:15: Table 'logloom.logs' does not exist")
    look.open()
    for panel in ("series", "days", "top0", "heat", "accounts", "events"):
        assert "run notebook 03_transform" in look.text(f"#{panel}-message")
    assert "Traceback" not in look.page.content()
    served.athena.fail = None
    look.page.locator("#refresh").click()
    look.page.wait_for_selector("#events-grid .ag-row")
    look.settled()
    assert look.bars() == by_level(served)


def test_an_empty_result_says_why(look):
    look.open("?from=2020-01-01 00:00:00&to=2020-01-02 00:00:00")
    assert "No events in this range" in look.text("#series-message")
    look.open("?levels=INFO")
    assert "drop_levels" in look.text("#events-message")
    look.open("?q=no such words")
    assert "Nothing matches" in look.text("#events-message")


def test_a_slow_query_can_be_stopped(look, served):
    look.open()
    served.athena.delay = 30
    click_chip(look, "5xx")
    stop = look.page.locator("#events-cancel")
    stop.wait_for(state="visible")
    look.page.wait_for_selector("#events-progress:has-text('running')")
    stop.click()
    look.page.wait_for_selector("#events-message:has-text('Stopped')")
    assert served.athena.stopped
    served.athena.delay = 0
    chip(look, "5xx")  # the newer view stops what still runs for the older one
    assert look.bars() == by_level(served)


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1280, "dark"), (1920, "light")])
def test_layout_fits_the_width_and_does_not_jump(new_look, served, width, scheme):
    look = new_look(served.url, width=width, scheme=scheme)
    served.athena.delay = 0.3
    look.page.goto(served.url)
    look.page.wait_for_selector("#events-panel")
    boxes = """() => [...document.querySelectorAll('.panel, .tile')]
        .map(e => JSON.stringify(e.getBoundingClientRect()))"""
    before = look.page.evaluate(boxes)
    look.settled()
    assert look.page.evaluate(boxes) == before
    assert look.page.evaluate("document.documentElement.scrollWidth") <= width
    background = look.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(15, 18, 21)") == (scheme == "dark")


def test_light_and_dark_by_the_button_and_kept(look):
    look.open()
    grid = "getComputedStyle(document.querySelector('#events-grid .ag-row')).backgroundColor"
    light = look.page.evaluate(grid)
    look.page.get_by_role("button", name="Light or dark").click()
    assert look.page.evaluate(grid) != light
    look.page.reload()
    look.settled()
    assert look.page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
    assert look.page.evaluate(grid) != light


def test_every_control_has_a_name_and_takes_the_keyboard(look):
    look.open()
    nameless = look.page.evaluate(
        """() => [...document.querySelectorAll('.page button, .page input, .page [role=button]')]
            .filter(e => e.type !== 'hidden' && e.offsetParent && !e.closest('.ag-root-wrapper'))
            .filter(e => !(e.getAttribute('aria-label') || e.textContent || (e.labels && e.labels.length)))
            .map(e => e.outerHTML.slice(0, 200))"""
    )
    assert nameless == []
    look.page.locator("#text").focus()
    for _ in range(3):
        look.page.keyboard.press("Shift+Tab")
    focused = look.page.evaluate("document.activeElement.closest('.filters') !== null")
    assert focused
    # A level's chip is a checkbox: the space bar turns it.
    look.page.locator("input[type=checkbox][value=INFO]").focus()
    look.page.keyboard.press("Space")
    look.settled()
    assert "INFO" not in look.bars()


def test_levels_of_the_page_are_those_of_the_palette(look):
    look.open()
    chips = look.page.locator(".level-chip").all_inner_texts()
    assert tuple(chips) == LEVELS


def test_spike_is_where_it_was_made(look):
    look.open(f"?from={SPIKE}&to={SPIKE + timedelta(hours=1)}&source=api_access")
    assert look.bars()["ERROR"] > 50
