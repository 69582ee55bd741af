"""What a crawl found against what the catalog holds: the crawler's SchemaChangePolicy, table by table.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.glue.catalog import Catalog
from localaws.glue.table_inputs import Draft, distinct
from localaws.service import AwsError

DEPRECATED = "DEPRECATED_BY_CRAWLER"
# Parameters that tell of the data's size, not of its shape: they change with every crawl.
STATISTICS = ("sizeKey", "objectCount", "recordCount", "averageRecordSize")
# Attributes whose change makes another table of it ("Add new columns only" does not follow them).
FUNDAMENTAL = ("classification", "compressionType", "delimiter")
BATCH = 100
INPUT_MEMBERS = (
    "Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor",
    "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters",
)  # fmt: skip


@dataclass
class Counts:
    """Tables that a crawl created, updated and deleted."""

    created: int = 0
    updated: int = 0
    deleted: int = 0


class TableWriter:
    """Writes the tables of one crawl.

    Parameters
    ----------
    crawler
        As GetCrawler answers it.
    catalog
        The data catalog.
    log
        Takes a level and a sentence.
    """

    def __init__(self, crawler: dict[str, Any], catalog: Catalog, log: Callable[[str, str], None]) -> None:
        self.crawler = crawler
        self.catalog = catalog
        self.log = log
        self.database = crawler["DatabaseName"]
        policy = crawler.get("SchemaChangePolicy") or {}
        output = json.loads(crawler.get("Configuration") or "{}").get("CrawlerOutput") or {}
        self.update = policy.get("UpdateBehavior", "UPDATE_IN_DATABASE")
        self.delete = policy.get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        self.only_new_columns = (output.get("Tables") or {}).get("AddOrUpdateBehavior") == "MergeNewColumns"
        self.inherit = (output.get("Partitions") or {}).get("AddOrUpdateBehavior") == "InheritFromTable"
        self.only_new_folders = (crawler.get("RecrawlPolicy") or {}).get(
            "RecrawlBehavior"
        ) == "CRAWL_NEW_FOLDERS_ONLY"
        self.counts = Counts()

    def write(self, drafts: Sequence[Draft], targets: Sequence[str]) -> Counts:
        """Bring the catalog up to date: all of it, or, when that fails, nothing."""
        with self.catalog.store.transaction():
            self._ensure_database()
            existing = {table["Name"]: table for table in self._tables()}
            kept = set()
            for each in drafts:
                name = self._name(each, existing)
                kept.add(name)
                each.table["Name"] = name
                if (table := existing.get(name)) is None:
                    self._create(each)
                    existing[name] = {**each.table}
                else:
                    self._update(each, table)
            if not self.only_new_folders:
                for name, table in existing.items():
                    if name not in kept and self._made_here(table, targets):
                        self._gone(table)
        return self.counts

    def _ensure_database(self) -> None:
        try:
            self.catalog.get_database(Name=self.database)
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            self.catalog.create_database(DatabaseInput={"Name": self.database})
            self.log("INFO", f"Created the database {self.database}.")

    def _tables(self) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            page = self.catalog.get_tables(
                DatabaseName=self.database, **({"NextToken": token} if token else {})
            )
            yield from page["TableList"]
            if not (token := page.get("NextToken")):
                return

    def _name(self, found: Draft, existing: dict[str, dict[str, Any]]) -> str:
        name = found.table["Name"]
        table = existing.get(name)
        if table is None or _location(table) == _folder(found.location):
            return name
        return distinct(name, found.location)

    def _made_here(self, table: dict[str, Any], targets: Sequence[str]) -> bool:
        if (table.get("Parameters") or {}).get("UPDATED_BY_CRAWLER") != self.crawler["Name"]:
            return False
        location = _location(table)
        return any(location.startswith(_folder(target)) for target in targets)

    def _create(self, found: Draft) -> None:
        self.catalog.create_table(DatabaseName=self.database, TableInput=found.table)
        self._create_partitions(found.table["Name"], found.partitions)
        self.counts.created += 1
        self.log("INFO", f"Created table {found.table['Name']} in database {self.database}.")

    def _update(self, found: Draft, table: dict[str, Any]) -> None:
        name = table["Name"]
        wanted = self._merged(found.table, table)
        if wanted is None:
            self.log(
                "WARN", f"Table {name} has changed and is not updated, as the schema change policy says."
            )
        elif _shape(wanted) != _shape(table):
            self.catalog.update_table(DatabaseName=self.database, TableInput=wanted)
            self.counts.updated += 1
            self.log("INFO", f"Updated table {name} in database {self.database}.")
        elif wanted.get("Parameters") != table.get("Parameters"):
            # New data of the same shape: no version of its own.
            self.catalog.update_table(DatabaseName=self.database, TableInput=wanted, SkipArchive=True)
        if found.table["PartitionKeys"] == (table.get("PartitionKeys") or []):
            self._update_partitions(wanted or table, found.partitions)
        elif wanted is not None:
            self._delete_partitions(name, self._partition_values(name))
            self._create_partitions(name, found.partitions)

    def _merged(self, new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any] | None:
        """Give the table as it is to be; None where the policy leaves it as it is."""
        shape_changed = _shape({**new, "Description": old.get("Description")}) != _shape(old)
        if self.update == "LOG" and not self.only_new_columns:
            return None if shape_changed else _with_statistics(old, new)
        if not self.only_new_columns:
            comments = {
                c["Name"]: c["Comment"] for c in old["StorageDescriptor"]["Columns"] if c.get("Comment")
            }
            for column in new["StorageDescriptor"]["Columns"]:
                if column["Name"] in comments:
                    column["Comment"] = comments[column["Name"]]
            return {**({"Description": old["Description"]} if old.get("Description") else {}), **new}
        parameters = old.get("Parameters") or {}
        changed = [key for key in FUNDAMENTAL if parameters.get(key) != new["Parameters"].get(key)]
        merged = _with_statistics(old, new)
        if changed:
            merged["Parameters"][DEPRECATED] = str(int(time.time() * 1000))
            self.log("WARN", f"Table {old['Name']} is deprecated: {', '.join(changed)} of its data changed.")
            return merged
        descriptor = merged["StorageDescriptor"]
        known = {column["Name"] for column in descriptor["Columns"]}
        more = [c for c in new["StorageDescriptor"]["Columns"] if c["Name"] not in known]
        merged["StorageDescriptor"] = {**descriptor, "Columns": descriptor["Columns"] + more}
        return merged

    def _gone(self, table: dict[str, Any]) -> None:
        name = table["Name"]
        if self.delete == "DELETE_FROM_DATABASE":
            self.catalog.delete_table(DatabaseName=self.database, Name=name)
            self.counts.deleted += 1
            self.log("INFO", f"Deleted table {name}: its data is gone.")
        elif self.delete == "LOG":
            self.log("WARN", f"The data of table {name} is gone; it stays, as the schema change policy says.")
        elif DEPRECATED not in table["Parameters"]:
            wanted = _input(table)
            wanted["Parameters"] = {**table["Parameters"], DEPRECATED: str(int(time.time() * 1000))}
            self.catalog.update_table(DatabaseName=self.database, TableInput=wanted, SkipArchive=True)
            self.counts.updated += 1
            self.log("INFO", f"Deprecated table {name}: its data is gone.")

    # Partitions

    def _stored_partitions(self, table: str) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            more = {"NextToken": token} if token else {}
            page = self.catalog.get_partitions(DatabaseName=self.database, TableName=table, **more)
            yield from page["Partitions"]
            if not (token := page.get("NextToken")):
                return

    def _partition_values(self, table: str) -> list[list[str]]:
        return [each["Values"] for each in self._stored_partitions(table)]

    def _update_partitions(self, table: dict[str, Any], found: list[dict[str, Any]]) -> None:
        name = table["Name"]
        stored = {tuple(each["Values"]): each for each in self._stored_partitions(name)}
        new = [each for each in found if tuple(each["Values"]) not in stored]
        for each in found:
            old = stored.pop(tuple(each["Values"]), None)
            wanted = self._inherited(table, each)
            if old is not None and self.update != "LOG" and _partition_shape(old) != _partition_shape(wanted):
                self.catalog.update_partition(
                    DatabaseName=self.database,
                    TableName=name,
                    PartitionValueList=old["Values"],
                    PartitionInput=wanted,
                )
        self._create_partitions(name, [self._inherited(table, each) for each in new])
        if stored and self.delete == "DELETE_FROM_DATABASE" and not self.only_new_folders:
            self._delete_partitions(name, [list(values) for values in stored])
            self.log("INFO", f"Deleted {len(stored)} partitions of table {name}: their data is gone.")

    def _inherited(self, table: dict[str, Any], partition: dict[str, Any]) -> dict[str, Any]:
        if not self.inherit:
            return partition
        own = partition["StorageDescriptor"]
        descriptor = {
            **table["StorageDescriptor"],
            "Location": own["Location"],
            "Parameters": own["Parameters"],
        }
        return {**partition, "StorageDescriptor": descriptor}

    def _create_partitions(self, table: str, partitions: list[dict[str, Any]]) -> None:
        for at in range(0, len(partitions), BATCH):
            answer = self.catalog.batch_create_partition(
                DatabaseName=self.database, TableName=table, PartitionInputList=partitions[at : at + BATCH]
            )
            for error in answer.get("Errors") or ():
                detail = error["ErrorDetail"]
                raise AwsError(detail["ErrorCode"], detail["ErrorMessage"])

    def _delete_partitions(self, table: str, values: list[list[str]]) -> None:
        for at in range(0, len(values), 25):
            self.catalog.batch_delete_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionsToDelete=[{"Values": each} for each in values[at : at + 25]],
            )


def _folder(location: str) -> str:
    return location.rstrip("/") + "/"


def _location(table: dict[str, Any]) -> str:
    return _folder((table.get("StorageDescriptor") or {}).get("Location") or "")


def _input(table: dict[str, Any]) -> dict[str, Any]:
    return {name: table[name] for name in INPUT_MEMBERS if table.get(name) is not None}


def _with_statistics(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    statistics = {key: new["Parameters"][key] for key in STATISTICS if key in new["Parameters"]}
    parameters = {k: v for k, v in (old.get("Parameters") or {}).items() if k != DEPRECATED}
    return {**_input(old), "Parameters": {**parameters, **statistics}}


def _shape(table: dict[str, Any]) -> Any:
    """Give what makes a table another one: columns, formats, SerDe, keys, parameters but for statistics."""
    descriptor = table.get("StorageDescriptor") or {}
    parameters = {k: v for k, v in (table.get("Parameters") or {}).items() if k not in STATISTICS}
    return (
        descriptor.get("Columns"),
        _location(table),
        descriptor.get("InputFormat"),
        descriptor.get("SerdeInfo"),
        table.get("PartitionKeys") or [],
        parameters,
        table.get("Description") or "",
    )


def _partition_shape(partition: dict[str, Any]) -> Any:
    descriptor = partition["StorageDescriptor"]
    parameters = partition.get("Parameters") or {}
    return (
        descriptor.get("Columns"),
        descriptor.get("Location"),
        descriptor.get("SerdeInfo"),
        parameters,
    )
