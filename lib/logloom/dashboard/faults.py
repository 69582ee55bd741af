"""What went wrong in the server: the log has all of it, the browser a reference to it."""

from __future__ import annotations

import logging
import secrets

import flask
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)


def record(error: BaseException, doing: str) -> str:
    """Write the whole error to the log, and return the reference under which it stands there."""
    reference = secrets.token_hex(4)
    log.error("%s [reference %s]", doing, reference, exc_info=error)
    return reference


def install(server: flask.Flask) -> None:
    """No traceback ever leaves `server`."""

    @server.errorhandler(HTTPException)
    def refused(error: HTTPException) -> flask.typing.ResponseReturnValue:
        if error.response is not None:
            return error.response
        return f"{error.code} {error.name}\n", error.code or 500, {"Content-Type": "text/plain"}

    @server.errorhandler(Exception)
    def failed(error: Exception) -> flask.typing.ResponseReturnValue:
        reference = record(error, f"{flask.request.method} {flask.request.path} failed")
        text = f"Something went wrong in the dashboard. Its log has more under the reference {reference}.\n"
        return text, 500, {"Content-Type": "text/plain"}
