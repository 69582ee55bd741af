"""`logloom dashboard` as people run it: several workers, a login, behind a proxy with https below a path."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from logloom.dashboard.access import private
from logloom.dashboard.access.users import Users
from logloom.settings import Settings
from proxies import proxy

WORD = "correct horse battery"
SERVE = """
    import sys
    sys.path.insert(0, {here!r})
    import logloom.dashboard.app as app
    from fake_athena import FakeAthena, tables
    from logloom.cli import main

    class Stopped:
        def append(self, query):
            print("stopped", query, file=sys.stderr, flush=True)

    create, frames = app.create_app, tables(days=2)

    def created(settings, **more):
        athena = FakeAthena(frames)
        athena.delay = {delay}
        athena.stopped = Stopped()
        return create(settings, queries=athena, **more)

    app.create_app = created
    main(["dashboard", "-p", "dashboard_folder", {folder!r}, *sys.argv[1:]])
"""


@contextmanager
def dashboard(tmp_path, *arguments, delay=0.0):
    """Run the command on known rows: the process and its port."""
    script = tmp_path / "serve.py"
    here, folder = str(Path(__file__).parent), str(tmp_path / "door")
    script.write_text(textwrap.dedent(SERVE).format(here=here, folder=folder, delay=delay))
    environment = {**os.environ, "LOGLOOM_STATE_ROOT": str(tmp_path / "state")}
    command = [sys.executable, str(script), "--port", str(free_port()), *arguments]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        address = process.stdout.readline()
        port = int(re.search(r":(\d+)", address)[1])
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30).close()
                break
            except OSError:
                assert time.monotonic() < until, (tmp_path / "log").read_text()
                time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        try:
            assert process.wait(20) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def add_users(tmp_path):
    folder = private.folder(Settings(dashboard_folder=str(tmp_path / "door")))
    Users(folder / "users.json").put("ann", WORD, "analyst")
    return folder


@pytest.fixture
def page(browser):
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.problems = []
    page.on("console", lambda line: page.problems.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield page
    context.close()


def settled(page):
    page.wait_for_selector("#events-grid .ag-row")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.panel')].every(panel =>
            panel.dataset.loading !== 'true' && panel.querySelector('.note > *, .message > *'))"""
    )


def test_workers_behind_a_proxy_with_https_below_a_path(tmp_path, page):
    folder = add_users(tmp_path)
    arguments = ("--workers", "2", "--prefix", "/logs/", "--proxies", "1")
    with (
        dashboard(tmp_path, *arguments) as (process, port),
        proxy(port, "/logs/", strip=False, tls=tmp_path / "tls") as url,
    ):
        page.goto(f"{url}?levels=ERROR,FATAL")
        assert page.url.startswith(f"{url}login")
        page.get_by_label("User").fill("ann")
        page.get_by_label("Password").fill(WORD)
        page.get_by_role("button", name="Log in").click()
        settled(page)
        assert page.url == f"{url}?levels=ERROR%2CFATAL"
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        (session,) = [
            cookie for name, cookie in cookies.items() if name.startswith("__Secure-logloom-session")
        ]
        assert session["secure"]
        assert session["httpOnly"]
        assert session["sameSite"] == "Lax"
        assert session["path"] == "/logs/"
        # A worker that dies is replaced, and nobody has to log in again for it.
        for worker in psutil.Process(process.pid).children():
            worker.send_signal(signal.SIGKILL)
        page.reload()
        settled(page)
        page.get_by_role("button", name="Log out").click()
        page.wait_for_selector("#password")
        assert page.problems == []
        lines = [json.loads(line) for line in (folder / "access.log").read_text().splitlines()]
        assert [(line["event"], line["address"]) for line in lines] == [
            ("login", "198.51.100.7"),
            ("logout", "198.51.100.7"),
        ]
    assert not list(folder.glob("jobs-*"))
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_ends_at_once_and_stops_what_runs_in_athena(tmp_path, page):
    with dashboard(tmp_path, delay=300) as (process, port):
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#accounts-panel[data-loading=true]")
        page.wait_for_timeout(500)
        began = time.monotonic()
        process.terminate()
        process.wait(15)
        assert time.monotonic() - began < 12
    assert "stopped" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("strip", [True, False])
def test_a_proxy_that_takes_the_path_off_and_one_that_does_not(tmp_path, strip):
    add_users(tmp_path)
    arguments = ("--prefix", "logs", "--proxies", "1")
    with dashboard(tmp_path, *arguments) as (_, port), proxy(port, "/logs/", strip=strip) as url:
        request = urllib.request.Request(url, headers={"Accept": "text/html"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.url == f"{url}login"
            assert 'action="/logs/login"' in answer.read().decode()


def test_forwarded_headers_are_believed_only_when_told(tmp_path):
    folder = add_users(tmp_path)
    with dashboard(tmp_path) as (_, port):
        headers = {
            "X-Forwarded-For": "203.0.113.5",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil.example",
        }
        request = urllib.request.Request(f"http://127.0.0.1:{port}/login", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            cookie = answer.headers["Set-Cookie"]
            form = re.search(r'name="form" value="([^"]+)"', answer.read().decode())[1]
        assert "Secure" not in cookie
        data = urllib.parse.urlencode({"form": form, "user": "ann", "password": "wrong, surely"}).encode()
        headers["Cookie"] = cookie.split(";")[0]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(urllib.request.Request(request.full_url, data, headers), timeout=30)
    line = json.loads((folder / "access.log").read_text())
    assert (line["event"], line["address"]) == ("login failed", "127.0.0.1")


def test_workers_share_limits(tmp_path):
    add_users(tmp_path)
    with dashboard(tmp_path, "--workers", "3") as (_, port):
        url, codes = f"http://127.0.0.1:{port}/login", []

        def guess():
            for _ in range(4):
                with urllib.request.urlopen(url, timeout=30) as answer:
                    cookie = answer.headers["Set-Cookie"].split(";")[0]
                    form = re.search(r'name="form" value="([^"]+)"', answer.read().decode())[1]
                data = urllib.parse.urlencode(
                    {"form": form, "user": "ann", "password": "wrong, surely"}
                ).encode()
                try:
                    urllib.request.urlopen(urllib.request.Request(url, data, {"Cookie": cookie}), timeout=30)
                except urllib.error.HTTPError as error:
                    codes.append(error.code)

        threads = [threading.Thread(target=guess) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 5 <= codes.count(401) <= 8  # waits of a second may be over meanwhile
        assert codes.count(429) == 16 - codes.count(401)
