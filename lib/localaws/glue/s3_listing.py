"""The objects below a crawler's S3 target, as a tree of folders, read from the state folder directly."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Tells of each key whether it is excluded.
Matcher = Callable[[list[str]], list[bool]]


class TargetError(Exception):
    """A target that cannot be crawled; the message becomes the crawl's."""


@dataclass(frozen=True)
class S3Object:
    """One object: its key's parts below its folder, its file, its bytes."""

    name: str
    path: Path
    size: int


@dataclass
class Folder:
    """A folder of objects; `parts` is the bucket, then the names below it."""

    parts: tuple[str, ...]
    objects: list[S3Object] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def level(self) -> int:
        """Its absolute level: the bucket is 1 (Glue's TableLevelConfiguration counts so)."""
        return len(self.parts)

    @property
    def location(self) -> str:
        return "s3://" + "/".join(self.parts) + "/"

    def walk(self) -> Iterator[Folder]:
        """Give the folder and all below it, in the order of their names."""
        yield self
        for name in sorted(self.folders):
            yield from self.folders[name].walk()

    def everything(self) -> list[S3Object]:
        """Give all objects below the folder."""
        return [each for folder in self.walk() for each in folder.objects]


def target_parts(path: str) -> tuple[str, ...]:
    """Split ``s3://bucket/prefix/`` into bucket and folder names."""
    return tuple(part for part in path.removeprefix("s3://").split("/") if part)


def tree(s3_root: Path, target: str, exclusions: Sequence[str] = ()) -> Folder:
    """List the objects below a target, without the empty ones, the hidden ones and the excluded ones.

    Hidden is what begins with ``_`` or ``.``, as Hive and Athena have it: markers and files in the making.

    Parameters
    ----------
    s3_root
        The folder that holds the buckets.
    target
        ``s3://bucket/prefix``: a folder, or one object.
    exclusions
        Glob patterns relative to the target
        (https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html#crawler-data-stores-exclude).

    Raises
    ------
    TargetError
        When the bucket does not exist.
    """
    parts = target_parts(target)
    if not parts or not (s3_root / parts[0]).is_dir():
        raise TargetError(f"The S3 bucket of the target {target} does not exist.")
    start = s3_root.joinpath(*parts)
    if not start.resolve().is_relative_to((s3_root / parts[0]).resolve()):
        raise TargetError(f"The S3 target {target} leads out of its bucket.")
    excluded = matcher(exclusions)
    if start.is_file():
        folder = Folder(parts[:-1])
        folder.objects.append(S3Object(parts[-1], start, start.stat().st_size))
        return folder
    root = Folder(parts)
    if start.is_dir():
        _fill(root, start, "", excluded)
    return root


def _fill(folder: Folder, path: Path, below: str, excluded: Matcher) -> None:
    found = []
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.startswith(("_", ".")) or entry.is_symlink():
                continue
            if entry.is_dir():
                child = Folder((*folder.parts, entry.name))
                _fill(child, Path(entry.path), f"{below}{entry.name}/", excluded)
                if child.objects or child.folders:
                    folder.folders[entry.name] = child
            elif size := entry.stat().st_size:
                found.append(S3Object(entry.name, Path(entry.path), size))
    flags = excluded([below + each.name for each in found])
    folder.objects += [each for each, out in zip(found, flags, strict=True) if not out]


def matcher(exclusions: Sequence[str]) -> Matcher:
    """Give a function that tells which keys, relative to the target, are excluded.

    Raises
    ------
    TargetError
        For a pattern that is none.
    """
    if not exclusions:
        return lambda keys: [False] * len(keys)
    import polars as pl  # its expressions are run by an automaton: no pattern makes a crawl slow

    expression = "(?s)^(?:" + "|".join(map(glob_regex, exclusions)) + ")$"
    try:
        pl.Series([""]).str.contains(expression)
    except pl.exceptions.ComputeError:
        raise TargetError(f"An exclude pattern is no glob: {', '.join(exclusions)}") from None
    return lambda keys: pl.Series(keys, dtype=pl.String).str.contains(expression).to_list()


def glob_regex(pattern: str) -> str:
    """Translate a Glue exclude pattern into a regular expression for a key relative to the target.

    ``*`` and ``?`` do not cross folders, ``**`` does; ``[a-c]``, ``[!a]``, ``{a,b}`` as in Java's globs.
    """
    out, at, depth = [], 0, 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            out.append(".*")
            at += 1
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and "]" in pattern[at + 2 :]:
            end = pattern.index("]", at + 2)
            body = re.sub(r"([\[\]\\&~^])", r"\\\1", pattern[at + 1 : end])
            out.append("[" + ("^" + body[1:] if body[0] == "!" else body) + "]")
            at = end
        elif char == "{":
            out.append("(?:")
            depth += 1
        elif char == "}" and depth:
            out.append(")")
            depth -= 1
        elif char == "," and depth:
            out.append("|")
        elif char == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        else:
            out.append(re.escape(char))
        at += 1
    return "".join(out) + ")" * depth
