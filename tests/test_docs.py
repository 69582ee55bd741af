"""The documents say what is true: IAM policies name real actions and cover what the code calls; links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore.session
import pytest

PROJECT = Path(__file__).resolve().parents[1]
POLICIES = sorted((PROJECT / "docs" / "aws").glob("*_policy.json"))
# IAM's names that are not API operations of the same name (Service Authorization Reference, "Actions defined by …").
NOT_OPERATIONS = {"s3:ListBucket", "iam:PassRole", "s3:ListMultipartUploadParts"}


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


def test_links_of_the_readme_lead_somewhere():
    text = (PROJECT / "README.md").read_text()
    local = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert local
    assert [target for target in local if not (PROJECT / target).exists()] == []
