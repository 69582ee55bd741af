"""A bucket, raw logs and the job in it, without Spark: what the tests of whole runs share."""

from __future__ import annotations

from datetime import date

import polars as pl
from fake_aws import FakeGlue, FakeS3, InProcess
from logtables import batch, compaction, retention
from logtables.files import format_of_file
from logtables.s3 import Location

BUCKET = "b"
RAW = Location(BUCKET, "logs/raw/")
CLEANED = Location(BUCKET, "logs/cleaned/")
TABLES = ("logs", "log_counts", "log_rejects")


def line(day: int, second: int, status: int = 500, path: str = "/") -> str:
    return (
        f"203.0.113.9 - - [{day:02}/Dec/2025:10:{second // 60:02}:{second % 60:02} +0000] "
        f'"GET {path} HTTP/1.1" {status} 12 "-" "curl/8.5.0"\n'
    )


def log(*lines: str) -> bytes:
    return "".join(lines).encode()


THREE_DAYS = log(line(1, 0), line(2, 5, 404, "/a"), "no log line at all\n", line(3, 9, 200))


class World:
    """One bucket, the raw tables of two sources, and the job's run."""

    def __init__(self, **raw: bytes) -> None:
        self.s3 = FakeS3()
        self.glue = FakeGlue({"raw_web": f"{RAW}web/", "raw_shop": f"{RAW}shop/"})
        self.runs = 0
        self.distributes: list[InProcess] = []
        for name, data in raw.items():
            self.land(name.replace("__", "/") + ".log", data)

    def land(self, path: str, data: bytes | None) -> None:
        key = (BUCKET, f"logs/raw/{path}")
        if data is None:
            self.s3.objects.pop(key, None)
        else:
            self.s3.objects[key] = data

    def run(self, s3: FakeS3 | None = None, **changed) -> batch.Outcome:
        self.runs += 1
        client = s3 or self.s3
        distribute = InProcess(client)
        self.distributes.append(distribute)
        options = {
            "database": "logs_db",
            "cleaned": CLEANED,
            "raw": RAW,
            "drop_levels": ("TRACE", "DEBUG", "INFO"),
        }
        return batch.run(
            batch.Options(**options | changed),
            s3=client,
            glue=self.glue,
            distribute=distribute,
            run_id=f"jr_{self.runs}",
            holder=f"job.jr_{self.runs}",
            is_alive=lambda holder: False,
            say=lambda sentence: None,
            lock_patience_s=0,
        )

    def compact(self, s3: FakeS3 | None = None, **changed) -> compaction.Outcome:
        options = {"database": "logs_db", "cleaned": CLEANED, "target_bytes": 1 << 20} | changed
        distribute = InProcess(s3 or self.s3)
        return compaction.run(
            compaction.Options(**options), distribute=distribute, run_id="c", **self._common(s3)
        )

    def retain(self, before: date, s3: FakeS3 | None = None, **changed) -> retention.Outcome:
        return retention.run(retention.Options("logs_db", CLEANED, before, **changed), **self._common(s3))

    def _common(self, s3: FakeS3 | None) -> dict:
        return {
            "s3": s3 or self.s3,
            "glue": self.glue,
            "holder": "job.c",
            "is_alive": lambda holder: False,
            "say": lambda sentence: None,
            "lock_patience_s": 0,
        }

    def as_read(self) -> dict[str, list]:
        """All rows of the three tables as a query finds them, in an order that the files do not matter to."""
        return in_order({name: self.table(name) for name in TABLES})

    def table(self, name: str) -> pl.DataFrame:
        """The rows of a table as a query finds them: by the partitions that the catalog has."""
        frames = []
        for dt, location in self.locations(name).items():
            for key in self.s3.keys(Location.parse(location).prefix):
                rows = format_of_file(key).decode(self.s3.objects[BUCKET, key], name)
                frames.append(rows.with_columns(dt=pl.lit(dt)))
        return pl.concat(frames) if frames else pl.DataFrame()

    def locations(self, name: str) -> dict[str, str]:
        if name != "log_audit":
            return self.glue.locations(name)
        dates = {key.split("dt=")[1].split("/")[0] for key in self.s3.keys(f"/{name}/dt=")}
        return {dt: f"{CLEANED}{name}/dt={dt}/" for dt in dates}


def in_order(found: dict[str, pl.DataFrame]) -> dict[str, list]:
    """Rows of tables in an order that does not depend on the files; counts of the same added up."""
    counts = found["log_counts"]
    if not counts.is_empty():
        keys = [name for name in counts.columns if name not in ("events", "bytes")]
        found["log_counts"] = counts.group_by(keys).agg(pl.sum("events", "bytes"))
    return {name: sorted(map(repr, frame.rows())) for name, frame in found.items()}
