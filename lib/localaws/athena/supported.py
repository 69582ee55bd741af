"""What of Athena's SQL the local Athena runs, as data: functions from their tables, and statements.

The documentation's tables are generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """A function of Trino's.

    Attributes
    ----------
    kind
        ``scalar``, ``aggregate`` or ``window``.
    signatures
        As Trino's documentation writes them; of those that no table of signatures holds, the bare name.
    supported
        Whether it runs; otherwise a call is refused by name.
    """

    name: str
    kind: str
    signatures: tuple[str, ...]
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of Athena's, with what is refused of it (or all of it, when it does not run)."""

    name: str
    supported: bool = True
    note: str = ""


STATEMENTS = (
    Statement("SELECT", note="all clauses but MATCH_RECOGNIZE, table functions and time travel"),
    Statement("VALUES, TABLE"),
    Statement(
        "EXPLAIN",
        note="the plan is DuckDB's; TYPE VALIDATE and ANALYZE work, TYPE IO and FORMAT JSON do not",
    ),
    Statement("CREATE TABLE AS", note="Parquet, JSON and text files"),
    Statement("INSERT INTO"),
    Statement("UNLOAD"),
    Statement("CREATE VIEW, CREATE OR REPLACE VIEW"),
    Statement("PREPARE, EXECUTE … USING, EXECUTE IMMEDIATE, DEALLOCATE PREPARE"),
    Statement("CREATE DATABASE, CREATE SCHEMA"),
    Statement("DROP DATABASE, DROP SCHEMA"),
    Statement("ALTER DATABASE SET DBPROPERTIES"),
    Statement("CREATE EXTERNAL TABLE", note="a query of a file format that cannot be read is refused"),
    Statement("DROP TABLE"),
    Statement("DROP VIEW"),
    Statement("ALTER TABLE ADD PARTITION"),
    Statement("ALTER TABLE DROP PARTITION"),
    Statement("ALTER TABLE RENAME PARTITION"),
    Statement("ALTER TABLE SET LOCATION"),
    Statement("ALTER TABLE SET TBLPROPERTIES"),
    Statement("ALTER TABLE ADD COLUMNS"),
    Statement("ALTER TABLE REPLACE COLUMNS"),
    Statement("ALTER TABLE CHANGE COLUMN"),
    Statement("MSCK REPAIR TABLE"),
    Statement("SHOW DATABASES, SHOW SCHEMAS"),
    Statement("SHOW TABLES"),
    Statement("SHOW VIEWS"),
    Statement("SHOW COLUMNS"),
    Statement("SHOW PARTITIONS"),
    Statement("SHOW TBLPROPERTIES"),
    Statement("SHOW CREATE TABLE"),
    Statement("SHOW CREATE VIEW"),
    Statement("DESCRIBE"),
    Statement("MERGE INTO", False, "Iceberg tables alone take it, and those are not there"),
    Statement("UPDATE", False, "Iceberg tables alone take it, and those are not there"),
    Statement("DELETE", False, "Iceberg tables alone take it, and those are not there"),
    Statement("OPTIMIZE", False, "Iceberg tables alone take it, and those are not there"),
    Statement("VACUUM", False, "Iceberg tables alone take it, and those are not there"),
    Statement("CREATE TABLE of an Iceberg table", False),
)


def functions() -> list[Function]:
    """All functions that are known, by name; those that are refused too."""
    from localaws.athena.analysis import calls
    from localaws.athena.analysis import functions as tables
    from localaws.athena.analysis.special import SPECIAL

    found: dict[str, Function] = {}
    for kind, table in (("scalar", tables.scalars), ("aggregate", tables.aggregates)):
        for name, signatures in table.items():
            found[name] = Function(name, kind, tuple(s.text for s in signatures))
    for name, signatures in tables.windows.items():
        found[name] = Function(name, "window", tuple(s.text for s in signatures))
    for name in calls.AGGREGATE_FORMS:
        found.setdefault(name, Function(name, "aggregate", (f"{name}(…)",)))
    for name in SPECIAL:
        found.setdefault(name, Function(name, "scalar", (f"{name}(…)",)))
    for name in ("json_array", "json_exists", "json_object", "json_query", "json_value"):
        found[name] = Function(name, "scalar", (f"{name}(…)",))
    for name in calls.REFUSED:
        found.setdefault(name, Function(name, "scalar", (), supported=False))
    return [found[name] for name in sorted(found)]


def statements() -> list[Statement]:
    """The statements of Athena's documentation, supported or refused by name."""
    return list(STATEMENTS)
