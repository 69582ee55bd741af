"""Makes a report: ask, compare with the report before, write the file whole or not at all."""

from __future__ import annotations

import contextlib
import html
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from logloom import project, redact
from logloom.errors import InputError
from logloom.report import browser, changes, contents, history, options, page
from logloom.settings import Settings, nearest
from logloom.show import RUN_FOLDER_VARIABLE, size

FORMATS = ("html", "pdf", "png")
CHARTS = tuple(page.single_charts())
# A chart's picture: wide enough for a slide, twice the pixels for sharp screens.
PICTURE_WIDTH, PICTURE_HEIGHT, PICTURE_HEIGHT_OF_TABLE = 1200, 520, 640


@dataclass(frozen=True)
class Made:
    """A report that was written: where, of which range, how it begins, and the bytes that Athena read."""

    path: Path
    start: datetime
    end: datetime
    sentence: str
    bytes: int
    data_scanned_bytes: int

    def _repr_html_(self) -> str:
        """In a notebook: what it says, and a link to it, beside the notebook's own page."""
        name = html.escape(self.path.name)
        return f'<p>{html.escape(self.sentence)}</p><p><a href="{name}">{name}</a> · {size(self.bytes)}</p>'


def place(name: str = "report.html") -> Path:
    """Where a notebook puts its report: the folder of the run that it is part of, else `runs/`."""
    folder = Path(os.environ.get(RUN_FOLDER_VARIABLE) or project.root() / "runs")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def write(
    settings: Settings,
    output: Path,
    *,
    start: str = "",
    end: str = "",
    filters: Sequence[str] = (),
    redacted: bool = False,
    format: Literal["html", "pdf", "png"] = "html",
    chart: str = "",
    against: str = "",
    ask: contents.Asker | None = None,
    progress: Callable[[str], None] = lambda what: None,
    now: datetime | None = None,
) -> Made:
    """Write a report.

    Parameters
    ----------
    output
        The file; it is replaced where it is there, whole, when the new one is.
    start, end
        Days (``2026-03-31``, an end is included) or times, UTC; "" as the settings' dates, and without these
        the last 30 days, or all where these would hide most lines.
    filters
        As `options.with_filters` takes them.
    redacted
        Put pseudonyms for addresses, names of users, mail addresses and secrets.
    chart
        One of `CHARTS`: a picture (png) or page (pdf, html) of that chart alone.
    against
        "" compares with the report before (the period before where there is none), ``period`` with the
        period before, and the path of a report with what that one said.

    Raises
    ------
    InputError
        What is asked for cannot be: dates, filters, chart, nothing in the range, output not writable, no
        Chromium for pdf and png. Nothing is written then.
    """
    chromium = _check(output, format, chart)
    begin = options.moment(start, name="from") if start else None
    finish = options.moment(end, end=True, name="to") if end else None
    if begin and finish:
        options.check_range(begin, finish)
    redactor = redact.load() if redacted else None
    other = _other(against, redacted)
    now = now or datetime.now(UTC).replace(tzinfo=None)
    ask = ask or contents.Asker(settings)
    ask.scanned = 0
    progress("what there is")
    view, accounts = contents.view_of(ask, settings, begin, finish, list(filters))
    asked = begin or finish or settings.start_date or settings.end_date
    kept = history.path_of(settings, list(filters), str(view.span) if asked else "open")
    known = other or history.latest(kept)
    found = contents.collect(
        ask,
        view,
        accounts,
        known_patterns=known.patterns if known and not known.redacted else [],
        redactor=redactor,
        progress=progress,
    )
    plain = changes.summary_of(found, list(filters), now)
    plain.redacted = False
    before, kind = other, "report"
    if before is None and against != "period":
        before = history.before(kept, plain)
    contents.hide(found)
    if before is None:
        before, kind = changes.of_period_before(found), "period"
    if redactor and before:
        before = history.redacted(before, redactor)
    said = [found.hidden(one) for one in filters]
    summary = changes.summary_of(found, said, now)
    compared = changes.compare(summary, before, kind)
    facts = [page.made_at(now), *options.in_words(view, found.hidden)]
    if redacted:
        facts.append("addresses, names, mail addresses and secrets are pseudonyms")
    progress("the file")
    if chart:
        whole = page.render_chart(found, chart, facts)
    else:
        whole = page.render(
            found,
            compared,
            summary,
            facts,
            _how(settings, found),
            _kept_note(settings, found),
            live=format == "html",
        )
    written = _bytes(whole, format, chart, chromium)
    _write(output, written)
    if not chart:
        history.keep(kept, plain)
    return Made(output, view.start, view.end, compared.sentence, len(written), found.scanned)


def _check(output: Path, format: str, chart: str) -> Path | None:
    """See before anything is asked that the result can be written; give Chromium where it is needed."""
    if format not in FORMATS:
        raise InputError(f"there is no format {format!r}; there are {', '.join(FORMATS)}")
    if chart and chart not in CHARTS:
        hint = nearest(chart, CHARTS)
        raise InputError(
            f"there is no chart {chart!r}; "
            + (f"did you mean {hint!r}?" if hint else f"there are {', '.join(CHARTS)}")
        )
    if format == "png" and not chart:
        raise InputError(f"a picture is of one chart: add --chart with one of {', '.join(CHARTS)}")
    if output.is_dir():
        raise InputError(f"the output {output} is a folder: name a file in it")
    if not output.parent.is_dir():
        raise InputError(f"the folder {output.parent} of the output is not there: make it first")
    if not os.access(output.parent, os.W_OK) or (output.exists() and not os.access(output, os.W_OK)):
        raise InputError(f"the output {output} cannot be written: check its permissions")
    return browser.find() if format != "html" else None


def _other(against: str, redacted: bool) -> history.Summary | None:
    """The report to compare with that was named, if one was."""
    if against in ("", "period"):
        return None
    other = history.of_file(Path(against))
    if other.redacted and not redacted:
        raise InputError(f"the report {against} is redacted, and this one would not be: add --redact")
    return other


def _bytes(whole: str, format: str, chart: str, chromium: Path | None) -> bytes:
    if format == "pdf":
        return browser.pdf(chromium, whole)
    if format == "png":
        height = PICTURE_HEIGHT if chart in CHARTS[:3] else PICTURE_HEIGHT_OF_TABLE
        return browser.png(chromium, whole, PICTURE_WIDTH, height)
    return whole.encode("utf-8", "replace")


def _write(output: Path, whole: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(whole)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
            Path(name).replace(output)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise InputError(f"the output {output} cannot be written: {error.strerror}") from None


def _how(settings: Settings, found: contents.Contents) -> dict[str, str]:
    """For the foot: the settings and what they cost."""
    told = {
        "AWS profile, region": f"{settings.profile or '(default)'}, {settings.region}",
        "tables": f"{settings.database}, bucket {settings.bucket}",
        "times": f"UTC; events counted by {found.width} min, values and patterns by {found.coarse_width} min",
        "events": "log_counts (all events, counted before levels are dropped)"
        if found.view.rollup_knows
        else "logs (kept events): the filters ask for what the rollup does not know",
        "bytes scanned by Athena": size(found.scanned),
    }
    return {name: found.hidden(text) for name, text in told.items()}


def _kept_note(settings: Settings, found: contents.Contents) -> str:
    said = f"Shown are values among the {contents.MOST_VALUES} most frequent of the whole range, and the "
    said += f"{contents.MOST_OF_SOURCE} most frequent of each source."
    if settings.drop_levels:
        said += (
            " Paths, clients, user agents and referrers are those of kept events: lines of level "
            f"{', '.join(settings.drop_levels)} are counted, but not kept."
        )
    return said
