"""Fields to events: times, levels, requests and sizes, and what becomes an attribute."""

from __future__ import annotations

import functools

import polars as pl

from logformats import attributes, levels, times
from logformats.definitions import COLUMNS, LogFormat
from logformats.matched import ATTRIBUTE
from logformats.times import Clock

#: A request line: a method, a path or an absolute URL or an authority, and a protocol; HTTP/0.9 has none.
#: https://www.rfc-editor.org/rfc/rfc9112#name-request-line
REQUEST = (
    r"^(?:(?P<method>[A-Za-z_-]{1,32}) (?P<url>[/*].*?|[A-Za-z][A-Za-z0-9+.-]*://.*?|[^ /:?]+:[0-9]+)"
    r" (?P<protocol>[A-Z]{2,8})/(?P<version>[0-9.]+)|(?P<old_method>GET) (?P<old_url>/[^ ]*))$"
)
URL = r"^(?:[A-Za-z][A-Za-z0-9+.-]*://(?P<domain>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
#: A level word that a message starts with: `error: …`, `[WARN] …`, `fatal …`.
LEADING_LEVEL = (
    r"^\W{0,3}(?i:(trace|debug|info|notice|warning|warn|error|err|severe|critical|crit|fatal|alert"
    r"|emerg|panic))\b"
)

PROTOCOL_VERSION = ATTRIBUTE + "network.protocol.version"
DOMAIN = ATTRIBUTE + "url.domain"


def read_core(fields: pl.DataFrame, definition: LogFormat, clock: Clock) -> pl.DataFrame:
    """Add to fields what is needed of every event, dropped ones too.

    Returns
    -------
    The fields with `timestamp` (µs, UTC; null where it cannot be read), `time_text`, `log_level`,
    `http_response_status_code`, `http_response_body_size`, `http_request_method`.
    """
    frame = fields
    if "request" in frame.columns:
        frame = _split_request(frame)
    text = time_text(frame)
    core = _core(definition, tuple(frame.columns))
    return frame.with_columns(
        text.alias("time_text"), times.parse(text, definition.times, clock).alias("timestamp"), *core
    )


def complete(frame: pl.DataFrame, definition: LogFormat) -> pl.DataFrame:
    """All other columns of `logs`, for the events that stay.

    Returns
    -------
    The columns of `logs` that come from the line, with `row`.
    """
    if "url" in frame.columns:
        frame = _split_url(frame)
    listed = attributes.build(frame, definition.nulls, definition.constants)
    return frame.select(*_columns(definition, tuple(frame.columns)), listed)


@functools.lru_cache(maxsize=512)
def _core(definition: LogFormat, columns: tuple[str, ...]) -> tuple[pl.Expr, ...]:
    """The expressions of `read_core`; built once, since building takes longer than a small object's lines."""
    core = []
    for name, dtype in (("http_response_status_code", pl.Int32), ("http_response_body_size", pl.Int64)):
        value = pl.col(name).cast(dtype, strict=False) if name in columns else pl.lit(None, dtype=dtype)
        core.append(value.alias(name))
    method = pl.lit(None, dtype=pl.String)
    if "http_request_method" in columns:
        method = _without_nulls(pl.col("http_request_method"), definition)
    return *core, method.alias("http_request_method"), _level(columns, definition).alias("log_level")


@functools.lru_cache(maxsize=512)
def _columns(definition: LogFormat, columns: tuple[str, ...]) -> tuple[pl.Expr, ...]:
    """The expressions of `complete`."""

    def text(name: str) -> pl.Expr:
        if name not in columns:
            return pl.lit(definition.constants.get(name), dtype=pl.String)
        value = _without_nulls(pl.col(name), definition)
        return value.fill_null(definition.constants[name]) if name in definition.constants else value

    message = text("message")
    if "request" in columns:
        # What is no request line is kept as it is.
        message = pl.coalesce(message, pl.when(pl.col("http_request_method").is_null()).then(text("request")))
    as_they_are = (
        "row",
        "timestamp",
        "log_level",
        "http_request_method",
        "http_response_status_code",
        "http_response_body_size",
    )
    texts = (
        "client_address",
        "url_path",
        "url_query",
        "user_agent_original",
        "http_request_header_referer",
        "service_name",
    )
    return *map(pl.col, as_they_are), message.alias("message"), *(text(name).alias(name) for name in texts)


def time_text(frame: pl.DataFrame) -> pl.Series:
    """The text of the time: one field, or date and time of day."""
    if "timestamp" in frame.columns:
        return frame["timestamp"]
    if not {"date", "time_of_day"} & set(frame.columns):
        return pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    parts = [pl.col(name).str.strip_chars('"') for name in ("date", "time_of_day") if name in frame.columns]
    return frame.select(timestamp=pl.concat_str(parts, separator=" ")).to_series()


def _without_nulls(value: pl.Expr, definition: LogFormat) -> pl.Expr:
    if not definition.nulls:
        return value
    if len(definition.nulls) == 1:
        return pl.when(value != definition.nulls[0]).then(value)
    return pl.when(~value.is_in(list(definition.nulls))).then(value)


def _level(columns: tuple[str, ...], definition: LogFormat) -> pl.Expr:
    found = []
    if "log_level" in columns:
        found.append(levels.from_words(pl.col("log_level"), definition.levels, definition.scale))
    if "http_response_status_code" in columns:
        found.append(levels.from_status(pl.col("http_response_status_code").cast(pl.Int32, strict=False)))
    if "message" in columns:
        for match, level in definition.level_rules:
            found.append(pl.when(pl.col("message").str.contains(match)).then(pl.lit(level)))
        if definition.level_from == "message":
            word = pl.col("message").str.extract(LEADING_LEVEL, 1)
            found.append(levels.from_words(word, definition.levels))
    return pl.coalesce(*found, pl.lit(definition.default_level))


def _split_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Method, URL and protocol of request lines, for the rows whose format did not read them itself."""
    parts = frame.select(pl.col("request").str.extract_groups(REQUEST)).unnest("request")
    split = {
        "http_request_method": pl.coalesce("method", "old_method"),
        "url": pl.coalesce("url", "old_url"),
        PROTOCOL_VERSION: pl.col("version"),
    }
    parts = parts.select(**split)
    return frame.with_columns(
        pl.coalesce(frame[name], parts[name]).alias(name) if name in frame.columns else parts[name]
        for name in split
    )


def _split_url(frame: pl.DataFrame) -> pl.DataFrame:
    parts = frame.select(pl.col("url").str.extract_groups(URL)).unnest("url")
    split = {"url_path": "path", "url_query": "query", DOMAIN: "domain"}
    return frame.with_columns(
        **{
            column: pl.coalesce(frame[column], parts[part]) if column in frame.columns else parts[part]
            for column, part in split.items()
        }
    )


def read_body(events: pl.DataFrame, definition: LogFormat) -> pl.DataFrame:
    """Add the fields that stand in the further lines of events: the named groups of the format's `body`."""
    for regex in definition.body:
        found = events.select(pl.col("message").str.extract_groups(regex)).unnest("message")
        level = None
        if "log_level" in found.columns:
            level = found.select(levels.from_words(pl.col("log_level"), definition.levels)).to_series()
        if "http_response_status_code" in found.columns:
            status = pl.col("http_response_status_code").cast(pl.Int32)
            level = found.select(levels.from_status(status)).to_series()
        if level is not None:
            found = found.with_columns(level.alias("log_level"))
        for name in found.columns:
            column = name if name in COLUMNS else ATTRIBUTE + name.replace("__", ".")
            value = found[name]
            if column in events.columns:
                value = events.select(pl.coalesce(value.cast(events.schema[column]), column)).to_series()
            events = events.with_columns(value.alias(column))
    return events
