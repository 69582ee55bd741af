"""AWS Signature Version 4: checks the signature of every request, and signs our own.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Only what
the services behind the HTTP server need: S3 is served by rclone, which checks its requests itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from localaws.service import AwsError

ALGORITHM = "AWS4-HMAC-SHA256"
WINDOW = timedelta(minutes=15)
LONGEST_PRESIGNED = timedelta(days=7)
TIME_FORMAT = "%Y%m%dT%H%M%SZ"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-fA-F]+)\s*"
)


@dataclass(frozen=True)
class Key:
    """An access key; its secret never shows in a log."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"Key({self.access_key_id!r})"


@dataclass(frozen=True)
class Request:
    """What of an HTTP request its signature covers.

    Attributes
    ----------
    method
        In upper case.
    path, query
        As they stand in the request line, percent-encoded.
    headers
        By lower-case name; the values of a header that came twice are joined with a comma.
    body
        All of it.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Scope:
    """For which service and region a request is signed."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def verify(request: Request, key: Key, now: datetime | None = None) -> Scope:
    """Check that a request is signed with the key, in header or query, within the time it is good for.

    Parameters
    ----------
    request
        The request as it came.
    key
        The only key there is.
    now
        The time; an aware datetime.

    Returns
    -------
    Scope
        The service and the region that the request is meant for.

    Raises
    ------
    AwsError
        MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException or
        InvalidSignatureException, worded as by AWS.
    """
    now = now or datetime.now(UTC)
    query = _query(request.query)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        found = _AUTHORIZATION.fullmatch(authorization.strip())
        if found is None:
            raise _incomplete("Authorization header is not a complete AWS4-HMAC-SHA256 one.")
        credential, signed, signature = found["credential"], found["headers"], found["signature"]
        moment = _moment(request.headers.get("x-amz-date"))
        begins, ends = moment - WINDOW, moment + WINDOW
    elif any(name == "X-Amz-Algorithm" for name, _ in query):
        parameters = dict(query)
        if parameters["X-Amz-Algorithm"] != ALGORITHM:
            raise _incomplete(f"X-Amz-Algorithm must be {ALGORITHM}.")
        try:
            credential = parameters["X-Amz-Credential"]
            signed, signature = parameters["X-Amz-SignedHeaders"], parameters["X-Amz-Signature"]
            lasts = timedelta(seconds=int(parameters.get("X-Amz-Expires", WINDOW.total_seconds())))
        except (KeyError, ValueError):
            raise _incomplete(
                "AWS query-string parameters must include a valid Credential,"
                " SignedHeaders, Signature and Expires."
            ) from None
        if not timedelta(0) < lasts <= LONGEST_PRESIGNED:
            raise _incomplete("X-Amz-Expires must be between 1 and 604800 seconds.")
        moment = _moment(parameters.get("X-Amz-Date"))
        begins, ends = moment - WINDOW, moment + lasts
        query = [pair for pair in query if pair[0] != "X-Amz-Signature"]
    else:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)

    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise _incomplete("Credential must have exactly 5 slash-delimited elements, the last aws4_request.")
    scope = Scope(*parts[1:4])
    names = signed.split(";")
    _check_signed_headers(names, request.headers)
    if not hmac.compare_digest(parts[0].encode(), key.access_key_id.encode()):
        raise AwsError(
            "UnrecognizedClientException", "The security token included in the request is invalid.", 403
        )
    _check_time(moment, begins, ends, now)
    if scope.date != moment.strftime("%Y%m%d"):
        raise _invalid(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{scope.date}' != '{moment:%Y%m%d}'."
        )
    expected = _signature(request, names, query, moment, scope, key)
    if not hmac.compare_digest(expected, signature.lower()):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS"
            " Secret Access Key and signing method. Consult the service documentation for details."
        )
    return scope


def sign(
    request: Request, key: Key, region: str, service: str, now: datetime | None = None
) -> dict[str, str]:
    """Sign a request.

    Returns
    -------
    dict of str to str
        The headers to send with it: its own, the date and the signature.
    """
    moment = now or datetime.now(UTC)
    headers = {**request.headers, "x-amz-date": moment.strftime(TIME_FORMAT)}
    names = sorted(headers)
    scope = Scope(moment.strftime("%Y%m%d"), region, service)
    dated = Request(request.method, request.path, request.query, headers, request.body)
    signature = _signature(dated, names, _query(request.query), moment, scope, key)
    return {
        **headers,
        "authorization": f"{ALGORITHM} Credential={key.access_key_id}/{scope},"
        f" SignedHeaders={';'.join(names)}, Signature={signature}",
    }


def _incomplete(message: str) -> AwsError:
    return AwsError("IncompleteSignatureException", message, 400)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidSignatureException", message, 403)


def _moment(text: str | None) -> datetime:
    try:
        return datetime.strptime(text or "", TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise _incomplete("Date must be given as X-Amz-Date, in the ISO-8601 basic format.") from None


def _check_signed_headers(names: list[str], headers: Mapping[str, str]) -> None:
    if "host" not in names:
        raise _invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    for name in headers:
        # A header that means something to the service must not be exchanged after signing.
        if name.startswith("x-amz-") and name not in names:
            raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _check_time(moment: datetime, begins: datetime, ends: datetime, now: datetime) -> None:
    stamp, current = moment.strftime(TIME_FORMAT), now.strftime(TIME_FORMAT)
    if now > ends:
        oldest = now - (ends - moment)
        raise _invalid(f"Signature expired: {stamp} is now earlier than {oldest:{TIME_FORMAT}} ({current}).")
    if now < begins:
        raise _invalid(
            f"Signature not yet current: {stamp} is still later than {now + WINDOW:{TIME_FORMAT}}"
            f" ({current} + 15 min.)"
        )


def _query(text: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in text.split("&") if part)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _canonical_path(path: str) -> str:
    """Give the path without dot segments, encoded once more, as every service but S3 wants it."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if kept:
                kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    trailing = "/" if kept and path.endswith("/") else ""
    return quote("/" + "/".join(kept) + trailing, safe="/~")


def _signature(
    request: Request,
    names: list[str],
    query: list[tuple[str, str]],
    moment: datetime,
    scope: Scope,
    key: Key,
) -> str:
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    canonical = "\n".join(
        [
            request.method,
            _canonical_path(request.path),
            "&".join(f"{name}={value}" for name, value in encoded),
            headers,
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    to_sign = "\n".join(
        [
            ALGORITHM,
            moment.strftime(TIME_FORMAT),
            str(scope),
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    derived = f"AWS4{key.secret_access_key}".encode()
    for part in (*str(scope).split("/"), to_sign):
        derived = hmac.new(derived, part.encode(), hashlib.sha256).digest()
    return derived.hex()
