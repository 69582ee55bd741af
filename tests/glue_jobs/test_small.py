"""Which objects are read together."""

from __future__ import annotations

from datetime import UTC, datetime

from logtables import small
from logtables.plan import Piece, RawObject
from logtables.s3 import StoredObject


def piece(size: int, key: str = "a.log", **part) -> Piece:
    stored = StoredObject("b", key, size, "e", datetime(2025, 12, 1, tzinfo=UTC))
    return Piece(RawObject("web", stored), **part)


def sizes(pieces: list[Piece]) -> list[list[int]]:
    return [[each.size for each in group] for group in small.grouped(pieces)]


def test_neighbouring_small_objects_are_one_group():
    large = small.SMALL_BYTES + 1
    assert sizes([piece(1), piece(0), piece(large), piece(2), piece(3)]) == [[1, 0], [large], [2, 3]]


def test_groups_are_bounded():
    many = [piece(small.SMALL_BYTES)] * (small.TOGETHER_BYTES // small.SMALL_BYTES + 1)
    assert [len(group) for group in small.grouped(many)] == [len(many) - 1, 1]


def test_compressed_objects_count_for_what_may_be_in_them():
    packed = piece(small.SMALL_BYTES // 2, "a.log.gz")
    assert sizes([packed, packed]) == [[packed.size], [packed.size]]


def test_ranges_are_read_by_themselves():
    assert sizes([piece(9, start=0, end=5), piece(9, start=5, end=9)]) == [[5], [4]]
