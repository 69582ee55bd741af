"""The dashboard in a real JupyterLab: framed from its own port, and through jupyter-server-proxy."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError as Late
from test_standalone import free_port

TOKEN = "of-the-test"
FRAMES = "iframe[src*='127.0.0.1'], iframe[src^='/proxy/']"
CELLS = [
    "import sys; sys.path.insert(0, {here!r})\n"
    "from fake_athena import FakeAthena, tables\n"
    "from logloom.dashboard import show_inline\n"
    "from logloom.settings import Settings\n"
    "athena = FakeAthena(tables(days=2))",
    "show_inline(Settings(), queries=athena, height=420)",
    "show_inline(Settings(dashboard_prefix='/proxy/{{port}}/'), queries=athena, height=420)",
]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab with one notebook in it."""
    here = str(Path(__file__).parent)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c.format(here=here)) for c in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "work.ipynb")
    port = free_port()
    folders = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
        "JUPYTERLAB_SETTINGS_DIR",
    )
    environment = {**os.environ, **{name: str(tmp_path / name.lower()) for name in folders}}
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--port={port}",
        f"--notebook-dir={tmp_path}",
    ]
    command += ["--LabApp.news_url=None", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0"]
    command += ["--allow-root", "--ServerApp.ip=127.0.0.1"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    url, until = f"http://127.0.0.1:{port}/", time.monotonic() + 90
    try:
        while True:
            try:
                urllib.request.urlopen(f"{url}api?token={TOKEN}", timeout=30).close()
                break
            except OSError:
                assert time.monotonic() < until, (tmp_path / "log").read_text()
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def run_all_cells(page) -> None:
    """By the menu, again where nothing comes: JupyterLab, still arranging itself, may have missed it."""
    for patience in (20_000, 40_000, 90_000):
        try:
            page.get_by_role("menuitem", name="Run", exact=True).click(timeout=patience)
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click(timeout=patience)
            page.wait_for_function(
                "frames => document.querySelectorAll(frames).length === 2", arg=FRAMES, timeout=patience
            )
            return
        except Late:
            page.keyboard.press("Escape")
    raise AssertionError("the cells did not run")


def test_inline_and_through_the_proxy(lab, browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1200})
    page = context.new_page()
    problems = []
    page.on(
        "console",
        lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None,
    )
    question = page.locator(".jp-Dialog")

    def answer() -> None:
        """No to a build of the extensions, which the dashboard has no need of; else what is offered."""
        cancel = question.get_by_role("button", name="Cancel")
        button = cancel if cancel.count() else question.locator("button.jp-mod-accept")
        with contextlib.suppress(Late):  # it may have gone by itself
            button.first.click(timeout=5_000)

    page.add_locator_handler(question, answer)
    try:
        page.goto(f"{lab}lab/tree/work.ipynb?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
        run_all_cells(page)
        frames = page.locator(FRAMES)
        for number in range(2):
            frame = frames.nth(number)
            frame.scroll_into_view_if_needed()
            inside = frame.content_frame
            inside.locator("#events-grid .ag-row").first.wait_for(timeout=60_000)
            inside.locator("#tile-events").filter(has_text="1").wait_for(timeout=30_000)
        shot = os.environ.get("LOGLOOM_SHOTS")
        if shot:
            page.screenshot(path=str(Path(shot) / "jupyterlab.png"))
        assert problems == []
    finally:
        context.close()
