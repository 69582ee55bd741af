"""The documents say what is true: IAM policies cover what the code calls, links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

PROJECT = Path(__file__).resolve().parents[1]
POLICIES = sorted((PROJECT / "docs" / "aws").glob("*_policy.json"))
# IAM's names that are not API operations of the same name (Service Authorization Reference).
NOT_OPERATIONS = {"s3:ListBucket", "iam:PassRole", "s3:ListMultipartUploadParts"}

# Methods of botocore's session and of sockets that are called as operations of Glue are.
OF_OTHER_LIBRARIES = {"get_session", "create_connection"}


def actions(policy: Path) -> set[str]:
    found: set[str] = set()
    for statement in json.loads(policy.read_text())["Statement"]:
        action = statement["Action"]
        found.update([action] if isinstance(action, str) else action)
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.stem)
def test_policies_name_real_actions(policy):
    session = botocore.session.get_session()
    for action in actions(policy) - NOT_OPERATIONS:
        service, operation = action.split(":")
        assert operation in session.get_service_model(service).operation_names, action


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.stem)
def test_policies_allow_no_wildcard_action(policy):
    assert not [action for action in actions(policy) if "*" in action]


def called(service: str, *folders: str) -> set[str]:
    """The operations of a service that the code calls, by the method names of its boto3 client."""
    operations = botocore.session.get_session().get_service_model(service).operation_names
    methods = {xform_name(operation): operation for operation in operations}
    text = "".join(path.read_text() for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    names = set(re.findall(r"\.(\w+)\(", text)) | set(re.findall(r"get_paginator\(\"(\w+)\"\)", text))
    return {f"{service}:{methods[name]}" for name in (names & methods.keys()) - OF_OTHER_LIBRARIES}


def test_the_analysts_policy_covers_what_logloom_calls():
    allowed = actions(PROJECT / "docs" / "aws" / "analyst_policy.json")
    calls = called("glue", "lib/logloom") | called("athena", "lib/logloom")
    assert {"glue:StartCrawler", "glue:StartJobRun", "athena:StartQueryExecution"} <= calls
    assert calls - allowed == set()


def test_the_roles_policy_covers_what_the_job_calls():
    allowed = actions(PROJECT / "docs" / "aws" / "glue_role_policy.json")
    calls = called("glue", "glue_jobs")
    assert "glue:GetTables" in calls
    assert calls - allowed == set()


def test_links_of_the_readme_lead_somewhere():
    text = (PROJECT / "README.md").read_text()
    local = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert local
    assert [target for target in local if not (PROJECT / target).exists()] == []
