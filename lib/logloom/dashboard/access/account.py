"""In the page's head: who is logged in, and the way out."""

from __future__ import annotations

from dash import dcc, html

from logloom.dashboard.access import roles
from logloom.dashboard.access.guard import Guard


def account(guard: Guard, root: str) -> list:
    """Name, role and the logout button; nothing on a server without a login."""
    who = guard.who()
    if guard.login is None or not who.session:
        return []
    form = html.Form(
        [
            dcc.Input(type="hidden", name="form", value=guard.login.form_token(who)),
            html.Button("Log out", type="submit", className="plain"),
        ],
        action=f"{root}logout",
        method="post",
    )
    return [
        html.Span(
            [html.Span(who.name, className="user"), f" · {who.role}"],
            className="who",
            title=f"As {who.role}, {who.name} {roles.ROLES[who.role]}",
        ),
        form,
    ]
