"""Raw files go to S3 unchanged, once, below their source."""

from __future__ import annotations

import pytest
from logloom import landing, settings
from logloom.errors import InputError, LogloomError


@pytest.fixture
def folder(tmp_path):
    for name, data in {
        "nginx/access.log": b"one\ntwo\n",
        "nginx/2025/older.log.gz": b"\x1f\x8bwhatever",
        "shop.log": b"three\r\n\xff\xfe\x00",
        "shop.log.1": b"older",
        ".hidden/x.log": b"no",
        "nginx/_tmp": b"no",
        "nginx/.swp": b"no",
    }.items():
        path = tmp_path / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "input"


def chosen(folder, unique, **more):
    return settings.load({"input": str(folder), "bucket": unique, **more})


def rows(frame):
    return [tuple(row) for row in frame.itertuples(index=False)]


def test_files_land_unchanged_below_their_source(local_aws, unique, folder):
    frame = landing.land(chosen(folder, unique))
    assert list(frame.columns) == ["source", "files", "bytes", "uploaded", "skipped"]
    assert rows(frame) == [("nginx", 2, 18, 2, 0), ("shop", 2, 15, 2, 0)]
    raw = local_aws.root / "s3" / unique / "logs" / "raw"
    landed = {str(path.relative_to(raw)): path.read_bytes() for path in raw.rglob("*") if path.is_file()}
    assert landed == {
        "nginx/access.log": b"one\ntwo\n",
        "nginx/2025/older.log.gz": b"\x1f\x8bwhatever",
        "shop/shop.log": b"three\r\n\xff\xfe\x00",
        "shop/shop.log.1": b"older",
    }


def test_what_is_there_is_skipped_and_what_changed_replaced(local_aws, unique, folder):
    landing.land(chosen(folder, unique))
    assert rows(landing.land(chosen(folder, unique)))[0] == ("nginx", 2, 18, 0, 2)
    (folder / "nginx/access.log").write_bytes(b"one\nTWO\n")  # of the same size
    assert rows(landing.land(chosen(folder, unique)))[0] == ("nginx", 2, 18, 1, 1)
    data = local_aws.client("s3").get_object(Bucket=unique, Key="logs/raw/nginx/access.log")["Body"].read()
    assert data == b"one\nTWO\n"


def test_an_object_uploaded_in_parts_is_known_again(unique, folder):
    class InParts:
        def head_object(self, **_):
            return {"Metadata": {"md5": "5bb1a4e06df1a5d0d3b2d1a3a5b1b2f5"}}

    file = landing.find_files(chosen(folder, unique))[1]
    item = {"Size": file.size, "ETag": '"abc-2"'}
    assert not landing._is_there(InParts(), unique, file, item)
    InParts.head_object = lambda self, **_: {"Metadata": {"md5": landing._md5(file.path)}}
    assert landing._is_there(InParts(), unique, file, item)


def test_one_file_and_one_source(local_aws, unique, folder):
    assert rows(landing.land(chosen(folder / "shop.log.1", unique))) == [("shop", 1, 5, 1, 0)]
    assert rows(landing.land(chosen(folder, unique, source="nginx"))) == [("nginx", 2, 18, 2, 0)]


def test_without_an_input_what_is_in_the_bucket_is_told(local_aws, unique, folder):
    landing.land(chosen(folder, unique))
    assert rows(landing.land(chosen("", unique))) == [("nginx", 2, 18, 0, 2), ("shop", 2, 15, 0, 2)]


def test_hidden_files_are_told_of(unique, folder, capsys):
    landing.find_files(chosen(folder, unique))
    assert capsys.readouterr().err == "left out 3 hidden files (their names begin with . or _)\n"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("access.log", "access"),
        ("access.log.2.gz", "access"),
        ("access.log-20251222.gz", "access"),
        ("syslog", "syslog"),
        ("my.app.json", "my.app"),
        (".log", ".log"),
        ("error-2025-12-22.log", "error"),
    ],
)
def test_the_source_of_a_file_in_no_folder_is_its_stem(name, source):
    assert landing.source_of_file(name) == source


def test_a_folder_with_nothing_to_read_is_refused_before_anything_is_done(local_aws, unique, tmp_path):
    (tmp_path / ".only-hidden").write_text("x")
    with pytest.raises(InputError, match="has no file to read"):
        landing.land(chosen(tmp_path, unique))
    with pytest.raises(InputError, match="has no file of the source web"):
        landing.land(chosen(tmp_path, unique, source="web"))
    with pytest.raises(InputError, match="is not there"):
        landing.land(chosen(tmp_path / "nowhere", unique))
    assert not (local_aws.root / "s3" / unique).exists()


def test_two_files_that_would_become_one_object_are_refused(unique, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "web.log").write_text("a")
    (tmp_path / "web.log").write_text("b")
    with pytest.raises(InputError, match=r"would both become s3://.*/logs/raw/web/web.log"):
        landing.find_files(chosen(tmp_path, unique))


class Refusing:
    """An S3 client whose bucket calls answer as told."""

    def __init__(self, head: int, create: str = "") -> None:
        self.head, self.create, self.created = head, create, []

    def head_bucket(self, Bucket):
        if self.head != 200:
            raise self.error(str(self.head), self.head, "HeadBucket")

    def create_bucket(self, **arguments):
        self.created.append(arguments)
        if self.create:
            raise self.error(self.create, 409, "CreateBucket")

    @staticmethod
    def error(code, status, operation):
        from botocore.exceptions import ClientError

        answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return ClientError(answer, operation)


@pytest.mark.parametrize(("status", "sentence"), [(403, "choose another `bucket`"), (301, "set `region`")])
def test_somebody_elses_bucket_is_told(status, sentence):
    with pytest.raises(LogloomError, match=sentence):
        landing.ensure_bucket(Refusing(status), "b", "us-east-1")


def test_a_bucket_that_came_to_be_meanwhile_is_used():
    landing.ensure_bucket(Refusing(404, "BucketAlreadyOwnedByYou"), "b", "us-east-1")
    with pytest.raises(LogloomError, match="creating the bucket b failed: BucketAlreadyExists"):
        landing.ensure_bucket(Refusing(404, "BucketAlreadyExists"), "b", "us-east-1")


def test_a_bucket_is_made_in_its_region():
    s3 = Refusing(404)
    landing.ensure_bucket(s3, "b", "eu-central-1")
    landing.ensure_bucket(s3, "b", "us-east-1")
    landing.ensure_bucket(Refusing(200, "must not be called"), "b", "us-east-1")
    assert s3.created == [
        {"Bucket": "b", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}},
        {"Bucket": "b"},
    ]
