"""The tables in the Glue catalog, by the columns that they have and the places that their dates are in.

A date of `logs`, `log_counts` and `log_rejects` is a partition, which the job registers after the commit of
its first rows: no crawler and no MSCK REPAIR is needed. The audit, whose dates are those of the runs, has
partition projection.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from logformats.schema import PARTITION, TABLES

from logtables import places as all_places
from logtables.files import TableFormat
from logtables.places import Places
from logtables.s3 import Location

if TYPE_CHECKING:
    from botocore.client import BaseClient

DESCRIPTIONS = {
    "logs": "Log events, one row each; levels that the job drops are not among them",
    "log_counts": "All log events counted by minute, source, level, HTTP status and method",
    "log_rejects": "Lines that no log format matched, whole",
    "log_audit": "What became of the lines of each raw object, one row an object and batch",
}
# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html, …BatchUpdatePartition,
# …BatchDeletePartition
_CREATED_AT_ONCE, _UPDATED_AT_ONCE, _DELETED_AT_ONCE = 100, 100, 25


class Registration(NamedTuple):
    """What registering changed: the tables created or changed, and whether a date has another place now."""

    tables: list[str]
    moved: bool


def register(
    glue: BaseClient,
    s3: BaseClient,
    database: str,
    cleaned: Location,
    file_format: TableFormat,
    *,
    places: Places | None = None,
    today: datetime | None = None,
) -> Registration:
    """Create the tables and their partitions in the catalog, or update those that differ.

    Parameters
    ----------
    glue, s3
        The clients.
    database
        The Glue database; made when missing.
    cleaned
        The place of the tables.
    file_format
        What their files are.
    places
        Where the files of each date are; read from S3 if not given.
    today
        The current time (UTC), for a test to set.
    """
    today = today or datetime.now(UTC)
    places = all_places.load(s3, cleaned) if places is None else places
    _ensure_database(glue, database)
    changed, moved = [], False
    for table in TABLES:
        dates = places.dates(s3, cleaned, table)
        wanted = table_input(table, cleaned, file_format, projected_range(dates, today))
        try:
            found = glue.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            glue.create_table(DatabaseName=database, TableInput=wanted)
            changed.append(table)
        else:
            if differs(wanted, found):
                glue.update_table(DatabaseName=database, TableInput=wanted)
                changed.append(table)
        if table in all_places.TABLES:
            locations = {dt: f"{cleaned}{places.prefix(table, dt)}" for dt in dates}
            moved |= _partitions(glue, database, wanted, locations)
    return Registration(changed, moved)


def _partitions(glue: BaseClient, database: str, table: dict[str, Any], locations: dict[str, str]) -> bool:
    """Make the partitions those of the dates, each at its location; tell whether one moved or went."""
    storage = table["StorageDescriptor"]
    found = _locations(glue, database, table["Name"])
    common = {"DatabaseName": database, "TableName": table["Name"]}

    def described(dt: str) -> dict[str, Any]:
        return {"Values": [dt], "StorageDescriptor": storage | {"Location": locations[dt]}}

    missing = [described(dt) for dt in locations if dt not in found]
    moved = [
        {"PartitionValueList": [dt], "PartitionInput": described(dt)}
        for dt, location in locations.items()
        if found.get(dt, location) != location
    ]
    gone = [{"Values": [dt]} for dt in found if dt not in locations]
    for some in _batches(missing, _CREATED_AT_ONCE):
        _all_done(glue.batch_create_partition(**common, PartitionInputList=some))
    for some in _batches(moved, _UPDATED_AT_ONCE):
        _all_done(glue.batch_update_partition(**common, Entries=some))
    for some in _batches(gone, _DELETED_AT_ONCE):
        _all_done(glue.batch_delete_partition(**common, PartitionsToDelete=some))
    return bool(moved or gone)


def _locations(glue: BaseClient, database: str, table: str) -> dict[str, str]:
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=table, ExcludeColumnSchema=True
    )
    return {
        partition["Values"][0]: partition["StorageDescriptor"]["Location"]
        for page in pages
        for partition in page["Partitions"]
    }


def _batches(items: list[dict[str, Any]], size: int) -> Iterable[list[dict[str, Any]]]:
    iterator = iter(items)
    while some := list(itertools.islice(iterator, size)):
        yield some


def _all_done(answer: dict[str, Any]) -> None:
    """See that Glue did all of a batch: what it could not do does not fail the call."""
    for failure in answer.get("Errors", ()):
        detail = failure.get("ErrorDetail", {})
        values = failure.get("PartitionValues") or failure.get("PartitionValueList") or [""]
        why = f"{detail.get('ErrorCode')} {detail.get('ErrorMessage', '')}"
        raise RuntimeError(f"Glue refused the partition {values[0]}: {why}")


def projected_range(dates: list[str], today: datetime) -> str:
    """Give the range of dates that Athena looks for: from the earliest to tomorrow, or to the latest.

    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """
    current = today.date().isoformat()
    tomorrow = (today.date() + timedelta(days=1)).isoformat()
    first = min([*dates, current])
    last = max([*dates, tomorrow])
    return f"{first},{'NOW+1DAYS' if last == tomorrow else last}"


def table_input(table: str, cleaned: Location, file_format: TableFormat, dates: str) -> dict[str, Any]:
    """Describe a table as Glue's CreateTable wants it."""
    place = cleaned.below(table)
    parameters = {"EXTERNAL": "TRUE", "classification": file_format.name}
    if table in all_places.TABLES:
        parameters["projection.enabled"] = "false"
    else:
        parameters |= {
            "projection.enabled": "true",
            f"projection.{PARTITION}.type": "date",
            f"projection.{PARTITION}.format": "yyyy-MM-dd",
            f"projection.{PARTITION}.range": dates,
            f"projection.{PARTITION}.interval": "1",
            f"projection.{PARTITION}.interval.unit": "DAYS",
            "storage.location.template": f"{place}{PARTITION}=${{{PARTITION}}}/",
        }
    if file_format.name == "csv":
        parameters["skip.header.line.count"] = "1"
    return {
        "Name": table,
        "Description": DESCRIPTIONS[table],
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": PARTITION, "Type": "string", "Comment": "Date (UTC), YYYY-MM-DD"}],
        "Parameters": parameters,
        "StorageDescriptor": {
            "Columns": file_format.columns(table),
            "Location": str(place),
            **file_format.storage(),
        },
    }


def differs(wanted: Any, found: Any) -> bool:
    """Tell whether a table in the catalog is not as wanted; what the catalog adds is no difference."""
    if isinstance(wanted, dict):
        return not isinstance(found, dict) or any(
            differs(value, found.get(name)) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            not isinstance(found, list)
            or len(wanted) != len(found)
            or any(differs(one, other) for one, other in zip(wanted, found, strict=True))
        )
    return wanted != found


def _ensure_database(glue: BaseClient, database: str) -> None:
    try:
        glue.get_database(Name=database)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        glue.create_database(DatabaseInput={"Name": database})
