"""What reports said before: one small file for each set of settings in the project's state.

A report is compared with the newest earlier one that was asked for in the same way (same tables, source,
filters, length of the range) but told of another range or of other numbers: the same report made twice says
the same. Its summary is kept as it is, without pseudonyms, in a file of mode 0600, and stays on the machine.
The report itself carries a summary too, redacted where the report is: any two files can be compared.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from logloom import project
from logloom.errors import InputError
from logloom.redact import Redactor
from logloom.settings import Settings

KEPT = 12
_MOST_BYTES = 20_000_000


@dataclass
class Summary:
    """What one report told, for the next one; times are ISO 8601, UTC without a zone.

    Attributes
    ----------
    sources
        By source: `events`, `errors`.
    patterns
        `kind`, `pattern`, `source`, `log_level`, `events`.
    """

    made_at: str
    start: str
    end: str
    filters: list[str]
    redacted: bool
    sources: dict[str, dict[str, int]]
    patterns: list[dict[str, Any]] = field(default_factory=list)

    def tells_as(self, other: Summary) -> bool:
        """Whether the two tell the same of the same range."""
        return (self.start, self.end, self.sources) == (other.start, other.end, other.sources)


def path_of(settings: Settings, filters: list[str], length: str) -> Path:
    """The file of the reports that are asked for in this way."""
    asked = [
        settings.profile,
        settings.region,
        settings.bucket,
        settings.database,
        settings.source,
        sorted(filters),
        length,
    ]
    name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    return project.state_root() / "reports" / f"{name}.json"


def before(path: Path, now: Summary) -> Summary | None:
    """The newest summary in the file that tells something else than `now`; None where there is none."""
    return next((one for one in _read(path) if not one.tells_as(now)), None)


def latest(path: Path) -> Summary | None:
    """The newest summary in the file."""
    return next(iter(_read(path)), None)


def keep(path: Path, now: Summary) -> None:
    """Put a summary first in the file, in the place of one that tells the same; whole or not at all."""
    kept = [now, *(one for one in _read(path) if not one.tells_as(now))][:KEPT]
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump([asdict(one) for one in kept], file)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise InputError(f"what this report said cannot be kept in {path}: {error.strerror}") from None


def of_file(path: Path) -> Summary:
    """The summary that a report (HTML) carries.

    Raises
    ------
    InputError
        It cannot be read, or is no report.
    """
    try:
        with path.open("rb") as file:
            page = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"the report {path} cannot be read: {error.strerror}") from None
    found = re.search(r'<script type="application/x-logloom-summary" id="summary">([\w+/=]*)</script>', page)
    try:
        return _summary(json.loads(gzip.decompress(base64.b64decode(found[1] if found else ""))))
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        raise InputError(f"{path} is no HTML report of `logloom report`: give one") from None


def redacted(summary: Summary, redactor: Redactor) -> Summary:
    """A summary with pseudonyms; one that has them already as it is."""
    if summary.redacted:
        return summary
    names = list(summary.sources)
    shown = redactor.column([one["pattern"] for one in summary.patterns])
    from_sources = redactor.plain_column([one["source"] for one in summary.patterns])
    return replace(
        summary,
        redacted=True,
        sources=dict(zip(redactor.plain_column(names), summary.sources.values(), strict=True)),
        patterns=[
            {**one, "pattern": pattern, "source": source}
            for one, pattern, source in zip(summary.patterns, shown, from_sources, strict=True)
        ],
    )


def packed(summary: Summary) -> str:
    """A summary as the report carries it: gzip of JSON, base64."""
    return base64.b64encode(gzip.compress(json.dumps(asdict(summary)).encode(), mtime=0)).decode()


def _read(path: Path) -> list[Summary]:
    try:
        return [_summary(one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError):
        raise InputError(
            f"what earlier reports said cannot be read: delete {path}, and comparing begins anew"
        ) from None


def _summary(read: dict[str, Any]) -> Summary:
    """Check what was read: a file may have been changed by anybody."""
    sources = {
        str(name): {"events": int(one["events"]), "errors": int(one["errors"])}
        for name, one in dict(read["sources"]).items()
    }
    patterns = [
        {
            "kind": str(one["kind"]),
            "pattern": str(one["pattern"]),
            "source": str(one["source"]),
            "log_level": str(one["log_level"]),
            "events": int(one["events"]),
        }
        for one in list(read["patterns"])
    ]
    for name in ("made_at", "start", "end"):
        datetime.fromisoformat(read[name])
    return Summary(
        read["made_at"],
        read["start"],
        read["end"],
        [str(one) for one in read["filters"]],
        bool(read["redacted"]),
        sources,
        patterns,
    )
