"""DuckDB, closed in: it sees the S3 folder and nothing else, and only translated statements reach it."""

from __future__ import annotations

import os
import re
import threading
from importlib import resources
from pathlib import Path

import duckdb

from localaws.athena import pyfunctions
from localaws.athena.errors import StatementError

_MEMORY_SHARE = 0.5


class Engine:
    """One in-process database; a cursor for each statement.

    Parameters
    ----------
    s3_root
        The only folder that SQL may read.
    work
        A folder for what does not fit in memory, and for files before they are whole.
    """

    def __init__(self, s3_root: Path, work: Path) -> None:
        work.mkdir(parents=True, exist_ok=True)
        s3_root.mkdir(parents=True, exist_ok=True)
        self.work = work
        self._database = duckdb.connect(
            ":memory:",
            config={
                "threads": str(os.cpu_count() or 2),
                "memory_limit": f"{_memory_limit()}B",
                "temp_directory": str(work / "spill"),
                "python_enable_replacements": "false",
            },
        )
        run = self._database.execute
        run("SET TimeZone = 'UTC'")
        pyfunctions.register(self._database)
        run(resources.files("localaws.athena.analysis").joinpath("macros.sql").read_text(encoding="utf-8"))
        folders = ", ".join("'" + str(p.resolve()).replace("'", "''") + "/'" for p in (s3_root, work))
        run(f"SET allowed_directories = [{folders}]")  # before access is closed: the order matters
        run("SET enable_external_access = false")
        run("SET autoinstall_known_extensions = false")
        run("SET autoload_known_extensions = false")
        run("SET lock_configuration = true")
        self._lock = threading.Lock()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the database, for one statement."""
        with self._lock:
            return self._database.cursor()

    def close(self) -> None:
        pyfunctions.unregister(self._database)
        self._database.close()


def _memory_limit() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _MEMORY_SHARE)


_INT_NAMES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}


def first_line(message: str) -> str:
    return message.splitlines()[0] if message else ""


def failure(error: Exception) -> StatementError:
    """What Athena would say of an error that DuckDB met while running."""
    message = str(error)
    ours = re.search(r"'ATHENA:([A-Z_]+): (.*)' to BOOL", message, re.DOTALL) or re.search(
        r"Refused: ATHENA:([A-Z_]+): (.*)", message, re.DOTALL
    )
    if ours:
        return StatementError(ours.group(1), ours.group(2))
    if "Division by zero" in message:
        return StatementError("DIVISION_BY_ZERO", "Division by zero")
    overflow = re.search(r"Overflow in (\w+) of (\w+) \((\S+) (\S+) (\S+)\)", message)
    if overflow:
        word, kind, left, sign, right = overflow.groups()
        if (left, sign) == ("0", "-"):
            name = _INT_NAMES.get(kind, kind.lower())
            return StatementError("NUMERIC_VALUE_OUT_OF_RANGE", f"{name} negation overflow: {right}")
        return StatementError(
            "NUMERIC_VALUE_OUT_OF_RANGE",
            f"{_INT_NAMES.get(kind, kind.lower())} {word} overflow: {left} {sign} {right}",
        )
    if "out of range for the destination type" in message:
        value = re.search(r"with value (\S+)", message)
        shown = value.group(1) if value else first_line(message)
        target = re.search(r"destination type (\w+)", message)
        named = _INT_NAMES.get(target.group(1)) if target else None
        return StatementError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {named or 'bigint'}: {shown}")
    unread = re.search(r"Could not convert string '(.*)' to (INT\d+)", message)
    if unread:
        name = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT"}
        target = name.get(_INT_NAMES.get(unread.group(2), ""), unread.group(2))
        return StatementError("INVALID_CAST_ARGUMENT", f"Cannot cast '{unread.group(1)}' to {target}")
    decimal = re.search(r'Casting value "(.*)" to type DECIMAL\((\d+),(\d+)\) failed', message)
    if decimal:
        value, precision, scale = decimal.groups()
        return StatementError(
            "INVALID_CAST_ARGUMENT", f"Cannot cast DECIMAL '{value}' to DECIMAL({precision}, {scale})"
        )
    absolute = re.search(r"Overflow on abs\((-\d+)\)", message)
    if absolute:
        return StatementError(
            "NUMERIC_VALUE_OUT_OF_RANGE", f"Value {absolute.group(1)} is out of range for abs"
        )
    if "Map keys must be unique" in message:
        return StatementError("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed")
    if "More than one row returned by a subquery" in message:
        return StatementError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    bare = re.sub(r"^[A-Z][A-Za-z ]*Error: ", "", first_line(message) or type(error).__name__)
    if isinstance(error, duckdb.OutOfMemoryException):
        return StatementError("EXCEEDED_MEMORY_LIMIT", f"Query exceeded the memory limit: {bare}")
    if isinstance(error, duckdb.OutOfRangeException):
        return StatementError("NUMERIC_VALUE_OUT_OF_RANGE", bare)
    if isinstance(error, duckdb.ConversionException):
        return StatementError("INVALID_CAST_ARGUMENT", bare)
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        # The translation is at fault, not the statement: say so rather than blame the user.
        return StatementError("NOT_SUPPORTED", f"the local Athena could not run this statement: {bare}")
    return StatementError("GENERIC_INTERNAL_ERROR", bare)
