"""The HTTP server: werkzeug's threaded one, with connections that stay open.

werkzeug closes every connection after one answer, since it streams request bodies. Requests here are read
whole before they are answered (their signature covers the body), so a connection can serve the next one; a
new connection and a new thread for each call would cost a client more than the call.
"""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024 * 1024
IDLE_TIMEOUT_S = 300


class KeepAliveHandler(WSGIRequestHandler):
    """One connection; its requests are read and answered one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer waits for the client's delayed acknowledgement
    timeout = IDLE_TIMEOUT_S
    wbufsize = -1  # headers and body leave together

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        body = self._read_body(environ)
        if body is None:
            return
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        status, headers, data = call(self.server.app, environ)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def _read_body(self, environ: dict[str, Any]) -> bytes | None:
        """Read a request's body; None when it was refused, and the connection ends."""
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read(LARGEST_BODY + 1)
        else:
            length = environ.get("CONTENT_LENGTH") or "0"
            if not length.isdecimal():
                return self._refuse(HTTPStatus.BAD_REQUEST)
            if int(length) > LARGEST_BODY:
                return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                self.close_connection = True  # the client went away
                return None
        if len(body) > LARGEST_BODY:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return body

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self.send_error(status)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        log.debug("%s %s %s", self.command, self.path, code)

    def log(self, type: str, message: str, *args: Any) -> None:
        log.log(logging.getLevelName(type.upper()), message, *args)


def call(
    app: Callable[..., Iterable[bytes]], environ: dict[str, Any]
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Call a WSGI application; give its status, headers and whole body."""
    started: list[Any] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[..., None]:
        started[:] = [status, headers]
        return written.append

    written: list[bytes] = []
    answer = app(environ, start_response)
    try:
        written.extend(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return started[0], started[1], b"".join(written)


def listen(port: int) -> socket.socket:
    """Listen on a port of 127.0.0.1 (0: any free one).

    Raises
    ------
    OSError
        When the port is in use.
    """
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def make_server(listening: socket.socket, app: Callable[..., Iterable[bytes]]) -> ThreadedWSGIServer:
    """Make an application's server on a listening socket; `serve_forever` runs it, `shutdown` ends it."""
    return ThreadedWSGIServer(
        "127.0.0.1", listening.getsockname()[1], app, handler=KeepAliveHandler, fd=listening.fileno()
    )
