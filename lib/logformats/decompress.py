"""The bytes of an object, decompressed by their magic number and in UTF-8 by their byte order mark."""

from __future__ import annotations

import bz2
import codecs
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

READ_BYTES = 1 << 20
XZ_MEMORY_BYTES = 256 << 20
#: At most this much comes out of a decompressor at once, however well the input was packed.
_OUT_BYTES = 4 << 20


class DamagedError(Exception):
    """The object ends before its end, or is damaged; the message says how. What came before is good."""


MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
}
#: Where and by what files are known that are no text: (offset, bytes, name);
#: https://en.wikipedia.org/wiki/List_of_file_signatures
NO_TEXT = (
    (257, b"ustar", "a tar archive"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"PK\x05\x06", "a ZIP archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\x04\x22\x4d\x18", "LZ4 data, which is not supported"),
    (0, b"\xff\x06\x00\x00sNaPpY", "Snappy data, which is not supported"),
    (0, b"\x89LZO\x00\x0d\x0a\x1a\x0a", "LZO data, which is not supported"),
    (0, b"\x1f\x9d", "compress (.Z) data, which is not supported"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"ElfFile\x00", "a Windows event log (EVTX)"),
    (0, b"LPKSHHRH", "a systemd journal file"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
)
#: So much of an object tells how its text is written.
HEAD_BYTES = 64 << 10
UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def compression(head: bytes) -> str:
    """`gzip`, `bzip2`, `zstd`, `xz`, or empty for plain bytes, from the first bytes of an object."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def utf16(head: bytes) -> str:
    """The codec of UTF-16 text, or empty: told by its byte order mark, or by NUL in every other byte.

    Western text has a NUL beside each letter, any text beside each digit, space and line end.
    """
    for mark, codec in UTF16.items():
        if head.startswith(mark):
            return codec
    head = head[: len(head) // 2 * 2][:HEAD_BYTES]
    first, second = head[::2].count(0), head[1::2].count(0)
    if max(first, second) * 4 < len(head) / 2 or min(first, second) or len(head) < 8:
        return ""
    return "utf-16-le" if second else "utf-16-be"


def ends_with_returns(head: bytes) -> bool:
    """Whether lines end with a carriage return alone: the first 64 KiB have these, and no line feed."""
    return b"\r" in head and b"\n" not in head[:HEAD_BYTES]


def no_text(head: bytes) -> str:
    """What an object is that holds no lines of text at all, from its first bytes; empty for one that may."""
    return next((name for at, magic, name in NO_TEXT if head[at : at + len(magic)] == magic), "")


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The text of an object, in UTF-8 as far as it is told by its first bytes, in blocks of bounded size.

    Raises
    ------
    DamagedError
        After the last good block, if compressed data ends early or is damaged; at once for an archive or
        another file that holds no lines.
    """
    head = _read_head(stream, 8)
    plain = _decompressed(head, stream)
    first, damage = b"", None
    try:
        while len(first) < HEAD_BYTES and (more := next(plain, b"")):
            first += more
    except DamagedError as reason:
        damage = reason
    if kind := no_text(first):
        inside = f"{compression(head)} data holds" if compression(head) else "it is"
        raise DamagedError(f"{inside} {kind}, not lines of text: land the text that is in it")
    text = _text(first, plain)
    if ends_with_returns(first):
        text = (block.replace(b"\r", b"\n") for block in text)
    yield from text
    if damage is not None:
        raise damage


def _text(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if codec := utf16(first):
        yield from _recoded(first[2:] if first[:2] in UTF16 else first, rest, codec)
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from rest


def _read_head(stream: BinaryIO, size: int) -> bytes:
    head = b""
    while len(head) < size and (more := stream.read(size - len(head))):
        head += more
    return head


def _raw(head: bytes, stream: BinaryIO, size: int) -> Iterator[bytes]:
    if head:
        yield head
    while block := stream.read(size):
        yield block


class _Engine(Protocol):
    """A decompressor of one member: `zlib.decompressobj` and its kin."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes) -> bytes: ...


def _decompressed(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    kind = compression(head)
    if kind == "gzip":
        return _members(_raw(head, stream, READ_BYTES), _Gzip, kind, zlib.error)
    if kind == "bzip2":
        # A block of 900 kB is 40 bytes at the least, and what comes out has no bound where little goes in.
        return _members(_raw(head, stream, 4096), bz2.BZ2Decompressor, kind, OSError)
    if kind == "xz":
        import lzma  # not every Python is built with it

        raw = _raw(head, stream, 4096)
        return _members(raw, lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES), kind, lzma.LZMAError)
    if kind == "zstd":
        import zstandard

        raw = _raw(head, stream, 4096)  # no bound here either
        return _members(raw, lambda: zstandard.ZstdDecompressor().decompressobj(), kind, zstandard.ZstdError)
    return _raw(head, stream, READ_BYTES)


def _members(
    raw: Iterator[bytes], new: Callable[[], _Engine], kind: str, error: type[Exception]
) -> Iterator[bytes]:
    """Decompress members (frames) one after the other; zero bytes after the last are padding."""
    engine = new()
    tail = b""  # the first bytes after a member, until they are enough to tell what follows
    inside = True
    for block in raw:
        data = tail + block
        tail = b""
        while data:
            if not inside:
                data = data.lstrip(b"\0")
                if len(data) < 6:
                    tail = data
                    break
                if compression(data) != kind:
                    raise DamagedError(f"after the {kind} data come bytes that are not {kind}")
                engine, inside = new(), True
            try:
                out, data = _step(engine, data)
            except _PartlyError as reason:
                yield reason.good
                raise DamagedError(f"the {kind} data is damaged ({reason.__cause__})") from reason
            except error as reason:
                raise DamagedError(f"the {kind} data is damaged ({reason})") from reason
            inside = not engine.eof
            if out:
                yield out
    if inside:
        raise DamagedError(f"the {kind} data is cut off before its end")
    if tail:
        raise DamagedError(f"after the {kind} data come bytes that are not {kind}")


class _PartlyError(Exception):
    """Damage after `good` output."""

    def __init__(self, good: bytes) -> None:
        super().__init__()
        self.good = good


def _step(engine: _Engine, data: bytes) -> tuple[bytes, bytes]:
    """Some output, and the input that is left."""
    out = engine.decompress(data)
    if engine.eof:
        return out, engine.unused_data
    return out, getattr(engine, "left", b"")


class _Gzip:
    """zlib's decompressor with a bound on what comes out at once, and all that is good before damage."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    @property
    def left(self) -> bytes:
        return self._engine.unconsumed_tail

    def decompress(self, data: bytes) -> bytes:
        before = self._engine.copy()
        try:
            return self._engine.decompress(data, _OUT_BYTES)
        except zlib.error as reason:
            raise _PartlyError(self._until_damage(before, data)) from reason

    def _until_damage(self, engine: zlib._Decompress, data: bytes) -> bytes:
        """What comes out up to the damage: the input again, in pieces that halve at each error."""
        good = b""
        size = len(data)
        while size and data:
            attempt = engine.copy()
            try:
                good += attempt.decompress(data[:size])
            except zlib.error:
                size //= 2
                continue
            engine, data = attempt, data[size:]
        return good


def _recoded(first: bytes, rest: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)(errors="backslashreplace")
    yield decoder.decode(first).encode("utf-8", "backslashreplace")
    for block in rest:
        yield decoder.decode(block).encode("utf-8", "backslashreplace")
    yield decoder.decode(b"", True).encode("utf-8", "backslashreplace")
