"""The gate before rclone: what it refuses, what it answers, and that all else passes unchanged."""

from __future__ import annotations

import hashlib
import http.client
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from localaws import s3gate


@pytest.fixture(scope="module")
def s3(local_aws):
    return local_aws.client("s3")


@pytest.fixture
def bucket(s3, unique):
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="kept", Body=b"precious")
    return unique


def refused(call, **arguments) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def signed(local_aws, method: str, url: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The headers of a request that is signed as S3 wants it."""
    request = AWSRequest(method, url, headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})})
    S3SigV4Auth(local_aws.session().get_credentials(), "s3", "us-east-1").add_auth(request)
    return dict(request.headers)


def ask(s3, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(s3.meta.endpoint_url).netloc, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_tags_are_not_written_over_the_object(s3, bucket):
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="kept", Tagging=tags) == (501, "NotImplemented")
    assert refused(s3.delete_object_tagging, Bucket=bucket, Key="kept") == (501, "NotImplemented")
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"precious"
    assert s3.get_object_tagging(Bucket=bucket, Key="kept")["TagSet"] == []
    assert refused(s3.get_object_tagging, Bucket=bucket, Key="gone") == (404, "NoSuchKey")
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == (404, "NoSuchTagSet")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ],
)
def test_what_a_bucket_does_not_have_is_said_as_aws_says_it(s3, bucket, call, code):
    assert refused(getattr(s3, call), Bucket=bucket) == (404, code)


def test_what_is_not_there_is_refused_by_name(s3, bucket):
    rules = {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
    calls = [
        (s3.put_bucket_lifecycle_configuration, {"LifecycleConfiguration": rules}),
        (s3.put_bucket_policy, {"Policy": "{}"}),
        (s3.put_bucket_acl, {"ACL": "private"}),
        (s3.list_object_versions, {}),
        (s3.get_object_acl, {"Key": "kept"}),
        (s3.get_object_attributes, {"Key": "kept", "ObjectAttributes": ["ETag"]}),
    ]
    for call, arguments in calls:
        assert refused(call, Bucket=bucket, **arguments) == (501, "NotImplemented"), call
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["kept"]


def test_a_listing_counts_its_keys(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a/1", Body=b"")
    s3.put_object(Bucket=bucket, Key="a/2", Body=b"")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3
    assert s3.list_objects_v2(Bucket=bucket, Delimiter="/")["KeyCount"] == 2
    assert s3.list_objects_v2(Bucket=bucket, Prefix="none/")["KeyCount"] == 0


def test_of_many_who_write_where_nothing_is_one_does(local_aws, s3, bucket):
    clients = [local_aws.client("s3") for _ in range(8)]
    start = threading.Barrier(len(clients))

    def write(number: int) -> str:
        start.wait()
        try:
            clients[number].put_object(Bucket=bucket, Key="lock", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "written"

    with ThreadPoolExecutor(len(clients)) as pool:
        outcomes = sorted(pool.map(write, range(len(clients))))
    assert outcomes == ["PreconditionFailed"] * 7 + ["written"]
    assert refused(s3.put_object, Bucket=bucket, Key="kept", Body=b"", IfNoneMatch="*") == (
        412,
        "PreconditionFailed",
    )
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"precious"


def test_web_pages_are_refused_though_signed(local_aws, s3, bucket):
    url = f"{s3.meta.endpoint_url}/{bucket}/kept"
    headers = signed(local_aws, "GET", url)
    assert ask(s3, "GET", f"/{bucket}/kept", headers) == (200, b"precious")
    status, body = ask(s3, "GET", f"/{bucket}/kept", {**headers, "Origin": "https://evil.example"})
    assert (status, b"precious" in body, b"AccessForbidden" in body) == (403, False, True)
    status, _ = ask(s3, "OPTIONS", f"/{bucket}/kept", {"Access-Control-Request-Method": "PUT"})
    assert status == 403


def test_who_does_not_sign_is_refused_as_by_aws(s3, bucket):
    status, body = ask(s3, "GET", f"/{bucket}/kept", {})
    assert status == 403 and b"<Code>AccessDenied</Code>" in body


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_request_of_another_time_is_refused(local_aws, s3, bucket, minutes):
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")
    headers = signed(local_aws, "GET", f"{s3.meta.endpoint_url}/{bucket}/kept") | {"X-Amz-Date": moment}
    status, body = ask(s3, "GET", f"/{bucket}/kept", headers)
    assert status == 403 and b"RequestTimeTooSkewed" in body


def test_a_wrong_signature_is_still_for_rclone_to_refuse(local_aws, s3, bucket):
    headers = signed(local_aws, "GET", f"{s3.meta.endpoint_url}/{bucket}/kept")
    headers["Authorization"] = headers["Authorization"][:-4] + "0000"
    assert ask(s3, "GET", f"/{bucket}/kept", headers)[0] == 403


@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_000, 20_000_000])
def test_bytes_pass_unchanged(s3, bucket, size):
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="data", Body=data)
    assert put["ETag"].strip('"') == hashlib.md5(data).hexdigest()
    assert s3.get_object(Bucket=bucket, Key="data")["Body"].read() == data
    if size > 10:
        part = s3.get_object(Bucket=bucket, Key="data", Range="bytes=5-9")
        assert (part["Body"].read(), part["ContentLength"]) == (data[5:10], 5)
        assert part["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_one_connection_carries_many_requests(local_aws, s3, bucket):
    connection = http.client.HTTPConnection(urlsplit(s3.meta.endpoint_url).netloc, timeout=30)
    for path, expected in (("kept", 200), ("gone", 404), ("kept?tagging", 200), ("kept", 200)):
        headers = signed(local_aws, "GET", f"{s3.meta.endpoint_url}/{bucket}/{path}")
        connection.request("GET", f"/{bucket}/{path}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == expected, path
    connection.close()


def test_an_object_that_is_replaced_all_the_time_reads_whole(local_aws, s3, bucket):
    over, texts = threading.Event(), {b"a" * 50, b"b" * 5_000}
    s3.put_object(Bucket=bucket, Key="busy", Body=b"a" * 50)

    def write() -> None:
        other = local_aws.client("s3")
        while not over.is_set():
            for text in texts:
                other.put_object(Bucket=bucket, Key="busy", Body=text)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(150):
            assert s3.get_object(Bucket=bucket, Key="busy")["Body"].read() in texts
    finally:
        over.set()
        writer.join()


@pytest.mark.parametrize("text", [b"\x16\x03\x01 not http\r\n\r\n", b"GET\r\n\r\n", b"x" * 200_000])
def test_what_is_no_http_ends_the_connection(s3, bucket, text):
    import socket

    host, _, port = urlsplit(s3.meta.endpoint_url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
        except OSError:  # it has gone already
            answer = b""
    assert answer == b"" or b" 403 " in answer
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"precious"


def test_a_key_that_leads_out_is_no_file(tmp_path):
    (tmp_path / "s3" / "b").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    for path in ("/b/../../secret", "/b/%2e%2e/%2e%2e/secret", "/../secret"):
        assert not s3gate.place(tmp_path / "s3", path).exists()
