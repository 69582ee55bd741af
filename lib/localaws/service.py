"""What a service of the local AWS is, what it is given, and how it refuses."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from localaws.store import Store

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from localaws.processes import Spawner

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class AwsError(Exception):
    """An error as an AWS service answers it.

    Parameters
    ----------
    code
        The error's name in the service model, ``EntityNotFoundException`` for one; a client finds it in
        ``ClientError.response["Error"]["Code"]``.
    message
        One sentence, in AWS's words where they are known.
    status
        The HTTP status.
    fields
        Further members of the error's body.
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


class Service(Protocol):
    """A service that answers the JSON protocol: Glue and Athena.

    A handler gets the request's body and gives the answer's, both as botocore's service model has them
    (a timestamp is an aware `datetime`, a blob is `bytes`). Both are validated against the model around it.
    """

    service_name: str  # as botocore names it: "glue", "athena"

    def actions(self) -> dict[str, Handler]:
        """Give the handler of each action, by its name in the service model (``GetTable``)."""

    def start(self) -> None:
        """Recover what a killed supervisor left: runs that no process works at any more, for one.

        S3 answers by now, the other services not yet.
        """

    def close(self) -> None:
        """Stop what runs, before the supervisor ends."""


@dataclass(frozen=True)
class Context:
    """What a service needs of its surroundings.

    Attributes
    ----------
    root
        The state folder (absolute).
    s3_root
        The folder with one folder a bucket below it: an object is the file ``s3_root/bucket/key``.
    store
        The database in which a service keeps its own tables.
    account_id, region
        As they stand in ARNs.
    profile_env
        The environment that makes any AWS client in a child process use this local AWS (``AWS_CONFIG_FILE``,
        ``AWS_SHARED_CREDENTIALS_FILE``, ``AWS_PROFILE``, ``AWS_REGION`` …).
    spawner
        Starts child processes that die with the supervisor: ``context.spawner.popen([...], env=…)``.
    """

    root: Path
    s3_root: Path
    store: Store
    account_id: str
    region: str
    profile_env: dict[str, str]
    spawner: Spawner | None = field(default=None, repr=False)
    forget_listing: Callable[[str], None] | None = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, init=False, repr=False, compare=False)

    @functools.cached_property
    def _session(self):
        # A botocore session of its own: the supervisor's environment may name other profiles.
        import boto3
        import botocore.session

        session = botocore.session.Session()
        session.set_config_variable("config_file", self.profile_env["AWS_CONFIG_FILE"])
        session.set_config_variable("credentials_file", self.profile_env["AWS_SHARED_CREDENTIALS_FILE"])
        session.set_config_variable("profile", self.profile_env["AWS_PROFILE"])
        return boto3.Session(botocore_session=session, region_name=self.region)

    def client(self, service: str) -> BaseClient:
        """Give a boto3 client of this local AWS (thread-safe, made once): ``context.client("logs")``."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service)
            return self._clients[service]

    def s3(self) -> BaseClient:
        """Give the boto3 S3 client against the rclone endpoint."""
        return self.client("s3")

    def forget(self, *locations: str) -> None:
        """Make S3 list the files that a process wrote under these places directly, at once.

        Call it after writing under `s3_root` and before telling a client that the work is done; without it S3
        shows the files within a second.

        Parameters
        ----------
        locations
            ``s3://bucket/prefix`` or ``bucket/prefix``; a prefix stands for its folder and all below.
        """
        if self.forget_listing is not None:
            for location in locations:
                self.forget_listing(location.removeprefix("s3://"))
