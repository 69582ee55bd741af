"""Signatures, held against those that botocore makes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from localaws.service import AwsError
from localaws.sigv4 import Key, Request, sign, verify

KEY = Key("LKIATESTTESTTESTTEST", "s3cr3t")
URL = "http://127.0.0.1:4566/"


def signed(url=URL, method="POST", body=b"{}", key=KEY, service="glue", auth=None, **headers):
    """A request as botocore sends it."""
    request = AWSRequest(method, url, data=body, headers={"X-Amz-Target": "AWSGlue.GetTable", **headers})
    credentials = Credentials(key.access_key_id, key.secret_access_key)
    (auth or SigV4Auth)(credentials, service, "eu-west-1").add_auth(request)
    parts = urlsplit(request.prepare().url)
    sent = {name.lower(): str(value) for name, value in request.prepare().headers.items()}
    return Request(method, parts.path, parts.query, {"host": parts.netloc, **sent}, body)


def changed(request, **changes):
    return Request(**{**vars(request), **changes})


def refusal(request, now=None):
    with pytest.raises(AwsError) as refused:
        verify(request, KEY, now)
    return refused.value


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL + "a/b%20c/d%2Fe",
        URL + "a/./b/../c//d/",
        URL + "?b=2&a=1&a=0&empty=&flag",
        URL + "%C3%BC?q=%C3%BC%26&%C3%BC=~-_.",
    ],
)
def test_what_botocore_signs_is_accepted(url):
    scope = verify(signed(url), KEY)
    assert (scope.region, scope.service) == ("eu-west-1", "glue")


def test_spaces_in_a_header_do_not_matter():
    assert verify(signed(**{"X-Amz-Note": "  two   words "}), KEY).service == "glue"


def test_a_presigned_request_is_accepted_until_it_expires():
    request = signed(method="GET", body=b"", auth=lambda *args: SigV4QueryAuth(*args, expires=3600))
    assert verify(request, KEY).service == "glue"
    now = datetime.now(UTC)
    assert verify(request, KEY, now + timedelta(minutes=59)).service == "glue"
    assert "Signature expired" in refusal(request, now + timedelta(minutes=61)).message


def test_what_we_sign_we_accept():
    request = Request("GET", "/x", "a=1", {"host": "127.0.0.1:1"}, b"")
    headers = sign(request, KEY, "us-east-1", "health")
    assert verify(changed(request, headers=headers), KEY).service == "health"


def test_a_request_without_a_signature():
    error = refusal(Request("POST", "/", "", {"host": "127.0.0.1"}, b"{}"))
    assert (error.code, error.status) == ("MissingAuthenticationTokenException", 403)


def test_another_key_is_not_known():
    error = refusal(signed(key=Key("LKIAOTHEROTHEROTHER1", KEY.secret_access_key)))
    assert error.code == "UnrecognizedClientException"


def test_another_secret_does_not_match():
    error = refusal(signed(key=Key(KEY.access_key_id, "other")))
    assert error.code == "InvalidSignatureException"
    assert "does not match" in error.message


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"x": 1}'},
        {"method": "PUT"},
        {"path": "/other"},
        {"query": "a=1"},
    ],
)
def test_what_was_changed_after_signing_does_not_match(change):
    assert refusal(changed(signed(), **change)).code == "InvalidSignatureException"


def test_a_changed_or_added_header_of_aws_does_not_match():
    request = signed()
    other = {**request.headers, "x-amz-target": "AWSGlue.DeleteDatabase"}
    assert refusal(changed(request, headers=other)).code == "InvalidSignatureException"
    added = {**request.headers, "x-amz-security-token": "x"}
    assert "must be a 'SignedHeader'" in refusal(changed(request, headers=added)).message


def test_the_host_must_be_signed():
    request = signed()
    headers = dict(request.headers)
    headers["authorization"] = headers["authorization"].replace("host;", "")
    assert "'Host' must be a 'SignedHeader'" in refusal(changed(request, headers=headers)).message


@pytest.mark.parametrize(("minutes", "word"), [(16, "expired"), (-16, "not yet current")])
def test_it_is_good_for_fifteen_minutes_either_way(minutes, word):
    request, now = signed(), datetime.now(UTC)
    assert verify(request, KEY, now + timedelta(minutes=minutes * 14 / 16)).service == "glue"
    error = refusal(request, now + timedelta(minutes=minutes))
    assert error.code == "InvalidSignatureException"
    assert word in error.message


def test_the_day_of_the_scope_is_that_of_the_date():
    request = signed()
    headers = dict(request.headers)
    day = headers["x-amz-date"][:8]
    headers["authorization"] = headers["authorization"].replace(f"/{day}/", "/20200101/")
    assert "Date in Credential scope" in refusal(changed(request, headers=headers)).message


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4, SignedHeaders=host, Signature=00",
        "",
    ],
)
def test_an_incomplete_signature(authorization):
    headers = {**signed().headers, "authorization": authorization}
    assert refusal(changed(signed(), headers=headers)).code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
        "&X-Amz-Expires=604801",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
        "&X-Amz-Expires=x",
        "X-Amz-Algorithm=none",
    ],
)
def test_an_incomplete_presigned_request(query):
    request = Request("GET", "/", query, {"host": "127.0.0.1"}, b"")
    assert refusal(request).code == "IncompleteSignatureException"


def test_a_key_does_not_show_its_secret():
    assert KEY.secret_access_key not in repr(KEY)
