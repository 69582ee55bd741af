"""One crawl: look at the objects of each target, group them into tables, and bring the catalog up to date."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localaws.glue import grouping, recognise, s3_listing, samples
from localaws.glue.catalog import Catalog
from localaws.glue.grouping import Group, Seen
from localaws.glue.s3_listing import Folder, TargetError
from localaws.glue.table_inputs import Draft, draft
from localaws.glue.table_writer import Counts, TableWriter

MAX_SAMPLES = 100  # of a folder's objects that are read, where the target sets no SampleSize
BATCH = 64  # samples that are held at once


class Stopped(Exception):
    """The crawl was asked to stop."""


class CrawlFailed(Exception):
    """The crawl cannot go on; the message is LastCrawl's."""


@dataclass
class Crawl:
    """What a crawl works with, and what came of it.

    Attributes
    ----------
    crawler
        As GetCrawler answers it.
    classifiers
        Those of the crawler, in their order, as GetClassifier answers each.
    known_folders
        Locations that an earlier crawl has seen (for CRAWL_NEW_FOLDERS_ONLY).
    log
        Takes a level and a sentence, for the crawler's log.
    check
        Raises `Stopped` when the crawl is to stop.
    folders
        The locations of folders with objects that this crawl saw.
    """

    crawler: dict[str, Any]
    classifiers: Sequence[dict[str, Any]]
    s3_root: Path
    catalog: Catalog
    log: Callable[[str, str], None]
    check: Callable[[], None]
    known_folders: frozenset[str] = frozenset()
    folders: set[str] = field(default_factory=set)

    def run(self) -> Counts:
        """Crawl all targets, then write the catalog. Nothing is written when it fails or stops before that.

        Returns
        -------
        Counts
            Tables created, updated and deleted.

        Raises
        ------
        CrawlFailed
            With the reason, for a target that is not there or a classifier that does not compile.
        Stopped
            When `check` says so.
        """
        try:
            self._candidates = recognise.classifiers(self.classifiers)
            groups = [
                each for target in self.crawler["Targets"]["S3Targets"] for each in self._target(target)
            ]
        except (TargetError, ValueError) as error:
            raise CrawlFailed(str(error)) from error
        drafts = self._drafts(groups)
        self.check()
        writer = TableWriter(self.crawler, self.catalog, self.log)
        return writer.write(drafts, [each["Path"] for each in self.crawler["Targets"]["S3Targets"]])

    def _target(self, target: dict[str, Any]) -> list[Group]:
        root = s3_listing.tree(self.s3_root, target["Path"], target.get("Exclusions") or ())
        for folder in root.walk():
            if folder.objects:
                self.folders.add(folder.location)
        if self._new_folders_only and self.known_folders:
            _keep_new(root, self.known_folders)
        count = len(root.everything())
        self.log("INFO", f"Found {count} objects at {target['Path']}.")
        seen = self._look(root, target.get("SampleSize") or MAX_SAMPLES)
        return grouping.group(
            root, lambda _, objects: [seen[o.path] for o in objects if o.path in seen], self._rules
        )

    @property
    def _new_folders_only(self) -> bool:
        return (self.crawler.get("RecrawlPolicy") or {}).get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"

    @property
    def _rules(self) -> grouping.Rules:
        settings = json.loads(self.crawler.get("Configuration") or "{}").get("Grouping") or {}
        level = settings.get("TableLevelConfiguration")
        combine = settings.get("TableGroupingPolicy") == "CombineCompatibleSchemas"
        return grouping.Rules(combine, int(level) if level is not None else None)

    def _look(self, root: Folder, size: int) -> dict[Path, Seen]:
        """Recognise `size` objects of each folder."""
        chosen: list[tuple[str, Path]] = []
        for folder in root.walk():
            # Spread over the folder: rotated logs often change their format somewhere on the way.
            step = max(1, -(-len(folder.objects) // size))
            chosen += [(folder.location + each.name, each.path) for each in folder.objects[::step]]
        seen = {}
        for at in range(0, len(chosen), BATCH):
            taken = [t for location, path in chosen[at : at + BATCH] if (t := self._take(location, path))]
            found = recognise.recognise([sample for _, sample in taken], self._candidates)
            for (location, sample), recognition in zip(taken, found, strict=True):
                if recognition is None:
                    self.log("WARN", f"No classifier reads {location}.")
                seen[sample.path] = Seen.of(sample, recognition)
        return seen

    def _take(self, location: str, path: Path) -> tuple[str, samples.Sample] | None:
        self.check()
        try:
            sample = samples.take(path)
        except FileNotFoundError:
            return None  # deleted since it was listed
        if sample.problem:
            self.log("WARN", f"{location} is damaged: {sample.problem}.")
        return location, sample

    def _drafts(self, groups: Sequence[Group]) -> list[Draft]:
        prefix = self.crawler.get("TablePrefix") or ""
        return [draft(each, prefix, self.crawler["Name"]) for each in groups]


def _keep_new(folder: Folder, known: frozenset[str]) -> None:
    """Take the objects out of folders that an earlier crawl has seen."""
    for each in folder.walk():
        if each.location in known:
            each.objects = []
    for name, child in list(folder.folders.items()):
        _keep_new(child, known)
        if not child.objects and not child.folders:
            del folder.folders[name]
