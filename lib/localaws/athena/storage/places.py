"""From ``s3://`` addresses to files of the S3 folder and back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from localaws.athena.errors import StatementError


@dataclass(frozen=True, slots=True)
class DataFile:
    """An object that a table reads: its file, size, and time of change in nanoseconds."""

    path: str
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Places:
    """The S3 folder: object ``key`` of ``bucket`` is the file ``root/bucket/key``."""

    root: Path

    def folder(self, location: str) -> Path:
        """The folder of ``s3://bucket/prefix``.

        Raises
        ------
        StatementError
            For another scheme, and for a prefix that leads out of the folder, by ``..`` or by a link.
        """
        for scheme in ("s3://", "s3a://", "s3n://"):
            if location.startswith(scheme):
                inside = location[len(scheme) :]
                break
        else:
            raise StatementError("HIVE_METASTORE_ERROR", f"Table location {location} is not an S3 location")
        parts = [p for p in inside.split("/") if p]
        if not parts or inside.startswith("/") or any(p in (".", "..") or "\0" in p for p in parts):
            raise StatementError("HIVE_METASTORE_ERROR", f"Table location {location} is not valid")
        path = str(self.root)
        for part in parts:
            path += os.sep + part
            # S3 has no links: what lies behind one is no object.
            if os.path.islink(path):  # noqa: PTH114
                raise StatementError("HIVE_METASTORE_ERROR", f"Table location {location} is not valid")
        return Path(path)

    def has_bucket(self, folder: Path) -> bool:
        """Whether the bucket of a folder is there."""
        return (self.root / folder.relative_to(self.root).parts[0]).is_dir()

    def address(self, path: str) -> str:
        """The ``s3://`` address of a file."""
        return "s3://" + os.path.relpath(path, self.root).replace(os.sep, "/")

    def files(self, location: str) -> list[DataFile]:
        """The objects below a location, in order of their keys; hidden ones (``_…``, ``.…``) and empty
        ones are skipped."""
        found: list[DataFile] = []
        folder = self.folder(location)
        try:
            self._walk(str(folder), found)
        except NotADirectoryError:
            return []
        found.sort(key=lambda f: f.path)
        return found

    def _walk(self, folder: str, found: list[DataFile]) -> None:
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                if entry.name.startswith(("_", ".")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    self._walk(entry.path, found)
                elif entry.is_file(follow_symlinks=False):  # a link could lead out of the folder
                    status = entry.stat(follow_symlinks=False)
                    if status.st_size:
                        found.append(DataFile(entry.path, status.st_size, status.st_mtime_ns))
