"""PDF and pictures of a report, by a Chromium that is installed: without network, without scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from logloom.errors import InputError, LogloomError

# An environment variable that names the browser, as kaleido and choreographer read it too.
VARIABLE = "BROWSER_PATH"
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge",
    "msedge",
)
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_SECONDS = 120


def find() -> Path:
    """Find a Chromium.

    Raises
    ------
    InputError
        There is none.
    """
    if named := os.environ.get(VARIABLE):
        if not (path := shutil.which(named)):
            raise InputError(f"{VARIABLE} names {named}, which is no program: set it to a Chromium or Chrome")
        return Path(path)
    for name in (*_NAMES, *_PLACES):
        if path := shutil.which(name):
            return Path(path)
    raise InputError(
        f"PDF and PNG need Chromium or Chrome, and none was found: install one, set {VARIABLE}, "
        "or use --format html"
    )


def pdf(chromium: Path, page: str) -> bytes:
    """The page on A4."""
    return _printed(chromium, page, "out.pdf", ["--no-pdf-header-footer", "--print-to-pdf={}"])


def png(chromium: Path, page: str, width: int, height: int) -> bytes:
    """A picture of the page, two pixels for each of `width` and `height`."""
    options = [f"--window-size={width},{height}", "--force-device-scale-factor=2", "--hide-scrollbars"]
    return _printed(chromium, page, "out.png", [*options, "--screenshot={}"])


def _printed(chromium: Path, page: str, name: str, options: list[str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="logloom-report-", ignore_cleanup_errors=True) as folder:
        source, result = Path(folder) / "report.html", Path(folder) / name
        source.write_text(page, encoding="utf-8", errors="replace")
        command = [
            str(chromium),
            "--headless",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:9",
            f"--user-data-dir={folder}/profile",
            # Chromium refuses its sandbox to root, which is who runs in most containers.
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            *(option.format(result) for option in options),
            source.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LogloomError(f"{chromium} could not print the report: {error}") from None
        if done.returncode or not result.exists() or not result.stat().st_size:
            said = done.stderr.decode(errors="replace").strip().split("\n")[-1]
            raise LogloomError(f"{chromium} could not print the report: {said or 'it said nothing'}")
        return result.read_bytes()
