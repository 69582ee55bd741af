"""What a job run needs on disk before it can start: its folder, script, modules and command lines."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from localaws.glue import java, job_arguments, python_modules, spark
from localaws.glue.job_arguments import BadArgument
from localaws.service import Context

# Of the supervisor's environment: what would lead a job to other credentials, another Spark or other modules.
_DROPPED = ("AWS_", "SPARK_", "PYSPARK_", "HADOOP_", "PYTHON", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_")


class CannotStart(Exception):
    """A run that fails before its script begins; the message is the run's ErrorMessage."""


@dataclass(frozen=True)
class RunFolder:
    """Where a run's files are. The logs stay; all else goes when the run has ended."""

    work: Path
    logs: Path

    @property
    def result(self) -> Path:
        return self.work / "result.json"

    @property
    def error(self) -> Path:
        return self.work / "error.txt"

    @property
    def output_log(self) -> Path:
        return self.logs / "output.log"

    @property
    def error_log(self) -> Path:
        return self.logs / "error.log"

    def make(self) -> None:
        """Make the folders."""
        for folder in (self.work / "cwd", self.work / "tmp", self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove what the run worked with."""
        shutil.rmtree(self.work, ignore_errors=True)


def folder_of(context: Context, run_id: str) -> RunFolder:
    """Give the folders of a run."""
    return RunFolder(context.root / "tmp" / "jobs" / run_id, context.root / "logs" / "jobs" / run_id)


@dataclass(frozen=True)
class Prepared:
    """A run that can be started: the description that `run_process` reads, and the environment."""

    description: Path
    environment: dict[str, str]


def prepare(
    context: Context, run: dict[str, Any], job: dict[str, Any], say: Callable[[str], None]
) -> Prepared:
    """Fetch what a run needs and write down how it is started.

    Parameters
    ----------
    context
        The local AWS.
    run, job
        As GetJobRun and GetJob answer them; the run's arguments are the merged ones.
    say
        Takes a sentence for the run's error log.

    Raises
    ------
    CannotStart
        With the reason.
    """
    folder = folder_of(context, run["Id"])
    folder.make()
    arguments = job_arguments.merged(job, run["Arguments"])
    for name, why in job_arguments.WITHOUT_EFFECT.items():
        if name in arguments and arguments[name] != "job-bookmark-disable":
            say(f"{name}: {why}")
    shell = job["Command"]["Name"] == "pythonshell"
    if shell and job["Command"].get("PythonVersion") == "3.9":
        say(f"Python 3.9 is asked for; the local AWS runs Python {platform.python_version()}")
    if not shell and job["GlueVersion"] not in ("5.0", "5.1"):
        say(f"Glue {job['GlueVersion']} is asked for; the local AWS runs Spark 3.5.6, as Glue 5.1 does")
    try:
        if arguments.get("--job-language", "python") != "python":
            raise BadArgument(
                f"--job-language {arguments['--job-language']}: the local AWS runs Python scripts only"
            )
        script = _fetch(context, job["Command"]["ScriptLocation"], folder.work, "script")
        wheels = python_modules.check(arguments.get("--additional-python-modules", ""))
        modules = [
            _fetch(context, uri, folder.work / "modules", "--extra-py-files")
            for uri in job_arguments.uris(arguments, "--extra-py-files") + wheels
        ]
        for uri in job_arguments.uris(arguments, "--extra-files"):
            _fetch(context, uri, folder.work / "cwd", "--extra-files")
        jars = [
            _fetch(context, uri, folder.work / "jars", "--extra-jars")
            for uri in job_arguments.uris(arguments, "--extra-jars")
        ]
        conf = job_arguments.spark_settings(arguments.get("--conf", ""))
        jvm = None
        if not shell:
            for bucket in _unmounted(context):
                say(f"Spark cannot reach s3://{bucket}: there is a bucket with the first part of its name")
            settings = spark.settings(context.s3_root, folder.work, conf)
            jvm = spark.command(settings | {"spark.app.name": job["Name"]}, folder.work, jars)
    except (BadArgument, python_modules.MissingModule, java.NoJava) as error:
        raise CannotStart(str(error)) from error
    connection = folder.work / "connection"
    words = job_arguments.script_arguments(arguments, job["Name"], run["Id"])
    description = folder.work / "run.json"
    description.write_text(
        json.dumps(
            {
                "script": [
                    *(sys.executable, "-u", "-m", "localaws.glue.run_script"),
                    *(str(connection) if jvm else "", str(folder.error), str(script)),
                    *words,
                ],
                "jvm": jvm,
                "connection": str(connection),
                "folder": str(folder.work / "cwd"),
                "result": str(folder.result),
            }
        ),
        encoding="utf-8",
    )
    description.chmod(0o600)
    return Prepared(description, _environment(context, folder, modules))


def _unmounted(context: Context) -> list[str]:
    here = {entry.name for entry in os.scandir(context.s3_root) if entry.is_dir()}
    return sorted(name for name in here - set(spark.mounted(context.s3_root)) if not name.startswith("."))


def _environment(context: Context, folder: RunFolder, modules: list[Path]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    path = [str(each) for each in modules if each.suffix != ".py"]
    if len(path) < len(modules):
        path.append(str(folder.work / "modules"))
    # A package of the environment may bring an awsglue of its own: ours goes first.
    shim = resources.files("localaws").joinpath("awsglue_runtime")
    return {
        **kept,
        **context.profile_env,
        "AWS_REGION": context.region,
        "AWS_DEFAULT_REGION": context.region,
        "PYTHONPATH": os.pathsep.join([str(shim), *path]),
        "PYTHONUNBUFFERED": "1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(spark.home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONF_DIR": str(folder.work),
        "TMPDIR": str(folder.work / "tmp"),
        "TZ": "UTC",
    }


def _fetch(context: Context, uri: str, into: Path, what: str) -> Path:
    """Copy an object into a folder, under its own name; the script under one that a module cannot have."""
    found = re.fullmatch(r"s3[an]?://([^/]+)/(.+)", uri)
    source = context.s3_root.joinpath(*found.groups()) if found else None
    inside = source is not None and source.resolve().is_relative_to(context.s3_root.resolve())
    if source is None or not inside or not source.is_file():
        if what == "script":
            # As Glue has it for a script that is not where ScriptLocation says.
            raise CannotStart(
                f"The script {uri} does not exist: NoSuchKey, the specified key does not exist."
            )
        raise CannotStart(f"{what}: {uri} does not exist.")
    into.mkdir(parents=True, exist_ok=True)
    target = into / source.name
    shutil.copyfile(source, target)
    return target
