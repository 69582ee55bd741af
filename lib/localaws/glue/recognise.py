"""Which format an object is in: custom classifiers in their order, then the built-in ones, as Glue does it.

A classifier says how certain it is: the share of the sampled lines that it reads. The first that reads all of
them decides; without one the most certain does, the earlier of two alike; without any the object is UNKNOWN
(https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html).
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from localaws.glue import delimited, json_documents, storage, xml_documents
from localaws.glue.hive_types import Columns
from localaws.glue.samples import Sample
from localaws.glue.storage import Storage

UNKNOWN = "UNKNOWN"
MAX_LINES = 1000  # of a sample that a grok pattern is tried on
PROBE_LINES = 50  # spread over these; a pattern that reads none of them reads none


@dataclass(frozen=True)
class Recognition:
    """What a classifier makes of one object.

    Attributes
    ----------
    classification
        As it stands in the table's parameters: ``combined_apache``, ``json``, a custom one …
    columns
        Name and Hive type of each.
    storage
        How a table has to describe such files.
    certainty
        The share of the lines that it reads, above 0 to 1.
    records
        Estimated records of the whole object that it reads.
    """

    classification: str
    columns: Columns
    storage: Storage
    certainty: float
    records: int


#: Looks at many samples at once, and gives a recognition or None for each.
Classifier = Callable[[Sequence[Sample]], list[Recognition | None]]


def classifiers(custom: Sequence[dict[str, Any]]) -> list[Classifier]:
    """Give the classifiers of a crawl in their order.

    Parameters
    ----------
    custom
        The crawler's own, as GetClassifier answers each of them.

    Raises
    ------
    ValueError
        For a grok pattern that cannot be compiled, with its reason.
    """
    return [*map(_custom, custom), *_built_in()]


def recognise(samples: Sequence[Sample], candidates: Sequence[Classifier]) -> list[Recognition | None]:
    """Give the recognition of each object by the classifier that fits it best; None is UNKNOWN.

    Many objects at once cost little more than one: a pattern is compiled anew for each call.
    """
    best: list[Recognition | None] = [None] * len(samples)
    open_ = list(range(len(samples)))  # what no classifier was certain of yet
    for classify in candidates:
        if not open_:
            break
        for at, found in zip(open_, classify([samples[i] for i in open_]), strict=True):
            known = best[at]
            if found is not None and (known is None or found.certainty > known.certainty):
                best[at] = found
        open_ = [at for at in open_ if best[at] is None or best[at].certainty < 1.0]
    return best


def _each(classify: Callable[[Sample], Recognition | None]) -> Classifier:
    return lambda samples: [classify(sample) for sample in samples]


def _custom(classifier: dict[str, Any]) -> Classifier:
    (kind, settings), *_ = classifier.items()
    if kind == "GrokClassifier":
        return grok(settings["Classification"], settings["GrokPattern"], settings.get("CustomPatterns"))
    if kind == "JsonClassifier":
        return _each(functools.partial(_json, json_path=settings["JsonPath"]))
    if kind == "CsvClassifier":
        return _each(functools.partial(_csv, rules=delimited.rules(settings)))
    return _each(
        functools.partial(_xml, classification=settings["Classification"], row_tag=settings.get("RowTag", ""))
    )


@functools.cache
def _built_in() -> tuple[Classifier, ...]:
    text = resources.files("localaws.glue").joinpath("builtin_classifiers.toml").read_text(encoding="utf-8")
    logs = [
        grok(c["classification"], c["pattern"], c.get("custom")) for c in tomllib.loads(text)["classifier"]
    ]
    return (_each(_orc), _each(_parquet), _each(_json), *logs, _each(_csv))


def grok(classification: str, pattern: str, custom_patterns: str | None) -> Classifier:
    """Make a classifier of a grok pattern, which has to match a line as a whole.

    Raises
    ------
    ValueError
        When the pattern cannot be compiled.
    """
    from logformats import grok as groks

    compiled = groks.compile(pattern, custom_patterns)
    columns: Columns = {name.lower(): groks.TYPES[type_] for name, type_ in compiled.types.items()}
    stored = storage.grok(pattern, custom_patterns)
    matches = _matcher(compiled.regex, compiled.python)

    def classify(samples: Sequence[Sample]) -> list[Recognition | None]:
        lines = [sample.lines[:MAX_LINES] for sample in samples]
        probes = [each[:: max(1, len(each) // PROBE_LINES)] for each in lines]
        likely = [at for at, hits in enumerate(_hits(matches, probes)) if hits]
        found: list[Recognition | None] = [None] * len(samples)
        for at, hits in zip(likely, _hits(matches, [lines[at] for at in likely]), strict=True):
            share = hits / len(lines[at])
            records = round(samples[at].estimated_records(len(samples[at].lines)) * share)
            found[at] = Recognition(classification, columns, stored, share, records)
        return found

    return classify


Matcher = Callable[[list[str]], list[bool]]


def _matcher(regex: str, python: Any) -> Matcher:
    """Give a function that tells which lines match, by an engine that no line makes slow where it can."""
    import polars as pl

    try:
        pl.Series([""]).str.contains(regex)
    except pl.exceptions.ComputeError:  # look-around or a back-reference
        return lambda lines: [python.match(line) is not None for line in lines]
    return lambda lines: pl.Series(lines, dtype=pl.String).str.contains(regex).to_list()


def _hits(matches: Matcher, lines: list[list[str]]) -> list[int]:
    """Count the lines that match, of each object."""
    if not any(lines):
        return [0] * len(lines)
    flags = iter(matches([line for each in lines for line in each]))
    return [sum(next(flags) for _ in each) for each in lines]


def _json(sample: Sample, json_path: str | None = None) -> Recognition | None:
    found = json_documents.read(sample, json_path)
    if found is None:
        return None
    stored = storage.json(list(found.columns), json_path)
    return Recognition("json", found.columns, stored, found.certainty, found.records)


def _csv(sample: Sample, rules: delimited.Rules = delimited.BUILT_IN) -> Recognition | None:
    found = delimited.read(sample, rules)
    if found is None:
        return None
    stored = storage.csv(found.delimiter, found.quote, found.header, found.open_csv)
    return Recognition("csv", found.columns, stored, 1.0, found.records)


def _xml(sample: Sample, classification: str, row_tag: str) -> Recognition | None:
    found = xml_documents.read(sample, row_tag)
    if found is None:
        return None
    return Recognition(classification, found.columns, storage.xml(row_tag), 1.0, found.records)


def _parquet(sample: Sample) -> Recognition | None:
    if not sample.head.startswith(b"PAR1"):
        return None
    import pyarrow.parquet as pq

    return _columnar(
        "parquet", storage.PARQUET, lambda: pq.ParquetFile(sample.path), lambda f: f.metadata.num_rows
    )


def _orc(sample: Sample) -> Recognition | None:
    if not sample.head.startswith(b"ORC"):
        return None
    from pyarrow import orc

    return _columnar("orc", storage.ORC, lambda: orc.ORCFile(str(sample.path)), lambda f: f.nrows)


def _columnar(
    name: str, stored: Storage, opened: Callable[[], Any], rows: Callable[[Any], int]
) -> Recognition | None:
    import pyarrow

    from localaws.glue.hive_types import of_arrow

    try:
        file = opened()
        schema = getattr(file, "schema_arrow", None) or file.schema
    except (pyarrow.ArrowException, OSError):
        return None  # it only begins like one: not this format
    columns: Columns = {field.name.lower(): of_arrow(field.type) for field in schema}
    return Recognition(name, columns, stored, 1.0, rows(file))
