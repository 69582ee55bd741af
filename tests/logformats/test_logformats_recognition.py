"""Each format is recognised as itself among all others, by the job and by the crawler's classifiers."""

from __future__ import annotations

import io
from datetime import datetime

import logformats
import pytest
from logformats import grok as groks
from logformats.definitions import LogFormat

ROUNDS = 8


def file_of(definition: LogFormat, *, junk: bool = False) -> tuple[bytes, int]:
    """All samples of a format, again and again, as one file; some junk lines if wanted, and how many."""
    events = [sample for sample in definition.samples if sample.becomes]
    if definition.kind == "delimited":
        head, rows = _header(events[0].lines)
        lines = [*head, *rows * ROUNDS]
    else:
        lines = [line for sample in events * ROUNDS for line in sample.lines]
    added = 0
    if junk:
        for at in range(len(lines) - 1, len(lines) // 3, -100):
            lines.insert(at, f"?? {at} of no format ??")
            added += 1
    return "\n".join(lines).encode() + b"\n", added


def _header(lines: tuple[str, ...]) -> tuple[list[str], list[str]]:
    number = 1 + max(
        (n for n, line in enumerate(lines) if line.startswith("#")),
        default=0,
    )
    return list(lines[:number]), list(lines[number:])


def read(data: bytes, definition: LogFormat) -> logformats.Account:
    sample = next(s for s in definition.samples if s.becomes)
    parsed = logformats.read(
        io.BytesIO(data),
        source="test",
        path=f"s3://bucket/test/{sample.path}",
        last_modified=datetime.fromisoformat(sample.last_modified or "2026-01-20T00:00:00Z"),
    )
    return sum((p.account for p in parsed), logformats.Account())


@pytest.mark.parametrize("junk", [False, True], ids=["clean", "junk"])
@pytest.mark.parametrize("definition", logformats.formats(), ids=lambda d: d.name)
def test_file_is_recognised_as_its_format(definition: LogFormat, junk: bool):
    data, added = file_of(definition, junk=junk)
    path = next(s for s in definition.samples if s.becomes).path
    assert logformats.detect(data, path=path)[0].format == definition.name
    account = read(data, definition)
    assert account.balanced
    assert set(account.formats) == {definition.name}
    # A junk line is rejected, or joined to the event before it where events have several lines.
    assert account.lines_rejected == (0 if definition.multiline else added)


def test_classifiers_tell_the_formats_apart():
    """Of the crawler's grok classifiers, the first that reads all lines of a format is the format's own."""
    classifiers = [
        (c["Classification"], groks.compile(c["GrokPattern"], c["CustomPatterns"]))
        for c in logformats.glue_classifiers()
    ]
    wrong = {}
    for name, _ in classifiers:
        definition = logformats.named(name)
        heads = [sample.lines[0] for sample in definition.samples if sample.becomes]
        first = next(other for other, grok in classifiers if all(grok.match(line) for line in heads))
        if first != name:
            wrong[name] = first
    assert wrong == {}


def test_formats_of_several_objects_under_one_prefix_and_in_one_object():
    chosen = ["access_combined", "access_common", "nginx_error", "log4j", "syslog_rfc3164", "logfmt", "pino"]
    lines = {
        name: [s.lines for s in logformats.named(name).samples if s.becomes and len(s.lines) == 1][:1]
        for name in chosen
    }
    mixed = [line for _ in range(30) for name in chosen for line in lines[name][0]]
    account = read("\n".join(mixed).encode(), logformats.named("access_combined"))
    assert account.formats == dict.fromkeys(chosen, 30)
    assert account.lines_rejected == 0


def test_special_cases_are_seen_where_the_head_has_none():
    plain = "Feb  5 10:00:00 web app[1]: fine"
    blocked = next(s.lines[0] for s in logformats.named("iptables").samples if s.becomes)
    lines = [plain] * 3000 + [blocked] + [plain] * 10
    account = read("\n".join(lines).encode(), logformats.named("iptables"))
    assert account.formats == {"syslog_rfc3164": 3010, "iptables": 1}
