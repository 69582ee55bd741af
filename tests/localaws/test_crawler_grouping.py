"""Which folders become tables and which partitions; what a target's exclusions leave out."""

from __future__ import annotations

import re

import pytest
from localaws.glue import recognise, s3_listing, samples
from localaws.glue.grouping import Rules, Seen, group, partition_keys, partition_values
from localaws.glue.s3_listing import TargetError, glob_regex

PLAIN = {
    "json": '{"a": 1, "b": "x"}\n',
    "other_json": '{"c": 1, "d": "x"}\n',
    "csv": "id,name\n1,ann\n2,bob\n",
    "apache": '192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 23\n' * 5,
    "nothing": "just words\n",
}


@pytest.fixture
def grouped(tmp_path):
    """Write objects (`key: kind`) and give the tables as (location, format, partitions)."""

    def write_and_group(objects: dict[str, str], exclusions=(), **rules):
        for key, kind in objects.items():
            path = tmp_path / "bucket" / "in" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PLAIN.get(kind, kind))
        candidates = recognise.classifiers([])

        def look(folder, found):
            taken = [samples.take(each.path) for each in found]
            return list(map(Seen.of, taken, recognise.recognise(taken, candidates)))

        root = s3_listing.tree(tmp_path, "s3://bucket/in/", exclusions)
        return [
            (
                each.location.removeprefix("s3://bucket/"),
                each.classification,
                [
                    dict(
                        zip(partition_keys(each), partition_values(names, partition_keys(each)), strict=True)
                    )
                    for names, _ in each.partitions
                ],
            )
            for each in group(root, look, Rules(**rules))
        ]

    return write_and_group


def test_folders_of_different_formats_are_tables(grouped):
    assert grouped({"web/a.log": "apache", "api/a.json": "json", "people/a.csv": "csv"}) == [
        ("in/api/", "json", []),
        ("in/people/", "csv", []),
        ("in/web/", "apache", []),
    ]


def test_folders_of_one_schema_are_partitions_of_one_table(grouped):
    assert grouped({"north/a": "json", "south/a": "json"}) == [
        ("in/", "json", [{"partition_0": "north"}, {"partition_0": "south"}])
    ]


def test_one_folder_alone_is_a_table(grouped):
    assert grouped({"web/a": "json"}) == [("in/web/", "json", [])]


def test_key_value_folders_are_named_partitions(grouped):
    found = grouped({"web/dt=2025-01-01/hour=00/a": "json", "web/dt=2025-01-02/hour=01/a": "json"})
    assert found == [
        ("in/web/", "json", [{"dt": "2025-01-01", "hour": "00"}, {"dt": "2025-01-02", "hour": "01"}])
    ]


def test_values_of_partitions_are_unescaped(grouped):
    assert grouped({"t=10%3A30/a": "json"}) == [("in/", "json", [{"t": "10:30"}])]


def test_dates_as_folders_are_partitions_without_names(grouped):
    assert grouped({"web/2025/12/a": "json", "web/2026/01/a": "json"}) == [
        (
            "in/web/",
            "json",
            [{"partition_0": "2025", "partition_1": "12"}, {"partition_0": "2026", "partition_1": "01"}],
        )
    ]


def test_folders_of_other_columns_are_tables_unless_formats_alone_decide(grouped):
    objects = {"year=2017/a": "json", "year=2018/a": "other_json"}
    assert grouped(objects) == [("in/year=2017/", "json", []), ("in/year=2018/", "json", [])]
    assert grouped(objects, combine=True) == [("in/", "json", [{"year": "2017"}, {"year": "2018"}])]


def test_most_folders_alike_carry_the_odd_one(grouped):
    found = grouped({"a/x": "json", "b/x": "json", "c/x": "csv"})
    assert found == [("in/", "json", [{"partition_0": "a"}, {"partition_0": "b"}, {"partition_0": "c"}])]


def test_a_folder_takes_the_format_that_reads_the_most_lines(grouped):
    assert grouped({"web/a": "json", "web/b": "json", "web/c": "apache", "web/d": "nothing"}) == [
        ("in/web/", "apache", [])
    ]


def test_a_folder_that_nothing_reads_is_unknown(grouped):
    assert grouped({"web/a": "nothing", "api/b": "json"}) == [
        ("in/api/", "json", []),
        ("in/web/", "UNKNOWN", []),
    ]


def test_a_folder_with_objects_and_folders_is_one_table(grouped):
    assert grouped({"web/a": "json", "web/old/b": "json", "api/c": "csv"}) == [
        ("in/api/", "csv", []),
        ("in/web/", "json", []),
    ]


def test_objects_of_different_schemas_at_the_target_are_tables(grouped):
    assert grouped({"people.json": "json", "orders.csv": "csv"}) == [
        ("in/orders.csv", "csv", []),
        ("in/people.json", "json", []),
    ]
    assert grouped({"people.json": "json", "orders.csv": "json"}) == [("in/", "json", [])]


def test_objects_beside_folders_of_another_schema_are_tables(grouped):
    assert grouped({"a.csv": "csv", "web/a": "json"}) == [("in/a.csv", "csv", []), ("in/web/", "json", [])]


def test_the_level_of_tables_can_be_fixed(grouped):
    objects = {"north/web/a": "json", "north/web/b": "json", "south/web/x/a": "json", "south/web/y/a": "csv"}
    assert grouped(objects, table_level=4) == [
        ("in/north/web/", "json", []),
        ("in/south/web/", "csv", [{"partition_0": "x"}, {"partition_0": "y"}]),
    ]
    assert grouped(objects, table_level=3) == [
        ("in/north/", "json", [{"partition_0": "web"}]),
        (
            "in/south/",
            "csv",
            [{"partition_0": "web", "partition_1": "x"}, {"partition_0": "web", "partition_1": "y"}],
        ),
    ]


def test_hidden_and_empty_objects_are_passed_over(grouped):
    assert grouped(
        {"web/a": "json", "web/_SUCCESS": "csv", "_temporary/b": "csv", ".c": "csv", "d/e": ""}
    ) == [("in/web/", "json", [])]


def test_exclusions_leave_objects_out(grouped):
    objects = {"web/a.json": "json", "web/a.csv": "csv", "old/web/a.json": "json", "api/a": "csv"}
    assert grouped(objects, exclusions=["**.csv", "old/**"]) == [
        ("in/api/", "csv", []),
        ("in/web/", "json", []),
    ]


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("*.csv", ["a.csv"], ["d/a.csv", "a.csv.gz"]),
        ("**.csv", ["a.csv", "d/e/a.csv"], ["a.json"]),
        ("d/**", ["d/a", "d/e/a"], ["e/d/a"]),
        ("d/*", ["d/a"], ["d/e/a"]),
        ("a?.log", ["ab.log"], ["a/.log", "a.log"]),
        ("[a-c]*", ["bx"], ["dx"]),
        ("[!a]*", ["bx"], ["ax"]),
        ("*.{json,csv}", ["a.json", "a.csv"], ["a.log"]),
        ("a+b(1).log", ["a+b(1).log"], ["aab1.log"]),
        (r"a\*b", ["a*b"], ["axb"]),
        ("[", ["["], ["a"]),
    ],
)
def test_glob_patterns_mean_what_glue_says(pattern, fitting, others):
    regex = re.compile(glob_regex(pattern))
    assert [key for key in fitting if not regex.fullmatch(key)] == []
    assert [key for key in others if regex.fullmatch(key)] == []


@pytest.mark.parametrize("target", ["s3://no-such-bucket/", "s3://bucket/../../etc"])
def test_a_target_that_is_no_place_in_a_bucket_is_refused(tmp_path, target):
    (tmp_path / "bucket").mkdir()
    with pytest.raises(TargetError):
        s3_listing.tree(tmp_path, target)


def test_a_target_may_be_one_object(grouped, tmp_path):
    grouped({"a.json": "json"})
    root = s3_listing.tree(tmp_path, "s3://bucket/in/a.json")
    assert [each.name for each in root.objects] == ["a.json"]


def test_a_link_is_not_followed(grouped, tmp_path):
    grouped({"web/a": "json"})
    (tmp_path / "bucket" / "in" / "etc").symlink_to("/etc")
    assert list(s3_listing.tree(tmp_path, "s3://bucket/in/").folders) == ["web"]


@pytest.mark.parametrize(
    ("pattern", "excluded", "kept"),
    [
        ("*.csv", "a.csv", "old/a.csv"),
        ("*.*", "a.csv", "a"),
        ("*.{csv,avro}", "a.avro", "a.json"),
        ("foo.?", "foo.a", "foo.ab"),
        ("myfolder/*", "myfolder/a", "myfolder/b/a"),
        ("myfolder/**", "myfolder/b/a", "other/a"),
        ("myfolder/*/*", "myfolder/b/a", "myfolder/a"),
        ("Market*", "Market-1", "market"),
        ("[a-c]*.log", "b.log", "d.log"),
        ("[!a-c]*.log", "d.log", "b.log"),
        ("[*]", "*", "a"),
        ("departments/{market,hr}/{a,b}.*", "departments/hr/b.csv", "departments/hr/c.csv"),
        ("a\\*", "a*", "ab"),
        ("ü + (x)", "ü + (x)", "u + x"),
    ],
)
def test_an_exclude_pattern(pattern, excluded, kept):
    assert s3_listing.matcher([pattern])([excluded, kept]) == [True, False]


def test_what_is_no_exclude_pattern_is_refused_and_none_is_slow():
    with pytest.raises(s3_listing.TargetError, match="no glob"):
        s3_listing.matcher(["[z-a]"])
    assert s3_listing.matcher(["**a" * 100 + "b"])(["a" * 1024]) == [False]
