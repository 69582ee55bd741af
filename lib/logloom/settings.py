"""The settings of a run: what they are called, what they may be, and what is said when they are wrong."""

from __future__ import annotations

import datetime
import difflib
import ipaddress
import os
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pydantic
from pydantic import ConfigDict, Field, field_validator, model_validator

from logloom import project
from logloom.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

LOCAL_PROFILE = "logloom-local"
# The input that makes itself: `sample.ensure` fills it where it is not there.
SAMPLE_FOLDER = "sample-logs"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")
# https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
WORKER_TYPES = ["G.025X", "G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"]
# An environment variable with parameter files (separated as in PATH): the way to override the settings of a
# notebook that something other than papermill runs (nbval, nbconvert, a scheduled kernel).
PARAMETERS_VARIABLE = "LOGLOOM_PARAMETERS"


class Settings(pydantic.BaseModel):
    """All that a run can be told; made by `load`, `from_files` or `from_notebook`, which check it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    profile: str = LOCAL_PROFILE
    """AWS profile; `logloom-local` is the local AWS, "" is whatever boto3 finds (role, environment)."""
    region: str = "us-east-1"
    bucket: str = "logloom"
    database: str = "logloom"
    raw_prefix: str = "logs/raw"
    cleaned_prefix: str = "logs/cleaned"
    scripts_prefix: str = "logs/scripts"
    athena_prefix: str = "athena-results"
    input: str = SAMPLE_FOLDER
    """File or folder of raw logs, from the project's root; "" when they are in the bucket already."""
    source: str = ""
    """One source only; "" is all of them."""
    drop_levels: tuple[str, ...] = ("TRACE", "DEBUG", "INFO")
    """Levels that are counted but not kept as rows of `logs`."""
    formats: dict[str, Any] = Field(default_factory=dict)
    """Formats of the user's own: for each name a grok line, or what `logformats.user_formats` takes."""
    time_zones: dict[str, str] = Field(default_factory=dict)
    """For each source (`*`: all others) the zone (IANA name) of times that name none."""
    reprocess: tuple[str, ...] = ()
    """Dates (UTC, YYYY-MM-DD): raw objects with events of them are read again, whole."""
    replay_rejects: bool = False
    """Whether raw objects of which lines were rejected are read again, whole."""
    drop_deleted: bool = False
    """Whether rows of raw objects that were deleted leave the tables; else they stay, as raw logs expire."""
    read_from: str = ""
    """Raw objects without events of this date (UTC, YYYY-MM-DD) or later are left for another run."""
    read_to: str = ""
    """Raw objects without events of this date (UTC, YYYY-MM-DD) or earlier are left for another run."""
    output_format: Literal["parquet", "csv"] = "parquet"
    start_date: str = ""
    """First day (UTC, YYYY-MM-DD) to look at; "" is from the beginning."""
    end_date: str = ""
    """Last day (UTC, YYYY-MM-DD) to look at; "" is to the end."""
    glue_role: str = "LogloomGlueRole"
    glue_version: str = "5.1"
    worker_type: str = "G.1X"
    number_of_workers: int = Field(2, ge=2, le=299)
    job_timeout_minutes: int = Field(60, ge=1, le=10_080)
    compact_target_mb: int = Field(128, ge=1, le=512)
    """Size (MiB) that a compacted file is to have at least, where a date has so much."""
    retention_days: int = Field(0, ge=0, le=36_500)
    """Dates of the tables that are older than so many days go, by `logloom retention`; 0 keeps all."""
    workgroup: str = "primary"
    price_per_tb: float = Field(5.0, ge=0, allow_inf_nan=False)
    """US dollars for a terabyte scanned by Athena."""
    redact: bool = False
    """Reports have pseudonyms for addresses, user names, mail addresses and secrets."""
    dashboard_folder: str = ".logloom/dashboard"
    """Users, keys, sessions and the access log of `logloom dashboard`, from the project's root; mode 0700."""
    dashboard_cache_mb: int = Field(256, ge=1, le=1_000_000)
    """How large the answers may be that the dashboard keeps for all of its processes."""
    dashboard_redis: str = ""
    """Address of a Redis server that keeps them (redis://host:6379/0); "" is the dashboard's own folder."""
    dashboard_prefix: str = "/"
    """Path at which a proxy shows the dashboard; `{port}` in it is the dashboard's port."""
    dashboard_hosts: tuple[str, ...] = ()
    """Host names, besides this machine's own, at which the dashboard is asked for."""
    dashboard_session_hours: float = Field(12, gt=0, le=24 * 90, allow_inf_nan=False)
    """A login lasts at most so long."""
    dashboard_idle_minutes: float = Field(60, gt=0, le=60 * 24 * 90, allow_inf_nan=False)
    """A login that nobody uses ends after so long."""
    oidc_issuer: str = ""
    """Address of the OpenID Connect provider; "" is none."""
    oidc_client_id: str = ""
    oidc_client_secret_file: str = ""
    """File (mode 0600) with the client secret, from the project's root; "" for a public client."""
    oidc_scopes: tuple[str, ...] = ("openid", "email", "profile")
    oidc_groups_claim: str = "groups"
    oidc_viewers: tuple[str, ...] = ()
    """Who of the provider's users gets in: mail addresses, mail domains, group:NAME, sub:ID, or *."""
    oidc_analysts: tuple[str, ...] = ()
    """Who of them sees client addresses; written as `oidc_viewers`."""

    @property
    def is_local(self) -> bool:
        return self.profile == LOCAL_PROFILE

    @property
    def raw_location(self) -> str:
        return f"s3://{self.bucket}/{self.raw_prefix}/"

    @property
    def cleaned_location(self) -> str:
        return f"s3://{self.bucket}/{self.cleaned_prefix}/"

    @property
    def athena_output_location(self) -> str:
        return f"s3://{self.bucket}/{self.athena_prefix}/"

    def table(self, *names: str) -> pd.DataFrame:
        """Show the named settings, or all: by name, with the column `value` (text)."""
        import pandas as pd

        values = {name: _as_text(getattr(self, name)) for name in names or type(self).model_fields}
        return pd.DataFrame({"value": values}).rename_axis(columns="setting")

    @field_validator("profile", "glue_role")
    @classmethod
    def _one_word(cls, text: str) -> str:
        if re.search(r"\s", text):
            raise ValueError("has a space in it")
        return text

    @field_validator("region")
    @classmethod
    def _region(cls, text: str) -> str:
        if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}", text):
            raise ValueError("is not the name of an AWS region, such as us-east-1")
        return text

    @field_validator("bucket")
    @classmethod
    def _bucket(cls, name: str) -> str:
        if fault := bucket_fault(name):
            raise ValueError(f"is no bucket name that S3 accepts: {fault}")
        return name

    @field_validator("database")
    @classmethod
    def _database(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,127}", name):
            raise ValueError("is no database name: use lower-case letters, digits and underscores")
        return name

    @field_validator("raw_prefix", "cleaned_prefix", "scripts_prefix", "athena_prefix")
    @classmethod
    def _prefix(cls, text: str) -> str:
        prefix = text.strip("/")
        parts = prefix.split("/")
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html (safe characters)
        if any(not re.fullmatch(r"[\w!.*'()=-]+", part, re.ASCII) or part in (".", "..") for part in parts):
            raise ValueError("is no prefix: use letters, digits and -_.=, in folders separated by one slash")
        return prefix

    @field_validator("source")
    @classmethod
    def _source(cls, name: str) -> str:
        if re.search(r"[/,\x00-\x1f]", name):
            raise ValueError('is no source: it is one folder\'s name, or "" for all')
        return name

    @field_validator("drop_levels", mode="before")
    @classmethod
    def _levels(cls, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [word for word in value.split(",") if word.strip()]
        if not isinstance(value, (list, tuple, set)) or not all(isinstance(word, str) for word in value):
            raise ValueError(f"is not a list of levels ({', '.join(LEVELS)})")
        named = {word.strip().upper() for word in value}
        for word in sorted(named - set(LEVELS)):
            hint = nearest(word, LEVELS)
            raise ValueError(
                f"names the level {word!r}, which does not exist"
                + (f"; did you mean {hint}?" if hint else f": the levels are {', '.join(LEVELS)}")
            )
        return tuple(level for level in LEVELS if level in named)

    @field_validator("formats", "time_zones", mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lstrip().startswith("{"):  # of the command line
            import yaml

            try:
                return yaml.safe_load(value)
            except yaml.YAMLError:
                return value
        return {} if value in ("", None) else value

    @field_validator("formats")
    @classmethod
    def _formats(cls, named: dict[str, Any]) -> dict[str, Any]:
        if named:  # polars takes a while to import, and most have no format of their own
            import logformats

            logformats.user_formats(named)
        return named

    @field_validator("time_zones")
    @classmethod
    def _time_zones(cls, zones: dict[str, str]) -> dict[str, str]:
        for source, zone in zones.items():
            try:
                zoneinfo.ZoneInfo(zone)
            except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
                raise ValueError(
                    f"gives {source} the time zone {zone!r}, which does not exist; write it as Europe/Berlin"
                ) from None
        return zones

    @field_validator("dashboard_hosts", "oidc_scopes", "oidc_viewers", "oidc_analysts", mode="before")
    @classmethod
    def _words(cls, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
            raise ValueError("is not a list of words")
        words = tuple(word.strip() for word in value if word.strip())
        if any(re.search(r"\s", word) for word in words):
            raise ValueError("has a space within one of its words")
        return words

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("has no openid in it, so that the provider would not say who it is")
        return scopes

    @field_validator("dashboard_redis")
    @classmethod
    def _redis(cls, address: str) -> str:
        if not address:
            return address
        parts = urlsplit(address)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError("is no address of Redis: write it as redis://host:6379/0")
        if parts.password:
            raise ValueError("has a password in it: put that into the environment, LOGLOOM_REDIS_PASSWORD")
        return address

    @field_validator("dashboard_folder")
    @classmethod
    def _folder(cls, path: str) -> str:
        if not path.strip():
            raise ValueError("is no folder")
        return path

    @field_validator("output_format", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("reprocess", mode="before")
    @classmethod
    def _dates(cls, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [word.strip() for word in value.split(",") if word.strip()]
        if isinstance(value, datetime.date):
            value = [value]
        if not isinstance(value, (list, tuple)):
            raise ValueError("is not a list of dates: write each as YYYY-MM-DD")
        return tuple(sorted({cls._date(day) for day in value} - {""}))

    @field_validator("start_date", "end_date", "read_from", "read_to", mode="before")
    @classmethod
    def _date(cls, value: Any) -> str:
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value.isoformat()  # YAML reads an unquoted 2025-12-22 as a date
        if value in ("", None):
            return ""
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                raise ValueError
            return datetime.date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise ValueError("is not a date: write it as YYYY-MM-DD") from None

    @field_validator("glue_version")
    @classmethod
    def _glue_version(cls, text: str) -> str:
        if not re.fullmatch(r"\d+\.\d+", text):
            raise ValueError("is not a version of Glue, such as 5.1")
        return text

    @field_validator("worker_type")
    @classmethod
    def _worker_type(cls, text: str) -> str:
        if text not in WORKER_TYPES:
            raise ValueError(f"is not a worker type of Glue: {', '.join(WORKER_TYPES)}")
        return text

    @field_validator("workgroup")
    @classmethod
    def _workgroup(cls, name: str) -> str:
        # https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroup.html
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,128}", name):
            raise ValueError("is no workgroup name: use letters, digits, dots, hyphens and underscores")
        return name

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError(f"end_date ({self.end_date}) is before start_date ({self.start_date})")
        if self.read_from and self.read_to and self.read_to < self.read_from:
            raise ValueError(f"read_to ({self.read_to}) is before read_from ({self.read_from})")
        names = ("raw_prefix", "cleaned_prefix", "scripts_prefix", "athena_prefix")
        for one in names:
            for other in names:
                inside = f"{getattr(self, other)}/".startswith(f"{getattr(self, one)}/")
                if one != other and inside:
                    raise ValueError(
                        f"{other} ({getattr(self, other)}) lies in {one} ({getattr(self, one)}): "
                        "keep them apart, or one part of the pipeline reads what another wrote"
                    )
        return self


def load(values: Mapping[str, Any]) -> Settings:
    """Check `values` and return them as settings.

    Parameters
    ----------
    values
        Settings by name; what is missing has its default.

    Raises
    ------
    SettingsError
        One sentence about the first thing that is wrong: an unknown name (with the nearest right one), a
        wrong type, or a value that AWS would refuse.
    """
    try:
        return Settings(**values)
    except pydantic.ValidationError as error:
        raise SettingsError(_sentence(error.errors())) from None


def from_files(files: Iterable[str | Path], overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read parameter files, later ones over earlier ones, then `overrides` over them, and check the whole."""
    return load({**read_files(files), **(overrides or {})})


def read_files(files: Iterable[str | Path]) -> dict[str, Any]:
    """Read YAML parameter files into one mapping, later ones over earlier ones; nothing is checked yet."""
    import yaml

    values: dict[str, Any] = {}
    for file in files:
        path = Path(file) if Path(file).exists() else project.resolve(file)
        try:
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"the parameter file {file} cannot be read: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            where = getattr(error, "problem_mark", None)
            line = f" (line {where.line + 1})" if where else ""
            raise SettingsError(f"the parameter file {file} is not YAML{line}: mend it there") from None
        if not isinstance(read, dict | None):
            raise SettingsError(f"the parameter file {file} is not a list of `name: value` lines")
        values |= read or {}
    return values


def from_notebook(namespace: Mapping[str, Any]) -> Settings:
    """Make settings of the variables of a notebook's `parameters` cell.

    Parameters
    ----------
    namespace
        The notebook's `globals()`. The files in the environment variable `LOGLOOM_PARAMETERS` win over it.

    Raises
    ------
    SettingsError
        As `load`; and for a variable that is nearly, but not quite, called as a setting.
    """
    plain = (str, int, float, bool, list, tuple, datetime.date, type(None))
    values = {name: namespace[name] for name in Settings.model_fields if name in namespace}
    for name, value in namespace.items():
        # The notebook's other variables are no business of ours, unless one looks like a slip of the pen.
        if name not in values and not name.startswith("_") and isinstance(value, plain):
            hint = nearest(name, Settings.model_fields, cutoff=0.82)
            if hint:
                raise SettingsError(f"there is no setting {name!r}; did you mean {hint!r}?")
    files = [name for name in os.environ.get(PARAMETERS_VARIABLE, "").split(os.pathsep) if name]
    return from_files([], {**values, **read_files(files)})


def nearest(name: str, names: Iterable[str], cutoff: float = 0.55) -> str | None:
    """Return the one of `names` that `name` was probably meant to be, or None."""
    by_lower = {str(known).lower(): known for known in names}
    found = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def bucket_fault(name: str) -> str | None:
    """Say what is wrong with a bucket's name, or None.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    if not 3 <= len(name) <= 63:
        return "it must have 3 to 63 characters"
    if not re.fullmatch(r"[a-z0-9.-]+", name):
        return "only lower-case letters, digits, dots and hyphens may be in it"
    if not (name[0].isalnum() and name[-1].isalnum()):
        return "it must begin and end with a letter or a digit"
    if ".." in name:
        return "two dots may not follow each other"
    for prefix in ("xn--", "sthree-", "amzn-s3-demo-"):
        if name.startswith(prefix):
            return f"it may not begin with {prefix}"
    for suffix in ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"):
        if name.endswith(suffix):
            return f"it may not end with {suffix}"
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return None
    return "it may not look like an IP address"


_TYPES = {
    "string_type": 'is not text: put it in quotes, as in {name}: "{value}"',
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "float_type": "is not a number",
    "finite_number": "is not a number",
    "greater_than_equal": "is too small: at least {ge}",
    "greater_than": "is too small: more than {gt}",
    "less_than_equal": "is too large: at most {le}",
    "literal_error": "is not one of {expected}",
    "dict_type": "is not a list of `name: value` lines",
}


def _sentence(errors: list[dict[str, Any]]) -> str:
    """Turn pydantic's first error, an unknown name before all others, into one sentence."""
    error = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    if not error["loc"]:
        return str(error["ctx"]["error"])
    name, value = str(error["loc"][0]), error["input"]
    if error["type"] == "extra_forbidden":
        hint = nearest(name, Settings.model_fields)
        known = f"did you mean {hint!r}?" if hint else f"the settings are {', '.join(Settings.model_fields)}"
        return f"there is no setting {name!r}; {known}"
    if error["type"] == "value_error" and name in ("formats", "time_zones"):
        return f"{name}: {error['ctx']['error']}"  # which of them it is stands in the sentence
    if error["type"] == "value_error":
        fault = str(error["ctx"]["error"])
    else:
        fault = _TYPES.get(error["type"], error["msg"]).format(name=name, value=value, **error.get("ctx", {}))
    return f"{name}: {value!r} {fault}"


def _as_text(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, tuple | dict) else str(value)
    return text or '""'
