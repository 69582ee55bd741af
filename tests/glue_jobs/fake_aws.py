"""S3 and Glue in memory, as much of them as the job uses; S3 can be told to die after a number of writes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from botocore.exceptions import ClientError

MOMENT = datetime(2025, 12, 24, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process was killed: no `except Exception` of the job sees it, and nothing it does after counts."""


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


class FakeS3:
    """Objects in a dict that several clients can share; one client dies after `writes_left` writes.

    `late` says whether the last write still took place, as it may when a process dies in a request.
    """

    def __init__(self, objects: dict[tuple[str, str], bytes] | None = None) -> None:
        self.objects = {} if objects is None else objects
        self.writes = 0
        self.writes_left: int | None = None
        self.late = False
        self.on_get = None

    def client_that_dies(self, after: int, *, late: bool = False) -> FakeS3:
        client = FakeS3(self.objects)
        client.writes_left = after
        client.late = late
        return client

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_) -> dict:
        self._write(lambda: self.objects.__setitem__((Bucket, Key), bytes(Body)))
        return {}

    def delete_objects(self, Bucket: str, Delete: dict) -> dict:
        for item in Delete["Objects"]:  # one by one: S3 promises no more
            self._write(lambda key=item["Key"]: self.objects.pop((Bucket, key), None))
        return {}

    def copy_object(self, Bucket: str, Key: str, CopySource: dict) -> dict:
        data = self.objects[CopySource["Bucket"], CopySource["Key"]]
        self._write(lambda: self.objects.__setitem__((Bucket, Key), data))
        return {}

    def get_object(self, Bucket: str, Key: str, Range: str | None = None) -> dict:
        self._alive()
        if self.on_get:
            self.on_get(Key)
        if (Bucket, Key) not in self.objects:
            raise refusal("NoSuchKey", "GetObject")
        data = self.objects[Bucket, Key]
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        if Range:
            first, last = Range.removeprefix("bytes=").split("-")
            data = data[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(data), "ETag": etag, "ContentLength": len(data)}

    def get_paginator(self, operation: str) -> FakeS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str = "", Delimiter: str = "") -> Iterator[dict]:
        self._alive()
        folders, contents = {}, []
        for (bucket, key), data in sorted(self.objects.items()):
            if bucket != Bucket or not key.startswith(Prefix):
                continue
            rest = key[len(Prefix) :]
            if Delimiter and Delimiter in rest:
                folders[Prefix + rest.split(Delimiter)[0] + Delimiter] = None
                continue
            contents.append(
                {
                    "Key": key,
                    "Size": len(data),
                    "ETag": f'"{hashlib.md5(data).hexdigest()}"',
                    "LastModified": MOMENT,
                }
            )
        for start in range(0, len(contents), 3):  # small pages, so that paging is tested too
            yield {"Contents": contents[start : start + 3]}
        yield {"CommonPrefixes": [{"Prefix": folder} for folder in folders]}

    def keys(self, containing: str = "") -> list[str]:
        return sorted(key for _, key in self.objects if containing in key)

    def _alive(self) -> None:
        if self.writes_left is not None and self.writes_left < 0:
            raise Killed

    def _write(self, change) -> None:
        self._alive()
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left < 0:
                if self.late:
                    change()
                raise Killed
        change()
        self.writes += 1


class FakeGlue:
    """A catalog of one database."""

    class exceptions:
        class EntityNotFoundException(ClientError):
            pass

    def __init__(self, raw_locations: dict[str, str]) -> None:
        self.databases = {"logs_db"}
        self.updates = 0
        self.partitions: dict[str, dict[str, dict]] = {}
        self.tables = {
            name: {"Name": name, "StorageDescriptor": {"Location": location}}
            for name, location in raw_locations.items()
        }

    def get_paginator(self, operation: str) -> FakeGlue | PartitionPages:
        assert operation in ("get_tables", "get_partitions")
        return self if operation == "get_tables" else PartitionPages(self)

    def paginate(self, DatabaseName: str) -> Iterator[dict]:
        if DatabaseName not in self.databases:
            raise self.exceptions.EntityNotFoundException(
                {"Error": {"Code": "EntityNotFoundException", "Message": ""}}, "GetTables"
            )
        yield {"TableList": list(self.tables.values())}

    def locations(self, table: str) -> dict[str, str]:
        """Where the catalog has each date of a table."""
        found = sorted(self.partitions.get(table, {}).items())
        return {dt: partition["StorageDescriptor"]["Location"] for dt, partition in found}

    def batch_create_partition(self, DatabaseName: str, TableName: str, PartitionInputList: list) -> dict:
        assert len(PartitionInputList) <= 100
        for partition in PartitionInputList:
            self.partitions.setdefault(TableName, {})[partition["Values"][0]] = partition
        return {}

    def batch_update_partition(self, DatabaseName: str, TableName: str, Entries: list) -> dict:
        assert len(Entries) <= 100
        for entry in Entries:
            self.partitions[TableName][entry["PartitionValueList"][0]] = entry["PartitionInput"]
        return {}

    def batch_delete_partition(self, DatabaseName: str, TableName: str, PartitionsToDelete: list) -> dict:
        assert len(PartitionsToDelete) <= 25
        for partition in PartitionsToDelete:
            del self.partitions[TableName][partition["Values"][0]]
        return {}

    def get_database(self, Name: str) -> dict:
        if Name not in self.databases:
            raise refusal("EntityNotFoundException", "GetDatabase")
        return {"Database": {"Name": Name}}

    def create_database(self, DatabaseInput: dict) -> dict:
        self.databases.add(DatabaseInput["Name"])
        return {}

    def get_table(self, DatabaseName: str, Name: str) -> dict:
        if Name not in self.tables:
            raise refusal("EntityNotFoundException", "GetTable")
        return {"Table": {**self.tables[Name], "CreateTime": MOMENT, "CatalogId": "1"}}

    def create_table(self, DatabaseName: str, TableInput: dict) -> dict:
        assert TableInput["Name"] not in self.tables
        self.tables[TableInput["Name"]] = TableInput
        self.updates += 1
        return {}

    def update_table(self, DatabaseName: str, TableInput: dict) -> dict:
        self.tables[TableInput["Name"]] = TableInput
        self.updates += 1
        return {}


class PartitionPages:
    """The pages of get_partitions."""

    def __init__(self, glue: FakeGlue) -> None:
        self._glue = glue

    def paginate(self, DatabaseName: str, TableName: str, **_) -> Iterator[dict]:
        found = list(self._glue.partitions.get(TableName, {}).values())
        for start in range(0, len(found), 2):
            yield {"Partitions": found[start : start + 2]}


class InProcess:
    """Runs the tasks here and now, with the client that it is given."""

    parallelism = 2

    def __init__(self, s3: FakeS3) -> None:
        self.s3 = s3
        self.steps: list[tuple[str, int]] = []

    def __call__(self, function, items, step: str) -> list:
        self.steps.append((step, len(items)))
        return [function(item, self.s3) for item in items]
