"""Lines of an object: whole lines in chunks of bounded size, each with its number."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from logformats.decompress import DamagedError, blocks

CHUNK_BYTES = 16 << 20
BEYOND_BYTES = 64 << 10  # read at once after a range's end: the next event is near
MAX_LINE_BYTES = 64 << 20
SHOWN_BYTES = 1 << 20
SMALL_BYTES = 256 << 10  # below, Python splits lines sooner than polars has started
TOO_LONG = f"the line is longer than {MAX_LINE_BYTES >> 20} MiB; this is its first MiB"
_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])"

_ANSI_PYTHON = re.compile(_ANSI)


@dataclass(frozen=True)
class Chunk:
    """Whole lines.

    lines
        Their text without line endings; bytes that are not UTF-8, and NUL, as `\\xNN`.
    offset
        Byte of the object (without its compression) at which they start.
    beyond
        Whether they start at or after the end of the byte range.
    damage
        Why the last of these lines is not a line as it should be: the object is cut off in it, or it is too
        long.
    """

    lines: pl.Series
    offset: int = 0
    beyond: bool = False
    damage: str = ""


def count_newlines(stream: BinaryIO, size: int | None = None) -> int:
    """Number of line feeds in the next `size` bytes of a stream (all if None), read in blocks.

    The line at byte `start` of an object has the number 1 + the line feeds before it.
    """
    count = 0
    while (size is None or size > 0) and (block := stream.read(min(size or 1 << 20, 1 << 20))):
        count += block.count(b"\n")
        if size is not None:
            size -= len(block)
    return count


def chunks(stream: BinaryIO, start: int, end: int | None, chunk_bytes: int) -> Iterator[Chunk]:
    """Whole lines of the byte range [start, end) and, marked `beyond`, those after it.

    The stream stands at byte `start - 1` (0 for `start` 0). The first chunk begins with the first line that
    starts in the range; a line belongs to the range that holds its first byte.
    """
    at = max(start - 1, 0)  # byte at which `carry` starts
    carry = bytearray()
    skipping = start > 0  # until the first line feed, which may be the byte before the range
    damage = ""
    source = blocks(stream) if start == 0 else _plain(stream)
    while True:
        try:
            block = next(source, None)
        except DamagedError as reason:
            damage, block = str(reason), None
        if block is None:
            break
        if skipping:
            found = block.find(b"\n")
            at += len(block) if found < 0 else found + 1
            if found < 0:
                continue
            block, skipping = block[found + 1 :], False
        carry += block
        beyond = end is not None and at >= end
        crosses = end is not None and not beyond and at + len(carry) >= end
        if len(carry) < (BEYOND_BYTES if beyond else chunk_bytes) and not crosses:
            continue
        while carry and (cut := _cut(carry, at, end)):
            yield Chunk(_head(carry, cut), at, end is not None and at >= end)
            at += cut
            del carry[:cut]
        if len(carry) > MAX_LINE_BYTES:
            yield Chunk(_head(carry, SHOWN_BYTES), at, end is not None and at >= end, TOO_LONG)
            at += len(carry)
            carry.clear()
            skipping = True
    beyond = end is not None and at >= end
    whole = carry.rfind(b"\n") + 1 if damage else len(carry)
    if whole:
        yield Chunk(_head(carry, whole), at, beyond)
    if damage:
        rest = _head(carry[whole:], len(carry) - whole) if whole < len(carry) else pl.Series("line", [""])
        yield Chunk(rest, at + whole, beyond, damage)


def _cut(carry: bytearray, at: int, end: int | None) -> int:
    """Up to where `carry` is whole lines that are all in the range, or all beyond it; 0 if there are none."""
    if end is not None and at < end <= at + len(carry):
        return carry.find(b"\n", end - at - 1) + 1
    return carry.rfind(b"\n") + 1


def _head(data: bytearray, size: int) -> pl.Series:
    with memoryview(data) as view:
        return decoded(bytes(view[:size]))


def _plain(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(1 << 20):
        yield block


def decoded(data: bytes) -> pl.Series:
    """Lines of bytes: UTF-8 where it is, other bytes and NUL as `\\xNN`, no line endings."""
    if b"\0" in data:
        data = data.replace(b"\0", b"\\x00")
    if len(data) < SMALL_BYTES:
        lines = data.decode("utf-8", "backslashreplace").split("\n")
        if not lines[-1]:
            lines.pop()
        return pl.Series("line", [line.removesuffix("\r") for line in lines], dtype=pl.String)
    try:
        return pl.read_lines(io.BytesIO(data), name="line")["line"]
    except pl.exceptions.ComputeError:
        text = data.decode("utf-8", "backslashreplace")
        return pl.read_lines(io.BytesIO(text.encode("utf-8")), name="line")["line"]


def without_colours(lines: pl.Series) -> pl.Series:
    """Lines without ANSI escape sequences (ECMA-48)."""
    if not lines.str.contains("\x1b", literal=True).any():
        return lines
    return lines.str.replace_all(_ANSI, "")


def without_colour(line: str) -> str:
    """A line without ANSI escape sequences."""
    return _ANSI_PYTHON.sub("", line) if "\x1b" in line else line
