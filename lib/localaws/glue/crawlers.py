"""Crawlers: their definitions, their states, and the history of their crawls."""

from __future__ import annotations

import json
import re
import threading
import uuid
from typing import Any

from localaws import paging
from localaws.glue import crawler_definition
from localaws.glue.base import given, invalid, not_found, now
from localaws.glue.catalog import Catalog
from localaws.glue.classifiers import Classifiers
from localaws.glue.cloudwatch import CloudWatch
from localaws.glue.crawl import Crawl, CrawlFailed, Stopped
from localaws.glue.crawl_history import CrawlHistory, metrics
from localaws.glue.named_documents import NamedDocuments
from localaws.glue.table_writer import Counts
from localaws.glue.tags import Tags
from localaws.service import AwsError, Context, Handler

LOG_GROUP = "/aws-glue/crawlers"
PAGE_SIZE = 100
WRONG_PAGE = "ValidationException"  # no other error of these listings says what a wrong token is
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
        self.history = CrawlHistory(context.store)
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
            "GetCrawlerMetrics": lambda body: metrics(body, self._documents.all()),
            "ListCrawls": self.list_crawls,
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
            **crawler_definition.members(body),
            "State": "READY",
            "CrawlElapsedTime": 0,
            "CreationTime": moment,
            "LastUpdated": moment,
            "Version": 1,
        }
        crawler_definition.fill_in(crawler)
        if body.get("Schedule"):
            crawler["Schedule"] = {"ScheduleExpression": body["Schedule"], "State": "SCHEDULED"}
        if not self._documents.add(name, crawler):
            raise AwsError("AlreadyExistsException", f"Crawler with name {name} already exists")
        self.tags.set(self.tags.arn("crawler", name), body.get("Tags") or {})
        return {}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        def change(crawler: dict[str, Any]) -> None:
            self._refuse_while_running(crawler)
            merged = {
                **crawler,
                **crawler_definition.members(body),
            }
            self._check({**merged, "Schedule": body.get("Schedule")})
            crawler_definition.fill_in(merged)
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
            "Crawlers", body.get("NextToken"), limit, lambda _, each: self._answer(each), WRONG_PAGE
        )

    def list_names(self, body: dict[str, Any]) -> dict[str, Any]:
        limit = min(body.get("MaxResults") or PAGE_SIZE, PAGE_SIZE)
        if not body.get("Tags"):
            return self._documents.page(
                "CrawlerNames", body.get("NextToken"), limit, lambda name, _: name, WRONG_PAGE
            )
        after = paging.after(body.get("NextToken"), WRONG_PAGE) or ""
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
        crawler_definition.check_schedule(body.get("Schedule"))

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
        for name in body.get("Classifiers") or ():
            try:
                self.classifiers.find(name)
            except AwsError as error:
                raise invalid(error.message) from None
        crawler_definition.check(body)

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
            self.history.record(
                crawl_id, name, {"CrawlId": crawl_id, "State": "RUNNING", "StartTime": started}
            )
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
            self.history.record(
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

    def list_crawls(self, body: dict[str, Any]) -> dict[str, Any]:
        self._find(body["CrawlerName"])
        return self.history.list(body)

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


def _missing(name: str) -> AwsError:
    return not_found(f"Crawler entry with name {name} does not exist")


def _stream(crawler: str) -> str:
    return re.sub(r"[:*]", "_", crawler)
