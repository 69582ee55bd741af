"""The login page, and what becomes of it: a session in a cookie, or a reason."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from pathlib import Path
from urllib.parse import urlencode

import flask
import requests
from authlib.integrations.flask_client import OAuthError
from itsdangerous import BadSignature, URLSafeSerializer
from joserfc.errors import JoseError

from logloom.dashboard.access import oidc
from logloom.dashboard.access.attempts import Attempts
from logloom.dashboard.access.journal import Journal
from logloom.dashboard.access.roles import Who
from logloom.dashboard.access.sessions import OIDC, PASSWORD, Sessions
from logloom.dashboard.access.state import State
from logloom.dashboard.access.users import Users
from logloom.settings import Settings

log = logging.getLogger(__name__)

DEVICE_SECONDS = 90 * 24 * 3600
TEMPLATE = (Path(__file__).parent / "login.html").read_text(encoding="utf-8")
WRONG = "User or password is wrong."


class Login:
    """Users, sessions and limits of one server, and its pages for them."""

    def __init__(self, settings: Settings, folder: Path, key: bytes) -> None:
        self.settings = settings
        self.state = State(folder / "state.sqlite")
        self.users = Users(folder / "users.json")
        self.users.all()  # a file that cannot be used is told at the start
        self.sessions = Sessions(
            self.state,
            self.users,
            hmac.digest(key, b"sessions", "sha256"),
            settings.dashboard_idle_minutes * 60,
            settings.dashboard_session_hours * 3600,
        )
        self.attempts = Attempts(self.state)
        self.journal = Journal(folder / "access.log")
        self.provider: oidc.Provider | None = None
        self._devices = URLSafeSerializer(
            hmac.digest(key, b"devices", "sha256"), signer_kwargs={"digest_method": hashlib.sha256}
        )
        # Cookies know no ports: two dashboards of one machine must not take each other's.
        self._mark = hashlib.sha256(b"mark" + key).hexdigest()[:8]

    def install(self, server: flask.Flask) -> None:
        if self.settings.oidc_issuer:
            self.provider = oidc.Provider(self.settings, server, self.state)
        server.add_url_rule("/login", "login", self._page)
        server.add_url_rule("/login", "login_try", self._try, methods=["POST"])
        server.add_url_rule("/login/provider", "login_provider", self._to_provider)
        server.add_url_rule("/login/return", "login_return", self._from_provider)
        server.add_url_rule("/logout", "logout", self._logout, methods=["POST"])

    def cookie(self, kind: str) -> str:
        return f"logloom-{kind}-{self._mark}"

    def who(self) -> Who | None:
        """Who this request's cookie says it is."""
        cookie = flask.request.cookies.get(self._session_cookie())
        return self.sessions.find(cookie) if cookie else None

    def form_token(self, who: Who) -> str:
        """What the logout form of a session holds, so that no other page can send it."""
        return hmac.new(self.sessions.key, f"form {who.session}".encode(), "sha256").hexdigest()

    def ask(self) -> flask.Response:
        """Send a page to the login, tell a callback that its session has ended."""
        request = flask.request
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            query = request.query_string.decode("utf-8", "replace")
            return _see(f"{flask.url_for('login')}{'?' + urlencode({'next': query}) if query else ''}")
        answer = flask.jsonify({"error": "the session has ended: log in"})
        answer.status_code = 401
        return answer

    # --- views ---------------------------------------------------------------------------------------------

    def _page(self) -> flask.typing.ResponseReturnValue:
        if self.who() is not None:
            return _see(self._home())
        return self._show("", 200)

    def _try(self) -> flask.typing.ResponseReturnValue:
        form, request = flask.request.form, flask.request
        expected = flask.session.get("form", "")
        if not expected or not hmac.compare_digest(expected.encode(), form.get("form", "").encode()):
            return self._show("This page was open for too long: try again.", 400)
        name, password = form.get("user", "").strip()[:128], form.get("password", "")
        address, device = request.remote_addr or "", self._device_of(name)
        wait = self.attempts.begin(name, address, device)
        if wait > 0:
            self._note("login limited", name)
            seconds = max(1, round(wait))
            response = flask.make_response(
                self._show(f"Too many tries: wait {_in_words(seconds)}, then try again.", 429)
            )
            response.headers["Retry-After"] = str(seconds)
            return response
        user = self.users.check(name, password)
        if user is None:
            self._note("login failed", name)
            return self._show(WRONG, 401)
        self.attempts.succeeded(name, address, device)
        return self._begin(user.name, user.role, PASSWORD, user.stamp)

    def _to_provider(self) -> flask.typing.ResponseReturnValue:
        if self.provider is None:
            return _see(flask.url_for("login"))
        try:
            return self.provider.send_there(flask.url_for("login_return", _external=True))
        except (OAuthError, requests.RequestException, ValueError) as error:
            log.error("the OpenID provider cannot be asked: %s", error)
            return self._show("The login service does not answer: try again in a moment.", 502)

    def _from_provider(self) -> flask.typing.ResponseReturnValue:
        if self.provider is None:
            return _see(flask.url_for("login"))
        try:
            name, role = self.provider.take_back()
        except oidc.NotAllowed as person:
            self._note("login refused", str(person))
            return self._show("You are known, but nobody has let you in here: ask who runs this.", 403)
        except (OAuthError, JoseError, requests.RequestException, ValueError, KeyError) as error:
            # What came in the URL is a stranger's: it goes to the log escaped, and not to the page.
            log.warning("a login by OpenID Connect failed: %s %r", type(error).__name__, str(error)[:300])
            self._note("login failed", "")
            return self._show("The login was not completed: try again.", 401)
        return self._begin(name, role, OIDC, "")

    def _logout(self) -> flask.typing.ResponseReturnValue:
        who = self.who()
        if who is None:
            return _see(flask.url_for("login"))
        if not hmac.compare_digest(self.form_token(who), flask.request.form.get("form", "")):
            return "Log out with the button of the dashboard.\n", 400, {"Content-Type": "text/plain"}
        name = self._session_cookie()
        self.sessions.end(flask.request.cookies[name])
        self._note("logout", who.name)
        response = _see(flask.url_for("login"))
        response.delete_cookie(name, **self._flags())
        return response

    # --- parts ---------------------------------------------------------------------------------------------

    def _begin(self, name: str, role: str, kind: str, stamp: str) -> flask.Response:
        """A new session, whatever cookie the browser came with; the one that it had ends."""
        cookie = self._session_cookie()
        if old := flask.request.cookies.get(cookie):
            self.sessions.end(old)
        query = flask.session.get("next", "")
        flask.session.clear()
        response = _see(self._home(query))
        response.set_cookie(cookie, self.sessions.begin(name, role, kind, stamp), **self._flags())
        if kind == PASSWORD and self._device_of(name) is None:
            device = self._devices.dumps([name, secrets.token_urlsafe(12)])
            response.set_cookie(self.cookie("device"), device, max_age=DEVICE_SECONDS, **self._flags())
        self._note("login", name, role=role, by=kind)
        return response

    def _show(self, problem: str, status: int) -> tuple[str, int]:
        flask.session.setdefault("form", secrets.token_urlsafe(24))
        if "next" in flask.request.args:
            flask.session["next"] = flask.request.args["next"][:4000]
        page = flask.render_template_string(
            TEMPLATE,
            database=self.settings.database,
            problem=problem,
            form=flask.session["form"],
            user=flask.request.form.get("user", "")[:128] if status in (401, 429) else "",
            provider=self.provider.title if self.provider else "",
            passwords=bool(self.users.all()) or self.provider is None,
            root=flask.request.script_root,
        )
        return page, status

    def _home(self, query: str = "") -> str:
        """The dashboard's page; but what stands behind the `?` comes from outside: it leads nowhere else."""
        query = "".join(character for character in query if " " < character < "\x7f")
        return f"{flask.request.script_root}/{'?' + query if query else ''}"

    def _session_cookie(self) -> str:
        """Its name: browsers take `__Host-` and `__Secure-` by https alone, the first from no subdomain.

        https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-cookie-name-prefixes
        """
        name = self.cookie("session")
        if not flask.request.is_secure:
            return name
        return f"__Secure-{name}" if flask.request.script_root else f"__Host-{name}"

    def _flags(self) -> dict:
        secure = flask.request.is_secure
        path = f"{flask.request.script_root}/"
        return {"httponly": True, "samesite": "Lax", "secure": secure, "path": path}

    def _device_of(self, name: str) -> str | None:
        """This browser's mark, if the user has logged in from it before."""
        try:
            known, device = self._devices.loads(flask.request.cookies.get(self.cookie("device"), ""))
        except (BadSignature, TypeError, ValueError, json.JSONDecodeError):
            return None
        return device if known == name else None

    def _note(self, event: str, user: str, **more: str) -> None:
        self.journal.write(event, user, flask.request.remote_addr or "", **more)


def _see(url: str) -> flask.Response:
    return flask.make_response("", 303, {"Location": url})


def _in_words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"
