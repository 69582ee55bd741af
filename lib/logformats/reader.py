"""Read an object: from its bytes to events, rejects, counts and an account in which every line is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

from logformats import levels
from logformats.account import Parsed
from logformats.decompress import compression, ends_with_returns, utf16
from logformats.definitions import LogFormat
from logformats.definitions import formats as all_formats
from logformats.lines import CHUNK_BYTES, chunks
from logformats.recognise import SAMPLE_BYTES, recognise, sample_lines
from logformats.session import Session
from logformats.times import clock_for


def read(
    stream: BinaryIO,
    *,
    source: str,
    path: str,
    last_modified: datetime,
    drop_levels: Collection[str] = (),
    formats: Sequence[LogFormat] | None = None,
    first_line: int = 1,
    start: int = 0,
    end: int | None = None,
    head: bytes | None = None,
    time_zone: str = "UTC",
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Parsed]:
    """Read an object, or a byte range of it, in stretches of about `chunk_bytes`.

    Ranges that follow each other give together just what one read gives. A range owns the events that start
    in it: it skips to its first event, and reads on past its end until the next event starts. Objects that
    are compressed or UTF-16 (`splittable`), or whose fields a header names, have one range.

    Parameters
    ----------
    stream
        The object's bytes. For a range it stands at byte `start - 1` (0 for `start` 0) and goes on to the
        object's end; a seekable stream is put there.
    source, path
        The columns `source` and `log_file_path`. A date in the path tells the year of times without one.
    last_modified
        When the object was written: no time without a year is later.
    drop_levels
        Levels whose events are counted but not kept.
    formats
        Formats to look for, in order of preference (`[user_format(…), *logformats.formats()]`); all that come
        with the package if None. Those that the head of the object has are tried first, the others on what
        these leave.
    first_line
        Number of the line that byte `start` is in: 1 + the line feeds before it (`count_newlines`).
    start, end
        The byte range, `end` excluded; None for the object's end.
    head
        The first bytes of the object (`SAMPLE_BYTES` of them suffice), from which its formats are recognised.
        Needed for a range that does not start at 0, unless the stream is seekable.
    time_zone
        Zone (IANA name) of times that name none.

    Raises
    ------
    ValueError
        For an unknown level, or a range without its `head`.
    """
    drop = levels.check(drop_levels)
    candidates = tuple(formats) if formats is not None else all_formats()
    seekable = stream.seekable() if hasattr(stream, "seekable") else False
    if head is None and (start > 0 or seekable):
        if not seekable:
            raise ValueError("A byte range of a stream that cannot be sought needs the object's `head`.")
        stream.seek(0)
        head = stream.read(SAMPLE_BYTES)
    if seekable:
        stream.seek(max(start - 1, 0))
    elif start == 0 and head is None:
        head, stream = _peek(stream)
    if end is not None and end <= start:
        return
    session = Session(
        source=source,
        path=path,
        last_modified=last_modified,
        drop=drop,
        clock=clock_for(path, last_modified, time_zone),
        line=first_line,
        skipping=start > 0,
    )
    session.choose(head or b"", candidates)
    for number, chunk in enumerate(chunks(stream, start, end, chunk_bytes)):
        if number == 0 and chunk.offset > start:
            session.line += 1  # the line that byte `start` is in began before it
        yield from session.take(chunk)
        if session.done:
            return
    yield from session.finish()


def splittable(head: bytes, *, path: str = "", formats: Sequence[LogFormat] | None = None) -> bool:
    """Whether byte ranges of an object with these first bytes (`SAMPLE_BYTES` of them) can be read by
    themselves.

    Not if it is compressed or UTF-16, if its lines end with carriage returns alone, if a header line names
    the fields of what follows it, or if its lines hold those of a container, which may be parts of one.
    """
    if compression(head) or utf16(head) or ends_with_returns(head):
        return False
    candidates = tuple(formats) if formats is not None else all_formats()
    return not any(
        d.kind == "delimited" or d.embeds for d, _ in recognise(sample_lines(head), candidates, path)
    )


def _peek(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream that cannot go back, and a stream that has them again."""
    head = b""
    while len(head) < SAMPLE_BYTES and (more := stream.read(SAMPLE_BYTES - len(head))):
        head += more
    return head, _Rejoined(head, stream)


class _Rejoined:
    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            out, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
            return out + self._rest.read() if size < 0 else out
        return self._rest.read(size)
