"""The package by itself: from a zip, as Glue loads it, and without the rest of the project."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import logformats

PACKAGE = Path(logformats.__file__).parent

SCRIPT = """
import io, sys
from datetime import UTC, datetime
import logformats
assert ".zip" in logformats.__file__, logformats.__file__
line = b'192.0.2.7 - - [17/May/2015:10:05:01 +0000] "GET / HTTP/1.1" 500 1 "-" "curl"\\n'
(parsed,) = logformats.read(
    io.BytesIO(line), source="s", path="p", last_modified=datetime(2026, 1, 1, tzinfo=UTC)
)
assert parsed.events["log_level"].to_list() == ["ERROR"]
foreign = {"logloom", "localaws", "pyspark", "boto3", "yaml", "duckdb"} & set(sys.modules)
assert not foreign, foreign
print(len(logformats.formats()))
"""


def test_package_works_from_a_zip_and_stands_alone(tmp_path):
    archive = tmp_path / "logformats.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        for file in PACKAGE.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                bundle.write(file, file.relative_to(PACKAGE.parent))
    script = f"import sys; sys.path.insert(0, {str(archive)!r})\n{SCRIPT}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(logformats.formats()) >= 40


def test_every_definition_is_one_file_and_says_what_it_is():
    files = {file.stem for file in (PACKAGE / "definitions").glob("*.toml")}
    assert files == {definition.name for definition in logformats.formats()}
    titles = [definition.title for definition in logformats.formats()]
    assert len(set(titles)) == len(titles)
    orders = [definition.order for definition in logformats.formats()]
    assert len(set(orders)) == len(orders)
    assert orders == sorted(orders)
