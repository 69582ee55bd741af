"""User-defined functions of the catalog, in process."""

import pytest
from localaws.glue.catalog import Catalog
from localaws.service import AwsError
from localaws.store import Store


def refused(code):
    return pytest.raises(AwsError, check=lambda error: error.code == code)


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(Store(tmp_path / "state.db"), "123456789012", "us-east-1")
    catalog.create_database(DatabaseInput={"Name": "logs"})
    catalog.create_database(DatabaseInput={"Name": "other"})
    return catalog


def create(catalog, name, database="logs", **more):
    given = {"FunctionName": name, "ClassName": "org.example.Parse", "OwnerType": "USER", **more}
    catalog.create_user_defined_function(DatabaseName=database, FunctionInput=given)


def names(catalog, pattern="*", **more):
    answer = catalog.get_user_defined_functions(Pattern=pattern, **more)
    return [(each["DatabaseName"], each["FunctionName"]) for each in answer["UserDefinedFunctions"]]


def test_a_function_is_kept_changed_and_deleted(catalog):
    create(catalog, "Parse", ResourceUris=[{"ResourceType": "JAR", "Uri": "s3://b/parse.jar"}])
    found = catalog.get_user_defined_function(DatabaseName="LOGS", FunctionName="parse")[
        "UserDefinedFunction"
    ]
    assert (found["FunctionName"], found["FunctionType"]) == ("Parse", "REGULAR_FUNCTION")
    assert found["CreateTime"].tzinfo is not None
    changed = {"FunctionName": "parse", "ClassName": "org.example.New"}
    catalog.update_user_defined_function(DatabaseName="logs", FunctionName="parse", FunctionInput=changed)
    after = catalog.get_user_defined_function(DatabaseName="logs", FunctionName="parse")[
        "UserDefinedFunction"
    ]
    assert after["ClassName"] == "org.example.New"
    assert after["CreateTime"] == found["CreateTime"]
    assert "ResourceUris" not in after
    catalog.delete_user_defined_function(DatabaseName="logs", FunctionName="PARSE")
    assert names(catalog) == []


def test_functions_are_listed_by_pattern_type_and_database_in_pages(catalog):
    for name in ("a1", "a2", "b1"):
        create(catalog, name)
    create(catalog, "a1", "other", FunctionType="AGGREGATE_FUNCTION")
    assert names(catalog) == [("logs", "a1"), ("logs", "a2"), ("logs", "b1"), ("other", "a1")]
    assert names(catalog, "a*", DatabaseName="logs") == [("logs", "a1"), ("logs", "a2")]
    assert names(catalog, FunctionType="AGGREGATE_FUNCTION") == [("other", "a1")]
    first = catalog.get_user_defined_functions(Pattern=".*1", MaxResults=2)
    assert len(first["UserDefinedFunctions"]) == 2
    assert names(catalog, ".*1", NextToken=first["NextToken"]) == [("other", "a1")]


def test_refusals(catalog):
    create(catalog, "f")
    with refused("AlreadyExistsException"):
        create(catalog, "F")
    with refused("EntityNotFoundException"):
        create(catalog, "f", "nosuch")
    with refused("InvalidInputException"):
        catalog.create_user_defined_function(DatabaseName="logs", FunctionInput={"ClassName": "c"})
    with refused("InvalidInputException"):
        catalog.update_user_defined_function(
            DatabaseName="logs", FunctionName="f", FunctionInput={"FunctionName": "g"}
        )
    for call in (catalog.get_user_defined_function, catalog.delete_user_defined_function):
        with refused("EntityNotFoundException"):
            call(DatabaseName="logs", FunctionName="nosuch")
    with refused("EntityNotFoundException"):
        names(catalog, DatabaseName="nosuch")


def test_they_go_with_their_database(catalog):
    create(catalog, "f")
    catalog.delete_database(Name="logs")
    assert names(catalog) == []
