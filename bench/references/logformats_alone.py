"""What the job does with an object, without Spark and S3: read it by logformats, write the events.

Arguments: input, output folder. Prints the seconds from the first read to the end of the write.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import logformats

source, target = Path(sys.argv[1]), Path(sys.argv[2])
started = time.perf_counter()
with source.open("rb") as file:
    modified = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    parts = logformats.read(file, source="bench", path=f"s3://bench/{source.name}", last_modified=modified)
    for number, part in enumerate(parts):
        part.events.write_parquet(target / f"{number}.parquet")
print(f"seconds {time.perf_counter() - started:.3f}")
