"""The bytes of an object, decompressed by their magic number and in UTF-8 by their byte order mark."""

from __future__ import annotations

import bz2
import codecs
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

READ_BYTES = 1 << 20
#: At most this much comes out of a decompressor at once, however well the input was packed.
_OUT_BYTES = 4 << 20


class DamagedError(Exception):
    """The object ends before its end, or is damaged; the message says how. What came before is good."""


MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def compression(head: bytes) -> str:
    """`gzip`, `bzip2`, `zstd`, or empty for plain bytes, from the first bytes of an object."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def utf16(head: bytes) -> str:
    """The codec of UTF-16 text with a byte order mark, or empty."""
    return next((codec for mark, codec in UTF16.items() if head.startswith(mark)), "")


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The text of an object, in UTF-8 as far as it is told by its first bytes, in blocks of bounded size.

    Raises
    ------
    DamagedError
        After the last good block, if compressed data ends early or is damaged.
    """
    head = _read_head(stream, 4)
    plain = _decompressed(head, stream)
    first = next(plain, b"")
    while len(first) < 3 and (more := next(plain, b"")):
        first += more
    codec = utf16(first)
    if codec:
        yield from _recoded(first[2:], plain, codec)
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from plain


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


def _decompressed(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    kind = compression(head)
    if kind == "gzip":
        return _members(_raw(head, stream, READ_BYTES), lambda: zlib.decompressobj(31), "gzip", zlib.error)
    if kind == "bzip2":
        return _members(_raw(head, stream, READ_BYTES), bz2.BZ2Decompressor, "bzip2", OSError)
    if kind == "zstd":
        import zstandard

        # It has no bound on what comes out, so little goes in.
        return _members(
            _raw(head, stream, 4096),
            lambda: zstandard.ZstdDecompressor().decompressobj(),
            "zstd",
            zstandard.ZstdError,
        )
    return _raw(head, stream, READ_BYTES)


def _members(
    raw: Iterator[bytes], new: Callable[[], object], kind: str, error: type[Exception]
) -> Iterator[bytes]:
    """Decompress members (frames) one after the other; zero bytes after the last are padding."""
    engine = new()
    started = False
    for block in raw:
        data = block
        while data:
            if engine.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                engine, started = new(), False
            try:
                out, data = _step(engine, data)
            except error as reason:
                if not started and compression(data) != kind:
                    raise DamagedError(
                        f"{kind} data is followed by {len(data)} bytes that are not {kind}"
                    ) from reason
                raise DamagedError(f"{kind} data is damaged ({reason})") from reason
            started = True
            if out:
                yield out
            while not data and not engine.eof and _pending(engine):
                out, data = _step(engine, data)
                if not out:
                    break
                yield out
    if started and not engine.eof:
        raise DamagedError(f"{kind} data is cut off before its end")


def _step(engine: object, data: bytes) -> tuple[bytes, bytes]:
    """Some output, and the input that is left."""
    if isinstance(engine, bz2.BZ2Decompressor):
        out = engine.decompress(data, _OUT_BYTES)
        return out, engine.unused_data if engine.eof else b""
    if hasattr(engine, "unconsumed_tail"):
        out = engine.decompress(data, _OUT_BYTES)
        return out, engine.unused_data if engine.eof else engine.unconsumed_tail
    out = engine.decompress(data)
    return out, engine.unused_data if engine.eof else b""


def _pending(engine: object) -> bool:
    return isinstance(engine, bz2.BZ2Decompressor) and not engine.needs_input


def _recoded(first: bytes, rest: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)(errors="backslashreplace")
    yield decoder.decode(first).encode("utf-8", "backslashreplace")
    for block in rest:
        yield decoder.decode(block).encode("utf-8", "backslashreplace")
    yield decoder.decode(b"", True).encode("utf-8", "backslashreplace")
