"""The registry of the Python functions, and how they are given to DuckDB."""

from __future__ import annotations

import functools
from collections.abc import Callable

import duckdb


class Refused(Exception):
    """A value that Trino fails a statement for; the engine reads code and message out of DuckDB's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"ATHENA:{code}: {message}")


def invalid(message: str) -> Refused:
    return Refused("INVALID_FUNCTION_ARGUMENT", message)


_FUNCTIONS: dict[str, tuple[Callable, list[str], str]] = {}


def function(*arguments: str, returns: str):
    """Give a function to DuckDB under its name with ``py_`` in front; the types are DuckDB's.

    As in Trino, it is not called where an argument is NULL.
    """

    def note(call: Callable) -> Callable:
        @functools.wraps(call)
        def unless_null(*values):
            return None if None in values else call(*values)

        _FUNCTIONS["py_" + call.__name__] = (unless_null, list(arguments), returns)
        return call

    return note


def register(database: duckdb.DuckDBPyConnection) -> None:
    """Create all functions in a database."""
    for name, (call, arguments, returns) in _FUNCTIONS.items():
        kinds = [duckdb.sqltype(a) for a in arguments]
        database.create_function(name, call, kinds, duckdb.sqltype(returns), null_handling="special")


def unregister(database: duckdb.DuckDBPyConnection) -> None:
    """Let go of the functions, which would otherwise outlive the database."""
    for name in _FUNCTIONS:
        database.remove_function(name)
