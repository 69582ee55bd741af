"""Every definition's own sample lines become what it says, and are recognised as its format."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import logformats
import polars as pl
import pytest
from logformats import grok
from logformats.definitions import LogFormat, Sample
from logformats.schema import polars_schema

SAMPLES = [
    pytest.param(definition, sample, id=f"{definition.name}-{number}")
    for definition in logformats.formats()
    for number, sample in enumerate(definition.samples)
]


def read_sample(sample: Sample, formats: tuple[LogFormat, ...] | None = None) -> list[logformats.Parsed]:
    modified = datetime.fromisoformat(sample.last_modified or "2026-01-20T00:00:00Z")
    data = "\n".join(sample.lines).encode() + b"\n"
    return list(
        logformats.read(
            io.BytesIO(data),
            source="test",
            path=f"s3://bucket/test/{sample.path}",
            last_modified=modified,
            formats=formats,
        )
    )


def as_written(row: dict) -> dict:
    """A row of `logs` as definitions write it: what is null or empty left out."""
    names = set(polars_schema("logs")) - {"source", "format", "log_file_path", "log_file_line", "dt"}
    found = {name: row[name] for name in names if row[name] not in (None, [])}
    found["timestamp"] = row["timestamp"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    if "attributes" in found:
        found["attributes"] = {pair["key"]: pair["value"] for pair in found["attributes"]}
    return found


@pytest.mark.parametrize(("definition", "sample"), SAMPLES)
def test_sample_becomes_what_it_says(definition: LogFormat, sample: Sample):
    # What is within a container's lines has other formats.
    parsed = read_sample(sample, None if definition.embeds else (definition,))
    events = pl.concat([p.events for p in parsed])
    account = sum((p.account for p in parsed), logformats.Account())
    assert account.balanced
    assert account.lines_read == len(sample.lines)
    if not sample.becomes:
        assert account.lines_blank == len(sample.lines)
        return
    assert len(events) == 1, pl.concat([p.rejects for p in parsed]).to_dicts()
    expected = dict(sample.becomes)
    moment = datetime.fromisoformat(expected["timestamp"])
    expected["timestamp"] = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert as_written(events.row(0, named=True)) == expected
    assert events["format"].to_list() == [definition.name]


@pytest.mark.parametrize(("definition", "sample"), SAMPLES)
def test_sample_is_recognised_among_all_formats(definition: LogFormat, sample: Sample):
    if not sample.becomes:
        pytest.skip("a line without an event has no format")
    data = "\n".join(sample.lines).encode() + b"\n"
    assert logformats.detect(data, path=sample.path)[0].format == definition.name
    formats = {name for parsed in read_sample(sample) for name in parsed.account.formats}
    assert formats == {definition.name}


def test_each_definition_has_samples_with_fields():
    for definition in logformats.formats():
        assert any(sample.becomes for sample in definition.samples), definition.name


@pytest.mark.parametrize("classifier", logformats.glue_classifiers(), ids=lambda c: c["Name"])
def test_classifier_is_within_glues_limits_and_matches_the_samples(classifier):
    assert set(classifier) == {"Name", "Classification", "GrokPattern", "CustomPatterns"}
    assert len(classifier["GrokPattern"]) <= 2048
    assert len(classifier["CustomPatterns"]) <= 16000
    compiled = grok.compile(classifier["GrokPattern"], classifier["CustomPatterns"])
    assert all(name.replace("_", "").isalnum() for name in compiled.names)
    assert len(compiled.fields) == len(compiled.names)
    definition = logformats.named(classifier["Classification"])
    events = [sample for sample in definition.samples if sample.becomes]
    assert events
    for sample in events:
        assert compiled.match(sample.lines[0]) is not None
