"""What a viewer may not see is in no answer of the server, whatever the page is asked for."""

import re

import pytest
from fake_athena import FakeAthena, tables
from logloom import redact
from logloom.dashboard import create_app, statements
from logloom.dashboard.access import guard, private, roles
from logloom.dashboard.access.roles import Who
from logloom.dashboard.access.state import State
from logloom.dashboard.access.users import Users
from logloom.dashboard.access.veil import Hidden, Veil
from logloom.dashboard.data import Data, Trouble
from logloom.dashboard.view import View
from logloom.errors import QueryFailed
from logloom.settings import Settings

WORD = "correct horse battery"
TOLD = ("client_address", "url_path", "user_agent_original", "http_request_header_referer", "log_file_path")
SECRETS = ("198.51.100.77", "2001:db8::beef", "ann.smith@example.org", "eyJhbGciOi.J9eyJzdWIi.x-_y")


@pytest.fixture(scope="session")
def telling():
    """The tables with addresses wherever a line can hold one; and the addresses."""
    frames = {name: frame.copy() for name, frame in tables(days=3).items()}
    logs, rejects = frames["logs"], frames["log_rejects"]
    where = logs["message"].notna()
    said = " of 198.51.100.77 and [2001:db8::beef]:443 for ann.smith@example.org token=" + SECRETS[3]
    logs.loc[where, "message"] = logs.loc[where, "message"] + said
    paths = logs["url_path"].notna()
    logs.loc[paths, "url_path"] = logs.loc[paths, "url_path"] + "/of/198.51.100.77"
    logs.loc[paths, "url_query"] = "ip=198.51.100.77&mail=ann.smith%40example.org"
    logs.loc[paths, "http_request_header_referer"] = "http://198.51.100.77/ann.smith@example.org"
    logs.loc[paths, "user_agent_original"] = "probe/1 (+198.51.100.77)"
    logs["attributes"] = "{peer=198.51.100.77, user=ann.smith@example.org}"
    for frame in frames.values():
        if "log_file_path" in frame:
            frame["log_file_path"] = frame["log_file_path"].str.replace(
                ".log", "_198.51.100.77.log", regex=False
            )
    rejects["raw_line"] = rejects["raw_line"] + said
    clients = set(tables(days=3)["logs"]["client_address"].dropna())
    return frames, clients | set(SECRETS)


def seen_in(text, secrets):
    """Those of the secrets that stand in the text, also percent-encoded."""
    plain = text.replace("%40", "@").replace("\\u0040", "@")
    return sorted(
        one for one in secrets if re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", plain) is not None
    )


@pytest.fixture
def door(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGLOOM_STATE_ROOT", str(tmp_path / "state"))
    settings = Settings(dashboard_folder=str(tmp_path / "door"))
    users = Users(private.folder(settings) / "users.json")
    users.put("vic", WORD, "viewer")
    users.put("ann", WORD, "analyst")
    return settings


def look_around(look, user):
    """Log in, and touch everything that the page has; the bodies of all answers."""
    bodies = []

    def keep(response):
        own = response.url.startswith(look.url) and "_dash-component-suites" not in response.url
        if own and response.status == 200:
            bodies.append(response)

    look.page.goto(look.url)
    look.page.get_by_label("User").fill(user)
    look.page.get_by_label("Password").fill(WORD)
    look.page.on("response", keep)
    look.page.get_by_role("button", name="Log in").click()
    look.page.wait_for_selector("#events-grid .ag-row")
    look.settled()
    for column in (
        "client_address",
        "url_path",
        "user_agent_original",
        "http_request_header_referer",
        "log_file_path",
    ):
        look.page.evaluate(
            "column => dash_clientside.set_props('top0-column', {value: column})",
            column,
        )
        look.page.wait_for_timeout(50)
        look.settled()
    look.page.locator("#events-grid .ag-row").first.click()
    look.page.wait_for_selector("#event-body .fields")
    look.page.keyboard.press("Escape")
    look.page.locator("[data-rejects]").first.click()
    look.page.wait_for_selector("#rejects-body table")
    look.page.keyboard.press("Escape")
    return [(response.url, response.text()) for response in bodies]


def test_a_viewer_meets_no_address(new_look, port, door, telling):
    frames, secrets = telling
    port.app = create_app(door, queries=FakeAthena(frames), guard=guard.of(door)).server
    look = new_look(port.url)
    texts = look_around(look, "vic")
    assert len(texts) > 20
    for url, text in texts:
        assert not seen_in(text, secrets), url
    assert not seen_in(look.page.content(), secrets)
    assert re.search(r"address-[0-9a-f]{12}", look.page.content())
    # The session ends while the page is open: its next question leads to the login, that back to the view.
    look.page.locator("input[type=checkbox][value=INFO]").focus()
    look.page.keyboard.press("Space")
    look.page.wait_for_function("() => location.search.includes('levels')")
    look.settled()
    view = look.page.url
    with State(private.folder(door) / "state.sqlite").writing() as connection:
        connection.execute("DELETE FROM sessions")
    look.page.locator("#refresh").click()
    look.page.get_by_label("User").fill("vic")
    look.page.get_by_label("Password").fill(WORD)
    look.page.get_by_role("button", name="Log in").click()
    look.page.wait_for_selector("#events-grid .ag-row")
    assert look.page.url == view
    look.page.get_by_role("button", name="Log out").click()
    look.page.wait_for_selector("#password")
    look.page.context.clear_cookies()
    look.problems = [problem for problem in look.problems if "401" not in problem]  # that was the question


def test_an_analyst_sees_them(new_look, port, door, telling):
    frames, _ = telling
    port.app = create_app(door, queries=FakeAthena(frames), guard=guard.of(door)).server
    look = new_look(port.url)
    text = "".join(text for _, text in look_around(look, "ann"))
    assert seen_in(text, SECRETS) == sorted(SECRETS)
    look.page.context.clear_cookies()


# --- the data that panels ask --------------------------------------------------------------------------


@pytest.fixture
def veil(tmp_path):
    return Veil(
        lambda: roles.current() or Who("vic", "viewer"),
        State(tmp_path / "state.sqlite"),
        lambda: redact.Redactor(b"k" * 32),
    )


@pytest.fixture
def data(telling, veil):
    return Data(Settings(), FakeAthena(telling[0]), veil)


@pytest.fixture(scope="session")
def view(telling):
    times = telling[0]["logs"]["timestamp"]
    return View(start=times.min().to_pydatetime(), end=times.max().to_pydatetime())


def view_of(view, **more):
    return View(view.start, view.end, **more)


def test_a_pseudonym_is_a_filter(data, view, telling):
    top = data.ask(statements.top(view, "client_address")).frame.dropna()
    shown, events = top.iloc[0][["value", "events"]]
    assert re.fullmatch(r"address-[0-9a-f]{12}", shown)
    only = data.ask(statements.top(view_of(view, include=(("client_address", shown),)), "client_address"))
    assert only.frame["value"].tolist() == [shown]
    assert only.frame["events"].tolist() == [events]
    assert not seen_in(str(only.parameters), telling[1])
    without = data.ask(
        statements.top(view_of(view, exclude=(("client_address", shown),)), "client_address", 99)
    )
    assert shown not in without.frame["value"].tolist()


def test_texts_with_addresses_are_filters_as_they_are_shown(data, view):
    shown = data.ask(statements.top(view, "url_path")).frame.dropna().iloc[0]
    only = data.ask(statements.top(view_of(view, include=(("url_path", shown["value"]),)), "url_path"))
    assert only.frame["events"].tolist() == [shown["events"]]


@pytest.mark.parametrize("secret", SECRETS[:3])
def test_a_viewer_cannot_ask_for_what_is_hidden(data, view, secret):
    for column in ("client_address", "url_path"):
        with pytest.raises(Trouble, match="pseudonyms"):
            data.ask(statements.top(view_of(view, include=((column, secret),)), "source"))
    with pytest.raises(Trouble, match="pseudonyms"):
        data.ask(statements.events(view_of(view, text=f"x {secret}")))


@pytest.mark.parametrize(
    "expression",
    [
        r"198[.]51",
        r"\b1\d\d\.5",
        r"100.77",
        r"2001:db8",
        r"be{2}f",
        r"ann[.]smith",
        r"example[.]org",
        r"5\d\.1",
    ],
)
def test_a_regular_expression_does_not_find_them(data, view, expression):
    asked = statements.events(view_of(view, text=expression, regex=True))
    assert data.ask(asked).frame.empty
    with roles.acting(Who("ann", "analyst")):
        assert not data.ask(asked).frame.empty


def test_parts_of_an_address_as_text_do_not_find_it(data, view):
    for part in ("198.51.1", "51.100", ".77 ", "db8::", "smith@exam"):
        try:
            assert data.ask(statements.events(view_of(view, text=part))).frame.empty
        except Trouble as refused:
            assert refused.title == "Not for your role"
    assert not data.ask(statements.events(view_of(view, text="payment declined"))).frame.empty


def test_an_error_of_athena_tells_none(data, view):
    data.queries.fail = QueryFailed("HIVE_BAD_DATA: cannot read '198.51.100.77' of ann.smith@example.org")
    with pytest.raises(Trouble) as caught:
        data.ask(statements.heat(view))
    assert not seen_in(str(caught.value), SECRETS)


def test_one_answer_is_kept_for_both_roles(data, view):
    statement = statements.top(view, "client_address")
    asked = len(data.queries.asked)
    hidden = data.ask(statement).frame
    with roles.acting(Who("ann", "analyst")):
        plain = data.ask(statement)
    assert plain.cached
    assert len(data.queries.asked) == asked + 1
    assert hidden["events"].tolist() == plain.frame["events"].tolist()
    assert not set(hidden["value"].dropna()) & set(plain.frame["value"].dropna())


def test_without_knowing_who_asks_nothing_is_shown(tmp_path, door):
    with roles.acting(None):
        made = guard.of(door)
        assert made.veil().down
        assert not guard.Guard().veil().down


def test_a_made_up_pseudonym_finds_nothing(veil):
    statement = statements.Statement("x", "SELECT 1", ("address-000000000000", 7))
    assert veil.question(statement, "none").parameters == ("address-000000000000", 7)
    with pytest.raises(Hidden):
        veil.question(statements.Statement("x", "SELECT 1", ("192.0.2.1",)), "none")
