"""docs/local_aws.md, the page that says what the local AWS has: written from the code itself.

``make docs`` writes it; ``python -m localaws.support`` prints it. A test holds the two together.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localaws.model import Model
from localaws.service import Context
from localaws.store import Store

HEAD = """\
<!-- Written by `make docs` from the code: change that, not this page. -->

# What the local AWS has

What is listed here works as on AWS. What is not is refused with a sentence: an action answers
`UnknownOperationException`, a statement ends as FAILED. Nothing answers as if it had done work that it
did not do."""

#: Groups of actions by their names: the first that fits takes an action. The page has them in reverse.
GROUPS = {
    "glue": (
        ("Tags", r"[Tt]ag(s|Resource)"),
        ("Settings of the account", r"Catalog|ResourcePolic|SecurityConfiguration|IdentityCenter|Dashboard"),
        ("Sensitive data types, usage profiles", r"CustomEntityType|UsageProfile"),
        ("Generated code", r"CreateScript|GetPlan|GetMapping|DataflowGraph"),
        ("Development endpoints", r"DevEndpoint"),
        ("Lake Formation's reads", r"Unfiltered"),
        ("Table optimizers, materialized views", r"TableOptimizer|MaterializedView"),
        ("Business catalog", r"Glossar|Asset|FormType|IterableForms|Attachment"),
        ("Zero-ETL integrations", r"Integration"),
        ("Connections", r"Connection|Entity$|Entities|EntityRecords"),
        ("ML transforms", r"ML(Transform|Task|Evaluation|Labeling)|LabelsTask"),
        ("Workflows, blueprints", r"Workflow|Blueprint"),
        ("Triggers", r"Trigger"),
        ("Interactive sessions", r"Session|Statement"),
        ("Schema registry", r"Registr(y|ies)|Schema"),
        ("Data quality", r"DataQuality"),
        ("Jobs and job runs", r"Job"),
        ("Classifiers", r"Classifier"),
        ("Crawlers", r"Crawl"),
        ("Column statistics", r"ColumnStatistics(For|Task)"),
        ("User-defined functions", r"UserDefinedFunction"),
        ("Partitions and their indexes", r"Partition"),
        ("Tables and their versions", r"Table"),
        ("Databases", r"Database"),
    ),
    "athena": (
        ("Tags", r"[Tt]ag(s|Resource)"),
        ("System tables", r"SystemTable"),
        ("Capacity reservations", r"Capacity"),
        ("Spark: sessions, notebooks, calculations", r"Session|Notebook|Calculation|Executors|DPU|Dashboard"),
        ("Metadata", r"DataCatalog|Database|TableMetadata"),
        ("Workgroups, engine versions", r"WorkGroup|EngineVersion"),
        ("Prepared statements", r"PreparedStatement"),
        ("Named queries", r"NamedQuer"),
        ("Queries", r"Query(Execution|Results|Runtime)"),
    ),
}

SERVICES = (
    (
        "S3",
        "`rclone serve s3`, behind a gate of ours: objects, multipart uploads, `If-None-Match: *`; tags, "
        "ACLs, versions, policies and other settings of buckets are refused (`NotImplemented`)",
        "plain files, `.local/s3/<bucket>/<key>`",
    ),
    ("Glue", "this project; jobs run in real PySpark 3.5.6 as processes of their own", "SQLite"),
    ("Athena", "this project; DuckDB runs the SQL on the files in place", "SQLite, results in S3"),
    ("IAM, STS, CloudWatch Logs", "moto; logs of crawls and job runs are there", "memory"),
    ("all others that moto has", "moto, which imitates them: nothing of their work is done", "memory"),
)


@dataclass(frozen=True)
class Serde:
    """A SerDe of Athena's documentation: https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html."""

    name: str
    library: str
    supported: bool = True


SERDES = (
    Serde("LazySimple (CSV, TSV, any delimiter)", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    Serde("OpenCSV", "org.apache.hadoop.hive.serde2.OpenCSVSerde"),
    Serde("OpenX JSON", "org.openx.data.jsonserde.JsonSerDe"),
    Serde("Hive JSON", "org.apache.hive.hcatalog.data.JsonSerDe"),
    Serde("Regex", "org.apache.hadoop.hive.serde2.RegexSerDe"),
    Serde("Grok", "com.amazonaws.glue.serde.GrokSerDe"),
    Serde("Parquet", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
    Serde("ORC", "org.apache.hadoop.hive.ql.io.orc.OrcSerde", supported=False),
    Serde("Avro", "org.apache.hadoop.hive.serde2.avro.AvroSerDe", supported=False),
    Serde("Amazon Ion", "com.amazon.ionhiveserde.IonHiveSerDe", supported=False),
    Serde("CloudTrail", "com.amazon.emr.hive.serde.CloudTrailSerde", supported=False),
)


def actions(service: str) -> set[str]:
    """Give the actions of ``glue`` or ``athena`` that the local AWS answers."""
    from localaws.athena.service import AthenaService
    from localaws.glue.service import GlueService

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "s3").mkdir()
        store = Store(root / "state.db")
        context = Context(root, root / "s3", store, "123456789012", "us-east-1", {})
        made = {"glue": GlueService, "athena": AthenaService}[service](context)
        try:
            return set(made.actions())
        finally:
            made.close()
            store.close()


def page() -> str:
    """Give the page as Markdown."""
    parts = [
        HEAD,
        "## Services",
        _table(("service", "served by", "state"), SERVICES),
        *_actions("glue", "AWS Glue"),
        *_actions("athena", "Amazon Athena"),
        *_sql(),
        "## SerDes and file formats",
        _table(
            ("SerDe", "class", "read"),
            ((each.name, f"`{each.library}`", "yes" if each.supported else "refused") for each in SERDES),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _actions(service: str, title: str) -> Iterator[str]:
    offered = actions(service)
    groups = _grouped(service, Model(service).service.operation_names)
    here = {name: [each for each in found if each in offered] for name, found in groups.items()}
    refused = {name: [each for each in found if each not in offered] for name, found in groups.items()}
    count = sum(map(len, refused.values()))
    yield f"## {title}: {len(offered)} actions"
    yield _table(("what", "actions"), _rows(here))
    yield _folded(f"{count} actions are refused by name", _table(("what", "actions"), _rows(refused)))


def _grouped(service: str, names: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {title: [] for title, _ in reversed(GROUPS[service])}
    for name in sorted(names):
        title = next((title for title, pattern in GROUPS[service] if re.search(pattern, name)), "Others")
        groups.setdefault(title, []).append(name)
    return groups


def _rows(groups: dict[str, list[str]]) -> Iterator[Sequence[str]]:
    for title, names in groups.items():
        if names:
            yield title, ", ".join(f"`{name}`" for name in names)


def _sql() -> Iterator[str]:
    from localaws.athena import supported

    yield "## SQL: statements"
    yield _table(
        ("statement", "runs", "note"),
        ((f"`{s.name}`", "yes" if s.supported else "refused", s.note) for s in supported.statements()),
    )
    functions = supported.functions()
    running = [each for each in functions if each.supported]
    yield f"## SQL: {len(running)} functions"
    for kind, title in (("scalar", "Scalar"), ("aggregate", "Aggregate"), ("window", "Window")):
        names = [each.name for each in running if each.kind == kind]
        yield _folded(f"{title} functions ({len(names)})", _names(names))
    yield "Refused by name: " + _names(each.name for each in functions if not each.supported)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) + "."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _folded(title: str, text: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"


if __name__ == "__main__":
    print(page(), end="")
