"""Who gets in: login, cookies, origins, hosts, headers; asked as browsers ask, without one."""

import json
import re

import pytest
from fake_athena import FakeAthena
from logloom.dashboard import create_app
from logloom.dashboard.access import guard, private
from logloom.dashboard.access.guard import Guard
from logloom.dashboard.access.users import Users
from logloom.settings import Settings

WORD = "correct horse battery"
HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def settings(tmp_path):
    return Settings(dashboard_folder=str(tmp_path / "door"))


@pytest.fixture
def users(settings):
    users = Users(private.folder(settings) / "users.json")
    users.put("ann", WORD, "analyst")
    users.put("vic", WORD, "viewer")
    return users


class Visitor:
    """A browser's cookies and what it sends with a form."""

    def __init__(self, app, base="http://127.0.0.1:8050/", **environ):
        self.client = app.server.test_client()
        self.options = {"base_url": base, "environ_overrides": environ}

    def get(self, path="/", **more):
        return self.client.get(path, **{"headers": HTML, **self.options, **more})

    def post(self, path, **more):
        return self.client.post(path, **{**self.options, **more})

    def form(self):
        page = self.get("/login").text
        return re.search(r'name="form" value="([^"]+)"', page)[1]

    def log_in(self, user="ann", password=WORD, **more):
        data = {"user": user, "password": password, "form": self.form()}
        return self.post("/login", data=data, **more)

    def forget_session(self):
        for cookie in list(self.client._cookies.values()):
            if "session" in cookie.key:
                self.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)

    def callback(self, **more):
        return self.post("/_dash-update-component", **{"json": {}, **more})


@pytest.fixture(scope="module")
def athena():
    return FakeAthena()


@pytest.fixture
def app(settings, users, athena):
    return create_app(settings, queries=athena, guard=guard.of(settings))


@pytest.fixture
def visitor(app):
    return Visitor(app)


def journal(settings):
    path = private.folder(settings) / "access.log"
    assert path.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- login ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/anything", "/_dash-layout", "/_dash-dependencies", "/_favicon.ico"])
def test_nothing_without_a_login(visitor, path):
    answer = visitor.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json == {"error": "the session has ended: log in"}
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert visitor.callback().status_code == 401


def test_what_needs_no_login(visitor):
    assert visitor.get("/healthz").json == {"status": "ok"}
    assert visitor.get("/assets/style.css").status_code == 200
    page = visitor.get("/login")
    assert page.status_code == 200
    assert "ann" not in page.text


def test_login_comes_back_to_the_view_that_was_asked_for(visitor):
    assert (
        visitor.get("/?levels=ERROR&q=a%26b").headers["Location"]
        == "/login?next=levels%3DERROR%26q%3Da%2526b"
    )
    visitor.get("/login?next=levels%3DERROR%26q%3Da%2526b")
    answer = visitor.log_in()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?levels=ERROR&q=a%26b")
    page = visitor.get()
    assert page.status_code == 200
    assert visitor.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "\r\nX-Bad: 1", "/\\evil.example"]
)
def test_login_leads_nowhere_else(visitor, target):
    visitor.get("/login", query_string={"next": target})
    answer = visitor.log_in()
    assert answer.headers["Location"].startswith("/?")
    assert "X-Bad" not in answer.headers


def test_wrong_password_and_unknown_user_hear_the_same(visitor, app):
    wrong, unknown = visitor.log_in("ann", "wrong"), Visitor(app).log_in("nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    said = [re.search(r'role="alert">([^<]+)', answer.text)[1] for answer in (wrong, unknown)]
    assert said == ["User or password is wrong."] * 2
    assert visitor.get().status_code == 303


def test_what_was_typed_stands_in_the_page_as_text(visitor):
    assert '<b>"x' not in visitor.log_in('<b>"x', "wrong").text


def test_a_form_of_another_page_is_refused(visitor, app):
    foreign = Visitor(app).form()
    answer = visitor.post("/login", data={"user": "ann", "password": WORD, "form": foreign})
    assert answer.status_code == 400
    assert visitor.post("/login", data={"user": "ann", "password": WORD}).status_code == 400
    assert visitor.get().status_code == 303


def test_guessing_is_slowed_and_the_known_browser_is_not_locked_out(app, visitor, settings):
    visitor.log_in()
    guesser = Visitor(app)
    codes = [guesser.log_in("ann", f"guess {n}").status_code for n in range(7)]
    assert codes == [401] * 5 + [429] * 2
    limited = guesser.log_in("ann", WORD)  # the right one is not looked at either
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) >= 1
    visitor.forget_session()
    assert visitor.log_in().status_code == 303
    events = [line["event"] for line in journal(settings)]
    assert events == ["login", *["login failed"] * 5, *["login limited"] * 3, "login"]


def test_a_login_makes_a_new_session_and_logout_ends_it(visitor):
    first = visitor.log_in()
    cookie = next(c for c in first.headers.getlist("Set-Cookie") if c.startswith("logloom-session"))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    name, value = cookie.split(";")[0].split("=", 1)
    visitor.forget_session()
    second = visitor.log_in()
    assert value not in str(second.headers)
    layout = visitor.get("/_dash-layout", headers={"Accept": "application/json"}).text
    token = re.search(r'"name": ?"form", ?"value": ?"([0-9a-f]{64})"|"value": ?"([0-9a-f]{64})"', layout)
    token = token[1] or token[2]
    kept = visitor.client.get_cookie(name, domain="127.0.0.1").value
    assert visitor.post("/logout", data={"form": "0" * 64}).status_code == 400
    assert visitor.post("/logout", data={"form": token}).headers["Location"] == "/login"
    replayed = visitor.client.get("/", headers={**HTML, "Cookie": f"{name}={kept}"}, **visitor.options)
    assert replayed.status_code == 303


def test_cookies_over_https(app, settings):
    visitor = Visitor(app, base="https://logs.example.org/")
    cookies = visitor.log_in().headers.getlist("Set-Cookie")
    assert all("Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
    assert any(c.startswith("__Host-logloom-session-") and "Path=/;" in c + ";" for c in cookies)
    assert not any("Domain" in cookie for cookie in cookies)
    assert visitor.get().status_code == 200


def test_journal_has_no_secrets(visitor, settings):
    visitor.log_in("ann", "the wrong secret")
    visitor.log_in()
    text = (private.folder(settings) / "access.log").read_text()
    assert "secret" not in text
    assert WORD not in text
    line = journal(settings)[-1]
    assert (line["event"], line["user"], line["role"], line["address"]) == (
        "login",
        "ann",
        "analyst",
        "127.0.0.1",
    )


def test_the_journal_keeps_a_line_a_line(visitor, settings):
    visitor.log_in('x\n{"event": "login"}', "wrong")
    assert [line["event"] for line in journal(settings)] == ["login failed"]


# --- pages of elsewhere ---------------------------------------------------------------------------------

FROM_ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.fixture
def open_app(athena):
    return create_app(Settings(), queries=athena)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_no_page_of_elsewhere_asks(open_app, headers):
    visitor = Visitor(open_app)
    assert visitor.callback(headers=headers).status_code == 403
    assert visitor.get("/_dash-layout", headers={**headers, "Sec-Fetch-Mode": "cors"}).status_code == 403
    assert visitor.get("/_dash-layout", headers={**headers, "Sec-Fetch-Mode": "no-cors"}).status_code == 403


def test_our_own_page_asks(open_app):
    visitor = Visitor(open_app)
    own = {"Origin": "http://127.0.0.1:8050", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert visitor.get("/_dash-layout", headers=own).status_code == 200
    assert visitor.callback(headers=own).status_code not in (401, 403, 421)
    # A link from elsewhere opens the page.
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", **HTML}
    assert visitor.get("/", headers=link).status_code == 200


def test_callbacks_are_json(open_app):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert Visitor(open_app).callback(json=None, data="{}", content_type=kind).status_code == 415


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8050",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.0.2.1",
        "",
    ],
)
def test_a_name_that_is_not_ours_is_refused(open_app, host):
    for path in ("/", "/_dash-layout", "/assets/style.css"):
        answer = Visitor(open_app).get(path, headers={**HTML, "Host": host})
        assert answer.status_code in (400, 421)
        assert "Logloom" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost", "[::1]:8050", "LOCALHOST:1", "127.0.0.9"])
def test_this_machine_s_names(open_app, host):
    assert Visitor(open_app).get("/", headers={**HTML, "Host": host}).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_without_a_login_no_proxy_asks_for_others(open_app, header):
    answer = Visitor(open_app).get("/", headers={**HTML, header: "198.51.100.7"})
    assert answer.status_code == 403
    assert "add-user" in answer.text


def test_hosts_of_the_settings(settings, users, athena):
    named = settings.model_copy(update={"dashboard_hosts": ("logs.example.org",)})
    app = create_app(named, queries=athena, guard=guard.of(named))
    assert Visitor(app).get("/login", headers={**HTML, "Host": "logs.example.org"}).status_code == 200
    assert Visitor(app).get("/login", headers={**HTML, "Host": "evil.example"}).status_code == 421


# --- headers --------------------------------------------------------------------------------------------


def test_headers(visitor):
    visitor.log_in()
    for path in ("/", "/login", "/_dash-layout", "/nothing/here", "/healthz"):
        headers = visitor.get(path).headers
        policy = headers["Content-Security-Policy"]
        script = re.search(r"script-src ([^;]+)", policy)[1]
        assert "unsafe" not in script
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self';" in policy + ";"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
    assert "no-store" not in visitor.get("/assets/style.css").headers.get("Cache-Control", "")


def test_a_notebook_may_frame_it(athena):
    app = create_app(Settings(), queries=athena, guard=Guard(notebook=True))
    headers = Visitor(app).get("/").headers
    assert "http://127.0.0.1:*" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers


def test_an_error_is_a_reference_and_the_log_has_it(open_app, caplog):
    @open_app.server.get("/breaks")
    def breaks():
        raise RuntimeError("the innermost secret")

    answer = Visitor(open_app).get("/breaks")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "innermost" not in answer.text
    reference = re.search(r"reference (\w+)", answer.text)[1]
    assert f"[reference {reference}]" in caplog.text
    assert "innermost" in caplog.text


def test_too_long_a_question_is_refused(open_app):
    assert Visitor(open_app).callback(json={"x": "y" * 2_100_000}).status_code == 413
