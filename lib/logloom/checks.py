"""The transformed tables against the raw logs: every line accounted for, and nothing that cannot be."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from logformats import formats as log_formats
from logformats import schema
from logformats.decompress import DamagedError, blocks

from logloom import aws, queries, show
from logloom.errors import LogloomError
from logloom.refusals import explained

if TYPE_CHECKING:
    import pandas as pd

    from logloom.settings import Settings

# Raw objects whose lines are counted again, the smallest first: so many of them, with so many bytes in all.
RECOUNTED_OBJECTS = 200
RECOUNTED_BYTES = 32 << 20
CLOCKS_APART = datetime.timedelta(days=1)


class ChecksFailed(LogloomError):
    """At least one check failed; `frame` has all of them."""

    exit_code = 1

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        failed = frame[~frame["passed"]]
        told = "; ".join(f"{row.check}: {row.figure}" for row in failed.itertuples())
        super().__init__(f"{len(failed)} of {len(frame)} checks failed: {told}")


@dataclass(frozen=True)
class Check:
    """A check, whether it passed, and the figure that tells."""

    check: str
    passed: bool
    figure: str


def run(settings: Settings) -> pd.DataFrame:
    """Check the tables.

    Returns
    -------
    DataFrame
        A row a check: `check` (what should be so), `passed`, `figure` (what is).

    Raises
    ------
    ChecksFailed
        A check failed; the table of all of them is shown before.
    """
    import pandas as pd

    frame = pd.DataFrame(list(_checks(settings)), columns=["check", "passed", "figure"])
    if not frame["passed"].all():
        _show(frame)
        raise ChecksFailed(frame)
    return frame


def _checks(settings: Settings) -> Iterator[Check]:
    yield from _columns(settings)
    yield from _raw_objects(settings)
    yield from _accounts(settings)
    yield from _events(settings)


def _columns(settings: Settings) -> Iterator[Check]:
    """The tables in the catalog have the columns and types that they should have."""
    glue = aws.session(settings).client("glue")
    wrong = []
    with explained("asking Glue for the tables"):
        for table in schema.TABLES:
            try:
                found = glue.get_table(DatabaseName=settings.database, Name=table)["Table"]
            except ClientError as error:
                if error.response["Error"]["Code"] != "EntityNotFoundException":
                    raise
                wrong.append(f"{table} is missing")
                continue
            types = {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}
            in_csv = found.get("Parameters", {}).get("classification") == "csv"
            for column in schema.hive_columns(table):
                expected = "string" if in_csv and column["Type"].startswith("map") else column["Type"]
                if types.get(column["Name"]) != expected:
                    wrong.append(f"{table}.{column['Name']} is {types.get(column['Name'], 'missing')}")
    yield Check(
        "the four tables have their columns and types",
        not wrong,
        ", ".join(wrong) or f"{sum(map(len, schema.TABLES.values()))} columns",
    )


def _raw_objects(settings: Settings) -> Iterator[Check]:
    """Each raw object is in the audit as it is now, and has as many lines as the audit says."""
    s3 = aws.session(settings).client("s3")
    audited = queries.run(settings, "checks/objects").frame.set_index("log_file_path")
    objects = list(_list_raw(s3, settings))
    late = [item for item in objects if _is_late(item, audited)]
    missing = [item for item in late if _is_asked_for(item, audited, settings)]
    figure = f"{len(objects) - len(late):,} of {len(objects):,} objects"
    if left_out := len(late) - len(missing):
        figure += f", {left_out:,} left for another run by read_from and read_to"
    if missing:
        figure += f", not {missing[0]['uri']}"
    yield Check("every raw object is transformed as it is now", not missing, figure)
    if len(audited):
        newest, commit = audited["last_modified"].max(), audited["committed_at"].max()
        yield Check(
            "the tables are newer than the newest raw object read",
            bool(newest <= commit),
            f"object of {newest:%Y-%m-%d %H:%M}, commit of {commit:%Y-%m-%d %H:%M} UTC",
        )

    wrong, lines, counted, size = [], 0, 0, 0
    present = [item for item in objects if item not in late]
    for item in sorted(present, key=lambda item: (item["Size"], item["Key"]))[:RECOUNTED_OBJECTS]:
        size += item["Size"]
        if size > RECOUNTED_BYTES:
            break
        with explained(f"reading {item['uri']}"):
            found = count_lines(s3.get_object(Bucket=settings.bucket, Key=item["Key"])["Body"])
        if found is None:
            continue
        counted += 1
        lines += found
        if found != audited.loc[item["uri"], "lines_read"]:
            wrong.append(item["uri"])
    yield Check(
        "counted again, raw objects have as many lines as were read",
        not wrong,
        f"{lines:,} lines in {counted:,} objects" + (f", {len(wrong)} differ: {wrong[0]}" if wrong else ""),
    )


def _accounts(settings: Settings) -> Iterator[Check]:
    """What the audit says of each object is what the tables hold of it."""
    several = "|".join(each.name for each in log_formats() if each.records) or "none"
    kept = {"kept_from": kept_from(settings)}
    for name, sentence, unit, values in (
        ("accounts", "lines read = kept + dropped + rejected + joined + blank, for each object", "lines", {}),
        ("kept_lines", "logs has the lines that were kept, for each object", "lines", kept),
        ("rejected_lines", "log_rejects has the lines that were rejected, for each object", "lines", kept),
        (
            "counted_events",
            "log_counts counts the events kept and dropped, for each object",
            "events",
            {"several": f'"({several})"'} | kept,
        ),
        ("kept_events", "logs has each event that log_counts counts once, for each object", "events", {}),
    ):
        row = _row(settings, name, **values)
        wrong = f", wrong for {row['wrong']:,}" if row["wrong"] else ""
        yield Check(sentence, row["wrong"] == 0, f"{row[unit]:,} {unit}{wrong}")


def _events(settings: Settings) -> Iterator[Check]:
    """No event is of an unknown level, lacks a value, is filed under another date, or is of the future."""
    latest = datetime.datetime.now(datetime.UTC) + CLOCKS_APART
    row = _row(settings, "events", levels=schema.LEVELS, latest=latest)
    for column, sentence in (
        ("unknown_levels", f"every event has a level of {', '.join(schema.LEVELS)}"),
        ("missing_values", "every event has a time, source, format and line"),
        ("wrong_dates", "every event is filed under its own date (UTC)"),
        ("future_events", "no event is of the future"),
    ):
        figure = f"{row[column]:,} of {row['events']:,} events"
        if column == "future_events" and row["events"]:
            figure += f", from {row['first_event'][:16]} to {row['last_event'][:16]} UTC"
        yield Check(sentence, row[column] == 0, figure)
    row = _row(settings, "counts", levels=schema.LEVELS)
    yield Check(
        "every count is of a known level, a whole minute and its own date",
        row["wrong"] == 0,
        f"{row['wrong']:,} of {row['counts']:,} counts",
    )


def count_lines(stream: Any) -> int | None:
    """Count the lines of a raw object, compressed or not; None if it ends before its end."""
    lines, last = 0, b"\n"
    try:
        for block in blocks(stream):
            if block:
                lines += block.count(b"\n")
                last = block[-1:]
    except DamagedError:
        return None
    return lines + (last != b"\n")


def _row(settings: Settings, name: str, **values: Any) -> dict[str, Any]:
    return queries.run(settings, f"checks/{name}", **values).frame.iloc[0].to_dict()


def _list_raw(s3: Any, settings: Settings) -> Iterator[dict[str, Any]]:
    prefix = f"{settings.raw_prefix}/"
    with explained(f"listing {settings.raw_location}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                parts = item["Key"][len(prefix) :].split("/")
                hidden = not parts[-1] or any(part.startswith((".", "_")) for part in parts)
                if not hidden and (not settings.source or parts[0] == settings.source):
                    yield item | {"uri": f"s3://{settings.bucket}/{item['Key']}"}


def _is_late(item: dict[str, Any], audited: pd.DataFrame) -> bool:
    return item["uri"] not in audited.index or audited.loc[item["uri"], "etag"] != item["ETag"].strip('"')


def _is_asked_for(item: dict[str, Any], audited: pd.DataFrame, settings: Settings) -> bool:
    """Tell whether an object lies within read_from and read_to, by the rule of the job."""
    first = last = item["LastModified"].astimezone(datetime.UTC).date().isoformat()
    if item["uri"] in audited.index:
        first, last = audited.loc[item["uri"], ["first_date", "last_date"]]
    return last >= settings.read_from and not (settings.read_to and first > settings.read_to)


def kept_from(settings: Settings) -> str:
    """Give the first date (UTC, YYYY-MM-DD) that retention has kept in the tables; "" if all are there."""
    key = f"{settings.cleaned_prefix}/_state/places.json"
    s3 = aws.session(settings).client("s3")
    with explained(f"reading s3://{settings.bucket}/{key}"):
        try:
            body = s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return ""
    return json.loads(body)["first_date"]


def _show(frame: pd.DataFrame) -> None:
    try:
        shell = get_ipython()  # a notebook has it
    except NameError:
        shell = None
    if shell is None:
        print(frame.to_string(index=False))
    else:
        show.table(frame.assign(passed=frame["passed"].map({True: "passed", False: "FAILED"})))
