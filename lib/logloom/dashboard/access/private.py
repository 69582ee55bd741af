"""Files that nobody but their owner may read: users, keys, sessions. Mode 0600 in a folder of mode 0700."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from logloom import project
from logloom.errors import LogloomError
from logloom.settings import Settings

KEY_BYTES = 32


def folder(settings: Settings, *, make: bool = True) -> Path:
    """The dashboard's own folder (setting `dashboard_folder`), made with mode 0700 where it is not there.

    Raises
    ------
    LogloomError
        It cannot be made, or others may look into it.
    """
    path = project.resolve(settings.dashboard_folder)
    try:
        if make:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not path.exists():
            return path
        _check(path, path.stat(), "700", 0o077)
    except OSError as error:
        raise LogloomError(
            f"the folder {path} (setting dashboard_folder) cannot be used: {error.strerror}"
        ) from None
    return path


def read(path: Path) -> bytes:
    """Read a file that is its owner's alone.

    Raises
    ------
    FileNotFoundError
        It is not there.
    LogloomError
        Others may read or write it, or it belongs to another user.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LogloomError(f"{path} cannot be read: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        _check(path, os.fstat(file.fileno()), "600", 0o177)
        return file.read()


def write(path: Path, content: bytes) -> None:
    """Put `content` in the place of the file at once: who reads it sees the old or the new, never a part."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LogloomError(f"{path} cannot be written: {error.strerror}") from None


def key(folder: Path, name: str) -> bytes:
    """The random key in the file `name`, made by whoever asks first; all workers get the same."""
    path = folder / name
    try:
        found = read(path)
    except FileNotFoundError:
        handle, fresh = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(fresh, path)  # fails where another was quicker: then theirs counts
        except FileExistsError:
            pass
        finally:
            Path(fresh).unlink()
        found = read(path)
    if len(found) < KEY_BYTES:
        raise LogloomError(f"{path} is no key of {KEY_BYTES} bytes: remove it, and everybody logs in anew")
    return found


def _check(path: Path, status: os.stat_result, wanted: str, others: int) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if mode & others:
        raise LogloomError(
            f"{path} has mode {mode:04o}, so that others can get at it: chmod {wanted} {path}, and change "
            "what was secret in it"
        )
    if status.st_uid != os.geteuid():
        raise LogloomError(f"{path} belongs to another user, not to the one who runs this")
