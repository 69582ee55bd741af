"""SearchTables: tables of all databases by text and by properties."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from localaws import documents, paging
from localaws.glue.base import PARTITION_PAGE_SIZE, invalid
from localaws.glue.tables import Tables

_COMPARATORS = {
    "EQUALS": operator.eq,
    "GREATER_THAN": operator.gt,
    "LESS_THAN": operator.lt,
    "GREATER_THAN_EQUALS": operator.ge,
    "LESS_THAN_EQUALS": operator.le,
}
_SORTABLE = {"Name", "DatabaseName", "CreateTime", "UpdateTime", "LastAccessTime", "Owner", "TableType"}


class TableSearch(Tables):
    """https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html"""

    def search_tables(
        self,
        *,
        CatalogId: str | None = None,
        NextToken: str | None = None,
        Filters: list[dict[str, Any]] | None = None,
        SearchText: str | None = None,
        SortCriteria: list[dict[str, Any]] | None = None,
        MaxResults: int = PARTITION_PAGE_SIZE,
        ResourceShareType: str | None = None,
    ) -> dict[str, Any]:
        """Find tables whose metadata holds the text and whose properties pass every filter.

        A text in double quotes must be a whole value, another may be any part of one, in any case. A filter's
        key is a member of the table (``DatabaseName``, ``Owner`` …) or one of its parameters.
        """
        self._check_catalog(CatalogId)
        rows = self.store.connection().execute(
            "SELECT id, database_name, name, version, body FROM glue_table ORDER BY database_name, name"
        )
        tables = [self._table(row) for row in rows]
        if ResourceShareType in ("FOREIGN", "FEDERATED"):
            tables = []
        tables = [
            table
            for table in tables
            if _matches_text(table, SearchText) and all(_passes(table, item) for item in Filters or ())
        ]
        for criterion in reversed(SortCriteria or ()):
            name = criterion.get("FieldName", "")
            if name not in _SORTABLE:
                raise invalid(f"Tables cannot be sorted by {name!r}; use one of {sorted(_SORTABLE)}.")
            tables.sort(key=lambda table: _sort_key(table.get(name)), reverse=criterion.get("Sort") == "DESC")
        start = paging.after(NextToken) or 0
        keys = list(range(start + 1, len(tables) + 1))
        return paging.page("TableList", tables[start:], keys, MaxResults)


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _matches_text(table: dict[str, Any], text: str | None) -> bool:
    if not text:
        return True
    searched = {
        name: table.get(name)
        for name in ("Name", "DatabaseName", "Description", "Owner", "Parameters", "PartitionKeys")
    }
    searched["Columns"] = table.get("StorageDescriptor", {}).get("Columns")
    values = [value.lower() for value in _texts(searched)]
    if len(text) > 2 and text[0] == text[-1] == '"':
        return text[1:-1].lower() in values
    return any(text.lower() in value for value in values)


def _passes(table: dict[str, Any], predicate: dict[str, Any]) -> bool:
    key, wanted = predicate.get("Key", ""), predicate.get("Value", "")
    value = table[key] if key in table else (table.get("Parameters") or {}).get(key)
    if value is None:
        return False
    compare = _COMPARATORS[predicate.get("Comparator", "EQUALS")]
    if isinstance(value, datetime):
        try:
            return compare(value, datetime.fromisoformat(wanted).astimezone(value.tzinfo))
        except ValueError:
            raise invalid(f"{wanted!r} is no ISO 8601 time, which a filter on {key} needs.") from None
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return compare(value, int(wanted))
        except ValueError:
            raise invalid(f"{wanted!r} is no number, which a filter on {key} needs.") from None
    text = value if isinstance(value, str) else documents.dumps(value)
    return compare(text.lower(), wanted.lower())
