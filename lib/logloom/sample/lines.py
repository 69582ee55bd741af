"""The lines of each made-up source: arrays of times and heat in, one text an event out."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")
_LEVEL_OF_WORD = {
    "debug": "DEBUG",
    "info": "INFO",
    "notice": "INFO",
    "warn": "WARNING",
    "warning": "WARNING",
    "error": "ERROR",
    "critical": "FATAL",
    "fatal": "FATAL",
}


@dataclass(frozen=True)
class Events:
    """Events of one file in order of time: text, level (index into LEVELS), how many more lines it has."""

    text: pl.Series
    level: np.ndarray
    joined: np.ndarray


Builder = Callable[[np.random.Generator, pl.Series, np.ndarray], Events]


@functools.cache
def vocabulary() -> dict:
    """Read the words that the lines are made of."""
    file = importlib.resources.files(__package__) / "vocabulary.json"
    return json.loads(file.read_text(encoding="utf-8"))


@functools.cache
def _clients() -> tuple[pl.Series, np.ndarray]:
    """Documentation addresses (RFC 5737, RFC 3849), a few of them busy, most rare."""
    v4 = [f"{net}.{host}" for host in range(1, 255) for net in ("203.0.113", "198.51.100", "192.0.2")]
    v6 = [f"2001:db8:{block:x}::{host:x}" for block in range(1, 9) for host in (0x1F, 0x2A4, 0xBEE)]
    mixed = [address for index, address in enumerate(v4) if index % 2] + v6
    order = np.random.default_rng(7).permutation(len(mixed))
    weights = 1 / np.arange(2, len(mixed) + 2) ** 0.8
    return pl.Series([mixed[index] for index in order]), weights / weights.sum()


def _pick(rng: np.random.Generator, words: Sequence[str], n: int, weights: Sequence[float] | None = None):
    p = None if weights is None else np.asarray(weights, dtype=float) / np.sum(weights)
    return pl.Series(words, dtype=pl.String)[rng.choice(len(words), n, p=p)]


def _pick_clients(rng: np.random.Generator, n: int) -> pl.Series:
    addresses, weights = _clients()
    return addresses[rng.choice(len(addresses), n, p=weights)]


def _fill(rng: np.random.Generator, template: pl.Series) -> pl.Series:
    """Put numbers and addresses into {id}, {n} and {client}."""
    n = len(template)
    ids = pl.Series(rng.zipf(1.3, n) % 4000 + 100).cast(pl.String)
    filled = template.str.replace_all("{id}", ids, literal=True)
    filled = filled.str.replace_all(
        "{n}", pl.Series(rng.integers(900, 99_000, n)).cast(pl.String), literal=True
    )
    return filled.str.replace_all("{client}", _pick_clients(rng, n), literal=True)


def _choose(
    rng: np.random.Generator, weights: Sequence[float], hot: Sequence[bool], heat: np.ndarray
) -> np.ndarray:
    """Choose an index an event; where there is heat (0 to 1), that share of them comes from the hot ones."""
    weights = np.asarray(weights, dtype=float)
    chosen = rng.choice(len(weights), len(heat), p=weights / weights.sum())
    hot_weights = weights * np.asarray(hot)
    instead = rng.choice(len(weights), len(heat), p=hot_weights / hot_weights.sum())
    return np.where(rng.random(len(heat)) < heat, instead, chosen)


def _levels(words: Sequence[str]) -> np.ndarray:
    return np.array([LEVELS.index(_LEVEL_OF_WORD[word.lower()]) for word in words])


_STATUSES = {200: 820, 304: 70, 301: 18, 302: 9, 404: 42, 403: 9, 401: 8, 400: 4, 429: 3, 499: 4}
_STATUSES |= {500: 6, 502: 4, 503: 2, 504: 1}


def access(paths: str, scanners: float, junk: float) -> Builder:
    """Make a builder of combined access lines; `scanners` and `junk` are shares of the events."""

    def build(rng: np.random.Generator, times: pl.Series, heat: np.ndarray) -> Events:
        n, words = len(times), vocabulary()
        codes = np.array(list(_STATUSES))
        status = codes[_choose(rng, list(_STATUSES.values()), codes >= 500, heat)]
        names, weights = zip(*words[paths], strict=True)
        path = _fill(rng, _pick(rng, names, n, weights))
        query = _pick(rng, words["queries"], n)
        asked = pl.Series(rng.random(n) < np.where(path.is_in(["/search"]).to_numpy(), 0.7, 0.02))
        path = _where(asked, path + "?" + query, path)
        posts = path.str.contains("^/(cart/items|checkout|login)")
        method = _where(posts, _all("POST", n), _all("GET", n))
        agent_names, agent_weights = zip(*words["agents"], strict=True)
        agent = _pick(rng, agent_names, n, agent_weights)
        referer = _pick(rng, ["-", *words["referers"]], n, [6, *[1] * len(words["referers"])])
        user = _pick(rng, ["-", *words["users"]], n, [400, 1, 1, 1, 1])

        scanner = rng.random(n) < scanners
        status = np.where(scanner, np.where(rng.random(n) < 0.9, 404, 403), status)
        scan = pl.Series(scanner)
        path = _where(scan, _pick(rng, words["scanner_paths"], n), path)
        agent = _where(scan, _pick(rng, words["scanner_agents"], n), agent)
        request = method + " " + path + " HTTP/1.1"
        # A TLS hello on the plain port, as nginx writes it.
        garbage = rng.random(n) < junk
        request = _where(pl.Series(garbage), _all(r"\x16\x03\x01\x00\xEE\x01", n), request)
        status = np.where(garbage, 400, status)
        size = np.where(np.isin(status, (304, 499)), 0, rng.lognormal(8.2, 1.3, n).astype(np.int64) + 120)
        stamp = times.dt.strftime("[%d/%b/%Y:%H:%M:%S +0000]")
        frame = pl.DataFrame(
            {
                "client": _pick_clients(rng, n),
                "user": user,
                "stamp": stamp,
                "request": request,
                "status": status,
                "size": size,
                "referer": referer,
                "agent": agent,
            }
        )
        text = pl.format('{} - {} {} "{}" {} {} "{}" "{}"', *frame.columns)
        level = np.where(status >= 500, 4, np.where(status >= 400, 3, 2))
        return Events(frame.select(text).to_series(), level, np.zeros(n, np.int64))

    return build


def _all(word: str, n: int) -> pl.Series:
    return pl.Series([word], dtype=pl.String).new_from_index(0, n)


def _where(mask: pl.Series, yes: pl.Series, no: pl.Series) -> pl.Series:
    return yes.zip_with(mask, no)


def nginx_error(rng: np.random.Generator, times: pl.Series, heat: np.ndarray) -> Events:
    """Make lines of nginx's error log: `2026/11/21 10:00:00 [error] 31#31: *7 …`."""
    words, weights, messages = zip(*vocabulary()["nginx_errors"], strict=True)
    chosen = _choose(rng, weights, [word == "error" for word in words], heat)
    frame = pl.DataFrame(
        {
            "stamp": times.dt.strftime("%Y/%m/%d %H:%M:%S"),
            "word": pl.Series(words)[chosen],
            "pid": pl.Series(rng.integers(30, 34, len(times))),
            "message": _fill(rng, pl.Series(messages)[chosen]),
        }
    )
    text = frame.select(pl.format("{} [{}] {}#{}: {}", "stamp", "word", "pid", "pid", "message")).to_series()
    return Events(text, _levels(words)[chosen], np.zeros(len(times), np.int64))


def checkout_json(rng: np.random.Generator, times: pl.Series, heat: np.ndarray) -> Events:
    """Make JSON lines of an application: time, level, service, message, trace_id, duration_ms."""
    words, weights, messages = zip(*vocabulary()["checkout_messages"], strict=True)
    chosen = _choose(rng, weights, [word == "error" for word in words], heat)
    n = len(times)
    frame = pl.DataFrame(
        {
            "time": times.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
            "level": pl.Series(words)[chosen],
            "message": _fill(rng, pl.Series(messages)[chosen]),
            "trace": pl.Series(rng.integers(1 << 40, 1 << 44, n)).cast(pl.String),
            "ms": pl.Series(np.round(rng.lognormal(3.5, 1, n) * (1 + 9 * heat), 1)).cast(pl.String),
        }
    )
    parts = (
        *('{"time":"', pl.col("time"), '","level":"', pl.col("level"), '","service":"checkout","message":"'),
        *(pl.col("message"), '","trace_id":"', pl.col("trace"), '","duration_ms":', pl.col("ms"), "}"),
    )
    text = pl.concat_str(pl.lit(part) if isinstance(part, str) else part for part in parts)
    return Events(frame.select(text).to_series(), _levels(words)[chosen], np.zeros(n, np.int64))


def worker_text(rng: np.random.Generator, times: pl.Series, heat: np.ndarray) -> Events:
    """Make lines of Python's logging module; an error brings its traceback along, five lines or more."""
    words, weights, loggers, messages = zip(*vocabulary()["worker_messages"], strict=True)
    chosen = _choose(rng, weights, [word == "ERROR" for word in words], heat)
    n = len(times)
    traces = vocabulary()["tracebacks"]
    trace = rng.integers(0, len(traces), n)
    failed = np.array(words)[chosen] == "ERROR"
    frame = pl.DataFrame(
        {
            "time": times.dt.strftime("%Y-%m-%d %H:%M:%S,%3f"),
            "level": pl.Series(words)[chosen],
            "logger": pl.Series(loggers)[chosen],
            "message": _fill(rng, pl.Series(messages)[chosen]),
            "trace": _where(pl.Series(failed), ("\n" + pl.Series(traces))[trace], _all("", n)),
        }
    )
    text = frame.select(pl.format("{} {} [{}] {}{}", *frame.columns)).to_series()
    lines = np.array([trace.count("\n") + 1 for trace in traces])
    return Events(text, _levels(words)[chosen], np.where(failed, lines[trace], 0))


def host_syslog(rng: np.random.Generator, times: pl.Series, heat: np.ndarray) -> Events:
    """Make syslog lines (RFC 3164 as files have it: no priority, year, zone; the message tells the level)."""
    tags, weights, words, messages = zip(*vocabulary()["syslog_messages"], strict=True)
    chosen = rng.choice(len(tags), len(times), p=np.array(weights) / sum(weights))
    frame = pl.DataFrame(
        {
            "time": times.dt.strftime("%b %e %H:%M:%S"),
            "host": _pick(rng, ["web-1", "web-2", "db-1"], len(times)),
            "tag": _fill(rng, pl.Series(tags)[chosen]),
            "message": _fill(rng, pl.Series(messages)[chosen]),
        }
    )
    text = frame.select(pl.format("{} {} {}: {}", *frame.columns)).to_series()
    return Events(text, _levels(words)[chosen], np.zeros(len(times), np.int64))


PAYMENTS_HEADER = "time,level,service,message,order_id,amount,duration_ms"


def payments_csv(rng: np.random.Generator, times: pl.Series, heat: np.ndarray) -> Events:
    """Make the rows below `PAYMENTS_HEADER`; a message with a comma in it is quoted."""
    words, weights, messages = zip(*vocabulary()["payment_messages"], strict=True)
    chosen = _choose(rng, weights, [word == "ERROR" for word in words], heat)
    quoted = [f'"{message}"' if "," in message else message for message in messages]
    n = len(times)
    frame = pl.DataFrame(
        {
            "time": times.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "level": pl.Series(words)[chosen],
            "message": pl.Series(quoted)[chosen],
            "order": rng.integers(10_000, 99_999, n),
            "amount": pl.Series(np.round(rng.lognormal(3.4, 0.8, n), 2)).cast(pl.String),
            "ms": rng.integers(40, 900, n),
        }
    )
    text = frame.select(pl.format("{},{},payments,{},{},{},{}", *frame.columns)).to_series()
    return Events(text, _levels(words)[chosen], np.zeros(n, np.int64))
