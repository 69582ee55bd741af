"""Text objects as lines, for DuckDB: decompressed, cut at any line end, undecodable bytes replaced, as
Hive reads them."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from localaws.athena.errors import StatementError
from localaws.athena.storage.parquet import PartFile

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 4 << 20
_ROWS = 50_000

# Takes a file's lines and gives rows of text columns.
Splitter = Callable[[Iterator[str]], Iterator[list[str | None]]]


def _opened(path: str) -> BinaryIO:
    """Open a file, decompressed as its name says (Hadoop's rule)."""
    raw = open(path, "rb")  # noqa: PTH123, SIM115 - closed by the reader of its lines
    if path.endswith(".gz"):
        return gzip.GzipFile(fileobj=raw)
    if path.endswith(".bz2"):
        return bz2.BZ2File(raw)
    if path.endswith((".zst", ".zstd")):
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    if path.endswith(".deflate"):
        return io.BytesIO(zlib.decompress(raw.read()))
    if path.endswith((".snappy", ".lzo", ".lz4")):
        raise StatementError(
            "HIVE_UNSUPPORTED_FORMAT",
            f"Text compressed as {path.rsplit('.', 1)[1]} is not supported by the local Athena",
        )
    return raw


def lines(path: str, skip: int, skip_end: int) -> Iterator[str]:
    """The lines of a file without those of its header and footer.

    Raises
    ------
    StatementError
        HIVE_CANNOT_OPEN_SPLIT when the file cannot be decompressed.
    """
    found = _all_lines(path)
    for _ in range(skip):
        next(found, None)
    if not skip_end:
        yield from found
        return
    held: list[str] = []
    for line in found:
        held.append(line)
        if len(held) > skip_end:
            yield held.pop(0)


def _all_lines(path: str) -> Iterator[str]:
    r"""Lines that end in ``\n``, ``\r\n`` or a lone ``\r``, as Hadoop's LineReader cuts them."""
    rest = b""
    try:
        with _opened(path) as stream:
            while block := stream.read(_BLOCK):
                block = rest + block
                if b"\r" in block:
                    held = b"\r" if block.endswith(b"\r") else b""  # it may be half of a line end
                    block = (
                        block[: len(block) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
                    )
                pieces = block.split(b"\n")
                rest = pieces.pop()
                for piece in pieces:
                    yield piece.decode("utf-8", errors="replace")
    except (OSError, EOFError, zlib.error) as error:
        name = path.rsplit("/", 1)[-1]
        raise StatementError("HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split {name}: {error}") from error
    if rest:
        yield rest.removesuffix(b"\r").decode("utf-8", errors="replace")


class TextSource:
    """Rows of text columns that DuckDB can scan as often as it likes.

    Parameters
    ----------
    parts
        The files, with the values of their partitions.
    columns
        The names of the text columns that `splitter` gives.
    keys
        The names of the partition keys, given as text columns too.
    address
        How a path becomes ``s3://…``.
    """

    def __init__(
        self,
        parts: list[PartFile],
        columns: list[str],
        keys: list[str],
        splitter: Splitter,
        skip: tuple[int, int],
        address: Callable[[str], str],
    ) -> None:
        import pyarrow as pa

        self.parts = parts
        self.width = len(columns)
        self.keys = keys
        self.splitter = splitter
        self.skip = skip
        self.address = address
        self.failure: StatementError | None = None
        names = [*columns, *(f"key:{k}" for k in keys), "$path"]
        self.schema = pa.schema([(n, pa.string()) for n in names])

    def __arrow_c_stream__(self, requested_schema=None):
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(self.schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for part in self.parts:
                yield from self._file(part)
        except StatementError as error:
            self.failure = error  # DuckDB keeps only the words of it
            raise

    def _file(self, part: PartFile) -> Iterator[pa.RecordBatch]:
        rows = self.splitter(lines(part.file.path, *self.skip))
        address = self.address(part.file.path)
        while True:
            taken = [row for _, row in zip(range(_ROWS), rows, strict=False)]
            if not taken:
                return
            yield self._batch(taken, part, address)
            if len(taken) < _ROWS:
                return

    def _batch(self, rows: list[list[str | None]], part: PartFile, address: str) -> pa.RecordBatch:
        import pyarrow as pa

        columns = list(zip(*rows, strict=True)) if self.width else []
        arrays = [pa.array(c, pa.string()) for c in columns]
        arrays += [pa.array([v] * len(rows), pa.string()) for v in part.values]
        arrays.append(pa.array([address] * len(rows), pa.string()))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)
