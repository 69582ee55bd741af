"""A boto3 session for the settings' profile; the local AWS is started when that is the profile."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from logloom import project
from logloom.errors import AwsUnreachable
from logloom.settings import LOCAL_PROFILE, Settings, nearest

if TYPE_CHECKING:
    import boto3

# Keys and endpoints in the environment win over the profile's, and would take a local run to real AWS.
_OVERRIDES = re.compile(
    r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|ENDPOINT_URL(_\w+)?"
    r"|IGNORE_CONFIGURED_ENDPOINT_URLS|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE)"
)
_before_local: dict[str, str] | None = (
    None  # the AWS_* environment as it was before the local AWS took it over
)


def session(settings: Settings) -> boto3.Session:
    """Return a session for the settings' profile and region.

    With the profile `logloom-local` the local AWS is started where it is not running. `AWS_CONFIG_FILE`,
    `AWS_SHARED_CREDENTIALS_FILE`, `AWS_PROFILE` and `AWS_REGION` are set, so that awswrangler, PyAthena and
    child processes meet the same AWS.

    Raises
    ------
    AwsUnreachable
        The profile does not exist, it has no credentials, or the local AWS does not start.
    """
    if settings.profile == LOCAL_PROFILE:
        _enter_local(start_local(settings.region))
    else:
        _leave_local()
    made = _session(settings)
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = settings.region
    if settings.profile:
        os.environ["AWS_PROFILE"] = settings.profile
    return made


def start_local(region: str = "us-east-1") -> Path:
    """Start the local AWS where it is not running, and return its folder."""
    folder = project.local_root()
    if not _answers(folder / "aws" / "config"):
        environment = {**os.environ, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        command = [sys.executable, "-m", "localaws", "start", "--root", str(folder)]
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise AwsUnreachable(f"the local AWS did not start: {reason[-1]}")
    return folder


def _answers(config: Path) -> bool:
    """Tell whether something listens at every endpoint of the profile: saves most calls a process start."""
    try:
        endpoints = re.findall(
            r"endpoint_url\s*=\s*http://([\d.]+):(\d+)", config.read_text(encoding="utf-8")
        )
    except FileNotFoundError:
        return False
    for host, port in set(endpoints):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return False
    return bool(endpoints)


def _enter_local(folder: Path) -> None:
    global _before_local
    if _before_local is None:
        _before_local = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in [name for name in os.environ if _OVERRIDES.fullmatch(name)]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = str(folder / "aws" / "config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(folder / "aws" / "credentials")


def _leave_local() -> None:
    global _before_local
    if _before_local is None:
        return
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(_before_local)
    _before_local = None


def _session(settings: Settings) -> boto3.Session:
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError, ProfileNotFound

    try:
        made = boto3.Session(profile_name=settings.profile or None, region_name=settings.region)
        credentials = made.get_credentials()
    except ProfileNotFound:
        known = botocore.session.get_session().available_profiles
        hint = nearest(settings.profile, [*known, LOCAL_PROFILE])
        raise AwsUnreachable(
            f"there is no AWS profile {settings.profile!r}: make it with `aws configure --profile "
            f"{settings.profile}`" + (f", or did you mean {hint!r}?" if hint else "")
        ) from None
    except BotoCoreError as error:
        raise AwsUnreachable(f"AWS credentials cannot be read: {error}") from error
    if credentials is None:
        raise AwsUnreachable(
            "there are no AWS credentials: set `profile` to a profile with credentials (`aws configure`, "
            f"`aws sso login`), or to {LOCAL_PROFILE!r} to run without AWS"
        )
    return made
