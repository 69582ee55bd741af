"""Patterns of texts: messages and paths that differ in numbers, addresses and names alone, counted as one.

Variable parts that have a shape (numbers, addresses, identifiers, times …) are masked by name first; what is
left is grouped by Drain (He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree",
ICWS 2017), in the implementation of the package drain3. Drain learns from texts in their order, so they are
given to it in an order of their own: the same texts and counts give the same patterns, however they come.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

import pandas as pd
import polars as pl

Kind = Literal["message", "path"]

# What a text is cut to: its first line (a stack trace is told by it), and no more than this.
_LONGEST = 500
# How many different texts, once masked, Drain is given: those with most events. The bound of time and memory.
_MOST_TEXTS = 20_000
# Which share of a pattern's words must be the same; drain3's own default (0.4) joins texts that only begin
# alike. In a path, numbers and identifiers vary, and those are masked: /users/list is not /orders/list.
_SIMILARITY = {"message": 0.6, "path": 0.7}
# Drain's least: only the number of words and the first word part groups by themselves. With more, the name in
# "user bob logged in" would.
_DEPTH = 3

# In this order: what comes first takes its characters from what comes after. Syntax of Rust's regex crate.
_MASKS = (
    (r"\x1b\[[0-9;]*[A-Za-z]", ""),
    (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<mail>"),
    (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b", "<time>"),
    (r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b", "<address>"),
    (r"\b(?:[0-9a-fA-F]{1,4}:){4,7}[0-9a-fA-F]{1,4}\b", "<address>"),
    (r"\b(?:[0-9a-fA-F]{1,4}:){1,7}(?::[0-9a-fA-F]{1,4}){1,7}\b", "<address>"),
    (r"\b0[xX][0-9a-fA-F]+\b", "<hex>"),
    (r"\b[0-9a-fA-F]{16,}\b", "<hex>"),
    (r"\b(?:[0-9]+[a-fA-F]|[a-fA-F]+[0-9])[0-9a-fA-F]{6,}\b", "<hex>"),
    (r'"(?:[^"\\]|\\.)*"', "<quoted>"),
    (r"(^|[\s=(\[:,])'[^']*'", "${1}<quoted>"),
    (r"\b\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)\b", "<duration>"),
    (r"\b\d+(?:[.,]\d+)*\b", "<number>"),
)
# Percent-encoded bytes are one piece of a path's segment, and spaces would part it for Drain.
_PATH_MASKS = ((r"[?#].*$", ""), (r"\s", "%20"), *(mask for mask in _MASKS if mask[1] != "<quoted>"))
ANYTHING = "<*>"


class Patterns(NamedTuple):
    """What `find` and `compare` give.

    Attributes
    ----------
    table
        One row a pattern, most events first: `key` (str, the same for the same pattern in any run), `pattern`
        (str, ``<number>``, ``<address>`` … and ``<*>`` for what varies), `events` (int64), `share` (float64,
        of all events, 0 to 1), `texts` (int64, different texts once masked), `example` (str, the most
        frequent text, whole). `compare` adds `events_before`, `share_before` and `status` (``new``, ``gone``
        or empty).
    events
        Events of all texts.
    left_out
        Events of texts too rare to be grouped: of more than 20,000 different ones, the rest.
    """

    table: pd.DataFrame
    events: int
    left_out: int


def find(texts: pd.DataFrame, *, kind: Kind = "message", known: Iterable[str] = ()) -> Patterns:
    """Group texts into patterns.

    Parameters
    ----------
    texts
        The texts: first column the text (str; null and empty ones are passed over), second the events that
        have it (int).
    kind
        ``path`` parts the text at slashes and leaves out what follows ``?``; ``message`` parts it at blanks.
    known
        Patterns of an earlier result. Texts that fit one of them join it, so that the two can be compared.
    """
    masked = _masked(texts, kind)
    kept = masked.head(_MOST_TEXTS)
    numbers, patterns = _mine(kept["masked"].to_list(), kind, known)
    grouped = (
        kept.with_columns(pl.Series("number", numbers, dtype=pl.Int64))
        .group_by("number")
        .agg(
            pl.col("events").sum(),
            pl.len().cast(pl.Int64).alias("texts"),
            pl.col("example").sort_by(["events", "example"], descending=[True, False]).first(),
        )
        .with_columns(pl.col("number").replace_strict(patterns, return_dtype=pl.String).alias("pattern"))
    )
    # Two groups of Drain may have come to the same pattern.
    rows = grouped.group_by("pattern").agg(
        pl.col("events").sum(),
        pl.col("texts").sum(),
        pl.col("example").sort_by(["events", "example"], descending=[True, False]).first(),
    )
    events = int(masked["events"].sum())
    table = (
        rows.sort(["events", "pattern"], descending=[True, False])
        .with_columns(
            (pl.col("events") / max(events, 1)).alias("share"),
            pl.col("pattern").map_elements(lambda it: key(it, kind), return_dtype=pl.String).alias("key"),
        )
        .select("key", "pattern", "events", "share", "texts", "example")
    )
    return Patterns(_pandas(table), events, events - int(kept["events"].sum()))


def compare(now: pd.DataFrame, before: pd.DataFrame, *, kind: Kind = "message") -> Patterns:
    """Group the texts of two periods together, and tell which patterns came and went.

    Parameters
    ----------
    now, before
        As `texts` of `find`.

    Returns
    -------
    Patterns
        Events, shares and example are of `now` (the example of `before` where a pattern is gone);
        `left_out` too.
    """
    both = _pandas(pl.concat([_counted(now), _counted(before)]))
    learnt = find(both, kind=kind).table["pattern"].to_list()
    present, past = find(now, kind=kind, known=learnt), find(before, kind=kind, known=learnt)
    table = present.table.merge(
        past.table[["key", "pattern", "events", "share", "example"]],
        on="key",
        how="outer",
        suffixes=("", "_before"),
    )
    table["status"] = ""
    table.loc[table["events"].isna(), "status"] = "gone"
    # Where the period before has no events at all, nothing can be said to be new.
    if past.events:
        table.loc[table["events_before"].isna(), "status"] = "new"
    for column in ("pattern", "example"):
        table[column] = table[column].fillna(table.pop(f"{column}_before"))
    whole = ["events", "texts", "events_before"]
    table[whole] = table[whole].fillna(0).astype("int64")
    table[["share", "share_before"]] = table[["share", "share_before"]].fillna(0.0)
    table = table.sort_values(["events", "events_before", "pattern"], ascending=[False, False, True])
    return Patterns(table.reset_index(drop=True), present.events, present.left_out)


def assign(texts: Iterable[str | None], known: Iterable[str], *, kind: Kind = "message") -> list[str | None]:
    """Give each text its pattern, in their order; None for an empty one.

    Parameters
    ----------
    known
        Patterns that `find` gave for these texts (with others, perhaps): texts that fit one get it.
    """
    given = pl.DataFrame({"text": pl.Series(list(texts), dtype=pl.String)})
    masked = given.with_columns(_mask(kind).alias("masked"))["masked"]
    distinct = masked.drop_nulls().unique().sort()
    distinct = distinct.filter(distinct != "").to_list()
    numbers, patterns = _mine(distinct, kind, known)
    found = {one: patterns[number] for one, number in zip(distinct, numbers, strict=True)}
    return [found.get(one) for one in masked]


# What stands for a name of a pattern in an expression; what is pseudonymised, or hidden, may be there too.
_VARIABLE = {
    "*": r"[^\s]+",
    "number": "[0-9.,]+",
    "hex": "[0-9a-fA-FxX]+",
    "uuid": "[0-9a-fA-F-]+",
    "time": "[-0-9T:., Z+]*",
    "address": r"[\[\]0-9a-fA-F:.]*",
    "mail": r"[^\s]*",
    "duration": "[0-9.]+[a-zµ]+",
    "quoted": "[\"'].*?[\"']",
}
_PIECES = re.compile(
    r"<(\*|number|hex|uuid|time|address|mail|duration|quoted)>|(\s+)|(?:address|mail|user|secret)-[0-9a-f]{12}"
)
LONGEST_EXPRESSION = 900


def expression(pattern: str, kind: Kind = "message") -> str:
    """A regular expression (Trino's syntax, also Python's) for the texts of a pattern.

    It is for messages and paths in one text, as the dashboard searches them: the message first, then a blank
    and the path. What would be longer than `LONGEST_EXPRESSION` is cut, and finds more.
    """
    start, made, end = r"(^|\s)" if kind == "path" else r"^\s*", "", 0
    whole = len(pattern) < _LONGEST - 100
    if not whole:  # it may have been cut, within its last word
        pattern = pattern.rpartition("/" if kind == "path" else " ")[0]
    pieces = [*_PIECES.finditer(pattern), None]
    for piece in pieces:
        literal = re.sub(r"[\\^$.|?*+()\[\]{}]", r"\\\g<0>", pattern[end : piece.start() if piece else None])
        if piece is None:
            variable = ""
        elif piece[1]:
            variable = "[^\\s/]+" if kind == "path" and piece[1] == "*" else _VARIABLE[piece[1]]
        else:
            variable = r"\s+" if piece[2] else r"[^\s]+"
        if len(made) + len(literal) + len(variable) > LONGEST_EXPRESSION:
            return f"{start}{made}"
        made, end = made + literal + variable, piece.end() if piece else end
    if kind == "path":
        return start + made + (r"(\s|$)" if whole else "")
    return start + made + (r"\s*($|\n|\r| /)" if whole else "")


def key(pattern: str, kind: Kind = "message") -> str:
    """The short name of a pattern: 16 hexadecimal digits, the same in every run."""
    return hashlib.sha256(f"{kind}\0{pattern}".encode()).hexdigest()[:16]


def _counted(texts: pd.DataFrame) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "text": pl.Series(texts.iloc[:, 0].astype("object").to_list(), dtype=pl.String),
            "events": pl.Series(texts.iloc[:, 1].to_list(), dtype=pl.Int64),
        }
    )
    return frame.filter(pl.col("text").is_not_null() & (pl.col("text") != "") & (pl.col("events") > 0))


def _masked(texts: pd.DataFrame, kind: Kind) -> pl.DataFrame:
    """The different texts once masked, most events first: `masked`, `events`, `example`."""
    return (
        _counted(texts)
        .with_columns(_mask(kind).alias("masked"))
        .filter(pl.col("masked") != "")
        .group_by("masked")
        .agg(
            pl.col("events").sum(),
            pl.col("text").sort_by(["events", "text"], descending=[True, False]).first().alias("example"),
        )
        .sort(["events", "masked"], descending=[True, False])
    )


def _mask(kind: Kind) -> pl.Expr:
    """The column `text` with what varies by its shape named."""
    masked = pl.col("text").str.extract(r"^\s*([^\r\n]*)", 1).str.slice(0, _LONGEST)
    for mask, name in _PATH_MASKS if kind == "path" else _MASKS:
        masked = masked.str.replace_all(mask, name)
    return masked.str.strip_chars()


def _mine(texts: list[str], kind: Kind, known: Iterable[str]) -> tuple[list[int], dict[int, str]]:
    """Give each text the number of its pattern, and the patterns by number."""
    from drain3.drain import Drain

    drain = Drain(depth=_DEPTH, sim_th=_SIMILARITY[kind], param_str=ANYTHING)
    words = _segments if kind == "path" else str
    learnt = {}
    for pattern in known:
        cluster, _ = drain.add_log_message(words(pattern))
        learnt[cluster.cluster_id] = pattern
    numbers = []
    for text in texts:
        # A text that fits a known pattern must not change it: its key would change too.
        if learnt and (match := drain.match(words(text))) and match.cluster_id in learnt:
            numbers.append(match.cluster_id)
            continue
        cluster, _ = drain.add_log_message(words(text))
        numbers.append(cluster.cluster_id)
    shown = _path if kind == "path" else str
    found = {cluster.cluster_id: shown(cluster.get_template()) for cluster in drain.clusters}
    return numbers, found | learnt


def _segments(path: str) -> str:
    return path.replace("/", " /")


def _path(template: str) -> str:
    return "".join(f"/{word}" if word == ANYTHING else word for word in template.split(" "))


def _pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """A pandas frame with texts as Python strings, whatever pandas' own default is."""
    texts = {name: "object" for name, dtype in frame.schema.items() if dtype == pl.String}
    return pd.DataFrame(frame.to_dict(as_series=False)).astype(texts)
