"""Functions whose DuckDB form depends on more than their types: lambdas, formats, zones, paths."""

from localaws.athena.analysis.special import (
    collections,
    conditionals,
    jsons,
    lambdas,
    numbers,
    regexps,
    times,
)
from localaws.athena.analysis.special.base import SPECIAL

__all__ = ["SPECIAL", "collections", "conditionals", "jsons", "lambdas", "numbers", "regexps", "times"]
