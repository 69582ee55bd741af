"""Hostile text in all kinds of a notebook's outputs: the page shows it in a browser, and does nothing."""

import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest
from logloom import pages, show
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

LOOSE = "iframe, object, embed, form, base, meta[http-equiv=refresh], link, body *[onerror], body *[onload]"
LOOSE += ", a[href^='javascript:' i], a[href^='data:' i]"


@pytest.fixture(scope="module")
def page_file(hostile, tmp_path_factory):
    """A report whose cells, tables, texts, figures and errors hold all the payloads."""
    short = [text for text in hostile if len(text) <= 5000]
    frame = pd.DataFrame({"message": short, "n": range(len(short))})
    figure = go.Figure(
        [
            go.Bar(
                x=list(range(len(short))),
                y=short,
                orientation="h",
                name=short[0],
                text=short,
                hovertext=short,
            )
        ],
        layout={"title": {"text": short[1]}, "xaxis": {"title": {"text": short[2]}}},
    )
    figure.add_annotation(text=short[3], x=0, y=0)
    outputs = [
        {"text/html": frame.to_html(index=False), "text/plain": "table"},
        {"text/plain": "\n".join(short)},
        {"text/html": hostile[-1], "text/plain": "a megabyte"},
        {"application/vnd.plotly.v1+json": figure.to_plotly_json(), "text/plain": "figure"},
        *({"text/html": text, "text/plain": text} for text in short),
        *({"text/markdown": text, "text/plain": text} for text in short),
        *({"image/svg+xml": text, "text/plain": text} for text in short if "<svg" in text),
        {show.ACCOUNTS: [{"source": short[0], "lines_read": 1}], "text/plain": short[0]},
    ]
    cells = [new_markdown_cell(f"# {short[0]}"), *(new_markdown_cell(text) for text in short)]
    results = [new_output("display_data", data=_plain(data)) for data in outputs]
    results += [
        new_output("stream", name="stdout", text="\n".join(short)),
        new_output("stream", name="stderr", text=short[5]),
    ]
    cells.append(new_code_cell("\n".join(short), outputs=results))
    error = new_output("error", ename=short[0], evalue=short[1], traceback=short[:30])
    cells.append(new_code_cell("fails()", outputs=[error]))
    path = tmp_path_factory.mktemp("pages") / "hostile.html"
    path.write_text(pages.render(new_notebook(cells=cells)), encoding="utf-8")
    return path


def _plain(data):
    import json

    from plotly.utils import PlotlyJSONEncoder

    return nbformat.from_dict(json.loads(json.dumps(data, cls=PlotlyJSONEncoder)))


def test_nothing_runs_and_nothing_is_asked(page_file, browser, hostile):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, asked, said = context.new_page(), [], []
    page.on("dialog", lambda dialog: said.append(dialog.message))

    def keep(route):
        asked.append(route.request.url)
        if route.request.url.startswith(page_file.as_uri()):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", keep)
    try:
        page.goto(page_file.as_uri())
        page.wait_for_selector(".js-plotly-plot .bars, .js-plotly-plot .barlayer", state="attached")
        page.wait_for_timeout(300)
        assert page.evaluate("window.__pwned") is None
        assert [url for url in asked if not url.startswith(("data:", page_file.as_uri()))] == []
        assert said == []
        loose = page.evaluate(
            "loose => [...document.querySelectorAll(loose)].map(e => e.outerHTML.slice(0, 120))", LOOSE
        )
        assert [one for one in loose if 'rel="icon"' not in one] == []
        cells = set(page.evaluate("[...document.querySelectorAll('td')].map(e => e.textContent)"))
        # pandas cuts what is longer, and writes control characters as escapes
        whole = {text for text in hostile if len(text) < 50 and text.isprintable() and text == text.strip()}
        assert whole - cells == set()
    finally:
        context.close()
