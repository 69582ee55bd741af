"""What every answer says to the browser: run no other script, ask nobody else, be in nobody's frame."""

from __future__ import annotations

from collections.abc import Sequence

import flask

# Pages that may frame a dashboard in a notebook: JupyterLab on this machine (another port is another origin),
# and VS Code's.
NOTEBOOKS = ("http://127.0.0.1:*", "http://localhost:*", "https://127.0.0.1:*", "https://localhost:*")
NOTEBOOKS += ("vscode-webview:",)
# Whether these are let through is not asked of the session; nothing of the logs is in them.
STATIC = ("/assets/", "/_dash-component-suites/")


def policy(scripts: Sequence[str], ancestors: Sequence[str]) -> str:
    """Content security policy.

    Parameters
    ----------
    scripts
        Hashes of the scripts that stand in the page (Dash's start). All others are files of this server.
    ancestors
        Who may frame the page, besides itself; without any, nobody but itself.

    Notes
    -----
    Styles may be inline: Mantine, AG Grid and Plotly set them one by one.
    """
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *scripts)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            " ".join(("frame-ancestors 'self'", *ancestors)),
        )
    )


def secure(response: flask.Response, policy: str, *, framed: bool) -> flask.Response:
    """Set the headers of `response`; `framed` where a page of another origin may frame it."""
    headers = response.headers
    headers["Content-Security-Policy"] = policy
    headers["X-Content-Type-Options"] = "nosniff"
    # The URL holds the filters. ("no-referrer" would make the Origin of our own forms null.)
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    if not framed:
        headers["X-Frame-Options"] = "SAMEORIGIN"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if not flask.request.path.startswith(STATIC):
        headers["Cache-Control"] = "no-store"
    return response
