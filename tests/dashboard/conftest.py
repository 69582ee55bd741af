"""A dashboard on known rows, and a browser that looks at it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from fake_athena import FakeAthena, tables
from logloom.dashboard import create_app
from logloom.settings import Settings
from werkzeug.serving import make_server


class Port:
    """One address for all tests (the browser keeps the scripts); each puts its app behind it."""

    url = ""
    app = None

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


@dataclass
class Served:
    """A dashboard that listens, and what answers its queries."""

    url: str
    athena: FakeAthena
    frames: dict


@pytest.fixture(scope="session")
def frames():
    return tables()


@pytest.fixture
def athena(frames) -> FakeAthena:
    return FakeAthena(frames)


@pytest.fixture(scope="session")
def port() -> Iterator[Port]:
    port = Port()
    server = make_server("127.0.0.1", 0, port, threaded=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port.url = f"http://127.0.0.1:{server.port}/"
    yield port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def served(port, athena, frames) -> Served:
    port.app = create_app(Settings(), queries=athena).server
    return Served(port.url, athena, frames)


@dataclass
class Look:
    """A page of the dashboard in the browser, and everything that went wrong in it."""

    page: object
    url: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, query: str = "", **wait) -> None:
        self.page.goto(self.url + query)
        self.settled(**wait)

    def settled(self, timeout: int = 20_000) -> None:
        """Wait until every panel has an answer or a message and none is loading."""
        self.page.wait_for_function(
            """() => {
                const panels = [...document.querySelectorAll('.panel')];
                return panels.length && panels.every(panel =>
                    panel.dataset.loading === 'false' && panel.querySelector('.note > *, .message > *'));
            }""",
            timeout=timeout,
        )
        # The controls' own callbacks run in the browser; a further query would have begun by now.
        self.page.wait_for_timeout(200)
        self.page.wait_for_function(
            "() => !document.querySelector('.panel[data-loading=true]')", timeout=timeout
        )

    def bars(self, graph: str = "series-graph") -> dict[str, int]:
        """Sum of the bars of each level, as drawn."""
        return self.page.evaluate(
            """graph => {
                const drawn = document.querySelector(`#${graph} .js-plotly-plot`).calcdata;
                const sum = bars => bars.reduce((sum, bar) => sum + (bar.s || 0), 0);
                return Object.fromEntries(drawn.map(bars => [bars[0].trace.name, sum(bars)]));
            }""",
            graph,
        )

    def range_of(self, graph: str = "series-graph") -> list[str]:
        return self.page.evaluate(
            "graph => document.querySelector(`#${graph} .js-plotly-plot`)._fullLayout.xaxis.range", graph
        )

    def rows(self) -> list[dict]:
        """Rows of the table, as its grid holds them."""
        return self.page.evaluate(
            """() => {
                const rows = [];
                dash_ag_grid.getApi('events-grid').forEachNode(node => rows.push(node.data));
                return rows;
            }"""
        )

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()


@pytest.fixture(scope="session")
def contexts(browser):
    """A browser context for each width and colour scheme."""
    made = {}

    def context(width: int, height: int, scheme: str):
        key = (width, height, scheme)
        if key not in made:
            made[key] = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            made[key].set_default_timeout(10_000)
        return made[key]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def new_look(contexts):
    """Makes pages; fails the test for an error in one, or a request to elsewhere."""
    looks = []

    def make(url: str, width: int = 1280, height: int = 900, scheme: str = "light") -> Look:
        page = contexts(width, height, scheme).new_page()
        look = Look(page, url)
        looks.append(look)
        page.on("pageerror", lambda error: look.problems.append(f"page error: {error}"))
        page.on(
            "console",
            lambda line: look.problems.append(f"console: {line.text}") if line.type == "error" else None,
        )
        page.on("request", lambda request: look.requests.append(request.url))
        page.on("dialog", lambda dialog: look.problems.append(f"dialog: {dialog.message}"))
        return look

    yield make
    for look in looks:
        look.page.evaluate("localStorage.clear()")
        look.page.close()
    for look in looks:
        outside = [r for r in look.requests if not r.startswith((look.url, "data:", "blob:"))]
        assert not outside, f"the page asked the net: {outside}"
        assert not look.problems, look.problems


@pytest.fixture
def look(new_look, served) -> Look:
    return new_look(served.url)
