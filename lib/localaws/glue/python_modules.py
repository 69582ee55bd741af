"""`--additional-python-modules`: what a job asks pip for, against what is installed here.

Glue installs them from the package index at the start of a run. The local AWS runs jobs in its own
environment and installs nothing, so a run either finds what it asks for or fails and names it.
"""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename


class MissingModule(Exception):
    """A module that is not there, or not in the version asked for."""


def check(modules: str) -> list[str]:
    """Check a comma-separated list of requirements, as Glue takes it.

    Returns
    -------
    list of str
        Wheels of plain Python in S3 (``s3://…-py3-none-any.whl``), to be put on the job's path.

    Raises
    ------
    MissingModule
        Names what is missing, with the version that is installed.
    """
    wheels = []
    for each in filter(None, (part.strip() for part in modules.split(","))):
        if each.startswith("s3://"):
            wheels.append(_wheel(each))
        else:
            _installed(each)
    return wheels


def _wheel(uri: str) -> str:
    name = uri.rpartition("/")[2]
    try:
        _, _, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename:
        raise MissingModule(f"--additional-python-modules: {uri} is no wheel.") from None
    if not any(tag.platform == "any" for tag in tags):
        raise MissingModule(
            f"--additional-python-modules: {name} holds compiled code, which the local AWS does not install."
            " Install it into the environment and name it as name==version."
        )
    return uri


def _installed(text: str) -> None:
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        raise MissingModule(f"--additional-python-modules: {text!r} is no requirement.") from None
    if wanted.marker is not None and not wanted.marker.evaluate():
        return
    if wanted.url:
        raise MissingModule(f"--additional-python-modules: the local AWS does not download {wanted.url}.")
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        raise MissingModule(
            f"--additional-python-modules: {wanted.name} is not installed here."
            f" Install it into the environment that runs the local AWS: pip install '{text}'"
        ) from None
    if not wanted.specifier.contains(version, prereleases=True):
        raise MissingModule(
            f"--additional-python-modules: {text} is asked for, {wanted.name} {version} is installed here."
        )
