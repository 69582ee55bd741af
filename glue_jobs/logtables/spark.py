"""Spark as the distributor of tasks; it is started when there is something to distribute, and not before."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from pyspark import SparkContext

POLL_S = 0.5


class SparkDistribute:
    """Runs a function on items in Spark's Python workers, one Spark task an item.

    Parameters
    ----------
    start
        Starts Spark and gives its context.
    tell
        Called as the tasks are done, with the step, the number done and the number of all.
    """

    def __init__(self, start: Callable[[], SparkContext], tell: Callable[[str, int, int], None]) -> None:
        self._start = start
        self._tell = tell
        self._context: SparkContext | None = None

    @property
    def context(self) -> SparkContext:
        """The Spark context, started at the first use."""
        if self._context is None:
            self._context = self._start()
        return self._context

    @property
    def parallelism(self) -> int:
        """How many tasks run at a time."""
        return self.context.defaultParallelism

    def __call__(
        self, function: Callable[[Any, BaseClient], Any], items: Sequence[Any], step: str
    ) -> list[Any]:
        """Give ``[function(item, s3) for item in items]``, computed by the workers."""
        self._tell(step, 0, len(items))
        self.context.setJobDescription(step)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(step, len(items), done), daemon=True)
        watcher.start()
        try:
            # A partition an item: Spark hands the next one to whichever core is free.
            return self.context.parallelize(items, len(items)).mapPartitions(OnWorker(function)).collect()
        finally:
            done.set()
            watcher.join()

    def _watch(self, step: str, total: int, done: threading.Event) -> None:
        tracker = self.context.statusTracker()
        told = 0
        while not done.wait(POLL_S):
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            completed = sum(stage.numCompletedTasks for stage in stages if stage)
            if completed > told:
                told = completed
                self._tell(step, told, total)
        self._tell(step, total, total)


class OnWorker:
    """A function on items as Spark wants it, on partitions; gives it the worker's own S3 client."""

    def __init__(self, function: Callable[[Any, BaseClient], Any]) -> None:
        self._function = function

    def __call__(self, items: Iterator[Any]) -> Iterator[Any]:
        s3 = _client()
        for item in items:
            yield self._function(item, s3)


@functools.cache
def _client() -> BaseClient:
    """Make the S3 client of a worker, which does many tasks: a client takes longer than a small task."""
    return boto3.client("s3")
