"""Names by regular expression, as GetTables and GetUserDefinedFunctions find them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localaws.glue.base import invalid


def matching(expression: str, names: Sequence[str]) -> list[bool]:
    """Tell which names an expression matches as a whole, in any case.

    It is a regular expression where ``*`` alone is any text: so has it Hive's metastore, and so do clients
    use it (``raw_*``, ``*access*``, ``a|b``). No expression makes a search slow: it is run by an automaton.

    Raises
    ------
    AwsError
        InvalidInputException, for what is no regular expression, or one with look-around or back-references.
    """
    if expression in ("*", ".*"):
        return [True] * len(names)
    written = re.sub(r"(?<![.)\]}\\])\*", ".*", expression)
    if re.fullmatch(r"[\w-]*", written):
        return [name == written.lower() for name in names]
    import polars as pl

    try:
        found = pl.Series(names, dtype=pl.String).str.contains(f"(?is)^(?:{written})$")
    except pl.exceptions.ComputeError as error:
        raise invalid(f"Expression is no regular expression: {str(error).splitlines()[-1]}.") from None
    return found.to_list()
