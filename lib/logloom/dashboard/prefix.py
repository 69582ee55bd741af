"""The dashboard below a path of a proxy, whether that takes the path off or hands it on."""

from __future__ import annotations

import re

from logloom.errors import LogloomError


def normal(prefix: str) -> str:
    """``logs`` as ``/logs/``; "" as "/".

    Raises
    ------
    LogloomError
        It is no path.
    """
    path = "/" + "/".join(part for part in prefix.split("/") if part)
    if not re.fullmatch(r"(/[\w.~@%+-]+)*/?", path, re.ASCII) or "/../" in f"{path}/" or "/./" in f"{path}/":
        raise LogloomError(f"{prefix!r} is no path such as /logs/")
    return path if path == "/" else f"{path}/"


class Below:
    """WSGI application `inner`, asked below `prefix`."""

    def __init__(self, inner, prefix: str) -> None:
        self._inner, self._root = inner, prefix.rstrip("/")

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path == self._root or path.startswith(f"{self._root}/"):
            path = path[len(self._root) :] or "/"
        return self._inner({**environ, "SCRIPT_NAME": self._root, "PATH_INFO": path}, start_response)
