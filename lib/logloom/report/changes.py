"""What changed since the report before: errors by source, patterns that came and went; a sentence for all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from logloom.report.contents import Contents, is_error
from logloom.report.history import Summary

# So many patterns of each kind are shown, those with most events.
SHOWN = 10


@dataclass
class Change:
    """One source: counts of now and before, and errors a day (lengths of ranges may differ)."""

    source: str
    events: int
    events_before: int
    errors: int
    errors_before: int
    errors_by_day: float
    errors_by_day_before: float


@dataclass
class Changes:
    """What `compare` finds.

    Attributes
    ----------
    against
        ``report``, ``period`` (the one before, of the same length) or ``nothing``.
    since
        With what it is compared, in words.
    sentence
        The whole in a sentence or two.
    by_day
        Whether the ranges differ in length, so that errors a day are what can be compared.
    new, gone
        Patterns: `kind`, `pattern`, `source`, `log_level`, `events`; all of them, most events first; of
        sources that were there then and now.
    sources_new, sources_gone
        Sources that had no event then, or have none now.
    """

    against: Literal["report", "period", "nothing"]
    since: str
    sentence: str
    by_day: bool = False
    sources: list[Change] = field(default_factory=list)
    new: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    sources_new: list[str] = field(default_factory=list)
    sources_gone: list[str] = field(default_factory=list)


def summary_of(found: Contents, filters: list[str], made_at: datetime) -> Summary:
    """What a report tells, for the next one."""
    counts = found.counts.assign(errors=found.counts["events"].where(is_error(found.counts), 0))
    totals = counts.groupby("source")[["events", "errors"]].sum()
    return Summary(
        made_at=made_at.isoformat(timespec="seconds"),
        start=found.view.start.isoformat(),
        end=found.view.end.isoformat(),
        filters=filters,
        redacted=found.redactor is not None,
        sources={
            source: {"events": int(row.events), "errors": int(row.errors)}
            for source, row in totals.iterrows()
        },
        patterns=found.patterns[["kind", "pattern", "source", "log_level", "events"]].to_dict("records"),
    )


def of_period_before(found: Contents) -> Summary | None:
    """The period before as if a report had told of it; None where nothing was logged then."""
    if found.before is None:
        return None
    return Summary(
        made_at=found.view.start.isoformat(),
        start=found.view.before.isoformat(),
        end=found.view.start.isoformat(),
        filters=[],
        redacted=found.redactor is not None,
        sources={
            row.source: {"events": int(row.events), "errors": int(row.errors)}
            for row in found.before.itertuples()
        },
        patterns=[
            {**row, "log_level": ""}
            for row in found.patterns_before.sort_values(
                ["events", "pattern"], ascending=[False, True]
            ).to_dict("records")
        ],
    )


def compare(now: Summary, before: Summary | None, against: str) -> Changes:
    """Compare two summaries.

    Parameters
    ----------
    against
        ``report`` or ``period``: what `before` is.
    """
    errors = sum(one["errors"] for one in now.sources.values())
    if before is None:
        return Changes("nothing", "", f"{_errors(errors)} {_range(now)}. {_FIRST}")
    length, length_before = _length(now), _length(before)
    by_day = abs(length / length_before - 1) > 0.01
    day, day_before = length / timedelta(days=1), length_before / timedelta(days=1)
    nothing = {"events": 0, "errors": 0}
    sources = []
    for name in sorted(set(now.sources) | set(before.sources)):
        one, past = now.sources.get(name, nothing), before.sources.get(name, nothing)
        sources.append(
            Change(
                name,
                one["events"],
                past["events"],
                one["errors"],
                past["errors"],
                one["errors"] / day,
                past["errors"] / day_before,
            )
        )
    key = lambda one: (one["kind"], one["pattern"])  # noqa: E731
    known, present = {key(one) for one in before.patterns}, {key(one) for one in now.patterns}
    logged_before = {name for name, one in before.sources.items() if one["events"]}
    logged_now = {name for name, one in now.sources.items() if one["events"]}
    # Of a source that was not there, or is no longer, every pattern is: that the source is tells all.
    new = [one for one in now.patterns if key(one) not in known and one["source"] in logged_before]
    gone = _once([one for one in before.patterns if key(one) not in present and one["source"] in logged_now])
    if against == "report":
        made = datetime.fromisoformat(before.made_at)
        since = f"the report of {made:%-d %B %Y, %H:%M} UTC, which told of {_dates(before)}"
    else:
        since = f"the period before, {_dates(before)}"
    changes = Changes(against, since, "", by_day, sources, new, gone)
    changes.sources_new = sorted(logged_now - logged_before)
    changes.sources_gone = sorted(logged_before - logged_now)
    changes.sentence = _sentence(now, changes)
    return changes


_FIRST = "There is nothing before it to compare with."


def _sentence(now: Summary, changes: Changes) -> str:
    errors = sum(one.errors for one in changes.sources)
    before = sum(one.errors_before for one in changes.sources)
    whose = "the report before" if changes.against == "report" else "the period before"
    rate = sum(one.errors_by_day for one in changes.sources)
    rate_before = sum(one.errors_by_day_before for one in changes.sources)
    said = f"{_errors(errors)} {_range(now)}"
    if changes.by_day:
        measure, past = f"{rate:,.1f} a day", f"{rate_before:,.1f} a day"
        said += f", {measure}"
    else:
        past = f"{before:,}"
    if abs(rate - rate_before) < 1e-9:
        said += f": as many as in {whose}"
    elif not before:
        said += f", where {whose} had none"
    else:
        up, times = rate > rate_before, rate / rate_before
        if times >= 3:
            said += f": {times:,.1f} times as many as in {whose} ({past})"
        else:
            said += f": {_share(abs(times - 1))} {'more' if up else 'fewer'} than in {whose} ({past})"
        most = max(changes.sources, key=lambda one: (1 if up else -1) * _difference(one))
        if len(changes.sources) > 1:
            said += f", most of that in {most.source}"
    told = []
    if changes.sources_new:
        told.append(f"{_listed(changes.sources_new)} {_is(changes.sources_new)} new")
    if changes.sources_gone:
        told.append(f"{_listed(changes.sources_gone)} logged nothing")
    if changes.new:
        told.append(f"{len(changes.new):,} new pattern{'s' * (len(changes.new) != 1)} of warnings and errors")
    if changes.gone:
        told.append(f"{len(changes.gone):,} gone")
    more = "; ".join(told) if told else "no pattern of warnings and errors is new or gone"
    return f"{said}. {more[0].upper() if not changes.sources_new else more[0]}{more[1:]}."


def _difference(one: Change) -> float:
    return one.errors_by_day - one.errors_by_day_before


def _share(part: float) -> str:
    return f"{part:.1%}" if part < 0.1 or 0.99 < part < 1 else f"{part:.0%}"


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more sources"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _errors(count: int) -> str:
    return "No errors" if not count else f"{count:,} error{'s' * (count != 1)}"


def _range(one: Summary) -> str:
    return f"between {_dates(one)}".replace(" to ", " and ", 1)


def _dates(one: Summary) -> str:
    """A range in words: days where it is of whole days, else to the minute."""
    start, end = datetime.fromisoformat(one.start), datetime.fromisoformat(one.end)
    if start.time() == end.time() == datetime.min.time():
        return f"{start:%-d %B %Y} to {end - timedelta(days=1):%-d %B %Y}"
    return f"{start:%-d %B %Y, %H:%M} to {end:%-d %B %Y, %H:%M}"


def _length(one: Summary) -> timedelta:
    length = datetime.fromisoformat(one.end) - datetime.fromisoformat(one.start)
    return max(length, timedelta(minutes=1))


def _once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each pattern once, with the events of all its sources and the source that has most."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault((row["kind"], row["pattern"]), {**row, "events": 0, "most": 0})
        one["events"] += row["events"]
        if row["events"] > one["most"]:
            one["most"], one["source"] = row["events"], row["source"]
    return sorted(found.values(), key=lambda one: (-one["events"], one["pattern"]))
