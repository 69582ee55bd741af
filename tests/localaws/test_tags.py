"""Tags of Glue's resources, in process."""

import pytest
from localaws.glue.catalog import Catalog
from localaws.service import AwsError
from localaws.store import Store

ARN = "arn:aws:glue:us-east-1:123456789012:database/logs"


def refused(code):
    return pytest.raises(AwsError, check=lambda error: error.code == code)


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(Store(tmp_path / "state.db"), "123456789012", "us-east-1")
    catalog.create_database(DatabaseInput={"Name": "Logs"}, Tags={"team": "data"})
    return catalog


def test_a_database_is_made_with_tags_that_can_be_changed(catalog):
    tags = catalog.tags
    assert tags.get({"ResourceArn": ARN})["Tags"] == {"team": "data"}
    tags.tag({"ResourceArn": ARN, "TagsToAdd": {"team": "web", "stage": "test"}})
    tags.untag({"ResourceArn": ARN, "TagsToRemove": ["stage", "nosuch"]})
    assert tags.get({"ResourceArn": ARN})["Tags"] == {"team": "web"}


def test_tags_go_with_what_they_are_on(catalog):
    catalog.delete_database(Name="logs")
    with refused("EntityNotFoundException"):
        catalog.tags.get({"ResourceArn": ARN})
    catalog.create_database(DatabaseInput={"Name": "logs"})
    assert catalog.tags.get({"ResourceArn": ARN})["Tags"] == {}


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (ARN + "x", "EntityNotFoundException"),
        (ARN.replace("us-east-1", "eu-west-1"), "EntityNotFoundException"),
        (ARN.replace("database", "trigger"), "EntityNotFoundException"),
        ("arn:aws:s3:::bucket", "InvalidInputException"),
        ("database/logs", "InvalidInputException"),
    ],
)
def test_a_resource_that_is_not_there_has_no_tags(catalog, arn, code):
    for call, more in (
        (catalog.tags.get, {}),
        (catalog.tags.tag, {"TagsToAdd": {"a": "b"}}),
        (catalog.tags.untag, {"TagsToRemove": ["a"]}),
    ):
        with refused(code):
            call({"ResourceArn": arn, **more})


def test_no_reserved_keys_and_no_more_than_fifty(catalog):
    with refused("InvalidInputException"):
        catalog.tags.tag({"ResourceArn": ARN, "TagsToAdd": {"aws:mine": "1"}})
    with refused("InvalidInputException"):
        catalog.tags.tag({"ResourceArn": ARN, "TagsToAdd": {f"k{number}": "" for number in range(50)}})
    assert catalog.tags.get({"ResourceArn": ARN})["Tags"] == {"team": "data"}
