"""A group of objects as the table and the partitions that Glue's crawler makes of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from localaws.glue import hive_types, storage
from localaws.glue.grouping import Group, partition_keys, partition_values
from localaws.glue.storage import Storage

MAX_NAME = 255


@dataclass
class Draft:
    """A table as a crawl found it.

    Attributes
    ----------
    table
        A TableInput.
    partitions
        PartitionInputs.
    """

    table: dict[str, Any]
    partitions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def location(self) -> str:
        return self.table["StorageDescriptor"]["Location"]


def draft(group: Group, prefix: str, crawler: str) -> Draft:
    """Describe a group of objects as a table with its partitions."""
    keys = partition_keys(group)
    # Formats that go by name read a key's value from the folder; the file's own column would be there twice.
    columns = _columns(group, without=set(keys))
    parameters = _parameters(group, crawler)
    table: dict[str, Any] = {
        "Name": table_name(prefix, group.folder.name),
        "Owner": "owner",
        "Retention": 0,
        "StorageDescriptor": _storage(group).descriptor(columns, group.location, parameters),
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": dict(parameters),
    }
    partitions = [
        {
            "Values": partition_values(folders, keys),
            "StorageDescriptor": _storage(part).descriptor(
                _columns(part, without=set(keys)), part.location, _parameters(part, crawler)
            ),
            "Parameters": _parameters(part, crawler),
        }
        for folders, part in group.partitions
    ]
    return Draft(table, partitions)


def table_name(prefix: str, folder: str) -> str:
    """Name a table after its folder: lower case, what is neither letter nor digit as an underscore."""
    name = re.sub(r"[^a-z0-9_]", "_", f"{prefix}{folder}".lower())
    return name[:MAX_NAME]


def distinct(name: str, location: str) -> str:
    """Name a table whose own name another table has, by its location, as Glue does."""
    digest = hashlib.md5(location.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: MAX_NAME - 33]}_{digest}"


def _columns(group: Group, without: set[str]) -> list[dict[str, str]]:
    return [
        {"Name": name, "Type": hive_types.write(type_)}
        for name, type_ in group.columns.items()
        if name not in without
    ]


def _storage(group: Group) -> Storage:
    if not group.recognitions:
        return storage.UNKNOWN
    first = group.recognitions[0].storage
    if first.serde == storage.JSON:
        # The paths of all its objects, not of the first alone.
        names = sorted({name for each in group.recognitions for name in each.columns})
        return Storage(
            serde=first.serde, serde_parameters={"paths": ",".join(names)}, parameters=first.parameters
        )
    return first


def _parameters(group: Group, crawler: str) -> dict[str, str]:
    size = sum(each.size for each in group.objects)
    read = sum(each.size for each in group.seen)
    records = sum(each.recognition.records for each in group.seen if each.recognition)
    # Of the objects that were not sampled as of those that were.
    records = round(records * size / read) if read else 0
    compressions = Counter(each.compression for each in group.seen)
    compression = compressions.popitem()[0] if len(compressions) == 1 else "none"
    return {
        "sizeKey": str(size),
        "objectCount": str(len(group.objects)),
        "recordCount": str(records),
        "averageRecordSize": str(size // records if records else 0),
        "compressionType": compression,
        "classification": group.classification,
        "typeOfData": "file",
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        **_storage(group).parameters,
    }
