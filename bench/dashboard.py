"""The dashboard on 10 M events over 90 days, through the local Athena, served as users serve it.

``dashboard.first_paint_ms`` is from the navigation to the first bar drawn, in Chromium, with nothing
cached on the server; left out where there is no Chromium. The other times are of callbacks as the page
sends them, from the request to the answer: the overview with a range that nobody asked for before (cold),
the same again (cached), the first page of events of such a range (cold), and any of them while 20 people
click for two minutes (one error fails the benchmark). ``dashboard.overview_bytes_scanned`` is of 90 days.

What the limits are made of: an answer that is not kept costs the listing that tells whether the tables
changed, the translation of the statement, the opening of a file for each date, and the polls of the page
(20 ms); an answer that is kept costs the listing, the figure and its JSON.

``BENCH_EVENTS=200000 BENCH_SECONDS=10 make bench ARGS=dashboard`` is a small run.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import numpy as np
import polars as pl
import requests
from localaws import control
from localaws.objects import free_port
from logloom import settings

from bench import Entry

GLUE_JOBS = Path(__file__).parents[1] / "glue_jobs"
CHROMIUM = Path("/usr/bin/chromium")
EVENTS = int(os.environ.get("BENCH_EVENTS", "10000000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "120"))
DAYS, PEOPLE, ROUNDS = 90, 20, 40
FIRST = datetime(2026, 1, 1)
BUCKET = DATABASE = "bench"
LEVEL_OF = {200: "INFO", 301: "INFO", 404: "WARNING", 500: "ERROR"}


def run() -> Iterator[Entry]:
    """Measure on a local AWS and a server of their own."""
    with tempfile.TemporaryDirectory(prefix="logloom-bench-") as folder:
        root = Path(folder) / "local"
        environment = {
            **os.environ,
            "LOGLOOM_LOCAL_ROOT": str(root),
            "AWS_CONFIG_FILE": str(root / "aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(root / "aws" / "credentials"),
            "AWS_PROFILE": "logloom-local",
        }
        before = dict(os.environ)
        os.environ.update(environment)
        control.start(root)
        chosen = settings.load(
            {"bucket": BUCKET, "database": DATABASE, "dashboard_folder": str(Path(folder) / "dashboard")}
        )
        try:
            fill(chosen)
            port = free_port()
            command = [sys.executable, "-m", "logloom", "dashboard", "--port", str(port)]
            for name in ("bucket", "database", "dashboard_folder"):
                command += ["-p", name, getattr(chosen, name)]
            with Path(folder, "server.log").open("w") as log:
                server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
            try:
                yield from measure(f"http://127.0.0.1:{port}/", chosen)
            finally:
                server.terminate()
                server.wait(20)
        finally:
            control.stop(root)
            os.environ.clear()
            os.environ.update(before)


def measure(url: str, chosen: settings.Settings) -> Iterator[Entry]:
    """Look at the page once to learn what it sends, and send it."""
    wait_for(url)
    if CHROMIUM.exists():
        paints, sent = zip(*(look(url, chosen) for _ in range(4)), strict=True)
        yield Entry("dashboard.first_paint_ms", statistics.median(paints[1:]), "ms")
        asks = sent[0]
    else:
        print("dashboard: no /usr/bin/chromium, so that nothing can be measured as the page sends it")
        return
    person = Person(url, asks, seed=1)
    person.overview()
    cold = [person.overview() for _ in range(ROUNDS)]
    again = [person.ask("overview", same=True) for _ in range(ROUNDS)]
    yield Entry("dashboard.overview_cold_p95_ms", p95(cold), "ms")
    yield Entry("dashboard.overview_cached_p95_ms", p95(again), "ms")
    yield Entry("dashboard.events_p95_ms", p95(person.events() for _ in range(ROUNDS)), "ms")
    yield Entry("dashboard.overview_bytes_scanned", overview_bytes(chosen), "bytes")
    yield Entry("dashboard.load20_p95_ms", p95(click(url, asks)), "ms")


def click(url: str, asks: dict[str, dict]) -> list[float]:
    """Times of what 20 people ask in the time."""
    until = time.monotonic() + SECONDS

    def person(number: int) -> list[float]:
        one, times = Person(url, asks, seed=100 + number), []
        while time.monotonic() < until:
            what: Callable[[], float] = one.chance.choice((one.overview, one.events, one.top))
            times.append(what())
            time.sleep(one.chance.uniform(0.5, 2))  # somebody reads
        return times

    with ThreadPoolExecutor(PEOPLE) as pool:
        return [each for times in pool.map(person, range(PEOPLE)) for each in times]


class Person:
    """Somebody who asks what the page would ask, each time for another range."""

    def __init__(self, url: str, asks: dict[str, dict], seed: int) -> None:
        self._url, self._asks = url, asks
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self._session = requests.Session()
        self._session.headers["Origin"] = url.rstrip("/")

    def overview(self) -> float:
        return self.ask("overview")

    def top(self) -> float:
        return self.ask("top")

    def events(self) -> float:
        return self.ask("events")

    def ask(self, what: str, *, same: bool = False) -> float:
        """Send a callback, wait for its answer, and give the milliseconds."""
        payload = json.loads(json.dumps(self._asks[what]))
        if not same:
            self._view = self._another_range()
        for wire in (*payload["inputs"], *payload.get("state", ())):
            if isinstance(wire.get("value"), dict) and {"start", "end"} <= wire["value"].keys():
                wire["value"] |= self._view
            if isinstance(wire.get("value"), dict) and isinstance(wire["value"].get("view"), dict):
                wire["value"]["view"] |= self._view
        began = time.perf_counter()
        address = f"{self._url}_dash-update-component"
        answer, query = self._post(address, payload), {}
        while "response" not in answer:
            query = {name: answer[name] for name in ("cacheKey", "job") if name in answer} or query
            answer = self._post(address, payload, query)
            if "response" not in answer:
                time.sleep(0.02)
        text = json.dumps(answer["response"])
        if "message bad" in text or "callback_error" in text:
            raise RuntimeError(f"{what} was answered with an error: {text[:500]}")
        return (time.perf_counter() - began) * 1000

    def _post(self, address: str, payload: dict, query: dict | None = None) -> dict:
        answer = self._session.post(address, json=payload, params=query, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.status_code == 200 else {"response": {}}

    def _another_range(self) -> dict[str, str]:
        start = FIRST + timedelta(minutes=self.chance.randrange(0, (DAYS - 8) * 1440))
        end = start + timedelta(days=self.chance.choice((1, 7, 30)))
        return {
            "start": start.isoformat(sep=" "),
            "end": min(end, FIRST + timedelta(days=DAYS)).isoformat(sep=" "),
        }


def look(url: str, chosen: settings.Settings) -> tuple[float, dict[str, dict]]:
    """Open the page with nothing cached; give the milliseconds to the first bar, and what it sent."""
    from playwright.sync_api import sync_playwright

    commit(chosen)
    sent = []
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: sent.append(request) if is_first(request) else None)
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.wait_for_selector("#series-graph .js-plotly-plot .bars path", state="attached", timeout=60_000)
        painted = (time.perf_counter() - began) * 1000
        page.wait_for_function("() => !document.querySelector('.panel[data-loading=true]')", timeout=60_000)
        page.wait_for_timeout(500)
        payloads = [request.post_data_json for request in sent]
    outputs = {
        "overview": "series-graph.figure",
        "events": "events-grid.rowData",
        "top": "top0-body.children",
    }
    return painted, {
        what: next(payload for payload in reversed(payloads) if output in payload["output"])
        for what, output in outputs.items()
    }


def is_first(request) -> bool:
    """Whether a request of the page is a callback's, and none of the polls that follow it."""
    return "_dash-update-component" in request.url and "cacheKey" not in request.url


def overview_bytes(chosen: settings.Settings) -> int:
    """What the overview of all days scans."""
    from logloom import queries
    from logloom.dashboard import statements
    from logloom.dashboard.view import View

    view = View(FIRST, FIRST + timedelta(days=DAYS))
    statement = statements.overview(view)
    return queries.run_sql(chosen, statement.sql, statement.parameters).data_scanned_bytes


def fill(chosen: settings.Settings) -> None:
    """Write the tables as the job leaves them: a file for each table and date."""
    if str(GLUE_JOBS) not in sys.path:
        sys.path.insert(0, str(GLUE_JOBS))
    from logtables.files import FORMATS
    from logtables.register import register
    from logtables.s3 import Location

    session = boto3.Session(profile_name=chosen.profile)
    s3, kind = session.client("s3"), FORMATS["parquet"]
    s3.create_bucket(Bucket=chosen.bucket)
    cleaned = Location.parse(chosen.cleaned_location)
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        for table, rows in of_day(day, EVENTS // DAYS, number).items():
            key = cleaned.key(f"{table}/dt={day:%Y-%m-%d}/bench-0{kind.suffix}")
            s3.put_object(Bucket=chosen.bucket, Key=key, Body=kind.encode(rows, table))
    commit(chosen)
    register(session.client("glue"), s3, chosen.database, cleaned, kind)


def commit(chosen: settings.Settings) -> None:
    """Write a row of the audit, as a run of the job does: what is cached is old then."""
    from logformats.account import Account
    from logtables import audit
    from logtables.files import FORMATS
    from logtables.plan import RawObject
    from logtables.s3 import Location, StoredObject

    now = datetime.now(UTC)
    raw = RawObject("web", StoredObject(chosen.bucket, "logs/raw/web/a.log", EVENTS * 250, "e", now))
    account = Account(
        lines_read=EVENTS,
        lines_kept=EVENTS,
        first_event=FIRST.replace(tzinfo=UTC),
        last_event=(FIRST + timedelta(days=DAYS, seconds=-1)).replace(tzinfo=UTC),
    )
    batch = f"{now:%Y%m%dT%H%M%S%f}"
    rows = audit.audit_rows({raw.uri: account}, [raw], {}, batch_id=batch, run_id="bench", committed_at=now)
    s3 = boto3.Session(profile_name=chosen.profile).client("s3")
    audit.commit(s3, Location.parse(chosen.cleaned_location), rows, FORMATS["parquet"], batch_id=batch)


def of_day(day: datetime, events: int, seed: int) -> dict[str, pl.DataFrame]:
    """Rows of `logs` and `log_counts` of a day, of three sources, with all levels kept."""
    from logformats.schema import TABLES

    rng = np.random.default_rng(seed)
    status = rng.choice(list(LEVEL_OF), events, p=[0.86, 0.05, 0.07, 0.02])
    micros = np.sort(rng.integers(0, 86_400_000_000, events))
    logs = pl.DataFrame(
        {
            "timestamp": pl.Series(micros).cast(pl.Duration("us")) + day,
            "http_response_status_code": pl.Series(status).cast(pl.Int32),
            "source": pl.Series(rng.choice(["shop", "api", "static"], events)),
            "http_request_method": pl.Series(rng.choice(["GET", "POST"], events, p=[0.9, 0.1])),
            "url_path": pl.Series(rng.zipf(1.4, events) % 5_000).cast(pl.String),
            "client_address": pl.Series(rng.integers(0, 60_000, events)).cast(pl.String),
            "http_response_body_size": pl.Series(rng.lognormal(8.5, 1.4, events)).cast(pl.Int64),
            "log_file_line": pl.Series(np.arange(1, events + 1)),
        }
    ).with_columns(
        pl.col("timestamp").dt.replace_time_zone("UTC"),
        pl.col("http_response_status_code")
        .replace_strict(LEVEL_OF, return_dtype=pl.String)
        .alias("log_level"),
        pl.format("/item/{}", "url_path").alias("url_path"),
        pl.format("10.1.{}.7", "client_address").alias("client_address"),
        pl.lit("access_combined").alias("format"),
        pl.lit("curl/8").alias("user_agent_original"),
        pl.lit(f"s3://{BUCKET}/logs/raw/web/a.log").alias("log_file_path"),
    )
    logs = logs.with_columns(pl.format("{} {}", "http_request_method", "url_path").alias("message"))
    counts = (
        logs.with_columns(pl.col("timestamp").dt.truncate("1m").alias("minute"))
        .group_by(
            "minute",
            "source",
            "log_level",
            "http_response_status_code",
            "http_request_method",
            "log_file_path",
        )
        .agg(pl.len().cast(pl.Int64).alias("events"), pl.sum("http_response_body_size").alias("bytes"))
    )
    columns = [column for column in TABLES["logs"] if column.name != "dt"]
    absent = [
        pl.lit(None, column.dtype).alias(column.name) for column in columns if column.name not in logs.columns
    ]
    return {"logs": logs.with_columns(absent), "log_counts": counts}


def wait_for(url: str) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            requests.get(f"{url}healthz", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not answer at {url}")


def p95(times: Iterator[float] | list[float]) -> float:
    """What 95 of 100 are below."""
    return float(np.percentile(list(times), 95))
