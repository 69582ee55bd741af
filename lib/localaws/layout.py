"""Where things are in a state folder, and what is kept of one run for the next."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

MARKER = ".logloom-local"
DEFAULT_REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


class UserError(Exception):
    """A mistake of the user's, told in one sentence that says what to do; exit code 2."""


@dataclass(frozen=True)
class Layout:
    """The paths in one state folder."""

    root: Path

    @property
    def marker(self) -> Path:
        return self.root / MARKER

    @property
    def s3(self) -> Path:
        return self.root / "s3"

    @property
    def database(self) -> Path:
        return self.root / "state.db"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def config(self) -> Path:
        return self.root / "aws" / "config"

    @property
    def credentials(self) -> Path:
        return self.root / "aws" / "credentials"

    @property
    def running(self) -> Path:
        """There while a supervisor runs, and after one was killed: `running` without a lock is a crash."""
        return self.root / "running.json"

    def prepare(self) -> None:
        """Make the folders.

        Raises
        ------
        UserError
            When the folder is in use for something else, or cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not self.marker.exists():
                if strangers := sorted(child.name for child in self.root.iterdir()):
                    raise UserError(
                        f"{self.root} holds other things ({strangers[0]} …): name an empty folder."
                    )
                self.root.chmod(0o700)
                self.marker.write_text(
                    "The state of Logloom's local AWS: `logloom local reset` removes it.\n"
                )
            for folder in (self.s3, self.logs, self.cache):
                folder.mkdir(exist_ok=True)
            for folder in (self.root, self.cache, self.logs):
                folder.chmod(0o700)
        except OSError as error:
            raise UserError(f"{self.root} cannot hold the local AWS: {error.strerror}.") from None


@dataclass
class Settings:
    """What a folder's AWS keeps over restarts."""

    port: int | None = None
    s3_port: int | None = None
    region: str = DEFAULT_REGION

    @classmethod
    def load(cls, path: Path) -> Settings:
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError):
            raise UserError(f"{path} is damaged: remove it, and new ports are chosen.") from None

    def save(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self)) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so that no one can open it before the rename either.
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def new_secret(length: int) -> str:
    """Make a random secret of letters and digits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(secrets.choice(alphabet) for _ in range(length))


def default_root() -> Path:
    """Give the state folder where none is named: ``LOGLOOM_LOCAL_ROOT``, else ``.local`` in the project."""
    if named := os.environ.get("LOGLOOM_LOCAL_ROOT"):
        return Path(named).expanduser()
    # The project is where its pyproject.toml is: that of the folder we are in, else that of this package.
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "pyproject.toml").is_file() and (folder / "notebooks").is_dir():
                return folder / ".local"
    return Path.cwd() / ".local"
