"""Classifiers: what each makes of a small object, which of several decides, and their API."""

from __future__ import annotations

import bz2
import gzip
import json

import pytest
import zstandard
from botocore.exceptions import ClientError
from localaws.glue import recognise, samples
from localaws.glue.classifiers import Classifiers
from localaws.service import AwsError
from localaws.store import Store

COMBINED = (
    '192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] "GET /index.html HTTP/1.1" 200 2326'
    ' "https://example.org/" "Mozilla/5.0"\n'
)
COMMON = '192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] "GET /index.html HTTP/1.1" 200 2326\n'
SYSLOG = "Mar 27 13:06:56 host-1 sshd[1291]: Server listening on 0.0.0.0 port 22.\n"
ORDERS = {
    "GrokClassifier": {
        "Name": "orders",
        "Classification": "orders",
        "GrokPattern": "%{ORDER:order} %{INT:amount:long} %{GREEDYDATA:note}",
        "CustomPatterns": "ORDER ORD-[0-9]+",
    }
}


def recognised(path, *custom: dict):
    (found,) = recognise.recognise([samples.take(path)], recognise.classifiers(custom))
    return found


@pytest.fixture
def classify(tmp_path):
    """Write an object and give what the classifiers make of it."""

    def write_and_classify(data: str | bytes, *custom: dict):
        path = tmp_path / "object"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return recognised(path, *custom)

    return write_and_classify


@pytest.mark.parametrize(
    ("text", "classification", "first_columns"),
    [
        (COMBINED * 3, "combined_apache", ["clientip", "ident", "auth"]),
        (COMMON * 3, "apache", ["clientip", "ident", "auth"]),
        (SYSLOG * 3, "linux_kernel", ["timestamp", "logsource", "program"]),
        ('{"a": 1}\n{"a": 2}\n', "json", ["a"]),
        ('[{"a": 1}, {"a": 2}]', "json", ["array"]),
        ('{\n "a": 1,\n "b": [1.5]\n}\n', "json", ["a", "b"]),
        ("id,name\n1,ann\n2,bob\n", "csv", ["id", "name"]),
        (
            "I, [2025-10-10T13:55:36.000001 #42]  INFO -- web: started\n",
            "ruby_logger",
            ["timestamp", "pid", "loglevel"],
        ),
        ("[42] 10 Oct 13:55:36 * Server started\n", "redislog", ["pid", "timestamp", "message"]),
    ],
)
def test_built_in_classifiers_recognise_their_format(classify, text, classification, first_columns):
    found = classify(text)
    assert found.classification == classification
    assert found.certainty == 1.0
    assert list(found.columns)[: len(first_columns)] == first_columns


@pytest.mark.parametrize("text", ["", "\n\n", "just some words\nand some more\n", "\x00\x01\x02"])
def test_what_no_classifier_reads_is_unknown(classify, text):
    assert classify(text) is None


def test_a_custom_grok_classifier_goes_before_the_built_in_ones(classify):
    found = classify("ORD-1 20 first, of two\nORD-2 30 second, of two\n", ORDERS)
    assert found.classification == "orders"
    assert found.columns == {"order": "string", "amount": "bigint", "note": "string"}
    assert found.storage.serde == "com.amazonaws.glue.serde.GrokSerDe"
    assert found.storage.serde_parameters == {
        "input.format": "%{ORDER:order} %{INT:amount:long} %{GREEDYDATA:note}",
        "input.grokCustomPatterns": "ORDER ORD-[0-9]+",
    }


def test_of_two_custom_classifiers_that_fit_the_first_decides(classify):
    anything = {
        "GrokClassifier": {"Name": "any", "Classification": "any", "GrokPattern": "%{GREEDYDATA:line}"}
    }
    assert classify("ORD-1 20 x\n", anything, ORDERS).classification == "any"
    assert classify("ORD-1 20 x\n", ORDERS, anything).classification == "orders"


def test_without_a_complete_fit_the_most_certain_decides(classify):
    found = classify("ORD-1 20 x\n" + COMBINED * 2, ORDERS)
    assert found.classification == "combined_apache"
    assert found.certainty == pytest.approx(2 / 3)
    assert found.records == 2


def test_a_grok_classifier_with_look_around_works(classify):
    classifier = {
        "GrokClassifier": {
            "Name": "l",
            "Classification": "l",
            "GrokPattern": "(?=x)%{WORD:w}(?<!y) %{INT:n:int}",
        }
    }
    assert classify("xa 1\nxb 2\n", classifier).columns == {"w": "string", "n": "int"}
    assert classify("xy 1\nya 2\n", classifier) is None


@pytest.mark.parametrize(
    ("compress", "name"),
    [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (zstandard.ZstdCompressor().compress, "zstd")],
)
def test_compressed_objects_are_read(tmp_path, compress, name):
    path = tmp_path / "object"
    path.write_bytes(compress((COMBINED * 100).encode()))
    sample = samples.take(path)
    assert sample.compression == name
    assert recognised(path).classification == "combined_apache"


def test_several_gzip_members_and_a_truncated_one_are_read_as_far_as_they_go(tmp_path):
    path = tmp_path / "object"
    data = gzip.compress(COMBINED.encode()) + gzip.compress(COMMON.encode() * 1000)
    path.write_bytes(data[:-20])
    sample = samples.take(path)
    assert sample.problem is not None
    assert sample.lines[0] + "\n" == COMBINED
    assert len(sample.lines) > 1


def test_a_byte_order_mark_and_crlf_are_no_part_of_the_lines(tmp_path):
    path = tmp_path / "object"
    path.write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n")
    assert samples.take(path).lines == ["a,b", "1,2"]


def test_utf_16_is_read(classify):
    assert classify(("﻿" + COMBINED).encode("utf-16-le")).classification == "combined_apache"


def test_bytes_that_are_not_utf_8_do_not_hide_a_format(classify):
    assert (
        classify(COMBINED.encode().replace(b"Mozilla", b"\xff\xfe\x00")).classification == "combined_apache"
    )


def test_records_of_a_large_object_are_estimated(tmp_path):
    path = tmp_path / "object"
    path.write_text(COMBINED * 20_000)
    found = recognised(path)
    assert found.records == pytest.approx(20_000, rel=0.01)


def test_json_types_are_merged_over_the_rows(classify):
    rows = [
        {"id": 1, "size": 1, "ok": True, "tags": [], "who": {"name": "ann"}, "mixed": 1, "none": None},
        {"id": 2**40, "size": 1.5, "ok": False, "tags": ["x"], "who": {"age": 7}, "mixed": "a", "none": None},
    ]
    found = classify("\n".join(map(json.dumps, rows)))
    written = {name: recognise_type(type_) for name, type_ in found.columns.items()}
    assert written == {
        "id": "bigint",
        "size": "double",
        "ok": "boolean",
        "tags": "array<string>",
        "who": "struct<name:string,age:int>",
        "mixed": "string",
        "none": "string",
    }
    assert found.storage.serde_parameters == {"paths": "id,mixed,none,ok,size,tags,who"}


def recognise_type(type_):
    from localaws.glue.hive_types import write

    return write(type_)


def test_json_lines_with_a_broken_one_are_json_still(classify):
    found = classify('{"a": 1}\n{"a": \n{"a": 3}\n{"a": 4}\n')
    assert (found.classification, found.certainty, found.records) == ("json", 0.75, 3)


def test_a_json_classifier_picks_rows_by_its_path(classify):
    classifier = {"JsonClassifier": {"Name": "j", "JsonPath": "$.Records[*]"}}
    found = classify('{"Records": [{"a": 1}, {"b": "x"}]}', classifier)
    assert found.columns == {"a": "int", "b": "string"}
    assert found.records == 2
    assert found.storage.parameters == {"jsonPath": "$.Records[*]"}
    assert classify('{"Other": 1}', classifier).columns == {"Other": "int"}


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ";", "\x01"])
def test_csv_delimiters_are_found(classify, delimiter):
    found = classify("\n".join(delimiter.join(row) for row in (["id", "x"], ["1", "2.5"], ["2", "3"])))
    assert found.columns == {"id": "bigint", "x": "double"}
    assert found.storage.serde_parameters == {"field.delim": delimiter}
    assert found.storage.parameters["skip.header.line.count"] == "1"
    assert found.storage.parameters["delimiter"] == delimiter
    assert found.records == 2


def test_csv_of_text_alone_has_no_header(classify):
    found = classify("name,town\nann,oslo\nbob,rome\n")
    assert list(found.columns) == ["col0", "col1"]
    assert "skip.header.line.count" not in found.storage.parameters
    assert found.records == 3


def test_quoted_csv_takes_the_serde_that_reads_quotes(classify):
    found = classify('id,name\n1,"Doe, Ann"\n2,"Roe, Bob"\n')
    assert found.storage.serde == "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    assert found.columns == {"id": "string", "name": "string"}
    assert found.storage.parameters["areColumnsQuoted"] == "true"


@pytest.mark.parametrize("text", ["one column\nonly\n", "a,b\n", "a,b\nc\nd,e,f\n"])
def test_csv_needs_two_columns_and_two_rows_alike(classify, text):
    assert classify(text) is None


def test_a_csv_classifier_fixes_what_it_says(classify):
    classifier = {
        "CsvClassifier": {
            "Name": "c",
            "Delimiter": "#",
            "ContainsHeader": "ABSENT",
            "Header": ["When", "Count"],
            "CustomDatatypeConfigured": True,
            "CustomDatatypes": ["DATE", "LONG"],
        }
    }
    found = classify("2025-01-01#1\n2025-01-02#2\n", classifier)
    assert found.columns == {"when": "date", "count": "bigint"}
    assert classify("a#b#c\n1#2#3\n", classifier) is None


def test_parquet_is_read_from_its_schema(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "Id": pa.array([1, 2], pa.int64()),
            "when": pa.array([0, 1], pa.timestamp("us", "UTC")),
            "price": pa.array([None, None], pa.decimal128(10, 2)),
            "tags": pa.array([[], []], pa.list_(pa.string())),
            "map": pa.array([[], []], pa.map_(pa.string(), pa.int32())),
            "who": pa.array([None, None], pa.struct([("name", pa.string())])),
        }
    )
    path = tmp_path / "object.parquet"
    pq.write_table(table, path)
    found = recognised(path)
    assert (found.classification, found.records) == ("parquet", 2)
    assert found.columns == {
        "id": "bigint",
        "when": "timestamp",
        "price": "decimal(10,2)",
        "tags": "array<string>",
        "map": "map<string,int>",
        "who": "struct<name:string>",
    }


def test_a_file_that_only_begins_like_parquet_is_no_error(classify):
    assert classify(b"PAR1" + b"\x00" * 100) is None


# The API


@pytest.fixture
def api(tmp_path):
    return Classifiers(Store(tmp_path / "state.db")).actions()


def test_a_classifier_is_kept_with_its_version(api):
    api["CreateClassifier"](ORDERS)
    kept = api["GetClassifier"]({"Name": "orders"})["Classifier"]["GrokClassifier"]
    assert kept["Version"] == 1
    assert kept["CreationTime"] == kept["LastUpdated"]
    assert ORDERS["GrokClassifier"].items() <= kept.items()

    api["UpdateClassifier"]({"GrokClassifier": {"Name": "orders", "GrokPattern": "%{GREEDYDATA:all}"}})
    changed = api["GetClassifier"]({"Name": "orders"})["Classifier"]["GrokClassifier"]
    assert (changed["Version"], changed["GrokPattern"]) == (2, "%{GREEDYDATA:all}")
    assert changed["Classification"] == "orders"

    api["DeleteClassifier"]({"Name": "orders"})
    assert refused(api["GetClassifier"], {"Name": "orders"}).code == "EntityNotFoundException"
    assert refused(api["DeleteClassifier"], {"Name": "orders"}).code == "EntityNotFoundException"


def test_all_four_kinds_are_stored_and_listed_in_pages(api):
    api["CreateClassifier"](ORDERS)
    api["CreateClassifier"]({"JsonClassifier": {"Name": "json", "JsonPath": "$[*]"}})
    api["CreateClassifier"]({"CsvClassifier": {"Name": "csv", "Delimiter": ";"}})
    api["CreateClassifier"]({"XMLClassifier": {"Name": "xml", "Classification": "x", "RowTag": "row"}})
    names, token = [], None
    while True:
        page = api["GetClassifiers"]({"MaxResults": 3, **({"NextToken": token} if token else {})})
        names += [next(iter(each.values()))["Name"] for each in page["Classifiers"]]
        if not (token := page.get("NextToken")):
            break
    assert names == ["csv", "json", "orders", "xml"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidInputException"),
        ({**ORDERS, "JsonClassifier": {"Name": "j", "JsonPath": "$"}}, "InvalidInputException"),
        (
            {"GrokClassifier": {"Name": "g", "Classification": "g", "GrokPattern": "%{NO_SUCH:x}"}},
            "InvalidInputException",
        ),
        (
            {"GrokClassifier": {"Name": "g", "Classification": "g", "GrokPattern": "(unclosed"}},
            "InvalidInputException",
        ),
    ],
)
def test_a_classifier_that_cannot_work_is_refused(api, body, code):
    assert refused(api["CreateClassifier"], body).code == code


def test_a_name_is_taken_once(api):
    api["CreateClassifier"](ORDERS)
    assert refused(api["CreateClassifier"], ORDERS).code == "AlreadyExistsException"


def refused(action, body) -> AwsError:
    with pytest.raises(AwsError) as refusal:
        action(body)
    return refusal.value


def test_a_client_stores_and_reads_classifiers(local_aws, unique):
    glue = local_aws.client("glue")
    glue.create_classifier(GrokClassifier={**ORDERS["GrokClassifier"], "Name": unique})
    kept = glue.get_classifier(Name=unique)["Classifier"]["GrokClassifier"]
    assert kept["GrokPattern"] == ORDERS["GrokClassifier"]["GrokPattern"]
    pages = glue.get_paginator("get_classifiers").paginate()
    listed = [each.get("GrokClassifier", {}).get("Name") for page in pages for each in page["Classifiers"]]
    assert unique in listed
    glue.update_classifier(GrokClassifier={"Name": unique, "Classification": "other"})
    glue.delete_classifier(Name=unique)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_classifier(Name=unique)


def test_many_objects_at_once_are_recognised_as_one_by_one(tmp_path):
    texts = [
        COMBINED,
        "nothing\n",
        '{"a": 1}\n',
        "",
        COMMON + "nothing\n",
        "ORD-1 2 x\n" + COMMON,
        COMBINED * 3,
    ]
    paths = [tmp_path / str(i) for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    together = recognise.recognise([samples.take(path) for path in paths], recognise.classifiers([ORDERS]))
    assert together == [recognised(path, ORDERS) for path in paths]
    names = [found and found.classification for found in together]
    assert names == ["combined_apache", None, "json", None, "apache", "orders", "combined_apache"]
