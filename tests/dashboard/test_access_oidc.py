"""Login at a real OpenID Connect provider: who gets in, as what, and what is not believed."""

import base64
import json
import re
import threading
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import oidc_provider_mock
import pytest
import requests
from authlib.integrations.flask_client.apps import FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from fake_athena import FakeAthena
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from logloom.dashboard import create_app
from logloom.dashboard.access import guard, oidc, private
from logloom.errors import LogloomError
from logloom.settings import Settings
from werkzeug.serving import make_server

HTML = {"Accept": "text/html"}
SECRET = "a secret of the client's"


@pytest.fixture(scope="module")
def provider():
    """The provider's address; its users."""
    people = {
        "1": {"email": "Ann@Example.org", "email_verified": True, "groups": ["sre"]},
        "2": {"email": "vic@example.org", "email_verified": True},
        "3": {"email": "eve@example.org", "email_verified": False},
        "4": {"email": "mallory@example.net", "email_verified": True},
        "5": {"email": "mallory@example.net@example.org", "email_verified": True},
        "6": {"preferred_username": "grace", "groups": "sre"},
        "7": {"email": "vic@example.org", "email_verified": "true"},
    }
    users = [oidc_provider_mock.User(sub=sub, claims=claims) for sub, claims in people.items()]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def athena():
    return FakeAthena()


@pytest.fixture
def settings(tmp_path, provider):
    secret = tmp_path / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    return Settings(
        oidc_client_secret_file=str(secret),
        dashboard_folder=str(tmp_path / "door"),
        oidc_issuer=provider,
        oidc_client_id="logloom",
        oidc_viewers=("example.org", "group:logs"),
        oidc_analysts=("ann@example.org", "group:sre"),
    )


@pytest.fixture
def visitor(settings, athena):
    return Browser(create_app(settings, queries=athena, guard=guard.of(settings)))


class Browser:
    def __init__(self, app):
        self.client, self.base = app.server.test_client(), "http://127.0.0.1:8050/"

    def get(self, path="/", **more):
        return self.client.get(path, base_url=self.base, headers=HTML, **more)

    def to_provider(self):
        answer = self.get("/login/provider")
        assert answer.status_code == 302
        return answer.headers["Location"]

    def back_from(self, location, sub):
        """What the provider answers to the person: the way back."""
        answer = requests.post(location, data={"sub": sub}, allow_redirects=False, timeout=30)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def log_in(self, sub):
        back = self.back_from(self.to_provider(), sub)
        assert back.startswith(f"{self.base}login/return?")
        return self.get(back.removeprefix(self.base.rstrip("/")))

    def role(self):
        page = self.get("/_dash-layout")
        if page.status_code != 200:
            return None
        found = re.search(r' \\u00b7 (viewer|analyst)"| · (viewer|analyst)"', page.text)
        return found[1] or found[2]


def journal(settings):
    return [json.loads(line) for line in (private.folder(settings) / "access.log").read_text().splitlines()]


@pytest.mark.parametrize(
    ("sub", "name", "role"),
    [("1", "ann@example.org", "analyst"), ("2", "vic@example.org", "viewer"), ("6", "grace", "analyst")],
)
def test_who_gets_in(visitor, settings, sub, name, role):
    answer = visitor.log_in(sub)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert visitor.role() == role
    line = journal(settings)[-1]
    assert (line["event"], line["user"], line["role"], line["by"]) == ("login", name, role, "oidc")


@pytest.mark.parametrize("sub", ["3", "4", "5", "7", "unknown"])
def test_who_does_not(visitor, settings, sub):
    answer = visitor.log_in(sub)
    assert answer.status_code == 403
    assert "nobody has let you in" in answer.text
    assert visitor.get().status_code == 303
    assert [line["event"] for line in journal(settings)] == ["login refused"]


def test_the_way_there(visitor):
    query = parse_qs(urlsplit(visitor.to_provider()).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid email profile"]
    assert len(query["state"][0]) >= 20
    assert len(query["nonce"][0]) >= 20
    assert query["redirect_uri"] == ["http://127.0.0.1:8050/login/return"]


def test_it_comes_back_to_the_view(visitor):
    visitor.get("/login", query_string={"next": "levels=ERROR"})
    assert visitor.log_in("2").headers["Location"] == "/?levels=ERROR"


def test_the_page_offers_only_the_provider_where_there_are_no_users(visitor):
    page = visitor.get("/login").text
    assert "Log in with localhost" in page
    assert "password" not in page


def changed(url, **values):
    parts = urlsplit(url)
    query = {name: value[0] for name, value in parse_qs(parts.query).items()} | values
    return urlunsplit(parts._replace(query=urlencode(query)))


def test_what_comes_back_counts_in_the_same_browser_once(visitor, settings, athena):
    back = visitor.back_from(visitor.to_provider(), "1").removeprefix(visitor.base.rstrip("/"))
    other = Browser(create_app(settings, queries=athena, guard=guard.of(settings)))
    assert other.get(back).status_code == 401  # somebody else's browser: no state of ours in it
    back = visitor.back_from(visitor.to_provider(), "1").removeprefix(visitor.base.rstrip("/"))
    assert visitor.get(back).status_code == 303
    assert visitor.get(back).status_code == 401  # a second time


@pytest.mark.parametrize("values", [{"state": "x"}, {"code": "x"}, {"error": "access_denied"}, {"code": ""}])
def test_what_is_not_believed(visitor, settings, values, caplog):
    back = visitor.back_from(visitor.to_provider(), "1").removeprefix(visitor.base.rstrip("/"))
    answer = visitor.get(changed(back, **values))
    assert answer.status_code == 401
    assert "not completed" in answer.text
    assert "Traceback" not in answer.text
    assert visitor.get().status_code == 303


def test_another_nonce_is_not_believed(visitor):
    location = changed(visitor.to_provider(), nonce="of-another-login")
    back = visitor.back_from(location, "1").removeprefix(visitor.base.rstrip("/"))
    assert visitor.get(back).status_code == 401


@pytest.fixture
def forger(visitor, monkeypatch):
    """Changes the claims that the provider sends, signed by a key in the place of its own."""
    key, fetch = RSAKey.generate_key(2048, {"kid": "of the test"}), OAuth2Session.fetch_token
    known = {"keys": [key.as_dict(private=False)]}
    monkeypatch.setattr(FlaskOAuth2App, "fetch_jwk_set", lambda self, force=False: known)

    def log_in(sign=key, header=None, **claims):
        def fetch_changed(self, url=None, **more):
            token = fetch(self, url, **more)
            payload = json.loads(base64.urlsafe_b64decode(token["id_token"].split(".")[1] + "=="))
            payload = {name: value for name, value in (payload | claims).items() if value is not None}
            if sign is None:
                parts = [{"alg": "none"}, payload]
                encoded = [
                    base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts
                ]
                token["id_token"] = ".".join([*encoded, ""])
            else:
                token["id_token"] = jwt.encode(
                    header or {"alg": "RS256", "kid": "of the test"},
                    payload,
                    sign,
                    algorithms=["RS256", "HS256"],
                )
            return token

        monkeypatch.setattr(OAuth2Session, "fetch_token", fetch_changed)
        return visitor.log_in("1").status_code

    return log_in


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 303),
        ({"aud": "another"}, 401),
        ({"aud": ["another"], "azp": "logloom"}, 401),
        ({"aud": None}, 401),
        ({"iss": "https://accounts.example.com"}, 401),
        ({"iss": None}, 401),
        ({"exp": 1_000_000}, 401),
        ({"exp": None}, 401),
        ({"nonce": "another"}, 401),
        ({"nonce": None}, 401),
        ({"sub": None}, 401),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, 401),
    ],
    ids=str,
)
def test_claims_of_an_id_token(forger, claims, status):
    assert forger(**claims) == status


def test_signatures_of_an_id_token(forger):
    assert forger(sign=RSAKey.generate_key(2048, {"kid": "of the test"})) == 401
    assert forger(sign=None) == 401
    # The client's secret, which the provider knows too, signs nothing.
    assert forger(sign=OctKey.import_key(SECRET), header={"alg": "HS256"}) == 401


def test_no_id_token_is_no_login(visitor, monkeypatch):
    fetch = OAuth2Session.fetch_token

    def without(self, url=None, **more):
        token = fetch(self, url, **more)
        return {name: value for name, value in token.items() if name != "id_token"}

    monkeypatch.setattr(OAuth2Session, "fetch_token", without)
    assert visitor.log_in("1").status_code == 401


def test_a_provider_that_does_not_answer(settings, athena):
    wrong = settings.model_copy(
        update={"oidc_issuer": settings.oidc_issuer.replace("localhost", "127.0.0.1")}
    )
    visitor = Browser(create_app(wrong, queries=athena, guard=guard.of(wrong)))
    # The provider takes its name from the address that it is asked at: so another path is asked.
    away = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    visitor = Browser(create_app(away, queries=athena, guard=guard.of(away)))
    answer = visitor.get("/login/provider")
    assert answer.status_code == 502
    assert "does not answer" in answer.text


def test_discovery_of_another_issuer_is_refused(settings, athena):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"issuer": "https://accounts.example.com"}).encode()]

    server = make_server("127.0.0.1", 0, application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        other = settings.model_copy(update={"oidc_issuer": f"http://127.0.0.1:{server.port}"})
        visitor = Browser(create_app(other, queries=athena, guard=guard.of(other)))
        assert visitor.get("/login/provider").status_code == 502
    finally:
        server.shutdown()


# --- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"oidc_issuer": "http://accounts.example.org"}, "no https"),
        ({"oidc_issuer": "ftp://localhost"}, "no https"),
        ({"oidc_client_id": ""}, "oidc_client_id is missing"),
        ({"oidc_viewers": (), "oidc_analysts": ()}, "nobody could log in"),
        ({"oidc_client_secret_file": "/nowhere/secret"}, "is not there"),
    ],
)
def test_settings_that_cannot_be(settings, athena, values, said):
    wrong = settings.model_copy(update=values)
    with pytest.raises(LogloomError, match=said):
        create_app(wrong, queries=athena, guard=guard.of(wrong))


def test_the_secret_comes_from_a_private_file_or_the_environment(settings, tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    named = settings.model_copy(update={"oidc_client_secret_file": str(path)})
    path.chmod(0o644)
    with pytest.raises(LogloomError, match="chmod 600"):
        oidc.client_secret(named)
    path.chmod(0o600)
    assert oidc.client_secret(named) == "s3cret"
    monkeypatch.setenv(oidc.SECRET_VARIABLE, "of the environment")
    assert oidc.client_secret(named) == "of the environment"
    assert "s3cret" not in str(named.table())


def test_who_is_admitted():
    settings = Settings(
        oidc_viewers=("*",), oidc_analysts=("sub:42", "@Example.org"), oidc_groups_claim="roles"
    )
    assert oidc.admitted(settings, {"sub": "42"}) == ("42", "analyst")
    assert oidc.admitted(settings, {"sub": "7", "roles": ["42"]}) == ("7", "viewer")
    verified = {"sub": "7", "email": "A@EXAMPLE.ORG", "email_verified": True}
    assert oidc.admitted(settings, verified) == ("a@example.org", "analyst")
    assert oidc.admitted(settings, verified | {"email": "a@sub.example.org"})[1] == "viewer"
    only = Settings(oidc_viewers=("group:x",))
    for claims in (
        {"sub": "1"},
        {"sub": "1", "groups": {"x": 1}},
        {"sub": "group:x"},
        {"sub": "1", "email": "group:x"},
    ):
        with pytest.raises(oidc.NotAllowed):
            oidc.admitted(only, claims)
