"""The Glue data catalog: databases, tables and their versions, partitions, column statistics, functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import resources
from typing import Any

from localaws.glue.account import Account
from localaws.glue.base import invalid
from localaws.glue.column_statistics import ColumnStatistics
from localaws.glue.databases import Databases
from localaws.glue.functions import Functions
from localaws.glue.partition_indexes import PartitionIndexes
from localaws.glue.partitions import Partitions
from localaws.glue.table_search import TableSearch
from localaws.glue.tags import Tags
from localaws.service import Handler
from localaws.store import Store

# Members of requests that change no answer of a catalog with one account and no Lake Formation.
WITHOUT_EFFECT = {"AuditContext", "ResourceShareType", "IncludeStatusDetails", "Force", "QuerySessionContext"}

PARTS = (Databases, TableSearch, Partitions, PartitionIndexes, ColumnStatistics, Functions, Account)
ACTIONS = tuple(
    name
    for part in PARTS
    for name in dir(part)
    if name.startswith(("create_", "get_", "update_", "delete_", "batch_", "search_"))
)


class Catalog(*PARTS):
    """The data catalog over a state database.

    Its methods are named and shaped as those of boto3's Glue client: the same keyword arguments and the same
    answers, and `AwsError` where boto3 raises ClientError. It stores what it is given, and adds CreateTime,
    UpdateTime, DatabaseName, CreatedBy, VersionId, CatalogId. Safe to use from many threads.

    Parameters
    ----------
    store
        The state database; the catalog's tables are made in it.
    account_id, region
        The account and the region that the catalog belongs to.
    """

    def __init__(self, store: Store, account_id: str, region: str) -> None:
        super().__init__(store, account_id, region, Tags(store, account_id, region))
        schema = resources.files("localaws.glue").joinpath("catalog.sql").read_text(encoding="utf-8")
        store.connection().executescript(schema)

    def actions(self) -> dict[str, Handler]:
        """Give a handler for each Glue action of the catalog (``GetTable`` …) over a request's body."""
        return {_action(name): _handler(getattr(self, name)) for name in ACTIONS}


def _action(method: str) -> str:
    return "".join(part.capitalize() for part in method.split("_"))


def _handler(method: Callable[..., dict[str, Any]]) -> Handler:
    known = set(inspect.signature(method).parameters)

    def handle(body: dict[str, Any]) -> dict[str, Any]:
        for name in body.keys() - known - WITHOUT_EFFECT:
            # To ignore it would be to answer another question than was asked.
            raise invalid(f"{name} is not supported by the local AWS.")
        return method(**{name: value for name, value in body.items() if name in known})

    return handle
