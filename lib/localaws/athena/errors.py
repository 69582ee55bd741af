"""How Athena refuses a statement: a reason that starts with an error code, and where it is."""

from __future__ import annotations

Position = tuple[int, int]  # line and column, both from 1

# Athena's error catalogue: category 1 system, 2 user, 3 other.
# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_TYPES = {
    "SYNTAX_ERROR": 1006,
    "COLUMN_NOT_FOUND": 1006,
    "TABLE_NOT_FOUND": 1006,
    "SCHEMA_NOT_FOUND": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "FUNCTION_NOT_FOUND": 1006,
    "FUNCTION_NOT_REGISTERED": 1006,
    "TYPE_MISMATCH": 1006,
    "TYPE_NOT_FOUND": 1006,
    "AMBIGUOUS_NAME": 1006,
    "EXPRESSION_NOT_AGGREGATE": 1006,
    "NOT_SUPPORTED": 1401,
    "HIVE_BAD_DATA": 1100,
    "HIVE_PARTITION_SCHEMA_MISMATCH": 1100,
    "HIVE_CURSOR_ERROR": 1101,
    "HIVE_CANNOT_OPEN_SPLIT": 1102,
    "HIVE_UNSUPPORTED_FORMAT": 1103,
    "HIVE_METASTORE_ERROR": 1200,
    "HIVE_PATH_ALREADY_EXISTS": 1106,
    "EXCEEDED_MEMORY_LIMIT": 1300,
}
_DEFAULT_TYPE = 1000


class StatementError(Exception):
    """A statement that Athena fails, with the words of its ``StateChangeReason``.

    Parameters
    ----------
    code
        The name of the error as Trino has it: ``SYNTAX_ERROR``, ``COLUMN_NOT_FOUND``, ``HIVE_BAD_DATA`` …
    message
        What is wrong.
    position
        Line and column in the statement, both from 1, when they are known.
    """

    def __init__(self, code: str, message: str, position: Position | None = None) -> None:
        self.code = code
        self.message = message
        self.position = position
        super().__init__(self.reason)

    @property
    def reason(self) -> str:
        """The text of ``StateChangeReason``."""
        place = f"line {self.position[0]}:{self.position[1]}: " if self.position else ""
        return f"{self.code}: {place}{self.message}"

    @property
    def error_type(self) -> int:
        """``AthenaError.ErrorType`` of Athena's error catalogue."""
        return _TYPES.get(self.code, _DEFAULT_TYPE)


class DdlError(StatementError):
    """A DDL statement that Athena fails in Hive's words: ``FAILED: SemanticException …``."""

    def __init__(self, message: str) -> None:
        super().__init__("DDL", message)

    @property
    def reason(self) -> str:
        return self.message


class CutoffExceeded(StatementError):
    """A query that scans more than its workgroup allows: Athena cancels it."""

    def __init__(self) -> None:
        super().__init__("GENERIC_USER_ERROR", "Bytes scanned limit was exceeded")

    @property
    def reason(self) -> str:
        return f"Query cancelled! : {self.message}"


def not_supported(what: str, position: Position | None = None) -> StatementError:
    """A part of Athena's SQL that the embedded Athena does not run, refused by name."""
    return StatementError("NOT_SUPPORTED", f"{what} is not supported by the local Athena", position)
