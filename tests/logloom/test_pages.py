"""Reports: whole, folded, offline, and hostile text stays text."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from logloom import pages, runner, settings
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
HOSTILE = "<script>window.ran = 1</script>"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The fixture notebooks with outputs, executed once, and their reports; without any AWS."""
    folder = tmp_path_factory.mktemp("runs")
    patch = pytest.MonkeyPatch()
    patch.setattr(runner.aws, "session", lambda chosen: None)
    pages = {}
    for name in ("figures", "hostile", "accounts", "progress_bar"):
        _, where = runner.run(
            settings.load({"input": ""}), [NOTEBOOKS / f"{name}.ipynb"], output=folder / name
        )
        pages[name] = where / f"{name}.html"
    patch.undo()
    return pages


def page_of(*outputs, source="1 + 1", tags=()) -> str:
    cell = new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})
    return pages.render(new_notebook(cells=[new_markdown_cell("# Title"), cell]))


class _Tags(HTMLParser):
    """Collects what a browser would take for tags."""

    def __init__(self):
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, {name: value or "" for name, value in attributes}))


def tags_of(page: str) -> list[tuple[str, dict[str, str]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.found


def harm_in(page: str) -> list:
    """Tags that could run or fetch something, apart from the report's own scripts and their data."""
    harm = []
    for tag, attributes in tags_of(page):
        addresses = [attributes.get(name, "") for name in ("src", "data", "action", "poster", "srcset")]
        links = attributes.get("href", "")
        if attributes.get("class", "").startswith(("ansi-", "bar")):
            attributes.pop(
                "style", None
            )  # written by nbconvert's filter for ANSI colours, or by the template
        if (
            tag in ("iframe", "object", "embed", "base", "svg", "form", "link")
            or (tag == "script" and attributes not in ({}, {"type": "application/json"}))
            or any(name.startswith("on") or name == "style" for name in attributes)
            or any(address and not address.startswith("data:image/") for address in addresses)
            or (":" in links and not links.startswith(("https:", "http:", "mailto:")))
        ):
            harm.append((tag, attributes))
    return harm


def without_plotly(page: str) -> str:
    """The page without the text of its scripts, which is held by their hashes."""
    return re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)


def test_title_links_and_facts():
    notebook = new_notebook(cells=[new_markdown_cell("## The `title` & more")])
    links = [pages.Link("Run", "index.html"), pages.Link("01 <x>")]
    page = pages.render(notebook, links, "ran in < 3 s")
    assert "<title>The title &amp; more</title>" in page
    assert '<a href="index.html">Run</a>' in page
    assert '<span class="here" aria-current="page">01 &lt;x&gt;</span>' in page
    assert "ran in &lt; 3 s" in page


def test_code_is_folded_and_default_parameters_give_way_to_injected_ones():
    cells = [
        new_code_cell("a = 1", metadata={"tags": ["parameters"]}),
        new_code_cell("a = 2", metadata={"tags": ["injected-parameters"]}),
        new_code_cell("a"),
    ]
    page = without_plotly(pages.render(new_notebook(cells=cells)))
    assert re.findall(r"<summary>(\w+)</summary>", page) == ["parameters", "code"]
    assert page.count("<details") == 2
    assert "<details open" not in page
    alone = pages.render(new_notebook(cells=[cells[0]]))
    assert re.findall(r"<summary>(\w+)</summary>", alone) == ["parameters"]


def test_page_without_figures_allows_no_script_at_all():
    page = page_of(new_output("stream", text="hello"))
    assert "<script" not in page
    assert "script-src 'none'" in page
    assert len(page) < 60_000


@pytest.mark.parametrize(
    "output",
    [
        new_output("stream", text=HOSTILE),
        new_output("stream", name="stderr", text=HOSTILE),
        new_output("display_data", {"text/plain": HOSTILE}),
        new_output("display_data", {"text/html": HOSTILE + "<p onclick='window.ran = 1'>x</p>"}),
        new_output("display_data", {"text/html": "<SCRIPT src='https://example.org/x.js'></SCRIPT >"}),
        new_output("display_data", {"text/html": "<iframe src='https://example.org/'></iframe>"}),
        new_output("display_data", {"text/html": "<a href='java\tscript:window.ran=1'>x</a>"}),
        new_output(
            "display_data", {"text/html": "<a href='data:text/html,x'>x</a><base href='https://x.y/'>"}
        ),
        new_output("display_data", {"text/html": "<p style='background:url(https://example.org)'>x</p>"}),
        new_output("display_data", {"text/html": "<svg><script>window.ran = 1</script></svg>"}),
        new_output("display_data", {"text/html": "<img src='https://example.org/x.png'>"}),
        new_output("display_data", {"text/markdown": HOSTILE + "[x](javascript:window.ran=1)"}),
        new_output("display_data", {"image/png": "x\"' onerror='window.ran = 1"}),
        new_output("display_data", {"image/svg+xml": "<svg onload='window.ran = 1'/>"}),
        new_output("display_data", {"application/javascript": "window.ran = 1"}),
        new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE]),
    ],
)
def test_hostile_output_stays_text(output):
    page = page_of(output)
    assert harm_in(page) == []


def test_nothing_is_fetched_by_any_page(executed):
    for file in [*executed.values(), *(file.parent / "index.html" for file in executed.values())]:
        page = without_plotly(file.read_text(encoding="utf-8"))
        assert harm_in(page) == []
        assert not re.findall(r"url\(|@import|require\.|mathjax", page, re.I)
        assert "default-src 'none'" in html.unescape(page)


def test_plotly_is_embedded_once_and_the_policy_names_its_hash(executed):
    page = executed["figures"].read_text(encoding="utf-8")
    assert page.count("plotly.js v") == 1
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page
    assert page.count('<div class="figure">') == 2
    assert "plotly.js v" not in executed["accounts"].read_text(encoding="utf-8")


def test_progress_bars_show_their_end_and_widgets_nothing(executed):
    page = executed["progress_bar"].read_text(encoding="utf-8")
    assert "100% done" in page
    assert "50% done" not in page
    assert "widget:" not in page.replace("desc=", "")


def test_columns_of_numbers_are_flush_right_with_their_heads():
    table = pd.DataFrame(
        {
            **{"who": ["a", "7"], "n": [1, None], "size": ["1.5 kB", "12 B"], "cost": ["$0.5", ""]},
            **{"at": ["2025-12-22 10:00:00.5", "2025-12-22"], "none": ["", ""]},
        }
    )
    page = page_of(new_output("display_data", {"text/html": table.to_html()}))
    assert re.findall(r'<th class="number">(\w+)</th>', page) == ["n", "size", "cost"]
    assert re.findall(r'<td class="number">([^<]+)</td>', page) == [*("1.0", "1.5 kB", "$0.5", "NaN", "12 B")]
    assert page.count('<td class="time">') == 2


def test_row_numbers_of_pandas_are_left_out_and_names_of_rows_are_not():
    numbered, named = pd.DataFrame({"a": ["x", "y"]}), pd.DataFrame({"a": ["x"]}, index=["row"])
    data = [new_output("display_data", {"text/html": frame.to_html()}) for frame in (numbered, named)]
    assert re.findall(r"<t[hd]>([^<]*)</t[hd]>", page_of(*data)) == ["a", "x", "y", "", "a", "row", "x"]


def test_failure_stands_at_the_head(executed):
    page = executed["hostile"].read_text(encoding="utf-8")
    assert page.index('<span class="status failed">Failed.</span>') < page.index("<details")
    assert "ValueError: &lt;script&gt;" in page


def test_accounts_are_found_again(executed):
    notebook = nbformat.read(executed["accounts"].with_suffix(".ipynb"), as_version=4)
    rows = pages.accounts(notebook)
    assert [row["source"] for row in rows] == ["web", "<b>app</b>"]
    assert rows[0]["lines_read"] == 100
    assert pages.accounts(new_notebook()) == []


def test_page_of_a_run_shows_the_balance(executed):
    page = (executed["accounts"].parent / "index.html").read_text(encoding="utf-8")
    assert "even" in page
    assert "1 missing" in page
    assert "&lt;b&gt;app&lt;/b&gt;" in page


@pytest.mark.browser
def test_figures_are_drawn_offline_and_no_script_of_the_logs_runs(executed, browser):
    context = browser.new_context(offline=True, viewport={"width": 400, "height": 800})
    page, asked, errors = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(executed["figures"].as_uri())
    page.wait_for_function("document.querySelectorAll('.figure .main-svg').length >= 2")
    assert page.locator(".figure .bars .point").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.goto(executed["hostile"].as_uri())
    page.wait_for_load_state("load")
    assert page.evaluate("window.ran") is None
    assert page.locator("td", has_text="<script>window.ran").count() == 1
    context.close()
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    assert errors == []


def test_counts_are_grouped_and_names_of_columns_may_break():
    frame = pd.DataFrame({"events": [1234567, 12], "http_response_status_code": [10404, 10500]})
    page = page_of(
        new_output("display_data", {"text/html": frame.to_html(index=False, border=0)}),
    )
    assert "1,234,567" in page and "10404" in page
    assert "http_<wbr/>response_<wbr/>status_<wbr/>code" in page
