"""A run's arguments: the job's defaults under the run's own; which are for Glue and which for the script.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
"""

from __future__ import annotations

import hashlib
import re
import shlex
from typing import Any

# Read by the runner; all others, whatever they are, the script gets.
CONSUMED = {
    "--additional-python-modules",
    "--class",
    "--conf",
    "--extra-files",
    "--extra-jars",
    "--extra-py-files",
    "--python-modules-installer-option",
    "--scriptLocation",
    "--user-jars-first",
}
# Accepted, and without effect: the run's log says so.
WITHOUT_EFFECT = {
    "--job-bookmark-option": "job bookmarks are not kept: each run reads everything that its script asks for",
    "--python-modules-installer-option": "nothing is installed, so options for pip do not matter",
}


class BadArgument(Exception):
    """An argument that no run can go on with."""


def merged(job: dict[str, Any], run: dict[str, str]) -> dict[str, str]:
    """Give the arguments of a run: the job's defaults, the run's own, the job's that none may override."""
    defaults, fixed = job.get("DefaultArguments") or {}, job.get("NonOverridableArguments") or {}
    return {**defaults, **run, **fixed}


def script_arguments(arguments: dict[str, str], job: str, run_id: str) -> list[str]:
    """Give what stands in the script's ``sys.argv`` after its path."""
    # An id of Glue's own for each job; here it follows from the name.
    digest = hashlib.sha256(job.encode()).hexdigest()
    given = {k: v for k, v in arguments.items() if k not in CONSUMED}
    given |= {"--JOB_ID": f"j_{digest}", "--JOB_RUN_ID": run_id, "--JOB_NAME": job}
    return [word for pair in given.items() for word in pair]


def spark_settings(conf: str) -> dict[str, str]:
    """Read ``--conf``: ``key=value``, and more of them as ``key=value --conf key=value``, Glue's way.

    Raises
    ------
    BadArgument
        For a part that is no setting of Spark's.
    """
    settings = {}
    for part in re.split(r"(?:^|\s)--conf\s+", conf.strip()):
        if not part.strip():
            continue
        words = shlex.split(part)
        for word in words:
            key, equals, value = word.partition("=")
            if not equals or not key.startswith("spark."):
                raise BadArgument(f"--conf: {word!r} is no spark.key=value.")
            settings[key] = value
    return settings


def uris(arguments: dict[str, str], name: str) -> list[str]:
    """Give the S3 URIs of an argument that lists them, comma-separated.

    Raises
    ------
    BadArgument
        For one that is no S3 URI.
    """
    found = [each.strip() for each in arguments.get(name, "").split(",") if each.strip()]
    for uri in found:
        if not re.match(r"s3[an]?://[^/]+/.+", uri):
            raise BadArgument(f"{name}: {uri} is no s3://bucket/key.")
    return found
