"""Fields to events: times, levels, requests and sizes, and what becomes an attribute."""

from __future__ import annotations

import polars as pl

from logformats import levels, times
from logformats.definitions import COLUMNS, LogFormat
from logformats.matched import ATTRIBUTE
from logformats.schema import ATTRIBUTES
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
    text = time_text(frame)
    frame = frame.with_columns(time_text=text, timestamp=times.parse(text, definition.times, clock))
    have = set(frame.columns)
    if "request" in have:
        frame = _split_request(frame)
    have = set(frame.columns)
    for name, dtype in (("http_response_status_code", pl.Int32), ("http_response_body_size", pl.Int64)):
        value = pl.col(name).cast(dtype, strict=False) if name in have else pl.lit(None, dtype=dtype)
        frame = frame.with_columns(value.alias(name))
    method = pl.col("http_request_method") if "http_request_method" in have else pl.lit(None, dtype=pl.String)
    level = _level(have, definition)
    return frame.with_columns(log_level=level, http_request_method=_without_nulls(method, definition))


def complete(frame: pl.DataFrame, definition: LogFormat) -> pl.DataFrame:
    """All other columns of `logs`, for the events that stay.

    Returns
    -------
    The columns of `logs` that come from the line, with `row`.
    """
    if "url" in frame.columns:
        frame = _split_url(frame)
    have = set(frame.columns)

    def text(name: str) -> pl.Expr:
        if name in have:
            value = _without_nulls(pl.col(name), definition)
            return value if name not in definition.constants else value.fill_null(definition.constants[name])
        return pl.lit(definition.constants.get(name), dtype=pl.String)

    message = text("message")
    if "request" in have:
        # What is no request line is kept as it is.
        message = pl.coalesce(message, pl.when(pl.col("http_request_method").is_null()).then(text("request")))
    names = (
        "client_address",
        "url_path",
        "url_query",
        "user_agent_original",
        "http_request_header_referer",
        "service_name",
    )
    return frame.select(
        "row",
        "timestamp",
        "log_level",
        message.alias("message"),
        "http_request_method",
        "http_response_status_code",
        "http_response_body_size",
        *(text(name).alias(name) for name in names),
        _attributes(frame, definition).alias("attributes"),
    )


def time_text(frame: pl.DataFrame) -> pl.Series:
    """The text of the time: one field, or date and time of day."""
    if "timestamp" in frame.columns:
        return frame["timestamp"]
    parts = [pl.col(name).str.strip_chars('"') for name in ("date", "time_of_day") if name in frame.columns]
    return frame.select(timestamp=pl.concat_str(parts, separator=" ")).to_series()


def _without_nulls(value: pl.Expr, definition: LogFormat) -> pl.Expr:
    if not definition.nulls:
        return value
    if len(definition.nulls) == 1:
        return pl.when(value != definition.nulls[0]).then(value)
    return pl.when(~value.is_in(list(definition.nulls))).then(value)


def _level(have: set[str], definition: LogFormat) -> pl.Expr:
    found = []
    if "log_level" in have:
        found.append(levels.from_words(pl.col("log_level"), definition.levels, definition.scale))
    found.append(levels.from_status(pl.col("http_response_status_code")))
    if "message" in have:
        for match, level in definition.level_rules:
            found.append(pl.when(pl.col("message").str.contains(match)).then(pl.lit(level)))
        if definition.level_from == "message":
            word = pl.col("message").str.extract(LEADING_LEVEL, 1)
            found.append(levels.from_words(word, definition.levels))
    return pl.coalesce(*found, pl.lit(definition.default_level))


def _split_request(frame: pl.DataFrame) -> pl.DataFrame:
    parts = frame.select(pl.col("request").str.extract_groups(REQUEST)).unnest("request")
    parts = parts.select(
        pl.coalesce("method", "old_method").alias("http_request_method"),
        pl.coalesce("url", "old_url").alias("url"),
        pl.col("version").alias(PROTOCOL_VERSION),
    )
    return frame.with_columns(parts)


def _split_url(frame: pl.DataFrame) -> pl.DataFrame:
    parts = frame.select(pl.col("url").str.extract_groups(URL)).unnest("url")
    split = {"url_path": "path", "url_query": "query", DOMAIN: "domain"}
    return frame.with_columns(
        **{
            column: pl.coalesce(frame[column], parts[part]) if column in frame.columns else parts[part]
            for column, part in split.items()
        }
    )


def _attributes(frame: pl.DataFrame, definition: LogFormat) -> pl.Expr:
    """Attributes as a list of key and value, without those that have no value."""
    pairs = []
    for name in frame.columns:
        if name.startswith(ATTRIBUTE):
            value = _without_nulls(pl.col(name), definition)
            value = pl.when(value != "").then(value)
            pair = pl.struct(pl.lit(name.removeprefix(ATTRIBUTE)).alias("key"), value.alias("value"))
            pairs.append(pl.when(value.is_not_null()).then(pair))
    for name, value in definition.constants.items():
        if name.startswith(ATTRIBUTE):
            pairs.append(
                pl.struct(pl.lit(name.removeprefix(ATTRIBUTE)).alias("key"), pl.lit(value).alias("value"))
            )
    ready = pl.col("attributes").fill_null([]) if "attributes" in frame.columns else None
    if not pairs:
        return ready if ready is not None else pl.lit([], dtype=ATTRIBUTES)
    listed = pl.concat_list(pairs).list.drop_nulls().cast(ATTRIBUTES)
    return listed if ready is None else pl.concat_list(ready, listed)


def read_body(events: pl.DataFrame, definition: LogFormat) -> pl.DataFrame:
    """Add the fields that stand in the further lines of events: the named groups of the format's `body`."""
    for regex in definition.body:
        found = events.select(pl.col("message").str.extract_groups(regex)).unnest("message")
        for name in found.columns:
            column = name if name in COLUMNS else ATTRIBUTE + name
            value = found[name]
            if column in events.columns:
                value = events.select(pl.coalesce(value, pl.col(column))).to_series()
            events = events.with_columns(value.cast(events.schema.get(column, pl.String)).alias(column))
    return events
