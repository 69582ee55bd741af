"""Pseudonyms: nothing that tells on somebody survives, the same stays the same, and other text is let be."""

import ipaddress
import stat
import threading

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logloom import redact
from logloom.errors import LogloomError
from logloom.redact import PSEUDONYM, Redactor

KEY = b"k" * 32
REDACTOR = Redactor(KEY)

V6 = st.ip_addresses(v=6).filter(lambda one: not one.is_unspecified)  # `::` is nobody's
ADDRESSES = st.one_of(st.ip_addresses(v=4).map(str), V6.map(str), V6.map(lambda one: one.exploded.upper()))
# What stands beside it in lines: not what would make it another word (a digit, a dot, a colon).
BESIDE = st.text(st.characters(codec="utf-8", exclude_characters="0123456789.:%"), max_size=30)
EDGE = st.sampled_from(
    [" ", "[", "]", "(", ")", "=", ",", '"', "'", "\t", ";", "/", "|", "<", ">", "\x1b[0m "]
)
MAILS = st.builds(
    "{}@{}.{}".format,
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-äß", min_size=1, max_size=30),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20),
    st.sampled_from(["org", "com", "example", "co.uk"]),
)


@given(BESIDE, EDGE, ADDRESSES, EDGE, BESIDE)
def test_no_address_survives_in_text(before, left, address, right, after):
    redacted = REDACTOR.text(f"{before}{left}{address}{right}{after}")
    assert address not in redacted
    assert address not in REDACTOR.text(f"{before}{left}{address}{right}{after}", agent=True)


@given(BESIDE, EDGE, MAILS, EDGE, BESIDE)
def test_no_mail_survives_in_text(before, left, mail, right, after):
    redacted = REDACTOR.text(f"{before}{left}{mail}{right}{after}")
    assert mail not in redacted
    assert mail not in REDACTOR.text(f"{before}?to={mail.replace('@', '%40')}&x=1").replace("%40", "@")


PIECES = [
    "password=",
    "Bearer ",
    "user=",
    "for user ",
    "token: ",
    "Cookie: ",
    "http://",
    "@",
    ":",
    "1.2.3.",
    "::",
]
PIECES += [
    "eyJhbGciOiJ.eyJzdWIi.x",
    "AKIAIOSFODNN7EXAMPLE",
    "/home/",
    "Chrome/120.0.0.0",
    "address-0123456789ab",
]


@given(st.lists(st.one_of(BESIDE, EDGE, ADDRESSES, MAILS, st.sampled_from(PIECES)), max_size=8).map("".join))
def test_twice_is_once_and_the_fast_way_is_the_slow_way(text):
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once
    assert REDACTOR.column([text]) == [once]
    agent = REDACTOR.text(text, agent=True)
    assert REDACTOR.text(agent, agent=True) == agent


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_taken(text):
    REDACTOR.text(text)
    REDACTOR.learn([text])
    REDACTOR._names.clear()


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a:",
        "token",
        "token-",
        "eyJ-",
        "http://",
        "1.",
        "a@",
        "password='",
        "user ",
        "%40",
        "::",
        "<",
        '"',
    ],
)
def test_a_line_of_a_megabyte_takes_no_more_than_its_length(unit):
    # Were anything quadratic in it, this would take hours.
    REDACTOR.text(unit * (200_000 // len(unit)))


SECRETS = {
    "GET /?access_token=s3cr3tvalue&x=1": "s3cr3tvalue",
    "GET /login?user=x&password=hunter2": "hunter2",
    "GET /a;jsessionid=0A1B2C3D4E5F?x=1": "0A1B2C3D4E5F",
    "/x?PHPSESSID=q1w2e3r4": "q1w2e3r4",
    "/x?next=%2F%3Fpassword%3Dhunter2": "hunter2",
    'Authorization: Basic dXNlcjpwYXNz': "dXNlcjpwYXNz",
    "Authorization: Bearer abc.def-123": "abc.def-123",
    '{"password": "correct horse", "n": 1}': "correct horse",
    '{"session": "deadbeef"}': "deadbeef",
    "{'api_key': 'abcd'}": "abcd",
    "Cookie: a=onesecret; b=othersecret": "othersecret",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN": "eyJhbGciOiJIUzI1NiJ9",
    "key AKIAIOSFODNN7EXAMPLE used": "AKIAIOSFODNN7EXAMPLE",
    "token ghp_0123456789abcdefghijABCDEFGHIJ012345": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "postgres://app:pa55@db/x": "pa55",
    "X-Amz-Signature=0f0f0f0f&X-Amz-Date=1": "0f0f0f0f",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----": "MIIB",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG": "wJalrXUtnFEMI/K7MDENG",
}  # fmt: skip
USERS = {
    "Failed password for invalid user alice from 10.0.0.1 port 22 ssh2": "alice",
    "Failed password for alice from 10.0.0.1": "alice",
    "Accepted publickey for alice from ::1": "alice",
    "pam_unix(sshd:session): session opened for user alice by (uid=0)": "alice",
    "Access denied for user 'alice'@'localhost' (using password: YES)": "alice",
    'FATAL: password authentication failed for user "alice"': "alice",
    'role "alice" does not exist': "alice",
    "sudo:   alice : TTY=pts/0 ; PWD=/home/alice ; COMMAND=/bin/ls": "alice",
    "opening /home/alice/.ssh/config": "alice",
    "GET /~alice/index.html": "alice",
    "login=alice ok": "alice",
    "user_name: alice": "alice",
    '{"user":"alice"}': "alice",
    r"C:\Users\alice\x": "alice",
}


@pytest.mark.parametrize(("text", "secret"), [*SECRETS.items(), *USERS.items()])
def test_secrets_and_names_do_not_survive(text, secret):
    redacted = REDACTOR.text(text)
    assert secret not in redacted
    assert PSEUDONYM.search(redacted)
    assert REDACTOR.text(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Server started in 12:34:56, 2025-12-22T10:20:30.123456Z",
        "std::vector<int> out of range at fmt::print",
        "GET /products/42/reviews?page=2&sort=desc HTTP/1.1",
        "worker 7 exited with code 137 (5.2 s)",
        "user authentication is slow; session opened; the user agent is unknown",
        "token validation failed",
        "connection closed by peer",
        "size=10 color=red",
    ],
)
def test_other_text_is_let_be(text):
    assert REDACTOR.text(text) == text


def test_versions_of_browsers_are_no_addresses():
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"
    assert REDACTOR.text(agent, agent=True) == agent
    assert REDACTOR.text("Chrome/120.0.0.0") != "Chrome/120.0.0.0"


@given(V6)
def test_one_address_has_one_pseudonym_in_all_its_spellings(address):
    one = REDACTOR.address(str(address))
    assert PSEUDONYM.fullmatch(one)
    assert REDACTOR.address(address.exploded.upper()) == one
    assert REDACTOR.address(f"[{address}]:443") == f"{one}:443"
    assert one in REDACTOR.text(f"from {address} port 1")
    assert REDACTOR.address(one) == one


def test_an_address_is_the_same_in_its_column_and_in_text():
    one = REDACTOR.address("192.0.2.7")
    assert REDACTOR.text("client: 192.0.2.7, server: x") == f"client: {one}, server: x"
    assert REDACTOR.address("::ffff:192.0.2.7") == one
    assert REDACTOR.address("192.0.2.7:5000") == f"{one}:5000"
    assert REDACTOR.address("192.0.2.7, 192.0.2.8") == f"{one},{REDACTOR.address('192.0.2.8')}"
    assert one in REDACTOR.text("host ip-192-0-2-7 up")
    assert REDACTOR.address("-") == "-"


def test_another_project_has_other_pseudonyms():
    assert Redactor(b"o" * 32).address("192.0.2.7") != REDACTOR.address("192.0.2.7")


def test_names_that_were_learnt_are_found_everywhere():
    redactor = Redactor(KEY)
    redactor.learn(["Failed password for invalid user mallory from 10.0.0.1", None])
    redactor.learn(["trudy", "user"], kind="user")
    assert redactor.text("hello mallory, trudy.") == (
        f"hello {redactor.pseudonym('user', 'mallory')}, {redactor.pseudonym('user', 'trudy')}."
    )
    assert redactor.text("the user is mallory2") == "the user is mallory2"
    assert redactor.column(["no mallory", "nobody"])[1] == "nobody"
    assert "mallory" not in redactor.column(["no mallory"])[0]


def test_frames_are_redacted_by_what_their_columns_hold():
    frame = pd.DataFrame(
        {
            "client_address": ["10.0.0.1", None, "host.example.org"],
            "message": ["from 10.0.0.1", "mail to bob@example.org", None],
            "log_level": ["ERROR", "INFO", "INFO"],
            "events": [1, 2, 3],
            "attributes": [
                {"user.name": "bob", "password": "x", "n": "1", "peer.address": "10.0.0.1"},
                {},
                {},
            ],
        }
    )
    redacted = REDACTOR.frame(frame)
    one = REDACTOR.address("10.0.0.1")
    assert redacted["client_address"].tolist()[:2] == [one, None]
    assert PSEUDONYM.fullmatch(redacted["client_address"][2])
    assert redacted["message"][0] == f"from {one}"
    assert redacted["log_level"].tolist() == ["ERROR", "INFO", "INFO"]
    assert redacted["attributes"][0] == {
        "user.name": REDACTOR.pseudonym("user", "bob"),
        "password": REDACTOR.pseudonym("secret", "x"),
        "n": "1",
        "peer.address": one,
    }
    assert frame["client_address"][0] == "10.0.0.1"
    assert REDACTOR.column(pl.Series(["10.0.0.1", None]), "address") == [one, None]


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "state" / "redaction.key"
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(redact.load(path).address("10.0.0.1"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["redaction.key"]


def test_a_key_that_others_may_read_or_that_is_damaged_is_refused(tmp_path):
    path = tmp_path / "redaction.key"
    redact.load(path)
    path.chmod(0o644)
    with pytest.raises(LogloomError, match="chmod 600"):
        redact.load(path)
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(LogloomError, match="damaged"):
        redact.load(path)


def test_every_address_of_a_network_keeps_apart():
    pseudonyms = {REDACTOR.address(str(one)) for one in ipaddress.ip_network("10.0.0.0/20")}
    assert len(pseudonyms) == 4096
