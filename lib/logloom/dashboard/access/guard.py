"""Who gets in: every request passes here before anything else sees it, and every answer on its way out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import flask
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException

from logloom.dashboard.access import hosts, private, roles
from logloom.dashboard.access.headers import NOTEBOOKS, STATIC, policy, secure
from logloom.dashboard.access.journal import Journal
from logloom.dashboard.access.login import Login
from logloom.dashboard.access.roles import OWNER, STRANGER
from logloom.dashboard.access.veil import Veil
from logloom.settings import Settings

# What a callback may send; its inputs are filters, not data.
LONGEST_BODY = 2_000_000
OPEN = ("/healthz", "/login", "/login/provider", "/login/return")
# What proxies say of those for whom they ask.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@dataclass(frozen=True)
class Guard:
    """How one dashboard is guarded.

    Attributes
    ----------
    login
        None asks nobody who he is: then only pages and programs of this machine are answered.
    known_hosts
        Names besides this machine's own that the server has.
    notebook
        It is shown in a notebook: JupyterLab may frame it, and its proxy, which has a login of its own, may
        ask for somebody.
    key
        Signs what browsers hold; the same in all workers.
    """

    login: Login | None = None
    known_hosts: tuple[str, ...] = ()
    notebook: bool = False
    any_host: bool = False
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    journal: Journal = field(default_factory=lambda: Journal(None))

    def install(self, server: flask.Flask, scripts: list[str]) -> None:
        """Stand before every view of `server`; `scripts` are the hashes of the page's own."""
        server.secret_key = self.key
        server.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
        told = policy(scripts, NOTEBOOKS if self.notebook else ())
        # First of all: a view, or another's before_request, never sees what is refused here.
        server.before_request_funcs.setdefault(None, []).insert(0, self._before)
        server.after_request(lambda response: secure(response, told, framed=self.notebook))
        if self.login:
            server.session_interface = _Cookies(self.login.cookie("before"))
            self.login.install(server)

    def who(self) -> roles.Who:
        """Who asks, where the context knows; fails closed on a server with a login."""
        return roles.current() or (STRANGER if self.login else OWNER)

    def veil(self) -> Veil:
        """What is between Athena and those who may not see all of its answers."""
        from logloom import redact

        return Veil(self.who, self.login.state if self.login else None, redact.load)

    def _before(self) -> flask.typing.ResponseReturnValue | None:
        request = flask.request
        roles.become(STRANGER)
        if request.path == "/healthz":
            return None
        self._check_host(request)
        self._check_origin(request)
        if self.login is None:
            roles.become(OWNER)
            return None
        who = self.login.who()
        if who is not None:
            roles.become(who)
        elif request.path not in OPEN and not request.path.startswith(STATIC):
            return self.login.ask()
        return None

    def _check_host(self, request: flask.Request) -> None:
        strict = self.login is None or self.known_hosts
        if strict and not self.any_host and not hosts.is_known(request.host, self.known_hosts):
            refuse(
                421,
                f"This dashboard does not answer to the name {hosts.name_of(request.host)!r}. "
                "Its settings can name it (dashboard_hosts).",
            )
        if self.login is None and not self.notebook and any(name in request.headers for name in FORWARDED):
            refuse(
                403,
                "This dashboard has no login, and a proxy asks it for somebody else: "
                "add a user (logloom dashboard add-user) and start it again.",
            )

    def _check_origin(self, request: flask.Request) -> None:
        reads = request.method in ("GET", "HEAD", "OPTIONS")
        # A link from elsewhere may open the page; nothing from elsewhere may read or send.
        opens = reads and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        if not opens and hosts.is_from_elsewhere(request):
            refuse(
                403,
                "Only the dashboard's own page may ask this. "
                "Behind a proxy, pass the Host header on, or start with --proxies 1.",
            )
        if request.method == "POST" and request.path.startswith("/_dash") and not request.is_json:
            refuse(415, "Callbacks are JSON.")


def refuse(status: int, sentence: str) -> None:
    """End the request with one sentence."""
    response = flask.Response(f"{sentence}\n", status, mimetype="text/plain")
    error = HTTPException(sentence, response)
    error.code = status
    raise error


def of(settings: Settings) -> Guard:
    """The guard of a standalone dashboard: with a login where users or a provider are there.

    Raises
    ------
    LogloomError
        A file of the folder is readable by others, or the provider's settings contradict each other.
    """
    folder = private.folder(settings)
    key = private.key(folder, "session.key")
    return Guard(
        login=Login(settings, folder, key) if has_login(settings) else None,
        known_hosts=settings.dashboard_hosts,
        key=key,
        journal=Journal(folder / "access.log"),
    )


def has_login(settings: Settings) -> bool:
    """Whether there are users, or a provider that knows some."""
    if settings.oidc_issuer:
        return True
    folder = private.folder(settings, make=False)
    from logloom.dashboard.access.users import Users

    return bool(folder.exists() and Users(folder / "users.json").all())


class _Cookies(SecureCookieSessionInterface):
    """Flask's session, for what is before a login: the form's token, the way to the provider."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get_cookie_name(self, app: flask.Flask) -> str:
        return self._name

    def get_cookie_secure(self, app: flask.Flask) -> bool:
        return flask.request.is_secure

    def get_cookie_samesite(self, app: flask.Flask) -> str:
        return "Lax"

    def get_cookie_path(self, app: flask.Flask) -> str:
        return f"{flask.request.script_root}/"
