"""What becomes of 1 M combined lines (0.5 % malformed) without Spark and S3, all levels kept.

``logformats.1m`` against ``polars-alone``: our time over that of polars doing plain extract_groups and the
write. Against ``naive-spark``: how many times faster we are, on one file in one process, than the job of one
regexp_extract a field is on all cores (its session's start not counted). Each figure is the best of three.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import Entry, _logs

REFERENCES = Path(__file__).with_name("references")
LINES = 1_000_000
ROUNDS = 3


def run() -> Iterator[Entry]:
    """Measure, the three in turn, round after round."""
    programs = ("logformats_alone", "polars_alone", "naive_spark")
    best = dict.fromkeys(programs, float("inf"))
    with tempfile.TemporaryDirectory(prefix="logloom-bench-") as folder:
        log = Path(folder) / "access.log"
        _logs.write(log, LINES)
        for number in range(ROUNDS):
            for program in programs:
                output = Path(folder) / f"{program}-{number}"
                if program != "naive_spark":  # Spark makes its folder itself
                    output.mkdir()
                best[program] = min(best[program], seconds(program, log, output))
    ours = best["logformats_alone"]
    yield Entry("logformats.1m", ours, "s", "polars-alone", ours / best["polars_alone"])
    yield Entry("logformats.1m", ours, "s", "naive-spark", best["naive_spark"] / ours)


def seconds(program: str, log: Path, output: Path) -> float:
    """Run a reference, and return what it says of itself."""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, str(REFERENCES / f"{program}.py"), str(log), str(output)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program} failed:\n{done.stderr[-2_000:]}")
    return float(done.stdout.split()[-1])
