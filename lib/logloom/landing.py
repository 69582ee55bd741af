"""Bring raw log files to S3: unchanged, a folder for each source, and only those that are not there yet."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from tqdm.auto import tqdm

from logloom import aws, project
from logloom.errors import InputError, LogloomError
from logloom.refusals import explained

if TYPE_CHECKING:
    import pandas as pd
    from botocore.client import BaseClient

    from logloom.settings import Settings

UPLOADS_AT_ONCE = 8
# From this size on an object goes up in parts, and its ETag is no MD5 of it any more.
MULTIPART_BYTES = 64 << 20
MD5_KEY = "md5"
# What a rotated log's name ends with, besides its name: access.log.2.gz is of the source access.
ENDINGS = re.compile(
    r"(\.(log|txt|json|jsonl|ndjson|csv|tsv|gz|bz2|zst|zstd|xz|\d+)|[-.]\d{4}-?\d{2}-?\d{2})$", re.I
)


@dataclass(frozen=True)
class RawFile:
    """A file of the input, and where it goes: ``key`` in the bucket, below its source."""

    path: Path
    source: str
    key: str
    size: int


def land(settings: Settings) -> pd.DataFrame:
    """Upload the input to ``s3://bucket/raw_prefix/source/…``, skipping what is there already.

    A file is there already when an object of its size and MD5 is; one that changed replaces its object. The
    source is the first folder below the input, or the file's stem where there is none. Hidden files
    (``.name``, ``_name``) are left out: neither Athena nor Spark would read them. Without an `input` nothing
    is uploaded.

    Returns
    -------
    DataFrame
        A row a source: `source`, `files`, `bytes`, `uploaded` and `skipped` (numbers of files).

    Raises
    ------
    InputError
        The input is not there, has no file to read, or one that cannot be read; nothing was uploaded.
    LogloomError
        The bucket belongs to somebody else, or S3 refuses something.
    """
    files = find_files(settings) if settings.input else []
    s3 = aws.session(settings).client("s3")
    ensure_bucket(s3, settings.bucket, settings.region)
    present = _objects(s3, settings)
    if not settings.input:
        return _table([(source, size, False) for source, size in _landed(present, settings)])

    with tqdm(total=sum(file.size for file in files), unit="B", unit_scale=True, desc="landing") as bar:

        def upload(file: RawFile) -> tuple[str, int, bool]:
            if _is_there(s3, settings.bucket, file, present.get(file.key)):
                bar.update(file.size)
                return file.source, file.size, False
            _upload(s3, settings.bucket, file, bar.update)
            return file.source, file.size, True

        with explained(f"uploading to s3://{settings.bucket}"), ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            return _table(list(pool.map(upload, files)))


def find_files(settings: Settings) -> list[RawFile]:
    """Find the files of the input, and check that all can be read.

    Raises
    ------
    InputError
        As `land`; also when two files would become one object.
    """
    root = project.input_path(settings.input)
    hidden = 0
    files: dict[str, RawFile] = {}
    for path in sorted(_walk(root)):
        relative = path.relative_to(root) if root.is_dir() else Path(path.name)
        if any(part.startswith((".", "_")) for part in relative.parts):
            hidden += 1
            continue
        if not os.access(path, os.R_OK):
            raise InputError(f"the file {path} cannot be read: check its permissions")
        if len(relative.parts) == 1:
            relative = Path(source_of_file(relative.name)) / relative
        source = relative.parts[0]
        if settings.source and source != settings.source:
            continue
        key = f"{settings.raw_prefix}/{relative.as_posix()}"
        if key in files:
            raise InputError(f"{files[key].path} and {path} would both become s3://{settings.bucket}/{key}")
        files[key] = RawFile(path, source, key, path.stat().st_size)
    if hidden:
        print(f"left out {hidden} hidden files (their names begin with . or _)", file=sys.stderr)
    if not files:
        which = f"of the source {settings.source}" if settings.source else "to read"
        raise InputError(f"the input {settings.input} has no file {which}: give another one")
    return list(files.values())


def source_of_file(name: str) -> str:
    """Name the source of a file that lies in no folder: its name without what rotation added."""
    stem = name
    while (shorter := ENDINGS.sub("", stem)) not in ("", stem):
        stem = shorter
    return stem


def ensure_bucket(s3: BaseClient, bucket: str, region: str) -> None:
    """Create the bucket when it is not there.

    Raises
    ------
    LogloomError
        It belongs to somebody else, or S3 does not let us create it.
    """
    if _has_bucket(s3, bucket):
        return
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        with explained(f"creating the bucket {bucket}"):
            s3.create_bucket(Bucket=bucket, **place)
    except LogloomError as error:
        code = error.__cause__.response["Error"]["Code"] if isinstance(error.__cause__, ClientError) else ""
        # Another process was faster; or, at the local AWS, its word for that.
        if code == "BucketAlreadyOwnedByYou" or (code == "BucketAlreadyExists" and _has_bucket(s3, bucket)):
            return
        raise


def _has_bucket(s3: BaseClient, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status == 403:
            raise LogloomError(
                f"the bucket {bucket} belongs to somebody else, or these credentials may not use it: "
                "choose another `bucket`"
            ) from error
        if status == 301:
            raise LogloomError(f"the bucket {bucket} is in another region: set `region` to it") from error
        with explained(f"looking for the bucket {bucket}"):
            raise
    return True


def _walk(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if path.is_file():  # no socket, no dangling link
                yield path


def _objects(s3: BaseClient, settings: Settings) -> dict[str, dict]:
    with explained(f"listing s3://{settings.bucket}"):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=settings.bucket, Prefix=f"{settings.raw_prefix}/"
        )
        return {item["Key"]: item for page in pages for item in page.get("Contents", ())}


def _landed(present: dict[str, dict], settings: Settings) -> Iterator[tuple[str, int]]:
    for key, item in present.items():
        source, slash, name = key[len(settings.raw_prefix) + 1 :].partition("/")
        if slash and name and (not settings.source or source == settings.source):
            yield source, item["Size"]


def _is_there(s3: BaseClient, bucket: str, file: RawFile, item: dict | None) -> bool:
    if item is None or item["Size"] != file.size:
        return False
    etag = item["ETag"].strip('"')
    if "-" in etag:  # uploaded in parts
        etag = s3.head_object(Bucket=bucket, Key=file.key)["Metadata"].get(MD5_KEY, "")
    return etag == _md5(file.path)


def _upload(s3: BaseClient, bucket: str, file: RawFile, tell: Callable[[int], None]) -> None:
    extra = {"Metadata": {MD5_KEY: _md5(file.path)}} if file.size >= MULTIPART_BYTES else {}
    s3.upload_file(
        str(file.path),
        bucket,
        file.key,
        ExtraArgs=extra,
        Config=TransferConfig(multipart_threshold=MULTIPART_BYTES, multipart_chunksize=16 << 20),
        Callback=tell,
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _table(files: list[tuple[str, int, bool]]) -> pd.DataFrame:
    import pandas as pd

    count, size, uploaded = Counter(), Counter(), Counter()
    for source, bytes_, was_uploaded in files:
        count[source] += 1
        size[source] += bytes_
        uploaded[source] += was_uploaded
    return pd.DataFrame(
        [
            (source, count[source], size[source], uploaded[source], count[source] - uploaded[source])
            for source in sorted(count)
        ],
        columns=["source", "files", "bytes", "uploaded", "skipped"],
    )
