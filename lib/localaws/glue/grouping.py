"""Which folders of a target are tables, and which are partitions of one: the rules of Glue's crawler.

Where most folders of a level hold data of one format and a similar schema, they are partitions of one table
at the folder above; otherwise each is a table
(https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html).
`TableLevelConfiguration` fixes the level of the tables, `CombineCompatibleSchemas` lets the format alone
decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from localaws.glue import hive_types
from localaws.glue.hive_types import Columns
from localaws.glue.recognise import UNKNOWN, Recognition
from localaws.glue.s3_listing import Folder, S3Object
from localaws.glue.samples import Sample

SIMILAR = 0.7  # of the columns


@dataclass(frozen=True)
class Seen:
    """What is kept of a sampled object: its size, how much was read of it, and what it was recognised as.

    No recognition is UNKNOWN.
    """

    path: Path
    size: int
    compression: str
    lines: int
    recognition: Recognition | None

    @classmethod
    def of(cls, sample: Sample, recognition: Recognition | None) -> Seen:
        """Keep the figures of a sample, not its text: a target may have very many."""
        return cls(sample.path, sample.size, sample.compression, len(sample.lines), recognition)


@dataclass
class Group:
    """Objects that go into one table, or into one partition of it."""

    folder: Folder
    objects: list[S3Object]
    seen: list[Seen]
    # Folder names from the table's folder down to each partition; none for a table without partitions.
    partitions: list[tuple[tuple[str, ...], Group]] = field(default_factory=list)
    location: str = ""
    classification: str = ""  # settled here unless it is given

    def __post_init__(self) -> None:
        self.location = self.location or self.folder.location
        self.classification = self.classification or self._most_lines()
        self._settle()

    def _most_lines(self) -> str:
        # What no format reads counts for none.
        lines: Counter[str] = Counter()
        for each in self.seen:
            if each.recognition is not None:
                found = each.recognition
                lines[found.classification] += max(1, round(found.certainty * each.lines))
        return lines.most_common(1)[0][0] if lines else UNKNOWN

    def _settle(self) -> None:
        fitting = [
            e.recognition
            for e in self.seen
            if e.recognition and e.recognition.classification == self.classification
        ]
        self.recognitions: list[Recognition] = fitting
        self.columns: Columns = {}
        for found in fitting:
            lowered: Columns = {}
            for name, type_ in found.columns.items():
                lowered[name.lower()] = hive_types.merge(lowered.get(name.lower(), hive_types.UNSEEN), type_)
            self.columns = hive_types.merge_columns(self.columns, lowered)

    @property
    def depth(self) -> int:
        """How many partition keys the table has."""
        return len(self.partitions[0][0]) if self.partitions else 0

    def similar(self, other: Group, combine: bool) -> bool:
        """Tell whether both can be partitions of one table."""
        if self.classification != other.classification or self.depth != other.depth:
            return False
        return combine or hive_types.similarity(self.columns, other.columns) >= SIMILAR


@dataclass(frozen=True)
class Rules:
    """A crawler's `Configuration` as far as it groups objects."""

    combine: bool = False
    table_level: int | None = None


def group(
    root: Folder, look: Callable[[Folder, Sequence[S3Object]], list[Seen]], rules: Rules = Rules()
) -> list[Group]:
    """Group the objects below a target into tables.

    Parameters
    ----------
    root
        The target's tree.
    look
        Takes samples of a folder's objects and recognises them.
    rules
        The crawler's configuration.
    """
    if rules.table_level is not None:
        return _at_level(root, look, rules)
    return _resolve(root, look, rules, at_root=True)


def _resolve(
    folder: Folder,
    look: Callable[[Folder, Sequence[S3Object]], list[Seen]],
    rules: Rules,
    *,
    at_root: bool = False,
) -> list[Group]:
    if not folder.folders:
        if not folder.objects:
            return []
        own = Group(folder, folder.objects, look(folder, folder.objects))
        if at_root and len(own.objects) > 1:
            each = _each_its_own(own)
            return [own] if _mostly_similar(each, rules.combine) else each
        return [own]
    below = [(name, _resolve(folder.folders[name], look, rules)) for name in sorted(folder.folders)]
    groups = [each for _, found in below for each in found]
    if folder.objects:
        own = Group(folder, folder.objects, look(folder, folder.objects))
        whole = Group(folder, folder.everything(), own.seen + [s for g in groups for s in g.seen])
        if not at_root or all(own.similar(each, rules.combine) for each in groups):
            return [whole]
        return [*_each_its_own(own), *groups]
    one_table_each = all(
        len(found) == 1 and found[0].folder.parts == (*folder.parts, name) for name, found in below
    )
    # One folder alone says nothing of its level, unless its name is a partition's.
    of_partitions = len(groups) > 1 or all("=" in name or name.isdigit() for name in folder.folders)
    if one_table_each and of_partitions and _mostly_similar(groups, rules.combine):
        return [_parent(folder, groups, rules.combine)]
    return groups


def _mostly_similar(groups: list[Group], combine: bool) -> bool:
    if len({each.depth for each in groups}) != 1:
        return False
    return _typical(groups, combine)[1] * 2 > len(groups)


def _typical(groups: list[Group], combine: bool) -> tuple[Group, int]:
    """Give the group that most are similar to, and how many are."""
    # Thousands of partitions have few schemas between them.
    kinds: dict[str, list[Group]] = {}
    for each in groups:
        kinds.setdefault(repr((each.classification, each.depth, each.columns)), []).append(each)
    firsts = [(same[0], len(same)) for same in kinds.values()]
    counts = [sum(count for other, count in firsts if one.similar(other, combine)) for one, _ in firsts]
    best = max(range(len(firsts)), key=counts.__getitem__)
    return firsts[best][0], counts[best]


def _parent(folder: Folder, groups: list[Group], combine: bool) -> Group:
    partitions: list[tuple[tuple[str, ...], Group]] = []
    for each in groups:
        if each.partitions:
            partitions += [((each.folder.name, *names), part) for names, part in each.partitions]
        else:
            partitions.append(((each.folder.name,), each))
    objects = [o for each in groups for o in each.objects]
    seen = [s for each in groups for s in each.seen]
    # Of the folders that are alike, however many lines the odd ones have.
    classification = _typical(groups, combine)[0].classification
    return Group(folder, objects, seen, partitions, classification=classification)


def _each_its_own(own: Group) -> list[Group]:
    # Objects beside folders that hold something else: a table each, at the object.
    by_path = {seen.path: seen for seen in own.seen}
    return [
        Group(
            Folder((*own.folder.parts, each.name)),
            [each],
            [by_path[each.path]] if each.path in by_path else [],
            location=own.folder.location + each.name,
        )
        for each in own.objects
    ]


def _at_level(
    folder: Folder, look: Callable[[Folder, Sequence[S3Object]], list[Seen]], rules: Rules
) -> list[Group]:
    if folder.level < (rules.table_level or 0):
        groups = [g for name in sorted(folder.folders) for g in _at_level(folder.folders[name], look, rules)]
        if folder.objects:
            groups = _each_its_own(Group(folder, folder.objects, look(folder, folder.objects))) + groups
        return groups
    leaves = [
        (each.parts[folder.level :], Group(each, each.objects, look(each, each.objects)))
        for each in folder.walk()
        if each.objects
    ]
    if not leaves:
        return []
    even = len({len(names) for names, _ in leaves}) == 1 and leaves[0][0] != ()
    seen = [s for _, leaf in leaves for s in leaf.seen]
    return [Group(folder, folder.everything(), seen, leaves if even else [])]


def partition_keys(found: Group) -> list[str]:
    """Name a table's partition keys: the key of ``key=value`` folders, else partition_0, partition_1 …"""
    keys: list[str] = []
    for level in range(found.depth):
        names = [folders[level] for folders, _ in found.partitions]
        named = {name.partition("=")[0].lower() for name in names if "=" in name}
        key = named.pop() if len(named) == 1 and all("=" in name for name in names) else ""
        taken = key in keys or (
            key in found.columns and found.classification not in ("json", "parquet", "orc")
        )
        keys.append(f"partition_{level}" if not key or taken else key)
    return keys


def partition_values(folders: tuple[str, ...], keys: list[str]) -> list[str]:
    """Give a partition's values from its folders' names (``dt=2025-12-22`` → ``2025-12-22``)."""
    return [
        unquote(name.partition("=")[2]) if not re.fullmatch(r"partition_\d+", key) else name
        for name, key in zip(folders, keys, strict=True)
    ]
