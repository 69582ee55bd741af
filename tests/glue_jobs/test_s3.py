"""Objects are read as they were listed, over connections that break."""

from __future__ import annotations

import hashlib
import io

import pytest
from fake_aws import MOMENT, FakeS3
from logtables import s3 as objects
from logtables.s3 import Location, StoredObject, UnreadableObjectError, open_object

DATA = bytes(range(256)) * 40


def stored(data: bytes = DATA, etag: str = "") -> StoredObject:
    return StoredObject("b", "k", len(data), etag or hashlib.md5(data).hexdigest(), MOMENT)


class Breaking(FakeS3):
    """Every connection breaks after some bytes."""

    def __init__(self, after: int) -> None:
        super().__init__({("b", "k"): DATA})
        self.after = after
        self.ranges = []

    def get_object(self, Range: str | None = None, **arguments):
        self.ranges.append(Range)
        answer = super().get_object(Range=Range, **arguments)
        answer["Body"] = BreakingBody(answer["Body"].read()[: self.after])
        return answer


class BreakingBody(io.BytesIO):
    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        if not data:
            raise ConnectionResetError("reset by peer")
        return data


def test_reading_goes_on_where_the_connection_broke():
    s3 = Breaking(3000)
    with open_object(s3, stored()) as stream:
        assert stream.read() == DATA
    assert s3.ranges == [f"bytes={start}-{len(DATA) - 1}" for start in (0, 3000, 6000, 9000)]


def test_a_connection_that_breaks_each_time_is_an_error_with_the_objects_name():
    with (
        pytest.raises(UnreadableObjectError, match=r"^s3://b/k cannot be read: reset by peer"),
        open_object(Breaking(0), stored()) as stream,
    ):
        stream.read()


def test_an_object_that_ends_too_early_is_an_error():
    s3 = FakeS3({("b", "k"): DATA})
    longer = StoredObject("b", "k", len(DATA) + 5, hashlib.md5(DATA).hexdigest(), MOMENT)
    with pytest.raises(UnreadableObjectError, match="ended at byte 10240"), open_object(s3, longer) as stream:
        stream.read()


def test_a_range_is_read_alone():
    s3 = FakeS3({("b", "k"): DATA})
    with open_object(s3, stored(), start=100, end=300) as stream:
        assert stream.read() == DATA[100:300]


def test_a_replaced_or_deleted_object_is_not_read():
    s3 = FakeS3({("b", "k"): DATA})
    with (
        pytest.raises(UnreadableObjectError, match="was replaced"),
        open_object(s3, stored(etag="other")) as stream,
    ):
        stream.read()
    s3.objects.clear()
    with pytest.raises(UnreadableObjectError, match="NoSuchKey"), open_object(s3, stored()) as stream:
        stream.read()


def test_an_empty_object_is_not_asked_for():
    with open_object(FakeS3(), stored(b"")) as stream:
        assert stream.read() == b""


def test_what_cannot_be_deleted_is_an_error():
    class Refusing:
        def delete_objects(self, Bucket, Delete):
            return {"Errors": [{"Key": "k", "Message": "Access Denied"}]}

    with pytest.raises(RuntimeError, match="could not delete s3://b/k: Access Denied"):
        objects.delete(Refusing(), "b", ["k"])


def test_many_keys_are_deleted_in_batches():
    s3 = FakeS3({("b", f"k{n}"): b"" for n in range(2500)})
    objects.delete(s3, "b", [f"k{n}" for n in range(2500)])
    assert s3.objects == {}


def test_folders_are_those_right_below():
    s3 = FakeS3({("b", key): b"" for key in ("t/dt=1/a", "t/dt=1/b/c", "t/dt=2/a", "t/x", "u/dt=3/a")})
    assert objects.list_folders(s3, Location("b", "t/")) == ["dt=1", "dt=2"]
