"""The tables in the Glue catalog, partitioned by date with partition projection: a new date needs no one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from logformats.schema import PARTITION, TABLES

from logtables import s3 as objects
from logtables.files import TableFormat
from logtables.s3 import Location

if TYPE_CHECKING:
    from botocore.client import BaseClient

DESCRIPTIONS = {
    "logs": "Log events, one row each; levels that the job drops are not among them",
    "log_counts": "All log events counted by minute, source, level, HTTP status and method",
    "log_rejects": "Lines that no log format matched, whole",
    "log_audit": "What became of the lines of each raw object, one row an object and batch",
}


def register(
    glue: BaseClient,
    s3: BaseClient,
    database: str,
    cleaned: Location,
    file_format: TableFormat,
    *,
    today: datetime | None = None,
) -> list[str]:
    """Create the tables in the catalog, or update those that differ.

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
    today
        The current time (UTC), for a test to set.

    Returns
    -------
    list of str
        The tables that were created or changed.
    """
    today = today or datetime.now(UTC)
    _ensure_database(glue, database)
    changed = []
    for table in TABLES:
        wanted = table_input(table, cleaned, file_format, projected_range(_dates(s3, cleaned, table), today))
        try:
            found = glue.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            glue.create_table(DatabaseName=database, TableInput=wanted)
        else:
            if not differs(wanted, found):
                continue
            glue.update_table(DatabaseName=database, TableInput=wanted)
        changed.append(table)
    return changed


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
    parameters = {
        "EXTERNAL": "TRUE",
        "classification": file_format.name,
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


def _dates(s3: BaseClient, cleaned: Location, table: str) -> list[str]:
    prefix = f"{PARTITION}="
    folders = objects.list_folders(s3, cleaned.below(table))
    return [folder.removeprefix(prefix) for folder in folders if folder.startswith(prefix)]


def _ensure_database(glue: BaseClient, database: str) -> None:
    try:
        glue.get_database(Name=database)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        glue.create_database(DatabaseInput={"Name": database})
