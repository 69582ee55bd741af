"""The report in a browser, from a file, without a network: what a filter leaves equals what SQL says."""

from datetime import datetime

import pytest
from logloom import report
from logloom.report.contents import Asker
from logloom.settings import Settings

NOW = datetime(2026, 3, 15, 8)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made(athena, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    patch = pytest.MonkeyPatch()
    patch.setenv("LOGLOOM_STATE_ROOT", str(folder / "state"))
    output = folder / "report.html"
    report.write(Settings(), output, ask=Asker(Settings(), athena.run_sql), now=NOW)
    patch.undo()
    return output


class Look:
    """The report in a page, and all that went wrong or out of it."""

    def __init__(self, browser, path, **options):
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.problems, self.requests = [], []
        self.page.on("console", lambda said: self.problems.append(said.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            self.page.wait_for_selector("html[data-ready=true]")

    def note(self) -> str:
        return self.page.inner_text("#note")

    def rows(self, selector: str) -> dict[str, int]:
        lines = self.page.eval_on_selector_all(
            f"{selector} tbody tr",
            "rows => rows.map(row => ['th', 'td'].map(tag => row.querySelector(tag)?.innerText ?? ''))",
        )
        return {name.strip(): int(count.replace(",", "")) for name, count in lines if name}

    def drawn(self, place: str) -> dict[str, float]:
        """Height of the bars of each level, in per cent of the chart."""
        return self.page.evaluate(
            """place => {
                const found = {};
                document.querySelectorAll(`#${place} .plot rect[height]`).forEach(bar => {
                    const name = bar.getAttribute('class');
                    if (!/^[A-Z]+$/.test(name)) { return; }
                    found[name] = (found[name] || 0) + parseFloat(bar.getAttribute('height'));
                });
                return found;
            }""",
            place,
        )


@pytest.fixture
def look(browser, made):
    opened = []

    def open_it(**options) -> Look:
        opened.append(Look(browser, made, **options))
        return opened[-1]

    yield open_it
    for one in opened:
        assert one.problems == []
        assert [url for url in one.requests if not url.startswith("file:")] == []
        assert not one.page.evaluate("window.hacked")
        one.context.close()


def counted(athena, condition: str = "true") -> tuple[int, int]:
    frame = athena.sql(
        "SELECT sum(events) AS events, sum(CASE WHEN log_level IN ('ERROR', 'FATAL') THEN events ELSE 0 END)"
        f" AS errors FROM log_counts WHERE {condition}"
    )
    return int(frame["events"][0] or 0), int(frame["errors"][0] or 0)


def said(events: int, errors: int) -> str:
    return f"{events:,} events, {errors:,} of them errors"


def test_levels_sources_and_classes_filter(look, athena):
    page = look()
    assert page.note().startswith(said(*counted(athena)))
    page.page.uncheck("#controls label:has-text('INFO') input")
    assert page.note().startswith(said(*counted(athena, "log_level <> 'INFO'")))
    assert "INFO" not in page.drawn("series") and page.drawn("series")["ERROR"] > 0
    page.page.uncheck("#controls label:has-text('billing_app') input")
    condition = "log_level <> 'INFO' AND source <> 'billing_app'"
    assert page.note().startswith(said(*counted(athena, condition)))
    assert set(page.rows("#top-sources")) == {"shop_access", "api_access"}
    page.page.uncheck("#controls label:has-text('4xx') input")
    condition += " AND http_response_status_code NOT BETWEEN 400 AND 499"
    assert page.note().startswith(said(*counted(athena, condition)))
    assert page.rows("#top-classes") == {"5xx": counted(athena, condition)[0]}
    clients = athena.sql(
        "SELECT client_address, count(*) AS events FROM logs WHERE log_level = 'ERROR' AND"
        " source <> 'billing_app' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
    )
    assert sorted(page.rows("#top-client_address").values()) == sorted(clients["events"])
    page.page.click("#reset")
    assert page.note().startswith(said(*counted(athena)))


def test_dates_filter_all_charts(look, athena):
    page = look()
    page.page.fill("#from", "2026-03-05T06:00")
    page.page.fill("#to", "2026-03-07T18:00")
    page.page.dispatch_event("#to", "change")
    condition = "minute >= TIMESTAMP '2026-03-05 06:00' AND minute < TIMESTAMP '2026-03-07 18:00'"
    assert page.note().startswith(said(*counted(athena, condition)))
    heat = page.page.eval_on_selector_all(
        "#heat .numbers td",
        "cells => cells.reduce((sum, cell) => sum + +cell.textContent.replace(/,/g, ''), 0)",
    )
    assert heat == counted(athena, condition)[0]
    page.page.click("#days .numbers summary")
    assert sum(page.rows("#days .numbers").values()) <= counted(athena, condition)[1]
    assert page.page.inner_text("#days .numbers tbody th") == "Thu 2026-03-05"
    page.page.fill("#from", "2026-03-09T00:00")
    page.page.dispatch_event("#from", "change")
    assert "choose a later end" in page.note()


def test_brush_and_keys(look):
    page = look(viewport={"width": 1280, "height": 900})
    plot = page.page.locator("#series .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    before = page.note()
    page.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.page.mouse.up()
    assert page.note() != before
    assert page.page.input_value("#from") > "2026-03-05"
    page.page.focus("#days .plot")
    page.page.keyboard.press("ArrowRight")
    assert page.page.is_visible("#tip")
    assert "2026-03-" in page.note()


def test_patterns_and_hostile_lines_are_text(look):
    page = look()
    patterns = page.page.inner_text("#patterns")
    assert "payment declined by provider" in patterns
    assert "<script>window.hacked = <number></script>" in patterns
    assert "\\u202e" in patterns


@pytest.mark.parametrize("width", [400, 1280, 1920])
@pytest.mark.parametrize("script", [True, False])
def test_it_fits_and_is_whole_without_scripts(look, width, script):
    page = look(java_script_enabled=script, viewport={"width": width, "height": 900})
    assert page.drawn("series")["ERROR"] > 0
    assert len(page.rows("#top-client_address")) == 10
    assert page.page.is_visible("#controls") is script
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    assert "payment declined by provider" in page.page.inner_text("#patterns")


def test_the_still_and_the_drawn_pictures_are_the_same(look):
    still, drawn = look(java_script_enabled=False), look()
    for place in ("series", "days"):
        one, other = still.drawn(place), drawn.drawn(place)
        assert set(one) == set(other)
        assert all(abs(one[level] - other[level]) < 0.5 for level in one)
        assert still.page.inner_text(f"#{place} .name") == drawn.page.inner_text(f"#{place} .name")
    for table in ("#top-sources", "#top-url_path", "#top-classes", "#top-client_address"):
        assert still.rows(table) == drawn.rows(table)
    texts = "nodes => nodes.map(node => node.textContent)"
    for part in (".rows text", ".columns text"):
        assert still.page.eval_on_selector_all(f"#series {part}", texts) == drawn.page.eval_on_selector_all(
            f"#series {part}", texts
        )
