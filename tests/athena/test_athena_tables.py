"""Tables over files of every SerDe, partitions, projection, views and what they cost to read."""

from __future__ import annotations

import bz2
import gzip
import io
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def parquet(**columns) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body, row_group_size=50)
    return body.getvalue()


@pytest.fixture(scope="module")
def days(shared_athena):
    """A Parquet table of three days, 100 rows each, partitions in the catalog."""
    a = shared_athena
    for day in (1, 2, 3):
        body = parquet(
            n=list(range(100)),
            name=[f"n{i}" for i in range(100)],
            at=pa.array(
                [datetime(2026, 1, day, 0, 0, i % 60, 123456) for i in range(100)], pa.timestamp("us")
            ),
            price=pa.array([Decimal("1.25")] * 100, pa.decimal128(10, 2)),
            tags=pa.array([[("k", "v")]] * 100, pa.map_(pa.string(), pa.string())),
            place=[{"x": 1, "y": "z"}] * 100,
        )
        a.put(f"days/dt=2026-01-0{day}/x.parquet", body)
    a.run(
        "CREATE EXTERNAL TABLE days (n bigint, name string, at timestamp, price decimal(10,2), tags "
        "map<string,string>, "
        f"place struct<x:bigint,y:string>) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://{a.bucket}/days/'"
    )
    a.run("MSCK REPAIR TABLE days")
    return a


def test_parquet_in_the_catalogs_types(days):
    assert days.rows("SELECT * FROM days WHERE dt = '2026-01-02' AND n < 2 ORDER BY n") == [
        ["0", "n0", "2026-01-02 00:00:00.123", "1.25", "{k=v}", "{x=1, y=z}", "2026-01-02"],
        ["1", "n1", "2026-01-02 00:00:01.123", "1.25", "{k=v}", "{x=1, y=z}", "2026-01-02"],
    ]


def test_only_chunks_of_used_columns_in_surviving_partitions_are_charged(days):
    def scanned(sql: str) -> int:
        return days.run(sql)["Statistics"]["DataScannedInBytes"]

    one = scanned("SELECT sum(n) FROM days WHERE dt = '2026-01-02'")

    assert one > 0
    assert scanned("SELECT sum(n) FROM days") == 3 * one
    assert scanned("SELECT count(*) FROM days") == 0
    assert scanned("SELECT n, name FROM days WHERE dt = '2026-01-02'") > one
    assert scanned("SELECT n FROM (SELECT * FROM days) WHERE dt = '2026-01-02'") == one
    assert (
        scanned("WITH d AS (SELECT n, dt AS day FROM days) SELECT n FROM d WHERE day = '2026-01-02'") == one
    )
    assert scanned("SELECT n FROM days WHERE dt = '2026-01-02' AND n > 60") < one  # one row group of two
    assert scanned("SELECT n FROM days WHERE dt = '1999-01-01'") == 0


def test_a_broken_file_in_another_partition_is_not_opened(athena):
    athena.put("p/dt=1/x.parquet", parquet(n=[1]))
    athena.put("p/dt=2/x.parquet", b"not parquet")
    athena.run(
        f"CREATE EXTERNAL TABLE p (n bigint) PARTITIONED BY (dt int) STORED AS PARQUET LOCATION 's3://{athena.bucket}/p/'"
    )
    athena.run("MSCK REPAIR TABLE p")

    assert athena.rows("SELECT n, dt FROM p WHERE dt = 1") == [["1", "1"]]
    assert athena.rows("SELECT n FROM p WHERE dt IN (1, 3) AND dt < 2") == [["1"]]
    assert athena.reason("SELECT n FROM p").startswith("HIVE_BAD_DATA: Not valid Parquet file")


def test_partitions_outside_the_tables_folder(athena):
    athena.put("elsewhere/x.parquet", parquet(n=[7]))
    athena.put("also/x.parquet", parquet(n=[8]))
    athena.run(
        f"CREATE EXTERNAL TABLE p (n bigint) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://{athena.bucket}/p/'"
    )
    athena.run(
        f"ALTER TABLE p ADD PARTITION (dt='a') LOCATION 's3://{athena.bucket}/elsewhere/' "
        f"PARTITION (dt='b') LOCATION 's3://{athena.bucket}/also/'"
    )

    assert athena.rows("SELECT n, dt FROM p ORDER BY n") == [["7", "a"], ["8", "b"]]
    assert athena.rows("SELECT \"$path\" FROM p WHERE dt = 'b'") == [[f"s3://{athena.bucket}/also/x.parquet"]]
    assert athena.rows("SHOW PARTITIONS p") == [["dt=a"], ["dt=b"]]
    athena.run("ALTER TABLE p DROP PARTITION (dt='a')")
    assert athena.rows("SELECT n FROM p") == [["8"]]


def test_files_without_a_new_column_give_null(athena):
    athena.put("e/a.parquet", parquet(n=[1]))
    athena.put("e/b.parquet", parquet(n=[2], extra=["x"]))
    athena.run(
        f"CREATE EXTERNAL TABLE e (n bigint, extra string) STORED AS PARQUET LOCATION 's3://{athena.bucket}/e/'"
    )

    assert athena.rows("SELECT n, extra FROM e ORDER BY n") == [["1", None], ["2", "x"]]


def test_a_file_of_another_type_is_bad_data(athena):
    athena.put("b/a.parquet", parquet(n=["text"]))
    athena.run(f"CREATE EXTERNAL TABLE b (n bigint) STORED AS PARQUET LOCATION 's3://{athena.bucket}/b/'")

    reason = athena.reason("SELECT n FROM b")

    assert reason == (
        f"HIVE_BAD_DATA: Field n's type BYTE_ARRAY in parquet file s3://{athena.bucket}/b/a.parquet is "
        f"incompatible with type "
        "bigint defined in table schema"
    )


def test_date_projection_needs_no_partitions(athena):
    athena.put("d/2026/01/02/a.json", '{"n": 1}\n')
    athena.put("d/2026/01/03/a.json", '{"n": 2}\n')
    athena.run(
        "CREATE EXTERNAL TABLE d (n int) PARTITIONED BY (day string) ROW FORMAT SERDE "
        "'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION 's3://{athena.bucket}/d/' TBLPROPERTIES ('projection.enabled'='true', "
        f"'projection.day.type'='date', "
        "'projection.day.format'='yyyy/MM/dd', 'projection.day.range'='2026/01/01,NOW', "
        f"'storage.location.template'='s3://{athena.bucket}/d/${{day}}')"
    )

    assert athena.rows("SELECT n, day FROM d ORDER BY n") == [["1", "2026/01/02"], ["2", "2026/01/03"]]
    assert athena.rows("SELECT n FROM d WHERE day > '2026/01/02'") == [["2"]]


def test_enum_integer_and_injected_projection(athena):
    athena.put("q/kind=a/h=03/id=x/a.txt", "1\n")
    athena.put("q/kind=b/h=04/id=x/a.txt", "2\n")
    athena.run(
        f"CREATE EXTERNAL TABLE q (n int) PARTITIONED BY (kind string, h string, id string) LOCATION "
        f"'s3://{athena.bucket}/q/' "
        "TBLPROPERTIES ('projection.enabled'='true', 'projection.kind.type'='enum', "
        "'projection.kind.values'='a,b', "
        "'projection.h.type'='integer', 'projection.h.range'='0,23', 'projection.h.digits'='2', "
        "'projection.id.type'='injected')"
    )

    assert athena.rows("SELECT n, h FROM q WHERE id = 'x' ORDER BY n") == [["1", "03"], ["2", "04"]]
    assert athena.rows("SELECT n FROM q WHERE id IN ('x', 'y') AND kind = 'b'") == [["2"]]
    assert athena.reason("SELECT n FROM q").startswith(
        "CONSTRAINT_VIOLATION: For the injected projected partition column id"
    )


def test_delimited_text(athena):
    athena.put("t/a.tsv.gz", gzip.compress(b"id\tname\n1\ta\\\tb\r\n2\t\\N\nx\tc"))
    athena.put("t/b.tsv.bz2", bz2.compress(b"id\tname\n4\td\textra\n5\n"))
    athena.run(
        r"CREATE EXTERNAL TABLE t (id int, name string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' "
        r"ESCAPED BY '\\' "
        f"LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )

    assert athena.rows("SELECT * FROM t") == [
        ["1", "a\tb"],
        ["2", None],
        [None, "c"],
        ["4", "d"],
        ["5", None],
    ]
    assert athena.run("SELECT id FROM t")["Statistics"]["DataScannedInBytes"] == sum(
        o["Size"] for o in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["Contents"]
    )


def test_nested_types_in_delimited_text(athena):
    athena.put("n/a.txt", "1,2|k:v;l:w\n")
    athena.run(
        "CREATE EXTERNAL TABLE n (a array<int>, m map<string,string>) ROW FORMAT DELIMITED FIELDS "
        "TERMINATED BY '|' "
        f"COLLECTION ITEMS TERMINATED BY ',' MAP KEYS TERMINATED BY ':' LOCATION 's3://{athena.bucket}/n/'"
    )

    assert athena.rows("SELECT a, a[2] FROM n") == [["[1, 2]", "2"]]


def test_open_csv(athena):
    athena.put("c/a.csv", 'x,n\n"a ""quoted"", one",1\nb\\,c,2\n')
    athena.run(
        "CREATE EXTERNAL TABLE c (x string, n string) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{athena.bucket}/c/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )

    assert athena.rows("SELECT * FROM c") == [['a "quoted", one', "1"], ["b,c", "2"]]


def test_open_csv_refuses_what_is_no_number(athena):
    athena.put("c/a.csv", "1\nx\n")
    athena.run(
        "CREATE EXTERNAL TABLE c (n int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{athena.bucket}/c/'"
    )

    assert athena.reason("SELECT n FROM c").startswith(
        "HIVE_BAD_DATA: Error parsing field value 'x' for field n"
    )


def test_json(athena):
    athena.put(
        "j/a.json", '{"ID": 1, "Tags": ["a"], "o": {"X": 1.50}, "s": {"k": 1}}\n\n{"id": 2, "s": 3.10}\n'
    )
    athena.run(
        "CREATE EXTERNAL TABLE j (id int, tags array<string>, o struct<x:double>, s string) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{athena.bucket}/j/'"
    )

    assert athena.rows("SELECT id, tags[1], o.x, s FROM j WHERE id IS NOT NULL ORDER BY id") == [
        ["1", "a", "1.5", '{"k":1}'],
    ] or athena.rows("SELECT id, o.x, s FROM j WHERE id IS NOT NULL ORDER BY id") == [
        ["1", "1.5", '{"k":1}'],
        ["2", None, "3.10"],
    ]


def test_broken_json_fails_unless_it_may_be_ignored(athena):
    athena.put("j/a.json", '{"id": 1}\n{"id": \n')
    create = (
        "CREATE EXTERNAL TABLE {} (id int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' {} "
        f"LOCATION 's3://{athena.bucket}/j/'"
    )
    athena.run(create.format("strict", ""))
    athena.run(create.format("lax", "WITH SERDEPROPERTIES ('ignore.malformed.json'='true')"))

    assert athena.reason("SELECT id FROM strict").startswith(
        "HIVE_CURSOR_ERROR: Row is not a valid JSON Object"
    )
    assert athena.rows("SELECT id FROM lax") == [["1"], [None]]


def test_regex_and_grok(athena):
    athena.put("g/a.log", "2026-01-02 ERROR it broke\nnot a line of it\n")
    athena.run(
        "CREATE EXTERNAL TABLE r (day string, level string, message string) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('input.regex'='(\\\\S+) "
        "(\\\\w+) (.*)') "
        f"LOCATION 's3://{athena.bucket}/g/'"
    )
    athena.run(
        "CREATE EXTERNAL TABLE g (day string, level string, message string) ROW FORMAT SERDE "
        "'com.amazonaws.glue.serde.GrokSerDe' WITH SERDEPROPERTIES "
        "('input.format'='%{NOTSPACE:day} %{LOGLEVEL:level} %{GREEDYDATA:message}') STORED AS INPUTFORMAT "
        "'org.apache.hadoop.mapred.TextInputFormat' OUTPUTFORMAT "
        "'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' "
        f"LOCATION 's3://{athena.bucket}/g/'"
    )

    assert athena.rows("SELECT * FROM r")[0] == ["2026-01-02", "ERROR", "it broke"]
    assert athena.rows("SELECT * FROM g") == [["2026-01-02", "ERROR", "it broke"], [None, None, None]]


def test_orc_is_refused_by_name(athena):
    athena.put("o/a.orc", b"ORC")
    athena.run(f"CREATE EXTERNAL TABLE o (n int) STORED AS ORC LOCATION 's3://{athena.bucket}/o/'")

    assert (
        athena.reason("SELECT n FROM o")
        == "HIVE_UNSUPPORTED_FORMAT: ORC files are not supported by the local Athena"
    )


def test_views(days):
    days.run("CREATE OR REPLACE VIEW late AS SELECT n, dt AS day FROM days WHERE n > 97")

    assert days.rows("SELECT n FROM late WHERE day = '2026-01-02' ORDER BY n") == [["98"], ["99"]]
    assert days.rows("SHOW VIEWS") == [["late"]]
    found = days.glue.get_table(DatabaseName=days.database, Name="late")["Table"]
    assert found["TableType"] == "VIRTUAL_VIEW"
    assert found["ViewOriginalText"].startswith("/* Presto View: ")
    assert "already exists" in days.reason("CREATE VIEW late AS SELECT 1 AS x")
    days.run("DROP VIEW late")
    assert days.rows("SHOW VIEWS") == []


def test_information_schema(days):
    rows = days.rows(
        f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = "
        f"'{days.database}' "
        "AND table_name = 'days' ORDER BY ordinal_position"
    )

    assert rows[0] == ["n", "bigint"]
    assert rows[-1] == ["dt", "varchar"]


def test_hidden_columns_tell_of_the_file_of_a_row(athena):
    athena.run(
        "CREATE EXTERNAL TABLE h (a int) PARTITIONED BY (dt string, n int) ROW FORMAT DELIMITED FIELDS "
        f"TERMINATED BY ',' LOCATION 's3://{athena.bucket}/h/'"
    )
    athena.put("h/dt=a%20b/n=1/x.csv", "1\n2\n")
    athena.run("MSCK REPAIR TABLE h")

    hidden = '"$file_size", "$partition", "$file_modified_time" > TIMESTAMP \'2020-01-01 00:00:00 UTC\''

    assert athena.rows(f"SELECT a, {hidden} FROM h WHERE a = 2") == [["2", "4", "dt=a b/n=1", "true"]]
    assert athena.rows('SELECT DISTINCT "$path" LIKE \'s3://%x.csv\', "$file_size" FROM h') == [["true", "4"]]
    assert athena.rows("SELECT * FROM h WHERE a = 1") == [["1", "a b", "1"]]
    assert athena.rows("SELECT data_type FROM information_schema.columns WHERE table_name = 'h'") == [
        ["integer"],
        ["varchar"],
        ["integer"],
    ]


def test_row_groups_are_ruled_out_by_a_bound_on_a_double(athena):
    athena.put("d/x.parquet", parquet(v=[float(i) for i in range(100)]))
    athena.run(f"CREATE EXTERNAL TABLE d (v double) STORED AS PARQUET LOCATION 's3://{athena.bucket}/d/'")

    def scanned(sql: str) -> int:
        return athena.run(sql)["Statistics"]["DataScannedInBytes"]

    assert athena.rows("SELECT count(*) FROM d WHERE v > 60") == [["39"]]
    assert 0 < scanned("SELECT v FROM d WHERE v > 60") < scanned("SELECT v FROM d")
