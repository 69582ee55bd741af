"""No line keeps a format busy: long lines made of each format's own samples are read in time that grows with
their length alone."""

from __future__ import annotations

import re
from datetime import timedelta

import logformats
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logformats import jsonlines, screening
from logformats.definitions import LogFormat, Sample
from logformats.events import complete, read_body, read_core
from logformats.matching import matcher_for
from logformats.recognise import LATEST
from logformats.times import Clock, clock_for

LONG = 200_000
#: A line of 200,000 characters takes 50 ms at most, on a busy machine a second; were any format quadratic,
#: it would be minutes.
DEADLINE = timedelta(seconds=5)
CLOCK: Clock = clock_for("s3://bucket/app-2025-01-24.log", LATEST)


@st.composite
def hostile(draw, sample: Sample, size: int) -> str:
    """A sample line in which a piece is repeated until the line is long; what follows may be missing."""
    parts = re.findall(r"\w+|\W", draw(st.sampled_from(sample.lines))) or ["x"]
    start = draw(st.integers(0, len(parts) - 1))
    end = draw(st.integers(start + 1, min(len(parts), start + 6)))
    before, piece = "".join(parts[:start]), "".join(parts[start:end])
    after = draw(st.sampled_from(["", "".join(parts[end:]), "\x00", '"', "\\"]))
    return before + piece * (max(size - len(before) - len(after), 1) // len(piece) + 1) + after


@pytest.mark.parametrize("definition", logformats.formats(), ids=lambda d: d.name)
def test_long_line_is_read_in_linear_time(definition: LogFormat):
    @settings(
        max_examples=3,
        deadline=DEADLINE,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(data=st.data(), sample=st.sampled_from(definition.samples))
    def run(data, sample: Sample):
        line = data.draw(hostile(sample, LONG))
        matcher = matcher_for(definition)
        rows = [*sample.lines[:-1], line] if definition.kind == "delimited" else [line]
        matched = matcher.match(frame(rows))
        core = read_core(matched.fields, definition, CLOCK) if len(matched.fields) else None
        if core is not None and definition.body:
            core = read_body(core.with_columns(message=pl.lit(line)), definition)
        if core is not None:
            complete(core, definition)

    run()


@pytest.mark.parametrize("definition", logformats.formats(), ids=lambda d: d.name)
def test_first_look_at_a_line_is_short(definition: LogFormat):
    """Python's engine backtracks: of the lines that it sees, none takes it long, in any format."""
    others = logformats.formats()

    @settings(
        max_examples=4,
        deadline=timedelta(seconds=2),
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(data=st.data(), sample=st.sampled_from(definition.samples))
    def run(data, sample: Sample):
        line = data.draw(hostile(sample, screening.MAX_LINE))[: screening.MAX_LINE]
        parsed = jsonlines.parse(line)
        for other in others:
            screening.accepts(other, line, parsed)

    run()


def test_first_look_gives_up_where_it_takes_long(monkeypatch):
    monkeypatch.setattr(screening, "PATIENCE_S", -1)
    known = logformats.formats()
    assert screening.accepting(["no line of any format"], known) == set(known)


def frame(lines: list[str]) -> pl.DataFrame:
    text = pl.Series("text", lines, dtype=pl.String)
    return pl.DataFrame([pl.int_range(len(lines), dtype=pl.UInt32, eager=True).alias("row"), text])
