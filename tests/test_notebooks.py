"""The notebooks: clean as git keeps them, and they run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from logloom import runner, sample, settings

PROJECT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def test_there_are_six_in_the_order_in_which_they_run():
    assert [path.stem for path in NOTEBOOKS] == [
        *("01_land", "02_crawl", "03_transform", "04_check", "05_query", "06_dashboard")
    ]
    assert runner.notebooks(PROJECT / "notebooks") == NOTEBOOKS


@each_notebook
def test_is_stripped_and_valid(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert set(cell.metadata) <= {"tags"}


@each_notebook
def test_has_one_parameters_cell_whose_values_are_the_defaults(path):
    tagged = [cell for cell in cells_of(path, "code") if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert len(tagged[0].source.splitlines()) == len(ast.parse(tagged[0].source).body)
    defaults = yaml.safe_load((PROJECT / "parameters" / "local.yaml").read_text())
    declared = runner.declared(path)
    assert declared == {name: defaults[name] for name in declared}
    assert set(declared) <= set(settings.Settings.model_fields)


@each_notebook
def test_settings_that_it_shows_are_those_that_it_declares(path):
    shown = set(
        re.findall(r"settings\.table\(([^)]*)\)", "".join(cell.source for cell in cells_of(path, "code")))
    )
    names = {name for group in shown for name in re.findall(r'"(\w+)"', group)}
    assert names
    assert names <= set(runner.declared(path))


@each_notebook
def test_reads_well(path):
    """Prose before each step, short cells, no function, a title, and something to look at in the end."""
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].source.startswith("# ")
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
            assert not [node for node in ast.walk(tree) if isinstance(node, functions)]
            tags = cell.metadata.get("tags", [])
            assert len(cell.source.splitlines()) <= (25 if "parameters" in tags else 10)
            imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
            assert before.cell_type == "markdown" or imports
    assert notebook.cells[-1].cell_type == "code"
    assert not isinstance(ast.parse(notebook.cells[-1].source).body[-1], ast.Assign)


@pytest.mark.e2e
@pytest.mark.spark
@pytest.mark.timeout(600)
def test_they_run_under_nbval(local_aws, unique, tmp_path):
    """As a scheduled kernel runs them: the settings come from the file that LOGLOOM_PARAMETERS names."""
    sample.generate(tmp_path / "logs", seed=5, days=3, lines=3_000)
    values = {"bucket": f"logloom-{unique}", "database": unique, "input": str(tmp_path / "logs")}
    (tmp_path / "parameters.yaml").write_text(yaml.safe_dump(values))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q"),
            *("--nbval-cell-timeout=300", "--timeout=600"),
            *map(str, NOTEBOOKS),
        ],
        cwd=PROJECT,
        env={**os.environ, "LOGLOOM_PARAMETERS": str(tmp_path / "parameters.yaml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    cells = sum(len(cells_of(path, "code")) for path in NOTEBOOKS)
    assert f"{cells} passed" in done.stdout
    counted = local_aws.client("s3").list_objects_v2(Bucket=values["bucket"], Prefix="logs/cleaned/logs/")
    assert counted["KeyCount"] > 0
