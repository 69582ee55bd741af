"""The crawler of the raw logs: its classifiers, itself, and the tables that it finds."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import logformats
from botocore.exceptions import ClientError
from tqdm.auto import tqdm

from logloom import aws
from logloom.errors import CrawlerFailed
from logloom.refusals import explained

if TYPE_CHECKING:
    import pandas as pd
    from botocore.client import BaseClient

    from logloom.settings import Settings

NAME = "logloom-raw"
TABLE_PREFIX = "raw_"


def register_classifiers(settings: Settings) -> list[str]:
    """Register the grok classifiers of all formats, or bring those that differ up to date.

    Returns
    -------
    list of str
        Their names, in the order in which the crawler tries them.
    """
    glue = aws.session(settings).client("glue")
    names = []
    for classifier in logformats.glue_classifiers(logformats.user_formats(settings.formats)):
        wanted = {name: value for name, value in classifier.items() if value}
        with explained(f"registering the classifier {wanted['Name']}"):
            found = _get(glue.get_classifier, "Classifier", Name=wanted["Name"])
            if found is None:
                glue.create_classifier(GrokClassifier=wanted)
            elif _differs(wanted, found.get("GrokClassifier", {})):
                glue.update_classifier(GrokClassifier=wanted)
        names.append(wanted["Name"])
    return names


def create(settings: Settings) -> str:
    """Create the crawler `logloom-raw` with its classifiers and its database, or bring it up to date.

    Returns
    -------
    str
        The crawler's name.
    """
    classifiers = register_classifiers(settings)
    glue = aws.session(settings).client("glue")
    wanted = definition(settings, classifiers)
    with explained(f"creating the crawler {NAME}"):
        if _get(glue.get_database, "Database", Name=settings.database) is None:
            glue.create_database(DatabaseInput={"Name": settings.database})
        found = _get(glue.get_crawler, "Crawler", Name=NAME)
        if found is None:
            glue.create_crawler(**wanted)
        elif _differs(wanted, found):
            _wait(glue, settings)  # a crawler at work cannot be changed
            glue.update_crawler(**wanted)
    return NAME


def definition(settings: Settings, classifiers: list[str]) -> dict[str, Any]:
    """Describe the crawler as Glue's CreateCrawler wants it: one table for each folder below the raw logs."""
    # https://docs.aws.amazon.com/glue/latest/dg/crawler-table-level.html: the bucket is level 1.
    level = 1 + len(settings.raw_prefix.split("/")) + 1
    return {
        "Name": NAME,
        "Description": "Recognises the raw logs of Logloom, a table for each source",
        "Role": settings.glue_role,
        "DatabaseName": settings.database,
        "Targets": {"S3Targets": [{"Path": settings.raw_location}]},
        "TablePrefix": TABLE_PREFIX,
        "Classifiers": classifiers,
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "Configuration": json.dumps(
            {
                "Version": 1.0,
                "Grouping": {
                    "TableGroupingPolicy": "CombineCompatibleSchemas",
                    "TableLevelConfiguration": level,
                },
                "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
            }
        ),
    }


def run(settings: Settings) -> pd.DataFrame:
    """Run the crawler, wait for it, and show the raw tables.

    A crawl that is under way is waited for, and another one follows it, since it may have passed the newest
    logs.

    Returns
    -------
    DataFrame
        As `tables`.

    Raises
    ------
    CrawlerFailed
        With the reason, and where the crawler's log is.
    """
    glue = aws.session(settings).client("glue")
    with explained(f"running the crawler {NAME}"):
        while True:
            _wait(glue, settings)
            try:
                glue.start_crawler(Name=NAME)
                break
            except glue.exceptions.CrawlerRunningException:
                continue
        crawl = _wait(glue, settings).get("LastCrawl", {})
    if crawl.get("Status") != "SUCCEEDED":
        log = f"{crawl.get('LogGroup', '/aws-glue/crawlers')} {crawl.get('LogStream', NAME)}"
        reason = crawl.get("ErrorMessage") or "it gave no reason"
        raise CrawlerFailed(
            f"the crawler {NAME} ended {crawl.get('Status', 'unknown')}: {reason} (log: {log})"
        )
    return tables(settings)


def tables(settings: Settings) -> pd.DataFrame:
    """List the raw tables that the crawler made.

    Returns
    -------
    DataFrame
        A row a table: `table`, `classification`, `records`, `objects`, `bytes` (the crawler's own estimates),
        `columns` (their number) and `location`.
    """
    import pandas as pd

    glue = aws.session(settings).client("glue")
    with explained(f"listing the tables of {settings.database}"):
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=settings.database)
        rows = [_row(table) for page in pages for table in page["TableList"] if _is_raw(table)]
    columns = ["table", "classification", "records", "objects", "bytes", "columns", "location"]
    return pd.DataFrame(rows, columns=columns)


def _is_raw(table: dict[str, Any]) -> bool:
    return table["Name"].startswith(TABLE_PREFIX)


def _row(table: dict[str, Any]) -> tuple:
    said = table.get("Parameters", {})
    storage = table.get("StorageDescriptor", {})
    numbers = [int(float(said.get(name, 0))) for name in ("recordCount", "objectCount", "sizeKey")]
    columns = len(storage.get("Columns", []))
    return (table["Name"], said.get("classification", ""), *numbers, columns, storage.get("Location", ""))


def _wait(glue: BaseClient, settings: Settings) -> dict[str, Any]:
    """Wait until the crawler is ready; give its description."""
    pause = 0.25 if settings.is_local else 5.0
    with tqdm(desc="crawling", bar_format="{desc}: {elapsed} {postfix}", delay=1) as bar:
        while True:
            crawler = glue.get_crawler(Name=NAME)["Crawler"]
            if crawler["State"] == "READY":
                return crawler
            bar.set_postfix_str(crawler["State"].lower())
            bar.update()
            time.sleep(pause)


def _get(call: Any, member: str, **arguments: Any) -> dict[str, Any] | None:
    try:
        return call(**arguments)[member]
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return None
        raise


def _differs(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Tell whether what is there is not as wanted; what AWS adds of its own is no difference."""
    for name, value in wanted.items():
        there = found.get(name)
        if isinstance(value, dict):
            if not isinstance(there, dict) or _differs(value, there):
                return True
        elif name == "Targets" or isinstance(value, list):
            if len(value) != len(there or ()) or any(
                _differs(one, other) if isinstance(one, dict) else one != other
                for one, other in zip(value, there, strict=True)
            ):
                return True
        elif name == "Configuration":
            if not there or json.loads(there) != json.loads(value):
                return True
        elif name == "Role":
            # Given as a name, it may come back as the role's ARN.
            if not there or there.rsplit("/", 1)[-1] != value.rsplit("/", 1)[-1]:
                return True
        elif value != there:
            return True
    return False
