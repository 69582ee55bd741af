"""Glue's transforms of DynamicFrames: imported by its boilerplate, refused when used."""

from awsglue._unsupported import refusing

NAMES = (
    "ApplyMapping", "DropFields", "DropNullFields", "EvaluateDataQuality", "FillMissingValues", "Filter",
    "FindIncrementalMatches", "FindMatches", "FlatMap", "Join", "Map", "Relationalize", "RenameField",
    "ResolveChoice", "SelectFields", "SelectFromCollection", "Spigot", "SplitFields", "SplitRows", "Unbox",
    "UnnestFrame",
)  # fmt: skip
__all__ = list(NAMES)

globals().update({name: refusing(__name__, name) for name in NAMES})
