"""How Athena refuses a statement: a reason that starts with an error code, and where it is."""

from __future__ import annotations

Position = tuple[int, int]  # line and column, both from 1

# ErrorType of Athena's error catalogue. https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_USER, _DATA, _DDL, _SCHEMA, _SYNTAX, _ARGUMENT, _VIEW, _PATH, _UNSUPPORTED = (
    1000,
    1001,
    1003,
    1004,
    1006,
    1105,
    1106,
    1108,
    1200,
)
_EXHAUSTED, _INTERNAL, _METASTORE = 1, 200, 204
_TYPES = {
    **dict.fromkeys(
        [
            "SYNTAX_ERROR",
            "COLUMN_NOT_FOUND",
            "TABLE_NOT_FOUND",
            "SCHEMA_NOT_FOUND",
            "CATALOG_NOT_FOUND",
            "FUNCTION_NOT_FOUND",
            "FUNCTION_NOT_AGGREGATE",
            "FUNCTION_NOT_WINDOW",
            "TYPE_MISMATCH",
            "TYPE_NOT_FOUND",
            "AMBIGUOUS_NAME",
            "EXPRESSION_NOT_AGGREGATE",
            "EXPRESSION_NOT_SCALAR",
            "EXPRESSION_NOT_IN_DISTINCT",
            "INVALID_COLUMN_REFERENCE",
            "INVALID_LITERAL",
            "INVALID_WINDOW_FRAME",
            "INVALID_WINDOW_REFERENCE",
            "MISMATCHED_COLUMN_ALIASES",
            "MISSING_COLUMN_ALIASES",
            "MISSING_COLUMN_NAME",
            "MISSING_GROUP_BY",
            "MISSING_ORDER_BY",
            "MISSING_OVER",
            "NESTED_AGGREGATION",
            "NESTED_WINDOW",
            "DUPLICATE_COLUMN_NAME",
            "DUPLICATE_NAMED_QUERY",
        ],
        _SYNTAX,
    ),
    **dict.fromkeys(
        [
            "INVALID_FUNCTION_ARGUMENT",
            "INVALID_CAST_ARGUMENT",
            "DIVISION_BY_ZERO",
            "NUMERIC_VALUE_OUT_OF_RANGE",
        ],
        _ARGUMENT,
    ),
    **dict.fromkeys(["HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT"], _DATA),
    **dict.fromkeys(
        ["HIVE_PARTITION_SCHEMA_MISMATCH", "HIVE_INVALID_METADATA", "HIVE_INVALID_PARTITION_VALUE"], _SCHEMA
    ),
    **dict.fromkeys(["INVALID_VIEW", "VIEW_IS_STALE", "VIEW_IS_RECURSIVE"], _VIEW),
    "NOT_SUPPORTED": _UNSUPPORTED,
    "HIVE_UNSUPPORTED_FORMAT": _UNSUPPORTED,
    "HIVE_PATH_ALREADY_EXISTS": _PATH,
    "DDL": _DDL,
    "HIVE_METASTORE_ERROR": _METASTORE,
    "EXCEEDED_MEMORY_LIMIT": _EXHAUSTED,
    "GENERIC_INTERNAL_ERROR": _INTERNAL,
}
_DEFAULT_TYPE = _USER
_SYSTEM = (_METASTORE, _INTERNAL)  # ErrorCategory 1; all others are the user's, 2


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

    @property
    def error_category(self) -> int:
        """``AthenaError.ErrorCategory``: 1 the system, 2 the user."""
        return 1 if self.error_type in _SYSTEM else 2


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
