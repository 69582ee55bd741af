"""What the README tells people to type works, and does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from logloom import runner, sample

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text()
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"(?s)```bash\n(.*?)```", README)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]
MAKE = [command for command in COMMANDS if command.startswith("make")]


def targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):.*## ", (PROJECT / "Makefile").read_text()))


def test_every_command_is_known_to_this_test():
    known = ("make ", ".venv/bin/logloom ", "export ")
    assert [command for command in COMMANDS if not command.startswith(known)] == []
    assert len(MAKE) >= 5


@pytest.mark.parametrize("command", MAKE)
def test_make_knows_its_targets_and_files(command):
    target, *assignments = command.split()[1:]
    assert target in targets()
    for name, _, value in (assignment.partition("=") for assignment in assignments):
        assert f"\n{name} ?=" in (PROJECT / "Makefile").read_text()
        assert value.startswith("~") or (PROJECT / value).exists()


def test_make_alone_lists_the_targets():
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert {"run", "test", "lab", "dashboard", "bench", "lint", "clean"} <= targets()
    assert all(f"make {target} " in done.stdout for target in targets())


def test_every_notebook_is_told_of():
    assert re.findall(r"\]\(notebooks/(\w+)\.ipynb\)", README) == [path.stem for path in runner.notebooks()]


@pytest.mark.e2e
@pytest.mark.spark
@pytest.mark.timeout(600)
def test_commands_in_their_order(local_aws, tmp_path):
    """`make run` on one's own logs, then all that the README does with the tables."""
    truth = sample.generate(tmp_path / "my-logs", seed=11, days=2, lines=800)
    # The notebooks' runs go to a folder of this test; the rest is as the README has it.
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    mine = [
        command
        for command in COMMANDS
        if command.startswith(".venv/bin/logloom") or ("my-logs" in command and "aws.yaml" not in command)
    ]
    assert len(mine) >= 3
    outputs = {}
    for command in mine:
        told = command.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        own = "-p bucket readme-logs -p database readme"
        own += f" --output {tmp_path}/runs" if " run " in told else ""
        told += f" ARGS='{own}'" if told.startswith("make") else f" {own}"
        done = subprocess.run(
            ["bash", "-c", told], cwd=PROJECT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, told + "\n" + done.stdout + done.stderr
        outputs[command] = done.stdout
    query = next(command for command in mine if " query " in command)
    rows = dict(line.split() for line in outputs[query].splitlines()[1:])
    assert {level: int(count) for level, count in rows.items()} == truth.levels()
    assert (tmp_path / "runs" / "latest" / "index.html").exists()
