"""The WSGI application: who may call, and which service answers."""

from __future__ import annotations

import io
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from localaws import sigv4
from localaws.model import Model
from localaws.profile import HEALTH_PATH
from localaws.service import AwsError, Service

log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]

LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}

# What each service calls a request that breaks its model's constraints, and a fault of its own.
VALIDATION_ERRORS = {"glue": "ValidationException", "athena": "InvalidRequestException"}
INTERNAL_ERRORS = {"glue": "InternalServiceException", "athena": "InternalServerException"}

# In the environment: an error that an action's model does not name is answered as the fault of ours that it
# is. The tests ask for it; a user is served better by the error.
STRICT = "LOGLOOM_LOCAL_STRICT"
BROKEN_CONTRACT = "not as the service model says"

# The query protocol's names for what the JSON protocol calls otherwise
# (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
QUERY_NAMES = {
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
}


class Application:
    """Everything but S3: Glue and Athena by ``X-Amz-Target``, all else by moto in this process.

    Parameters
    ----------
    key
        The only access key there is.
    services
        The services of ours.
    s3_endpoint
        Where S3 is: named to those who ask for it here.
    """

    def __init__(self, key: sigv4.Key, services: Iterable[Service], s3_endpoint: str) -> None:
        self.key = key
        self.s3_endpoint = s3_endpoint
        self.services = {
            service.service_name: (Model(service.service_name), service.actions()) for service in services
        }
        self._targets = {model.target_prefix: name for name, (model, _) in self.services.items()}
        self._moto: Any = None
        self._moto_lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        target = environ.get("HTTP_X_AMZ_TARGET")
        try:
            refuse_browsers(environ)
            scope = sigv4.verify(_request(environ, body), self.key)
            if environ["PATH_INFO"] == HEALTH_PATH:
                return _answer(start_response, "200 OK", "application/json", b'{"status": "running"}')
            prefix, _, action = (target or "").partition(".")
            if prefix in self._targets:
                return self._json(self._targets[prefix], action, scope, body, start_response)
            return self._other(environ, scope, body, start_response)
        except AwsError as error:
            if target:
                return _json_error(start_response, error, "application/x-amz-json-1.1")
            return _query_error(start_response, error)

    def _json(
        self, name: str, action: str, scope: sigv4.Scope, body: bytes, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request of the JSON protocol to a service of ours."""
        model, handlers = self.services[name]
        operation = model.operation(action)
        try:
            if scope.service != name:
                raise AwsError(
                    "InvalidSignatureException",
                    f"Credential should be scoped to correct service: '{name}'.",
                    403,
                )
            handler = handlers.get(action)
            if operation is None or handler is None:
                known = "" if operation is None else f"The local AWS does not have {name}'s {action}."
                raise AwsError("UnknownOperationException", known)
            request = model.decode_request(operation, _document(body), VALIDATION_ERRORS[name])
            answer = model.encode_answer(operation, handler(request))
        except AwsError as error:
            if operation is not None and not model.may_answer(operation, error.code):
                log.error("%s %s may not answer %s: %s", name, action, error, BROKEN_CONTRACT)
                if STRICT in os.environ:
                    error = AwsError(INTERNAL_ERRORS[name], f"{BROKEN_CONTRACT}: {error}", 500)
            return _json_error(start_response, error, model.content_type)
        # A fault of ours or of the machine: the client is told, the log holds it all.
        except Exception as fault:
            log.exception("%s %s failed", name, action)
            error = AwsError(INTERNAL_ERRORS[name], f"{type(fault).__name__}: {fault}", 500)
            return _json_error(start_response, error, model.content_type)
        return _answer(start_response, "200 OK", model.content_type, json.dumps(answer).encode())

    def _other(
        self, environ: dict[str, Any], scope: sigv4.Scope, body: bytes, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let moto answer, for the service that the request is signed for."""
        if scope.service in VALIDATION_ERRORS:
            # moto knows these too, but says SUCCEEDED to work that it never does.
            raise AwsError("UnknownOperationException", f"{scope.service} has no such operation.")
        if scope.service in ("s3", "s3express"):
            raise AwsError("InvalidRequest", f"S3 is at {self.s3_endpoint}, as the profile says.")
        if environ["PATH_INFO"].startswith(("/moto-api", "/latest/")):
            raise AwsError("UnknownOperationException", "", 404)
        if "HTTP_AUTHORIZATION" not in environ:
            # moto takes the service from this header; a presigned request has it in its query.
            environ["HTTP_AUTHORIZATION"] = f"{sigv4.ALGORITHM} Credential={self.key.access_key_id}/{scope}, "
        environ["wsgi.input"] = io.BytesIO(body)
        with self._moto_lock:
            if self._moto is None:
                # Loaded when first asked: it takes as long to load as all else here.
                os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # no answer invites web pages
                from moto.server import DomainDispatcherApplication, create_backend_app

                self._moto = DomainDispatcherApplication(create_backend_app)
        return self._moto(environ, start_response)


def refuse_browsers(environ: dict[str, Any]) -> None:
    """Refuse what comes from a web page, or by another name than this machine's own (DNS rebinding).

    No AWS client sends these headers; a page in the user's browser cannot leave them out.

    Raises
    ------
    AwsError
        AccessDeniedException.
    """
    host = environ.get("HTTP_HOST", "")
    if host.rpartition(":")[0] not in LOOPBACK and host not in LOOPBACK:
        raise AwsError("AccessDeniedException", f"The local AWS does not answer to the name {host!r}.", 403)
    if (
        environ["REQUEST_METHOD"] == "OPTIONS"
        or "HTTP_ORIGIN" in environ
        or any(name.startswith("HTTP_SEC_FETCH_") for name in environ)
    ):
        raise AwsError("AccessDeniedException", "The local AWS does not answer web pages.", 403)


def _request(environ: dict[str, Any], body: bytes) -> sigv4.Request:
    path, _, query = environ["RAW_URI"].partition("?")
    headers = {
        name[5:].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if name in environ:
            headers[name.lower().replace("_", "-")] = environ[name]
    return sigv4.Request(environ["REQUEST_METHOD"], path, query, headers, body)


def _document(body: bytes) -> Any:
    """Read a request's JSON; what only Python takes for JSON is refused.

    Raises
    ------
    AwsError
        SerializationException.
    """

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(body or b"{}", parse_constant=refuse)
    except (ValueError, RecursionError):
        raise AwsError("SerializationException", "The request is no valid JSON.") from None


def _answer(
    start_response: StartResponse, status: str, content_type: str, data: bytes, *more: tuple[str, str]
) -> Iterable[bytes]:
    headers = [("Content-Type", content_type), ("x-amzn-RequestId", str(uuid.uuid4())), *more]
    start_response(status, headers)
    return [data]


def _json_error(start_response: StartResponse, error: AwsError, content_type: str) -> Iterable[bytes]:
    document = {"__type": error.code, "message": error.message, **error.fields}
    status = f"{error.status} {error.code}"
    data = json.dumps(document).encode()
    return _answer(start_response, status, content_type, data, ("x-amzn-ErrorType", error.code))


def _query_error(start_response: StartResponse, error: AwsError) -> Iterable[bytes]:
    code = QUERY_NAMES.get(error.code, error.code)
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
    )
    # The header is for clients of the REST protocols, which look for the code there.
    return _answer(
        start_response, f"{error.status} {code}", "text/xml", text.encode(), ("x-amzn-ErrorType", error.code)
    )
