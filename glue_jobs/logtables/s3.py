"""Places and objects in S3: the few calls that the tables are made of."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from botocore.client import BaseClient

READ_BYTES = 1 << 20
READ_ATTEMPTS = 5
DELETE_BATCH = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


class UnreadableObjectError(RuntimeError):
    """A listed object cannot be read as it was listed; the message names it and says why."""


@dataclass(frozen=True)
class Location:
    """A bucket and a prefix in it, which ends with a slash or is empty."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Read ``s3://bucket/prefix`` (``s3a://`` and ``s3n://`` mean the same).

        Raises
        ------
        ValueError
            If it is no S3 location.
        """
        scheme, separator, rest = uri.partition("://")
        bucket, _, prefix = rest.partition("/")
        if not separator or scheme not in ("s3", "s3a", "s3n") or not bucket:
            raise ValueError(f"{uri!r} is no S3 location: write s3://bucket/prefix")
        prefix = prefix.strip("/")
        return cls(bucket, f"{prefix}/" if prefix else "")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def key(self, name: str) -> str:
        """Give the key of something below this place."""
        return self.prefix + name

    def below(self, name: str) -> Location:
        """Give the place ``name`` below this one."""
        return Location(self.bucket, f"{self.prefix}{name.strip('/')}/")


@dataclass(frozen=True)
class StoredObject:
    """One object as a listing shows it; the time is UTC, the ETag without its quotes."""

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: datetime

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        return self.key.rsplit("/", 1)[-1]


def list_objects(s3: BaseClient, place: Location) -> Iterator[StoredObject]:
    """List what is below a place, page by page, in the order of the keys.

    Raises
    ------
    ClientError
        Whatever S3 refuses; a bucket that is not there is ``NoSuchBucket``.
    """
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix):
        for item in page.get("Contents", ()):
            yield StoredObject(
                bucket=place.bucket,
                key=item["Key"],
                size=item["Size"],
                etag=item["ETag"].strip('"'),
                last_modified=item["LastModified"],
            )


def list_folders(s3: BaseClient, place: Location) -> list[str]:
    """List the names of the folders right below a place."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=place.bucket, Prefix=place.prefix, Delimiter="/"
    )
    return [
        folder["Prefix"][len(place.prefix) :].rstrip("/")
        for page in pages
        for folder in page.get("CommonPrefixes", ())
    ]


def get(s3: BaseClient, bucket: str, key: str) -> bytes:
    """Read one whole object."""
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def get_or_none(s3: BaseClient, bucket: str, key: str) -> bytes | None:
    """Read one whole object, or give None where there is none."""
    try:
        return get(s3, bucket, key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "NotFound"):
            return None
        raise


def delete(s3: BaseClient, bucket: str, keys: Iterable[str]) -> None:
    """Delete objects; one that is not there is no error.

    Raises
    ------
    RuntimeError
        If S3 could not delete one, with the first such key and S3's reason.
    """
    keys = list(keys)
    for start in range(0, len(keys), DELETE_BATCH):
        batch = keys[start : start + DELETE_BATCH]
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
        )
        for failure in answer.get("Errors", ()):
            raise RuntimeError(
                f"S3 could not delete s3://{bucket}/{failure.get('Key')}: {failure.get('Message')}"
            )


class ObjectReader(io.RawIOBase):
    """The bytes ``start`` to ``end`` of one object as a stream that survives a broken connection.

    Each reconnection asks for the rest only, and the object must still be the one that was listed.

    Parameters
    ----------
    s3
        The client.
    bucket, key
        The object.
    etag
        What it must be.
    start, end
        The range, ``end`` excluded; ``end=None`` reads to the end of the object.
    size
        The object's size, to end without a request beyond it.

    Raises
    ------
    UnreadableObjectError
        If S3 refuses it, it was replaced since, or the connection breaks again and again.
    """

    def __init__(
        self,
        s3: BaseClient,
        bucket: str,
        key: str,
        *,
        etag: str,
        size: int,
        start: int = 0,
        end: int | None = None,
    ) -> None:
        super().__init__()
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._uri = f"s3://{bucket}/{key}"
        self._etag = etag
        self._position = start
        self._end = size if end is None else min(end, size)
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        """Give the offset in the object of the next byte."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._end - self._position)
        if wanted <= 0:
            return 0
        data = self._read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, wanted: int) -> bytes:
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                if self._body is None:
                    self._open()
                data = self._body.read(wanted)
                if data:
                    return data
                raise OSError(f"it ended at byte {self._position} of {self._end}")
            except (BotoCoreError, OSError) as error:  # the connection broke: go on where it did
                self._drop()
                if attempt == READ_ATTEMPTS:
                    raise UnreadableObjectError(f"{self._uri} cannot be read: {error}") from error
        raise AssertionError("not reached")

    def _open(self) -> None:
        try:
            answer = self._s3.get_object(
                Bucket=self._bucket, Key=self._key, Range=f"bytes={self._position}-{self._end - 1}"
            )
        except ClientError as error:
            raise UnreadableObjectError(f"{self._uri} cannot be read: {error}") from error
        # Not by IfMatch: not every S3 honours it.
        if answer["ETag"].strip('"') != self._etag:
            answer["Body"].close()
            raise UnreadableObjectError(
                f"{self._uri} was replaced while the job was about to read it: run the job again"
            )
        self._body = answer["Body"]

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def open_object(
    s3: BaseClient,
    stored: StoredObject,
    *,
    start: int = 0,
    end: int | None = None,
) -> io.BufferedReader:
    """Open a listed object, or a range of it, for streaming."""
    reader = ObjectReader(
        s3, stored.bucket, stored.key, etag=stored.etag, size=stored.size, start=start, end=end
    )
    return io.BufferedReader(reader, READ_BYTES)
