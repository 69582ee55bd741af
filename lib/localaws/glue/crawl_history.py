"""The history of crawls, and the metrics of crawlers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from localaws import documents, paging
from localaws.glue.base import invalid
from localaws.store import Store

PAGE_SIZE = 20
METRICS_PAGE_SIZE = 100


class CrawlHistory:
    """The crawls of all crawlers.

    Parameters
    ----------
    store
        The state database.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def record(self, crawl_id: str, crawler: str, crawl: dict[str, Any]) -> None:
        """Store a crawl, new or changed, as ListCrawls answers it."""
        with self.store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO glue_crawl VALUES (?, ?, ?, ?)",
                (crawl_id, crawler, crawl["StartTime"].timestamp(), documents.dumps(crawl)),
            )

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer ListCrawls: the newest first."""
        rows = self.store.connection().execute(
            "SELECT body FROM glue_crawl WHERE crawler = ? ORDER BY started DESC, id", (body["CrawlerName"],)
        )
        passes = [_filter(each) for each in body.get("Filters") or ()]
        crawls = [documents.loads(row["body"]) for row in rows]
        crawls = [each for each in crawls if all(test(each) for test in passes)]
        start = paging.after(body.get("NextToken")) or 0
        numbers = list(range(start + 1, len(crawls) + 1))
        return paging.page("Crawls", crawls[start:], numbers, body.get("MaxResults") or PAGE_SIZE)


def metrics(body: dict[str, Any], crawlers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Answer GetCrawlerMetrics."""
    wanted = body.get("CrawlerNameList")
    after = paging.after(body.get("NextToken"), "ValidationException") or ""
    named = [each for each in crawlers if each["Name"] > after and (not wanted or each["Name"] in wanted)]
    names = [each["Name"] for each in named]
    limit = body.get("MaxResults") or METRICS_PAGE_SIZE
    return paging.page("CrawlerMetricsList", [_metrics(each) for each in named], names, limit)


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
