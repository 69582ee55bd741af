"""The shim of Glue's library: arguments as Glue resolves them, and a sentence for what is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import localaws
import pytest

RUNTIME = Path(localaws.__file__).parent / "awsglue_runtime"


@pytest.fixture
def utils(monkeypatch):
    monkeypatch.syspath_prepend(str(RUNTIME))
    from awsglue import utils

    yield utils
    for name in [name for name in sys.modules if name.partition(".")[0] == "awsglue"]:
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "_Missing"]


def test_options_are_resolved_by_name(utils):
    argv = ["script.py", "--JOB_NAME", "job", "--database", "lake", "--other", "x", "--JOB_RUN_ID", "jr_1"]
    found = utils.getResolvedOptions(argv, ["JOB_NAME", "database"])
    assert found["JOB_NAME"] == "job"
    assert found["database"] == "lake"
    assert found["JOB_RUN_ID"] == "jr_1"
    assert found["TempDir"] is None
    assert "other" not in found


def test_hyphens_become_underscores_and_values_keep_theirs(utils):
    found = utils.getResolvedOptions(["s", "--my-option=--x=1", "--empty", ""], ["my-option", "empty"])
    assert found["my_option"] == "--x=1"
    assert found["empty"] == ""


def test_the_temporary_folder_has_both_of_its_names(utils):
    found = utils.getResolvedOptions(["s", "--TempDir", "s3://b/tmp/"], [])
    assert found["TempDir"] == found["RedshiftTempDir"] == "s3://b/tmp/"


def test_a_missing_option_is_named(utils):
    with pytest.raises(utils.GlueArgumentError, match="--database"):
        utils.getResolvedOptions(["s", "--JOB_NAME", "job"], ["JOB_NAME", "database"])


@pytest.mark.parametrize("name", ["JOB_RUN_ID", "JOB_ID", "job-bookmark-option", "encryption-type"])
def test_reserved_names_cannot_be_asked_for(utils, name):
    with pytest.raises(RuntimeError, match=f"reserved arguments {name}"):
        utils.getResolvedOptions(["s", f"--{name}", "x"], [name])


def python(code: str) -> subprocess.CompletedProcess:
    environment = {"PYTHONPATH": str(RUNTIME), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )


def test_the_boilerplate_of_glue_can_be_imported():
    done = python(
        "from awsglue.transforms import *\n"
        "from awsglue.utils import getResolvedOptions\n"
        "from awsglue.context import GlueContext\n"
        "from awsglue.dynamicframe import DynamicFrame\n"
        "from awsglue.job import Job\n"
        "job = Job(None); job.init('name', {}); job.commit(); print(ApplyMapping.__name__)"
    )
    assert (done.stderr, done.stdout) == ("", "ApplyMapping\n")


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (
            "from awsglue.transforms import *; ApplyMapping.apply(frame=1)",
            "awsglue.transforms.ApplyMapping.apply",
        ),
        ("from awsglue.transforms import Join; Join()", "awsglue.transforms.Join"),
        (
            "from awsglue.dynamicframe import DynamicFrame; DynamicFrame.fromDF(1, 2, 'x')",
            "awsglue.dynamicframe.DynamicFrame.fromDF",
        ),
        ("import awsglue.gluetypes", "awsglue.gluetypes"),
        ("from awsglue.utils import makeOptions", "awsglue.utils.makeOptions"),
        (
            "from awsglue.context import GlueContext\n"
            "GlueContext.__new__(GlueContext).create_dynamic_frame.from_catalog()",
            "GlueContext.create_dynamic_frame",
        ),
    ],
)
def test_what_is_not_there_says_so(code, named):
    done = python(code)
    assert done.returncode == 1
    assert f"{named} is not in the local AWS's part of awsglue" in done.stderr.splitlines()[-1]


def test_a_commit_before_init_is_an_error():
    done = python("from awsglue.job import Job; Job(None).commit()")
    assert "Job.commit was called before Job.init" in done.stderr
