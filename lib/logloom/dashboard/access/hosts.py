"""Which names the server answers to, and whose pages may send it anything.

A page of the net can make a browser ask 127.0.0.1: under a name of its own (DNS rebinding), or with a POST
from there. Either would hand it the logs, where no login stands between.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import flask


def is_loopback(host: str) -> bool:
    """Whether a host name or address, as it stands in a URL or in --host, is this machine's own."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def name_of(netloc: str) -> str:
    """Host without the port, lower case; "" for what is none."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_known(netloc: str, allowed: tuple[str, ...]) -> bool:
    """Whether a request's Host is one that this server is meant to have."""
    name = name_of(netloc)
    return is_loopback(name) or name in {name_of(one) for one in allowed}


def is_from_elsewhere(request: flask.Request) -> bool:
    """Whether a page of another origin sends this, by what browsers say of it.

    Where nothing is said (`Sec-Fetch-Site` comes with https and loopback only; `Origin` with every POST), it
    is no browser, and has no cookie that a page could use.
    https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and _place(origin) != _place(f"{request.scheme}://{request.host}")


def _place(origin: str) -> tuple[str, int] | None:
    """Host and port. The scheme is left out: a proxy before us may speak https without saying so."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    # 80 and 443 are the same place for the same reason.
    return parts.hostname, 0 if port in (None, 80, 443) else port
