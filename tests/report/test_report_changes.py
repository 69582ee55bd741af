"""What changed: counted, told by the day where lengths differ, said in a sentence; and what is remembered."""

import dataclasses
import json
import stat
from pathlib import Path

import pytest
from logloom.errors import InputError
from logloom.redact import Redactor
from logloom.report import history
from logloom.report.changes import compare
from logloom.report.history import Summary
from logloom.settings import Settings


def pattern(text, events=5, source="shop"):
    return {"kind": "message", "pattern": text, "source": source, "log_level": "ERROR", "events": events}


def summary(start="2026-03-08", end="2026-03-15", errors=10, patterns=(), **sources) -> Summary:
    counted = sources or {"shop": {"events": 100, "errors": errors}}
    return Summary(
        "2026-03-15T08:00:00", f"{start}T00:00:00", f"{end}T00:00:00", [], False, counted, list(patterns)
    )


BEFORE = summary("2026-03-01", "2026-03-08", 5, [pattern("a"), pattern("b")])


def test_sources_and_patterns_are_compared():
    now = summary(errors=10, patterns=[pattern("b"), pattern("c", 7)])
    changes = compare(now, BEFORE, "period")
    (shop,) = changes.sources
    assert (shop.errors, shop.errors_before) == (10, 5)
    assert [one["pattern"] for one in changes.new] == ["c"]
    assert [one["pattern"] for one in changes.gone] == ["a"]
    assert not changes.by_day
    assert changes.sentence == (
        "10 errors between 8 March 2026 and 14 March 2026: 100% more than in the period before (5). "
        "1 new pattern of warnings and errors; 1 gone."
    )


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (5, "as many as in the report before"),
        (4, "20% fewer than in the report before (5)"),
        (50, "10.0 times as many as in the report before (5)"),
        (0, "No errors between"),
    ],
)
def test_the_sentence_says_up_and_down(errors, said):
    assert said in compare(summary(errors=errors), BEFORE, "report").sentence


def test_ranges_of_other_lengths_are_compared_by_the_day():
    changes = compare(summary(start="2026-03-14", errors=2), summary(errors=7), "report")
    assert changes.by_day
    assert (changes.sources[0].errors_by_day, changes.sources[0].errors_by_day_before) == (2.0, 1.0)
    assert "100% more" in changes.sentence


def test_a_new_source_is_told_instead_of_all_its_patterns():
    both = {"shop": {"events": 1, "errors": 0}, "api": {"events": 9, "errors": 3}}
    now = summary(patterns=[pattern("x", source="api")], **both)
    changes = compare(now, summary(shop={"events": 1, "errors": 0}), "period")
    assert changes.new == []
    assert changes.sources_new == ["api"]
    assert "api is new" in changes.sentence


def test_nothing_before_is_said():
    changes = compare(summary(), None, "period")
    assert changes.against == "nothing"
    assert "nothing before it" in changes.sentence


def test_summaries_are_kept_newest_first_and_the_same_report_once(tmp_path):
    path = tmp_path / "reports" / "x.json"
    history.keep(path, BEFORE)
    now = summary(errors=10)
    assert history.before(path, now) == BEFORE
    history.keep(path, now)
    again = dataclasses.replace(now, made_at="2026-03-15T09:00:00")
    assert history.before(path, again) == BEFORE
    history.keep(path, again)
    assert [one["made_at"] for one in json.loads(path.read_text())] == [again.made_at, BEFORE.made_at]
    assert history.latest(path) == again
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for n in range(20):
        history.keep(path, summary(errors=n))
    assert len(json.loads(path.read_text())) == history.KEPT
    assert [one.name for one in path.parent.iterdir()] == ["x.json"]


def test_a_damaged_memory_says_what_to_do(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('[{"made_at": 1}]')
    with pytest.raises(InputError, match="delete"):
        history.latest(path)


def test_reports_that_are_asked_for_otherwise_have_another_memory():
    paths = {
        history.path_of(Settings(), [], "open"),
        history.path_of(Settings(), ["level=ERROR"], "open"),
        history.path_of(Settings(), [], "7 days"),
        history.path_of(Settings(database="other"), [], "open"),
    }
    assert len(paths) == 4
    one, other = (
        history.path_of(Settings(), filters, "open") for filters in (["a=1", "b=2"], ["b=2", "a=1"])
    )
    assert one == other


def test_a_summary_is_redacted_once():
    redactor = Redactor(b"k" * 32)
    now = summary(patterns=[pattern("from 192.0.2.7")])
    hidden = history.redacted(now, redactor)
    assert "192.0.2.7" not in json.dumps(dataclasses.asdict(hidden))
    assert hidden.patterns[0]["pattern"] == f"from {redactor.address('192.0.2.7')}"
    assert history.redacted(hidden, redactor) is hidden


def test_what_is_no_report_is_refused(tmp_path):
    page = tmp_path / "x.html"
    with pytest.raises(InputError, match="cannot be read"):
        history.of_file(page)
    for text in ("", "<html>", '<script type="application/x-logloom-summary" id="summary">AAAA</script>'):
        page.write_text(text)
        with pytest.raises(InputError, match="no HTML report"):
            history.of_file(Path(page))
