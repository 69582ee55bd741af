"""Run the benchmarks, print a table, write bench/latest.json."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

import bench
from bench import Entry


def names() -> list[str]:
    """The benchmarks that there are: the modules of this package."""
    return sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")
    )


def write(entries: list[Entry], path: Path) -> None:
    """Write the figures; those of a benchmark that did not run this time stay as they were."""
    ran = {(entry.name, entry.reference) for entry in entries}
    before = json.loads(path.read_text()) if path.exists() else []
    kept = [old for old in before if (old["name"], old["reference"]) not in ran]
    path.write_text(json.dumps(kept + [asdict(entry) for entry in entries], indent=1) + "\n")


def main(arguments: list[str]) -> int:
    """Run the benchmarks named (all, when none is)."""
    unknown = sorted(set(arguments) - set(names()))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    table = Table("figure", "value", "unit", "reference", "ratio")
    entries: list[Entry] = []
    for name in arguments or names():
        for entry in importlib.import_module(f"bench.{name}").run():
            entries.append(entry)
            ratio = "" if entry.ratio is None else f"{entry.ratio:.2f}"
            table.add_row(entry.name, f"{entry.value:,.4g}", entry.unit, entry.reference or "", ratio)
    Console().print(table)
    write(entries, Path(__file__).with_name("latest.json"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
