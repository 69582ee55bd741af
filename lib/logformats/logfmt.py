"""logfmt: `key=value` pairs, values in quotes where they hold spaces (https://brandur.org/logfmt)."""

from __future__ import annotations

import polars as pl

from logformats.definitions import COLUMNS, COMPOUNDS, LogFormat
from logformats.matched import NO_ROWS, Matched
from logformats.names import column_of, rank
from logformats.schema import ATTRIBUTES

_KEY = r"[A-Za-z_@][A-Za-z0-9_.@/-]*"
_VALUE = r'"(?:[^"\\]|\\.)*"|[^ \t"]*'
LINE = rf"^(?:{_KEY}=(?:{_VALUE})[ \t]+)+{_KEY}=(?:{_VALUE})[ \t]*$"
PAIR = rf"({_KEY})=({_VALUE})(?:[ \t]|$)"


class LogfmtMatcher:
    """Lines that are logfmt from end to end."""

    def __init__(self, definition: LogFormat) -> None:
        self.format = definition

    def match(self, lines: pl.DataFrame) -> Matched:
        nothing = Matched(pl.DataFrame(schema={"row": pl.UInt32, "attributes": ATTRIBUTES}), NO_ROWS)
        whole = lines.filter(pl.col("text").str.contains(LINE))
        if whole.is_empty():
            return nothing
        pairs = (
            whole.select("row", pl.col("text").str.extract_all(PAIR))
            .explode("text")
            .select("row", pl.col("text").str.extract_groups(rf"^{PAIR}"))
            .unnest("text")
            .rename({"1": "key", "2": "value"})
            .unique(["row", "key"], keep="last", maintain_order=True)
        )
        quoted = pl.col("value").str.starts_with('"')
        inner = pl.col("value").str.slice(1, pl.col("value").str.len_chars() - 2)
        inner = inner.str.replace_all(r"\"", '"', literal=True).str.replace_all(r"\n", "\n", literal=True)
        pairs = pairs.with_columns(value=pl.when(quoted).then(inner).otherwise(pl.col("value")))
        pairs = pairs.filter(~pl.col("value").is_in(list(self.format.nulls)))
        named = pairs.join(self._columns(pairs["key"]), on="key", how="inner")
        # Each line by itself: the best name that it has fills the column.
        chosen = named.sort("rank", maintain_order=True).unique(["row", "column"], keep="first")
        attributes = (
            pairs.join(chosen, on=["row", "key"], how="anti", maintain_order="left")
            .group_by("row", maintain_order=True)
            .agg(attributes=pl.struct("key", "value"))
        )
        fields = whole.select("row")
        for (column,), values in chosen.group_by("column", maintain_order=True):
            own = values.select("row", pl.col("value").alias(column))
            fields = fields.join(own, on="row", how="left", maintain_order="left")
        fields = fields.join(attributes, on="row", how="left", maintain_order="left")
        timeless = self.format.timeless
        if "timestamp" not in fields.columns and not timeless:
            return nothing
        for key in self.format.requires:
            fields = fields.join(
                pairs.filter(pl.col("key") == key), on="row", how="semi", maintain_order="left"
            )
        return Matched(fields if timeless else fields.filter(pl.col("timestamp").is_not_null()), NO_ROWS)

    def _columns(self, keys: pl.Series) -> pl.DataFrame:
        """For each of `keys` that may fill a column: that column and how good a name for it the key is."""
        rows = []
        for key in keys.unique():
            if key in self.format.keys:
                rows.append((key, self.format.keys[key], -1))
            elif column := column_of(key):
                rows.append((key, column, rank(key)))
        return pl.DataFrame(
            rows, schema={"key": pl.String, "column": pl.String, "rank": pl.Int64}, orient="row"
        ).filter(pl.col("column").is_in(list({*COLUMNS, *COMPOUNDS})))
