"""`logloom dashboard`: loopback only, one sentence for what is wrong, and it serves."""

import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest
from logloom.dashboard import server
from logloom.errors import LogloomError
from logloom.settings import Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::", ""])
def test_refuses_other_addresses_without_a_login(host, tmp_path):
    settings = Settings(dashboard_folder=str(tmp_path / "door"))
    with pytest.raises(LogloomError, match="no login: add a user"):
        server.check(settings, server.Serving(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_listens_on_loopback(host):
    with server.listen(host, 0) as listening:
        assert listening.getsockname()[1] > 0


def test_a_taken_port_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LogloomError, match=f"port {port} cannot be used.*--port"):
            server.listen("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_no_port(port):
    with pytest.raises(LogloomError, match="no port"):
        server.listen("127.0.0.1", port)


def test_serves_the_page_and_ends_when_told(tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            sys.path.insert(0, {str(Path(__file__).parent)!r})
            import logloom.dashboard.app as app
            from fake_athena import FakeAthena
            from logloom.dashboard import Serving, serve
            from logloom.settings import Settings

            create = app.create_app
            app.create_app = lambda settings, **more: create(settings, queries=FakeAthena(), **more)
            serve(Settings(dashboard_folder={str(tmp_path / "door")!r}), Serving(port=0))
            """
        )
    )
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().split(" at ")[1].split()[0]
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(address + "healthz", timeout=30) as answer:
                    assert answer.read().strip() == b'{"status":"ok"}'
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with urllib.request.urlopen(address, timeout=30) as answer:
            page = answer.read().decode()
        assert "Logloom" in page
        assert "https://" not in page
    finally:
        process.terminate()
        assert process.wait(20) == 0
