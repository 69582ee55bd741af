"""Crawlers: their definitions, their states, and the history of their crawls."""

from __future__ import annotations

import json
import re
import statistics
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localaws import documents, paging
from localaws.glue.base import given, invalid, not_found, now
from localaws.glue.catalog import Catalog
from localaws.glue.classifiers import Classifiers
from localaws.glue.cloudwatch import CloudWatch
from localaws.glue.crawl import Crawl, CrawlFailed, Stopped
from localaws.glue.named_documents import NamedDocuments
from localaws.glue.table_writer import Counts
from localaws.glue.tags import Tags
from localaws.service import AwsError, Context, Handler

LOG_GROUP = "/aws-glue/crawlers"
PAGE_SIZE = 100
DEFINITION = (
    "Role", "Targets", "DatabaseName", "Description", "Classifiers", "TablePrefix", "SchemaChangePolicy",
    "RecrawlPolicy", "LineageConfiguration", "Configuration", "CrawlerSecurityConfiguration",
    "LakeFormationConfiguration",
)  # fmt: skip
_SCHEDULE = re.compile(r"cron\(\S+ \S+ \S+ \S+ \S+ \S+\)\Z")
_HISTORY_OF = {"SUCCEEDED": "COMPLETED", "FAILED": "FAILED", "CANCELLED": "STOPPED"}


class Crawlers:
    """The crawlers of an account, and the crawls that go on.

    Parameters
    ----------
    context
        The local AWS.
    catalog, classifiers, tags
        Where crawls write, what they read with, and what crawlers are tagged with.
    """

    def __init__(self, context: Context, catalog: Catalog, classifiers: Classifiers, tags: Tags) -> None:
        self.context = context
        self.catalog = catalog
        self.classifiers = classifiers
        self.tags = tags
        self.logs = CloudWatch(context)
        self._documents = NamedDocuments(context.store, "glue_crawler")
        self._stops: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self._closing = False

    def actions(self) -> dict[str, Handler]:
        """Give the handlers of Glue's crawler actions."""
        return {
            "CreateCrawler": self.create,
            "GetCrawler": lambda body: {"Crawler": self._answer(self._find(body["Name"]))},
            "GetCrawlers": self.list,
            "ListCrawlers": self.list_names,
            "BatchGetCrawlers": self.batch_get,
            "UpdateCrawler": self.update,
            "DeleteCrawler": self.delete,
            "StartCrawler": self.start_crawler,
            "StopCrawler": self.stop_crawler,
            "GetCrawlerMetrics": self.metrics,
            "ListCrawls": self.history,
            "UpdateCrawlerSchedule": self.update_schedule,
            "StartCrawlerSchedule": lambda body: self._set_schedule(body["CrawlerName"], "SCHEDULED"),
            "StopCrawlerSchedule": lambda body: self._set_schedule(body["CrawlerName"], "NOT_SCHEDULED"),
        }

    # Definitions

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["Name"]
        self._check(body)
        moment = now()
        crawler = {
            "Name": name,
            "Classifiers": [],
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "SchemaChangePolicy": {},
            "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
            **{key: body[key] for key in DEFINITION if body.get(key) is not None},
            "State": "READY",
            "CrawlElapsedTime": 0,
            "CreationTime": moment,
            "LastUpdated": moment,
            "Version": 1,
        }
        _fill_in(crawler)
        if body.get("Schedule"):
            crawler["Schedule"] = {"ScheduleExpression": body["Schedule"], "State": "SCHEDULED"}
        if not self._documents.add(name, crawler):
            raise AwsError("AlreadyExistsException", f"Crawler with name {name} already exists")
        self.tags.set(self.tags.arn("crawler", name), body.get("Tags") or {})
        return {}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        def change(crawler: dict[str, Any]) -> None:
            self._refuse_while_running(crawler)
            merged = {**crawler, **{key: body[key] for key in DEFINITION if body.get(key) is not None}}
            self._check({**merged, "Schedule": body.get("Schedule")})
            _fill_in(merged)
            crawler.update(merged, LastUpdated=now(), Version=crawler["Version"] + 1)
            if body.get("Schedule"):
                crawler["Schedule"] = {"ScheduleExpression": body["Schedule"], "State": "SCHEDULED"}
            elif body.get("Schedule") == "":
                crawler.pop("Schedule", None)

        if self._documents.change(body["Name"], change) is None:
            raise _missing(body["Name"])
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["Name"]
        with self.context.store.transaction() as db:
            self._refuse_while_running(self._find(name))
            self._documents.remove(name)
            db.execute("DELETE FROM glue_crawl WHERE crawler = ?", (name,))
            db.execute("DELETE FROM glue_crawled_folder WHERE crawler = ?", (name,))
            self.tags.forget(self.tags.arn("crawler", name))
        return {}

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        limit = body.get("MaxResults") or PAGE_SIZE
        return self._documents.page(
            "Crawlers", body.get("NextToken"), limit, lambda _, each: self._answer(each)
        )

    def list_names(self, body: dict[str, Any]) -> dict[str, Any]:
        limit = min(body.get("MaxResults") or PAGE_SIZE, PAGE_SIZE)
        if not body.get("Tags"):
            return self._documents.page("CrawlerNames", body.get("NextToken"), limit, lambda name, _: name)
        after = paging.after(body.get("NextToken")) or ""
        names = [
            each["Name"]
            for each in self._documents.all()
            if each["Name"] > after and self.tags.has(self.tags.arn("crawler", each["Name"]), body["Tags"])
        ]
        return paging.page("CrawlerNames", names, names, limit)

    def batch_get(self, body: dict[str, Any]) -> dict[str, Any]:
        found = {name: self._documents.find(name) for name in body["CrawlerNames"]}
        return {
            "Crawlers": [self._answer(each) for each in found.values() if each is not None],
            "CrawlersNotFound": [name for name, each in found.items() if each is None],
        }

    def update_schedule(self, body: dict[str, Any]) -> dict[str, Any]:
        _check_schedule(body.get("Schedule"))

        def change(crawler: dict[str, Any]) -> None:
            crawler["Schedule"] = {"ScheduleExpression": body.get("Schedule") or "", "State": "SCHEDULED"}

        if self._documents.change(body["CrawlerName"], change) is None:
            raise _missing(body["CrawlerName"])
        return {}

    def _set_schedule(self, name: str, state: str) -> dict[str, Any]:
        def change(crawler: dict[str, Any]) -> None:
            schedule = crawler.get("Schedule")
            if not schedule:
                raise AwsError("NoScheduleException", f"Crawler {name} has no schedule")
            if schedule["State"] == state:
                running = state == "SCHEDULED"
                code = "SchedulerRunningException" if running else "SchedulerNotRunningException"
                raise AwsError(code, f"The schedule of crawler {name} is {'' if running else 'not '}running")
            schedule["State"] = state

        if self._documents.change(name, change) is None:
            raise _missing(name)
        return {}

    def _find(self, name: str) -> dict[str, Any]:
        crawler = self._documents.find(name)
        if crawler is None:
            raise _missing(name)
        return crawler

    def _answer(self, crawler: dict[str, Any]) -> dict[str, Any]:
        if crawler["State"] != "READY" and (started := crawler.get("_Started")):
            crawler["CrawlElapsedTime"] = int((now() - started).total_seconds() * 1000)
        return {key: value for key, value in crawler.items() if not key.startswith("_")}

    def _refuse_while_running(self, crawler: dict[str, Any]) -> None:
        if crawler["State"] != "READY":
            raise AwsError(
                "CrawlerRunningException", f"Crawler with name {crawler['Name']} is currently running"
            )

    def _check(self, body: dict[str, Any]) -> None:
        kinds = [kind for kind, targets in (body.get("Targets") or {}).items() if targets]
        if others := [kind for kind in kinds if kind != "S3Targets"]:
            raise invalid(f"The local AWS crawls S3 targets only, not {', '.join(others)}.")
        if not kinds:
            raise invalid("Must specify at least one target.")
        for target in body["Targets"]["S3Targets"]:
            path = target.get("Path") or ""
            if not re.match(r"(s3://)?[a-z0-9][a-z0-9.-]+(/|\Z)", path):
                raise invalid(f"The S3 target path {path!r} is no s3://bucket/prefix.")
            if target.get("EventQueueArn") or target.get("ConnectionName"):
                raise invalid("The local AWS crawls S3 targets without event queues and connections.")
        if not body.get("DatabaseName"):
            raise invalid("A crawler with an S3 target needs a DatabaseName.")
        for name in body.get("Classifiers") or ():
            self.classifiers.find(name)
        _check_schedule(body.get("Schedule"))
        _check_configuration(body.get("Configuration"))
        behaviour = (body.get("RecrawlPolicy") or {}).get("RecrawlBehavior")
        if behaviour == "CRAWL_EVENT_MODE":
            raise invalid("The local AWS does not crawl in event mode.")
        policy = body.get("SchemaChangePolicy") or {}
        if behaviour == "CRAWL_NEW_FOLDERS_ONLY" and set(policy.values()) - {"LOG"}:
            raise invalid(
                'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG'
                " DeleteBehavior value and LOG UpdateBehavior value."
            )

    # Crawls

    def start_crawler(self, body: dict[str, Any]) -> dict[str, Any]:
        name, crawl_id = body["Name"], str(uuid.uuid4())
        started = now()

        def change(crawler: dict[str, Any]) -> None:
            if crawler["State"] != "READY":
                raise AwsError("CrawlerRunningException", f"Crawler with name {name} has already started")
            crawler.update(State="RUNNING", CrawlElapsedTime=0, _Started=started, _CrawlId=crawl_id)

        with self.context.store.transaction():
            if (crawler := self._documents.change(name, change)) is None:
                raise AwsError("EntityNotFoundException", f"Crawler with name {name} does not exist")
            self._record(crawl_id, name, {"CrawlId": crawl_id, "State": "RUNNING", "StartTime": started})
        self._stops[name] = threading.Event()
        thread = threading.Thread(
            target=self._crawl, args=(crawler, crawl_id), name=f"crawl-{name}", daemon=True
        )
        self._threads.add(thread)
        thread.start()
        return {}

    def stop_crawler(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["Name"]

        def change(crawler: dict[str, Any]) -> None:
            if crawler["State"] == "READY":
                raise AwsError("CrawlerNotRunningException", f"Crawler with name {name} isn't running")
            if crawler["State"] == "STOPPING":
                raise AwsError("CrawlerStoppingException", f"Crawler with name {name} is already stopping")
            crawler["State"] = "STOPPING"

        if self._documents.change(name, change) is None:
            raise AwsError("EntityNotFoundException", f"Crawler with name {name} does not exist")
        if (stop := self._stops.get(name)) is not None:
            stop.set()
        return {}

    def start(self) -> None:
        """Record as failed what was crawling when the supervisor was killed."""
        for crawler in self._documents.all():
            if crawler["State"] != "READY":
                self._end(
                    crawler, crawler["_CrawlId"], "FAILED", Counts(), "The local AWS ended during the crawl."
                )

    def close(self) -> None:
        """Stop the crawls that go on, and wait for them."""
        self._closing = True
        for stop in list(self._stops.values()):
            stop.set()
        for thread in list(self._threads):
            thread.join(timeout=10)

    def _crawl(self, crawler: dict[str, Any], crawl_id: str) -> None:
        name, stop = crawler["Name"], self._stops[crawler["Name"]]
        lines: list[str] = []

        def log(level: str, sentence: str) -> None:
            lines.append(f"[{crawl_id}] {level} : {sentence}")

        def check() -> None:
            if stop.is_set():
                raise Stopped

        status, counts, error = "SUCCEEDED", Counts(), None
        try:
            log("BENCHMARK", f"Running Start Crawl for Crawler {name}")
            custom = [self.classifiers.find(each) for each in crawler["Classifiers"]]
            crawl = Crawl(
                crawler, custom, self.context.s3_root, self.catalog, log, check, self._known_folders(name)
            )
            counts = crawl.run()
            self._remember_folders(name, crawl.folders)
        except Stopped:
            status, error = "CANCELLED", None
            if self._closing:
                status, error = "FAILED", "The local AWS ended during the crawl."
        except (CrawlFailed, AwsError) as refusal:
            status, error = "FAILED", getattr(refusal, "message", str(refusal))
        except Exception as fault:  # noqa: BLE001 - whatever it is, the crawl has to end and to say so
            status, error = "FAILED", f"Internal Service Exception: {type(fault).__name__}: {fault}"
        if error:
            log("ERROR", error)
        log("BENCHMARK", f"Crawler has finished running and is in state {'READY' if not error else 'FAILED'}")
        # The log first: whoever sees the crawler ready can read it.
        if not self._closing:
            self.logs.put(LOG_GROUP, _stream(name), lines)
        self._end(crawler, crawl_id, status, counts, error)
        self._threads.discard(threading.current_thread())
        self.context.store.close()

    def _end(
        self, crawler: dict[str, Any], crawl_id: str, status: str, counts: Counts, error: str | None
    ) -> None:
        name, started, ended = crawler["Name"], crawler["_Started"], now()
        where = {"LogGroup": LOG_GROUP, "LogStream": _stream(name), "MessagePrefix": crawl_id}
        message = given(ErrorMessage=error[:2048] if error else None)

        def change(stored: dict[str, Any]) -> None:
            seconds = (ended - started).total_seconds()
            stored.update(State="READY", CrawlElapsedTime=0)
            stored["LastCrawl"] = {"Status": status, **message, **where, "StartTime": started}
            stored["_Last"] = {
                "Created": counts.created,
                "Updated": counts.updated,
                "Deleted": counts.deleted,
            }
            stored["_Runtimes"] = [*stored.get("_Runtimes", []), seconds][-100:]

        summary = {"TABLE": {"ADD": counts.created, "UPDATE": counts.updated, "DELETE": counts.deleted}}
        with self.context.store.transaction():
            self._documents.change(name, change)
            self._record(
                crawl_id,
                name,
                {
                    "CrawlId": crawl_id,
                    "State": _HISTORY_OF[status],
                    "StartTime": started,
                    "EndTime": ended,
                    "Summary": json.dumps(summary),
                    **message,
                    **where,
                    "DPUHour": 0.0,
                },
            )

    def _record(self, crawl_id: str, crawler: str, crawl: dict[str, Any]) -> None:
        with self.context.store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO glue_crawl VALUES (?, ?, ?, ?)",
                (crawl_id, crawler, crawl["StartTime"].timestamp(), documents.dumps(crawl)),
            )

    def _known_folders(self, name: str) -> frozenset[str]:
        rows = self.context.store.connection().execute(
            "SELECT location FROM glue_crawled_folder WHERE crawler = ?", (name,)
        )
        return frozenset(row["location"] for row in rows)

    def _remember_folders(self, name: str, folders: set[str]) -> None:
        with self.context.store.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO glue_crawled_folder VALUES (?, ?)", [(name, each) for each in folders]
            )

    def metrics(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body.get("CrawlerNameList")
        limit = body.get("MaxResults") or PAGE_SIZE
        after = paging.after(body.get("NextToken")) or ""
        crawlers = [
            each
            for each in self._documents.all()
            if each["Name"] > after and (not wanted or each["Name"] in wanted)
        ]
        items = [_metrics(each) for each in crawlers]
        return paging.page("CrawlerMetricsList", items, [each["Name"] for each in crawlers], limit)

    def history(self, body: dict[str, Any]) -> dict[str, Any]:
        self._find(body["CrawlerName"])
        rows = self.context.store.connection().execute(
            "SELECT body FROM glue_crawl WHERE crawler = ? ORDER BY started DESC, id", (body["CrawlerName"],)
        )
        passes = [_filter(each) for each in body.get("Filters") or ()]
        crawls = [documents.loads(row["body"]) for row in rows]
        crawls = [each for each in crawls if all(test(each) for test in passes)]
        start = paging.after(body.get("NextToken")) or 0
        limit = body.get("MaxResults") or 20
        numbers = list(range(start + 1, len(crawls) + 1))
        return paging.page("Crawls", crawls[start:], numbers, limit)


def _missing(name: str) -> AwsError:
    return not_found(f"Crawler entry with name {name} does not exist")


def _fill_in(crawler: dict[str, Any]) -> None:
    incremental = crawler["RecrawlPolicy"].get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"
    policy = crawler["SchemaChangePolicy"]
    crawler["SchemaChangePolicy"] = {
        "UpdateBehavior": policy.get("UpdateBehavior", "LOG" if incremental else "UPDATE_IN_DATABASE"),
        "DeleteBehavior": policy.get("DeleteBehavior", "LOG" if incremental else "DEPRECATE_IN_DATABASE"),
    }


def _check_schedule(schedule: str | None) -> None:
    # Six fields: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
    if schedule and not _SCHEDULE.match(schedule):
        raise invalid(
            f"The schedule {schedule} is no cron(minutes hours day-of-month month day-of-week year)."
        )


def _check_configuration(configuration: str | None) -> None:
    if not configuration:
        return
    try:
        settings = json.loads(configuration)
    except ValueError:
        raise invalid("The crawler's Configuration is not valid JSON.") from None
    if not isinstance(settings, dict) or settings.get("Version") != 1.0:
        raise invalid("The crawler's Configuration needs a Version of 1.0.")
    known = {"Version", "CrawlerOutput", "Grouping", "CreatePartitionIndex"}
    if unknown := settings.keys() - known:
        raise invalid(f"The crawler's Configuration contains unsupported keys: {', '.join(sorted(unknown))}.")
    level = (settings.get("Grouping") or {}).get("TableLevelConfiguration")
    if level is not None and not (isinstance(level, int) and level >= 1):
        raise invalid("TableLevelConfiguration is a whole number from 1, the level of the bucket.")


def _stream(crawler: str) -> str:
    return re.sub(r"[:*]", "_", crawler)


def _metrics(crawler: dict[str, Any]) -> dict[str, Any]:
    runtimes, last = crawler.get("_Runtimes") or [], crawler.get("_Last") or {}
    return {
        "CrawlerName": crawler["Name"],
        "TimeLeftSeconds": 0.0,
        "StillEstimating": crawler["State"] == "RUNNING",
        "LastRuntimeSeconds": runtimes[-1] if runtimes else 0.0,
        "MedianRuntimeSeconds": statistics.median(runtimes) if runtimes else 0.0,
        "TablesCreated": last.get("Created", 0),
        "TablesUpdated": last.get("Updated", 0),
        "TablesDeleted": last.get("Deleted", 0),
    }


def _filter(each: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    member = {
        "CRAWL_ID": "CrawlId",
        "STATE": "State",
        "START_TIME": "StartTime",
        "END_TIME": "EndTime",
        "DPU_HOUR": "DPUHour",
    }[each["FieldName"]]
    wanted: Any = each["FieldValue"]
    try:
        if member.endswith("Time"):
            wanted = datetime.fromtimestamp(float(wanted) / 1000, UTC)
        elif member == "DPUHour":
            wanted = float(wanted)
    except ValueError:
        raise invalid(f"{each['FieldName']} is compared with a number, not with {wanted!r}") from None
    compare: dict[str, Callable[[Any], bool]] = {
        "GT": lambda value: value > wanted,
        "GE": lambda value: value >= wanted,
        "LT": lambda value: value < wanted,
        "LE": lambda value: value <= wanted,
        "EQ": lambda value: value == wanted,
        "NE": lambda value: value != wanted,
    }
    test = compare[each["FilterOperator"]]
    return lambda crawl: member in crawl and test(crawl[member])
