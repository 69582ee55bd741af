"""Small raw objects, fetched and read many at a time: each by itself takes longer than its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import logformats

from logtables.plan import Piece
from logtables.s3 import open_object

if TYPE_CHECKING:
    from botocore.client import BaseClient

# An object of up to so many bytes is small; one that is compressed counts for what may be in it.
SMALL_BYTES = 512 << 10
TOGETHER_BYTES = 16 << 20
COMPRESSED = (".gz", ".bz2", ".zst", ".xz")
EXPANSION = 16
READERS = 8


def grouped(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Part pieces, in their order, into groups to be read together: neighbouring small objects, else one."""
    group: list[Piece] = []
    filled = 0
    for piece in pieces:
        weight = _weight(piece)
        if group and (weight > SMALL_BYTES or filled + weight > TOGETHER_BYTES):
            yield group
            group, filled = [], 0
        if weight > SMALL_BYTES:
            yield [piece]
            continue
        group.append(piece)
        filled += weight
    if group:
        yield group


def fetch(s3: BaseClient, pieces: list[Piece]) -> list[logformats.Whole]:
    """Get objects whole, several at a time."""

    def get(piece: Piece) -> logformats.Whole:
        stored = piece.raw.stored
        data = b""
        if stored.size:
            with open_object(s3, stored) as stream:
                data = stream.read()
        return logformats.Whole(stored.uri, stored.last_modified, data)

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(get, pieces))


def _weight(piece: Piece) -> int:
    if piece.start or piece.end is not None:
        return SMALL_BYTES + 1  # a range is of a large object
    return piece.size * (EXPANSION if piece.raw.stored.key.endswith(COMPRESSED) else 1)
