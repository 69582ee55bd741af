"""Requests that no well-meaning client sends: each gets an answer or an error of its model."""

from __future__ import annotations

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from localaws.application import _document
from localaws.glue.service import GlueService
from localaws.model import Model
from localaws.service import AwsError, Context
from localaws.store import Store

NAMES = [
    "db",
    "t",
    "dt",
    "a",
    "f",
    "2026-01-01",
    "1",
    "s3://b/k",
    "arn:aws:glue:us-east-1:123456789012:job/j",
]
HOSTILE = [
    "", " ", "'", "'; DROP TABLE glue_table; --", "a" * 256, "x" * 5000, "ü😀", "a\0b", "../../etc", "%s%n",
    "*", "(", "(a+)+$", "s3://b/../../x", "\u202e", "dt = '1' OR", "\ud800", "a/b", "a`b", "\n", "${x}",
    "NaN", "__HIVE_DEFAULT_PARTITION__",
]  # fmt: skip
WRONG = [None, True, 0, -1, 1.5, 1e308, 2**31, 2**63, 10**30, [], {}, "x", [None], {"a": None}, [[]]]
# What most requests name, so that they get past the first lookup.
THERE = {
    "DatabaseName": "db",
    "TableName": "t",
    "FunctionName": "f",
    "PartitionValues": ["1"],
    "ColumnName": "a",
    "Keys": ["dt"],
}
TABLE = {"DatabaseName": "db", "TableName": "t"}
REQUESTS = 1500


@pytest.fixture
def service(tmp_path):
    (tmp_path / "s3" / "b").mkdir(parents=True)
    store = Store(tmp_path / "state.db")
    service = GlueService(Context(tmp_path, tmp_path / "s3", store, "123456789012", "us-east-1", {}))
    yield service
    service.close()


def value(random, shape, depth=0):
    """A value of a shape, mostly as it should be."""
    if random.random() < 0.02 or depth > 6:
        return random.choice(WRONG)
    if shape.type_name == "structure":
        given = {
            name: member
            for name, member in shape.members.items()
            if random.random() < (0.97 if name in shape.required_members else 0.3)
        }
        return {
            name: THERE[name] if name in THERE and random.random() < 0.9 else value(random, member, depth + 1)
            for name, member in given.items()
        }
    if shape.type_name == "list":
        return [value(random, shape.member, depth + 1) for _ in range(random.choice([0, 1, 1, 2]))]
    if shape.type_name == "map":
        return {random.choice(NAMES + HOSTILE): value(random, shape.value, depth + 1)}
    if shape.type_name == "string":
        if getattr(shape, "enum", None) and random.random() < 0.9:
            return random.choice(shape.enum)
        return random.choice(NAMES if random.random() < 0.8 else HOSTILE)
    if shape.type_name == "timestamp":
        return random.choice([0, 1.5e9, -1e9, 1e20, "2026-01-01", "x", 253402300800])
    return random.choice(
        {"boolean": [True, False], "blob": ["AQI=", "x"]}.get(shape.type_name, [0, 1, 2, 100, -1])
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_every_request_gets_an_answer_or_an_error_of_the_model(service, seed):
    chosen, model, handlers = random.Random(seed), Model("glue"), service.actions()
    # What starts work in threads and processes has tests of its own.
    actions = sorted(handlers.keys() - {"StartCrawler", "StartJobRun"})
    service.catalog.create_database(DatabaseInput={"Name": "db"})
    answered = 0
    for _ in range(REQUESTS):
        if chosen.random() < 0.05:
            make_what_is_there(service.catalog)
        operation = model.operation(action := chosen.choice(actions))
        request = json.dumps(value(chosen, operation.input_shape)).encode()
        try:
            body = model.decode_request(operation, _document(request), "ValidationException")
            model.encode_answer(operation, handlers[action](body))
            answered += 1
        except AwsError as error:
            assert model.may_answer(operation, error.code), (action, error)
    assert answered > REQUESTS / 10
    assert service.catalog.store.connection().execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def make_what_is_there(catalog):
    table = {
        "Name": "t",
        "PartitionKeys": [{"Name": "dt", "Type": "string"}],
        "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]},
    }
    for make, more in (
        (catalog.create_database, {"DatabaseInput": {"Name": "db"}}),
        (catalog.create_table, {"DatabaseName": "db", "TableInput": table}),
        (
            catalog.create_partition,
            {"DatabaseName": "db", "TableName": "t", "PartitionInput": {"Values": ["1"]}},
        ),
    ):
        try:
            make(**more)
        except AwsError as error:
            assert error.code in ("AlreadyExistsException", "InvalidInputException")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe\xfd",
        b'{"Name": NaN}',
        b"[" * 100_000,
        b'"x"',
        b"null",
        b"1" * 5000,
        b'{"Name": "\\ud800"}',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_no_request(body):
    model = Model("glue")
    with pytest.raises(AwsError) as refused:
        model.decode_request(model.operation("GetDatabase"), _document(body), "ValidationException")
    assert refused.value.code in ("SerializationException", "ValidationException")


def test_names_are_data_wherever_they_stand(service):
    catalog = service.catalog
    for number, name in enumerate(["a'b", '"; DROP TABLE glue_table; --', "ü😀", "../x", "%", "_", "a\tb"]):
        catalog.create_database(DatabaseInput={"Name": name})
        catalog.create_table(
            DatabaseName=name, TableInput={"Name": name, "PartitionKeys": [{"Name": "k", "Type": "string"}]}
        )
        catalog.create_partition(DatabaseName=name, TableName=name, PartitionInput={"Values": [name]})
        quoted = name.replace("'", "''")
        found = catalog.get_partitions(DatabaseName=name, TableName=name, Expression=f"k = '{quoted}'")
        assert [each["Values"] for each in found["Partitions"]] == [[name]]
        assert len(catalog.get_databases()["DatabaseList"]) == number + 1


def test_of_many_writers_at_once_none_is_lost_and_one_wins(service):
    catalog, start = service.catalog, threading.Barrier(8)
    catalog.create_database(DatabaseInput={"Name": "db"})
    table = {"Name": "t", "PartitionKeys": [{"Name": "k", "Type": "int"}]}
    catalog.create_table(DatabaseName="db", TableInput=table)

    def work(writer):
        start.wait()
        outcomes = []
        for number in range(10):
            catalog.create_partition(
                DatabaseName="db", TableName="t", PartitionInput={"Values": [str(writer * 10 + number)]}
            )
        for make in (
            lambda: catalog.create_table(DatabaseName="db", TableInput={"Name": "one"}),
            lambda: catalog.update_table(DatabaseName="db", TableInput=table, VersionId="0"),
        ):
            try:
                make()
                outcomes.append("won")
            except AwsError as error:
                outcomes.append(error.code)
        catalog.store.close()
        return outcomes

    with ThreadPoolExecutor(8) as pool:
        created, updated = zip(*pool.map(work, range(8)), strict=True)
    assert sorted(created) == ["AlreadyExistsException"] * 7 + ["won"]
    assert sorted(updated) == ["ConcurrentModificationException"] * 7 + ["won"]
    stored = catalog.store.connection().execute("SELECT count(*) FROM glue_partition").fetchone()[0]
    assert stored == 80
