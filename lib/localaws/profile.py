"""The AWS profile of a state folder: with it, any AWS client uses this local AWS and nothing else.

Keys of the files: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
"""

from __future__ import annotations

import configparser
import os
import secrets
from pathlib import Path

from localaws.layout import Layout, new_secret, write_private
from localaws.sigv4 import Key

PROFILE = "logloom-local"

# Answers a signed GET when everything does.
HEALTH_PATH = "/_localaws/health"

CONFIG = """\
# Written at each start of the local AWS; changes are lost. Use it with AWS_PROFILE={profile} and
# AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE set to the files in this folder.
[profile {profile}]
region = {region}
output = json
endpoint_url = {endpoint}
services = {profile}
# An answer to a ranged GET carries the checksum of the whole object.
response_checksum_validation = when_required
s3 =
    addressing_style = path
    signature_version = s3v4

[services {profile}]
s3 =
    endpoint_url = {s3_endpoint}
glue =
    endpoint_url = {endpoint}
athena =
    endpoint_url = {endpoint}
sts =
    endpoint_url = {endpoint}
iam =
    endpoint_url = {endpoint}
cloudwatch_logs =
    endpoint_url = {endpoint}
"""


def write_config(layout: Layout, region: str, endpoint: str, s3_endpoint: str) -> None:
    """Write the profile with the endpoints of this run; no service of it leads to the real AWS."""
    write_private(
        layout.config,
        CONFIG.format(profile=PROFILE, region=region, endpoint=endpoint, s3_endpoint=s3_endpoint),
    )


def ensure_key(layout: Layout) -> Key:
    """Give the folder's access key, made at random when there is none yet."""
    if (key := read_key(layout)) is not None:
        layout.credentials.chmod(0o600)
        return key
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    key = Key("LKIA" + "".join(secrets.choice(letters) for _ in range(16)), new_secret(40))
    write_private(
        layout.credentials,
        f"[{PROFILE}]\naws_access_key_id = {key.access_key_id}\n"
        f"aws_secret_access_key = {key.secret_access_key}\n",
    )
    layout.credentials.parent.chmod(0o700)
    return key


def read_key(layout: Layout) -> Key | None:
    """Read the folder's access key; None when there is no whole one."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(layout.credentials, encoding="utf-8")
        section = parser[PROFILE]
        return Key(section["aws_access_key_id"], section["aws_secret_access_key"])
    except (KeyError, configparser.Error):
        return None


def environment(layout: Layout, region: str) -> dict[str, str]:
    """Give the environment variables that make any AWS client use the profile.

    A client that is given none of AWS's other variables then talks to this AWS only.
    """
    proxied = any(name.lower() in ("http_proxy", "all_proxy") for name in os.environ)
    return {
        **({"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"} if proxied else {}),
        "AWS_CONFIG_FILE": str(layout.config),
        "AWS_SHARED_CREDENTIALS_FILE": str(layout.credentials),
        "AWS_PROFILE": PROFILE,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "LOGLOOM_LOCAL_ROOT": str(layout.root),
    }


def endpoint_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def is_private(path: Path) -> bool:
    """Whether no one but its owner can read a file."""
    return path.stat().st_mode & 0o077 == 0
