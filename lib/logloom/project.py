"""Where the project is: its root, its notebooks and parameters, the local AWS's folder and the runs."""

from __future__ import annotations

import os
from pathlib import Path

from logloom.errors import InputError, LogloomError

_CHECKOUT_OF_PACKAGE = Path(__file__).resolve().parents[2]


def root() -> Path:
    """Find the root of the checkout.

    Returns
    -------
    Path
        `LOGLOOM_HOME` where it is set, else the nearest ancestor of the working directory that has
        `notebooks/` and `parameters/`, else the checkout that this package lies in.

    Raises
    ------
    LogloomError
        `LOGLOOM_HOME` names no folder, or the package is installed outside of any checkout.
    """
    if home := os.environ.get("LOGLOOM_HOME"):
        path = Path(home).expanduser().resolve()
        if not path.is_dir():
            raise LogloomError(f"LOGLOOM_HOME is {home}, which is not a folder: set it to Logloom's checkout")
        return path
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "parameters").is_dir():
            return folder
    if (_CHECKOUT_OF_PACKAGE / "pyproject.toml").is_file():
        return _CHECKOUT_OF_PACKAGE
    raise LogloomError("no Logloom checkout here: run this inside it, or set LOGLOOM_HOME to it")


def local_root() -> Path:
    """Return the folder that holds the local AWS: `LOGLOOM_LOCAL_ROOT`, else `.local` in the root."""
    if folder := os.environ.get("LOGLOOM_LOCAL_ROOT"):
        return Path(folder).expanduser().resolve()
    return root() / ".local"


def state_root() -> Path:
    """Return the folder of what the project remembers besides its data.

    Keys live here, and what reports compare themselves with; `logloom local reset` leaves it alone.

    Returns
    -------
    Path
        `LOGLOOM_STATE_ROOT` where it is set, else `.logloom` in the root.
    """
    if folder := os.environ.get("LOGLOOM_STATE_ROOT"):
        return Path(folder).expanduser().resolve()
    return root() / ".logloom"


def resolve(path: str | Path) -> Path:
    """Return `path` as it stands when absolute, else below the root: the same from any working directory."""
    return (root() / Path(path).expanduser()).resolve()


def input_path(path: str) -> Path:
    """Check that `path` is there and has something to read.

    Parameters
    ----------
    path
        The setting `input`: a file or a folder, relative paths from the project's root.

    Raises
    ------
    InputError
        It is not there, not readable, or a folder without any file.
    """
    found = resolve(path)
    if not found.exists():
        raise InputError(f"the input {path} is not there: give a log file or a folder of log files")
    if not os.access(found, os.R_OK):
        raise InputError(f"the input {path} cannot be read: check its permissions")
    if found.is_dir() and not any(below.is_file() for below in found.rglob("*")):
        raise InputError(f"the input folder {path} is empty: put log files into it, or give another one")
    return found
