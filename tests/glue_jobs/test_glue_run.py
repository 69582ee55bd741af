"""What every job script does around its work."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from fake_aws import FakeS3
from logtables import glue_run
from logtables.s3 import Location


@pytest.mark.parametrize(("state", "alive"), [("RUNNING", True), ("STOPPING", True), ("FAILED", False)])
def test_a_run_is_alive_as_long_as_glue_says_so(state, alive):
    class Glue:
        def get_job_run(self, JobName, RunId):
            assert (JobName, RunId) == ("my.job", "jr_1")
            return {"JobRun": {"JobRunState": state}}

    assert glue_run.job_run_is_alive(Glue(), "my.job.jr_1") is alive


def test_a_run_that_glue_does_not_know_is_dead_but_not_to_know_is_an_error():
    class Glue:
        code = "EntityNotFoundException"

        def get_job_run(self, **_):
            raise ClientError({"Error": {"Code": self.code}}, "GetJobRun")

    assert not glue_run.job_run_is_alive(Glue(), "j.jr_1")
    Glue.code = "ThrottlingException"
    with pytest.raises(ClientError):
        glue_run.job_run_is_alive(Glue(), "j.jr_1")


def test_progress_is_an_object_that_whoever_waits_can_read():
    s3 = FakeS3()
    progress = glue_run.Progress(s3, Location("b", "cleaned/"), "jr_1")
    progress.step("transform", 2, 5)
    told = json.loads(s3.objects["b", "cleaned/_progress/jr_1.json"])
    assert told == {"step": "transform", "tasks_done": 2, "tasks_total": 5}
