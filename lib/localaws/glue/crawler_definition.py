"""What a crawler's definition may say, and what it says when it leaves something out."""

from __future__ import annotations

import json
import re
from typing import Any

from localaws.glue import s3_listing, schedules
from localaws.glue.base import invalid

MEMBERS = (
    "Role", "Targets", "DatabaseName", "Description", "Classifiers", "TablePrefix", "SchemaChangePolicy",
    "RecrawlPolicy", "LineageConfiguration", "Configuration", "CrawlerSecurityConfiguration",
    "LakeFormationConfiguration",
)  # fmt: skip
_TARGET = re.compile(r"(s3://)?[a-z0-9][a-z0-9.-]+(/|\Z)")
_CONFIGURATION = {"Version", "CrawlerOutput", "Grouping", "CreatePartitionIndex"}


def members(body: dict[str, Any]) -> dict[str, Any]:
    """Give the definition that stands in a request."""
    return {key: body[key] for key in MEMBERS if body.get(key) is not None}


def fill_in(crawler: dict[str, Any]) -> None:
    """Add the schema change policy that a definition leaves out: an incremental crawl changes nothing."""
    incremental = crawler["RecrawlPolicy"].get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"
    crawler["SchemaChangePolicy"] = {
        "UpdateBehavior": "LOG" if incremental else "UPDATE_IN_DATABASE",
        "DeleteBehavior": "LOG" if incremental else "DEPRECATE_IN_DATABASE",
        **crawler["SchemaChangePolicy"],
    }


def check(definition: dict[str, Any]) -> None:
    """Refuse a definition that Glue refuses, and what the local AWS cannot crawl.

    Raises
    ------
    AwsError
        InvalidInputException.
    """
    _check_targets(definition.get("Targets") or {})
    if not definition.get("DatabaseName"):
        raise invalid("A crawler with an S3 target needs a DatabaseName.")
    check_schedule(definition.get("Schedule"))
    _check_configuration(definition.get("Configuration"))
    behaviour = (definition.get("RecrawlPolicy") or {}).get("RecrawlBehavior")
    if behaviour == "CRAWL_EVENT_MODE":
        raise invalid("The local AWS does not crawl in event mode.")
    policy = definition.get("SchemaChangePolicy") or {}
    if behaviour == "CRAWL_NEW_FOLDERS_ONLY" and set(policy.values()) - {"LOG"}:
        raise invalid(
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG'
            " DeleteBehavior value and LOG UpdateBehavior value."
        )


def check_schedule(schedule: str | None) -> None:
    """Refuse a schedule that is no cron expression of six fields.

    Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html

    Raises
    ------
    AwsError
        InvalidInputException.
    """
    if schedule and (problem := schedules.problem(schedule)):
        raise invalid(f"The schedule {schedule} is not valid: {problem}.")


def _check_targets(targets: dict[str, Any]) -> None:
    kinds = [kind for kind, given in targets.items() if given]
    if others := [kind for kind in kinds if kind != "S3Targets"]:
        raise invalid(f"The local AWS crawls S3 targets only, not {', '.join(others)}.")
    if not kinds:
        raise invalid("Must specify at least one target.")
    for target in targets["S3Targets"]:
        path = target.get("Path") or ""
        if not _TARGET.match(path):
            raise invalid(f"The S3 target path {path!r} is no s3://bucket/prefix.")
        try:
            s3_listing.matcher(target.get("Exclusions") or ())
        except s3_listing.TargetError as error:
            raise invalid(str(error)) from None
        if target.get("EventQueueArn") or target.get("ConnectionName"):
            raise invalid("The local AWS crawls S3 targets without event queues and connections.")


def _check_configuration(configuration: str | None) -> None:
    if not configuration:
        return
    try:
        settings = json.loads(configuration)
    except ValueError:
        raise invalid("The crawler's Configuration is not valid JSON.") from None
    if not isinstance(settings, dict) or settings.get("Version") != 1.0:
        raise invalid("The crawler's Configuration needs a Version of 1.0.")
    if unknown := settings.keys() - _CONFIGURATION:
        raise invalid(f"The crawler's Configuration contains unsupported keys: {', '.join(sorted(unknown))}.")
    level = (settings.get("Grouping") or {}).get("TableLevelConfiguration")
    if level is not None and not (isinstance(level, int) and level >= 1):
        raise invalid("TableLevelConfiguration is a whole number from 1, the level of the bucket.")
