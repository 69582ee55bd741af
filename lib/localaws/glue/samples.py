"""The beginning of an object, decompressed and cut into lines: what classifiers look at."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

SAMPLE_BYTES = 256 * 1024  # of decompressed data: some thousand lines
WHOLE_BYTES = 16 * 1024 * 1024  # how far to read on in a JSON document that is one value

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"))
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Sample:
    """The beginning of one object.

    Attributes
    ----------
    path
        The object's file.
    size
        Bytes of the object as it is stored.
    compression
        ``none``, ``gzip``, ``bzip2`` or ``zstd``, by its magic number.
    head
        Its first `SAMPLE_BYTES`, decompressed.
    complete
        Whether that is all of it.
    problem
        Why the rest could not be decompressed; None where nothing is wrong.
    """

    path: Path
    size: int
    compression: str
    head: bytes
    complete: bool
    problem: str | None = None

    @cached_property
    def text(self) -> str:
        """The head as text; bytes that are not UTF-8 stand as ``\\xNN``."""
        for bom, encoding in _BOMS:
            if self.head.startswith(bom):
                return self.head[len(bom) :].decode(encoding, "backslashreplace")
        return self.head.decode("utf-8", "backslashreplace")

    @cached_property
    def lines(self) -> list[str]:
        """Its lines that are not blank, without their ends; a last one that the sample cuts is left out."""
        lines = self.text.replace("\r\n", "\n").split("\n")
        if not self.complete and len(lines) > 1:
            lines.pop()
        return [line for line in lines if line.strip()]

    def estimated_records(self, seen: int) -> int:
        """Estimate how many records the object holds, when the head holds `seen` of them."""
        if self.complete or not self.head:
            return seen
        # Text shrinks to about a tenth; the head's own ratio is not known before its end is found.
        ratio = 1 if self.compression == "none" else 10
        return max(seen, round(seen * self.size * ratio / len(self.head)))


def take(path: Path, limit: int = SAMPLE_BYTES) -> Sample:
    """Read the beginning of an object.

    Raises
    ------
    OSError
        When the file cannot be read; a broken compression is no error, but the sample's `problem`.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        magic = file.read(4)
        file.seek(0)
        compression = next((name for start, name in _MAGIC if magic.startswith(start)), "none")
        head, problem = _read(_opened(file, compression), limit + 1)
    return Sample(path, size, compression, head[:limit], len(head) <= limit, problem)


def whole(sample: Sample) -> Sample:
    """Read on to `WHOLE_BYTES`, for a document that one value fills."""
    return sample if sample.complete else take(sample.path, WHOLE_BYTES)


def _opened(file: BinaryIO, compression: str) -> BinaryIO:
    if compression == "gzip":
        return gzip.GzipFile(fileobj=file)
    if compression == "bzip2":
        return bz2.BZ2File(file)
    if compression == "zstd":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return file


def _read(stream: BinaryIO, limit: int) -> tuple[bytes, str | None]:
    out, problem = io.BytesIO(), None
    try:
        # In small steps: a broken stream gives what stands before the break.
        while (left := limit - out.tell()) > 0 and (data := stream.read(min(left, 65536))):
            out.write(data)
    except Exception as error:
        if not isinstance(error, EOFError | OSError | zlib.error) and type(error).__name__ != "ZstdError":
            raise
        problem = str(error)
    return out.getvalue(), problem
