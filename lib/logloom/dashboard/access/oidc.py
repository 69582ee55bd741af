"""Login at an OpenID Connect provider: authorization code with PKCE, and who of its users gets which role.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, by authlib.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import flask
from authlib.integrations.flask_client import OAuth, OAuthError

from logloom import project
from logloom.dashboard.access import private
from logloom.dashboard.access.hosts import is_loopback
from logloom.dashboard.access.roles import ANALYST, VIEWER
from logloom.dashboard.access.state import State
from logloom.errors import LogloomError
from logloom.settings import Settings

SECRET_VARIABLE = "LOGLOOM_OIDC_CLIENT_SECRET"  # noqa: S105
ANSWER_SECONDS = 10
# Signatures with the provider's own private key; never "none", never with a secret that both know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class NotAllowed(LogloomError):
    """The provider knows this person, the settings let nobody like that in."""


class Provider:
    """The provider that the settings name.

    Parameters
    ----------
    state
        Where nonce and PKCE verifier wait for the way back; the browser holds but their name, signed.

    Raises
    ------
    LogloomError
        The settings contradict each other, or the client secret's file is readable by others.
    """

    def __init__(self, settings: Settings, app: flask.Flask, state: State) -> None:
        self._settings = settings
        issuer = settings.oidc_issuer.rstrip("/")
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise LogloomError(f"oidc_issuer: {issuer!r} is no https:// address")
        if not settings.oidc_client_id:
            raise LogloomError("oidc_client_id is missing: the provider knows the dashboard by it")
        if not (settings.oidc_viewers or settings.oidc_analysts):
            raise LogloomError("nobody could log in: name mail domains or groups in oidc_viewers")
        secret = client_secret(settings)
        self.title = parts.hostname or issuer
        self._issuer = issuer
        self._client = OAuth(app, cache=_Flows(state)).register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(settings.oidc_scopes),
                "code_challenge_method": "S256",
                "default_timeout": ANSWER_SECONDS,
                **({} if secret else {"token_endpoint_auth_method": "none"}),
            },
        )

    def send_there(self, back: str) -> flask.Response:
        """Send the browser to the provider, which will send it to `back`."""
        self._metadata()
        return self._client.authorize_redirect(back)

    def take_back(self) -> tuple[str, str]:
        """Check what the provider sent along; the person's name and role.

        Raises
        ------
        NotAllowed
            A right login of somebody whom the settings do not let in.
        OAuthError, requests.RequestException, joserfc.errors.JoseError
            No right login.
        """
        self._metadata()
        claims_options = {
            "iss": {"essential": True, "value": self._issuer_of_tokens},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }
        token = self._client.authorize_access_token(claims_options=claims_options, leeway=60)
        claims = token.get("userinfo")
        if not claims:
            raise OAuthError(description="the provider sent no id_token")
        known = dict(claims)
        wanted = {"email", self._settings.oidc_groups_claim}
        if not wanted <= set(known) and self._client.server_metadata.get("userinfo_endpoint"):
            # Providers may keep an id_token short; what they tell here counts for the same person only.
            more = self._client.userinfo(token=token)
            if more.get("sub") == known["sub"]:
                known = {**more, **known}
        return admitted(self._settings, known)

    def _metadata(self) -> None:
        metadata = self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
            raise OAuthError(description=f"the provider calls itself {metadata.get('issuer')!r}")
        self._issuer_of_tokens = metadata["issuer"]
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [one for one in offered if one in ALGORITHMS]


def admitted(settings: Settings, claims: Mapping[str, Any]) -> tuple[str, str]:
    """Name and role of the person whom `claims` describe.

    Entries of `oidc_analysts` and `oidc_viewers`: ``ann@example.org`` is a person, ``example.org`` everybody
    with such a mail address (both only where the provider says ``email_verified``), ``group:sre`` a group in
    the claim `oidc_groups_claim`, ``sub:1234`` the provider's own name of a person, ``*`` everybody whom it
    knows.
    """
    mail = claims.get("email")
    mail = mail.lower() if isinstance(mail, str) and claims.get("email_verified") is True else ""
    groups = claims.get(settings.oidc_groups_claim)
    groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    is_so = {"*", f"sub:{claims['sub']}", *(f"group:{group}" for group in groups)}
    if mail.count("@") == 1:
        is_so |= {mail, mail.partition("@")[2]}
    name = mail or str(claims.get("preferred_username") or claims["sub"])
    for role, entries in ((ANALYST, settings.oidc_analysts), (VIEWER, settings.oidc_viewers)):
        if is_so & {entry if ":" in entry else entry.lower().removeprefix("@") for entry in entries}:
            return name[:128], role
    raise NotAllowed(name[:128])


def client_secret(settings: Settings) -> str | None:
    """The secret from the environment or its file of mode 0600; None for a public client."""
    if secret := os.environ.get(SECRET_VARIABLE):
        return secret
    if not settings.oidc_client_secret_file:
        return None
    path = project.resolve(settings.oidc_client_secret_file)
    try:
        return private.read(path).decode("utf-8").strip()
    except FileNotFoundError:
        raise LogloomError(f"oidc_client_secret_file: {path} is not there") from None
    except UnicodeDecodeError:
        raise LogloomError(f"oidc_client_secret_file: {path} is not text") from None


class _Flows:
    """What authlib keeps between the way there and the way back, shared by the workers."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, name: str) -> str | None:
        rows = self._state.rows("SELECT value FROM flows WHERE name = ? AND until > ?", name, time.time())
        return rows[0][0] if rows else None

    def set(self, name: str, value: str, seconds: float) -> None:
        now = time.time()
        with self._state.writing() as connection:
            connection.execute("DELETE FROM flows WHERE until < ?", (now,))
            connection.execute("INSERT OR REPLACE INTO flows VALUES (?, ?, ?)", (name, value, now + seconds))

    def delete(self, name: str) -> None:
        with self._state.writing() as connection:
            connection.execute("DELETE FROM flows WHERE name = ?", (name,))
