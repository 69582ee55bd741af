"""Functions of Trino's that DuckDB has no like of, in Python; statements call them as ``py_…``."""

from localaws.athena.pyfunctions import (
    binaries,
    formats,
    json_paths,
    jsons,
    numbers,
    regexps,
    texts,
    time_texts,
    times,
)
from localaws.athena.pyfunctions.registry import register, unregister

__all__ = [
    "binaries",
    "formats",
    "json_paths",
    "jsons",
    "numbers",
    "regexps",
    "register",
    "texts",
    "time_texts",
    "times",
    "unregister",
]
