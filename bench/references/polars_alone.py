"""The limit: polars by itself, one extract_groups and the write, in one process.

Arguments: input, output folder. Prints the seconds from the first read to the end of the write.
"""

import sys
import time
from pathlib import Path

import polars as pl

PATTERN = (
    r'^(?<client>\S+) \S+ (?<user>\S+) \[(?<time>[^\]]+)\] "(?<method>\S+) (?<url>\S+) (?<protocol>[^"]*)" '
    r'(?<status>\d{3}) (?<size>\d+|-) "(?<referrer>[^"]*)" "(?<agent>[^"]*)"$'
)
BLOCK = 64 << 20

source, target = Path(sys.argv[1]), Path(sys.argv[2])
started = time.perf_counter()
with source.open("rb") as file:
    rest, number = b"", 0
    while block := file.read(BLOCK):
        head, newline, tail = (rest + block).rpartition(b"\n")
        rest = tail
        lines = pl.Series("line", [head.decode()]).str.split("\n").explode()
        table = (
            lines.to_frame()
            .select(pl.col("line").str.extract_groups(PATTERN).struct.unnest())
            .filter(pl.col("client").is_not_null())
            .with_columns(
                pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us"),
                pl.col("status").cast(pl.Int32),
                pl.col("size").cast(pl.Int64, strict=False),
            )
        )
        table.write_parquet(target / f"{number}.parquet")
        number += 1
print(f"seconds {time.perf_counter() - started:.3f}")
