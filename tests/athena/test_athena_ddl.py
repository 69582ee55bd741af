"""DDL through boto3: databases, tables, partitions, SHOW and DESCRIBE."""

from __future__ import annotations

import pytest
from localaws.athena.hive.ddl import is_hive, unescaped


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SHOW TABLES", True),
        ("-- a comment\nDROP TABLE t", True),
        ("CREATE EXTERNAL TABLE t (a int)", True),
        ("CREATE TABLE t WITH (format='PARQUET') AS SELECT 1 AS a", False),
        ("CREATE TABLE t AS (WITH x AS (SELECT 1 AS a) SELECT * FROM x)", False),
        ("create view v as select 1", False),
        ("SELECT 1", False),
        ("(SELECT 1)", False),
    ],
)
def test_which_grammar_a_statement_is_of(sql, expected):
    assert is_hive(sql) is expected


def test_escapes_of_hive_strings():
    assert unescaped(r"a\tb\001\\S\u0041") == "a\tb\x01\\SA"


def test_databases(athena, unique):
    athena.run(f"CREATE DATABASE {unique}_x COMMENT 'mine' LOCATION 's3://{athena.bucket}/db/'")

    assert "already exists" in athena.reason(f"CREATE SCHEMA {unique}_x")
    athena.run(f"CREATE DATABASE IF NOT EXISTS {unique}_x")
    assert athena.rows(f"SHOW DATABASES LIKE '{unique}_*'") == [[f"{unique}_x"]]
    athena.run(f"CREATE EXTERNAL TABLE {unique}_x.t (a int) LOCATION 's3://{athena.bucket}/t/'")
    assert "is not empty" in athena.reason(f"DROP DATABASE {unique}_x")
    athena.run(f"DROP DATABASE {unique}_x CASCADE")
    assert "Database does not exist" in athena.reason(f"DROP DATABASE {unique}_x")
    athena.run(f"DROP DATABASE IF EXISTS {unique}_x")


def test_a_table_is_kept_in_glue_as_athena_keeps_it(athena):
    found = athena.run(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `t` (`a` int COMMENT 'an a', b "
        "array<struct<x:int,y:string>>) COMMENT 'all' "
        "PARTITIONED BY (dt string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LINES TERMINATED BY '\\n' "
        f"STORED AS TEXTFILE LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('classification'='csv')"
    )
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]

    assert found["StatementType"] == "DDL"
    assert found["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "a", "Type": "int", "Comment": "an a"},
        {"Name": "b", "Type": "array<struct<x:int,y:string>>"},
    ]
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["field.delim"] == ","
    assert table["Parameters"]["classification"] == "csv"


def test_show_create_table_makes_the_table_again(athena):
    athena.run(
        "CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (dt string) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/t' TBLPROPERTIES ('x'='y')"
    )
    text = "\n".join(line for (line,) in athena.rows("SHOW CREATE TABLE t"))
    athena.run("DROP TABLE t")

    athena.run(text)

    assert text.startswith(f"CREATE EXTERNAL TABLE `{athena.database}.t`(\n  `a` int, \n  `b` string)")
    assert "\n".join(line for (line,) in athena.rows("SHOW CREATE TABLE t")) == text


def test_show_and_describe(athena):
    athena.run(
        f"CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (dt string) LOCATION "
        f"'s3://{athena.bucket}/t/' "
        "TBLPROPERTIES ('k'='v')"
    )

    assert athena.rows("SHOW TABLES") == [["t"]]
    assert athena.rows("SHOW TABLES 't*'") == [["t"]]
    assert [r[0].strip() for r in athena.rows("SHOW COLUMNS IN t")] == ["a", "b", "dt"]
    assert ["k\tv"] in athena.rows("SHOW TBLPROPERTIES t")
    assert athena.rows("SHOW TBLPROPERTIES t('k')") == [["v"]]
    assert athena.rows("DESCRIBE t")[0][0].split() == ["a", "int"]
    assert "Table not found" in athena.reason("DESCRIBE nope")


def test_altering_a_table(athena):
    athena.run(
        f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://{athena.bucket}/t/'"
    )

    athena.run("ALTER TABLE t ADD COLUMNS (b string)")
    athena.run("ALTER TABLE t CHANGE COLUMN b c bigint")
    athena.run("ALTER TABLE t SET TBLPROPERTIES ('note'='x')")
    athena.run("ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt='1') PARTITION (dt='2')")

    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == [
        ("a", "int"),
        ("c", "bigint"),
    ]
    assert table["Parameters"]["note"] == "x"
    assert "already exists" in athena.reason("ALTER TABLE t ADD PARTITION (dt='1')")
    athena.run("ALTER TABLE t PARTITION (dt='1') RENAME TO PARTITION (dt='9')")
    assert athena.rows("SHOW PARTITIONS t") == [["dt=2"], ["dt=9"]]
    assert "Partition not found" in athena.reason("ALTER TABLE t DROP PARTITION (dt='7')")


def test_what_is_no_ddl_of_athena_fails_in_hives_words(athena):
    assert athena.reason("DROP TABLE").startswith(
        "FAILED: ParseException line 1:10 cannot recognize input near '<EOF>'"
    )
    assert athena.reason("TRUNCATE TABLE t").startswith("FAILED: ParseException")
    assert "Only external tables" in athena.reason(
        f"CREATE TABLE t (a int) LOCATION 's3://{athena.bucket}/t/'"
    )
    assert "Duplicate column name" in athena.reason(
        f"CREATE EXTERNAL TABLE t (a int, a int) LOCATION 's3://{athena.bucket}/t/'"
    )


def test_columns_are_moved_and_described_inside(athena):
    athena.run(
        "CREATE EXTERNAL TABLE t (a int, b struct<x:int,y:array<string>>, c map<string,bigint>) "
        f"PARTITIONED BY (dt string) LOCATION 's3://{athena.bucket}/t/'"
    )

    athena.run("ALTER TABLE t CHANGE COLUMN c c map<string,bigint> FIRST")
    athena.run("ALTER TABLE t CHANGE a a2 bigint COMMENT 'wider' AFTER b")
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]

    assert [c["Name"] for c in table["StorageDescriptor"]["Columns"]] == ["c", "b", "a2"]
    assert athena.rows("DESCRIBE t b.y")[0][0].split()[:2] == ["y", "array<string>"]
    assert athena.rows("DESCRIBE t c.'$value$'")[0][0].split()[:2] == ["$value$", "bigint"]
    assert "Invalid column reference nope" in athena.reason("DESCRIBE t nope")


def test_columns_of_one_partition(athena):
    athena.run(
        f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://{athena.bucket}/t/'"
    )
    athena.run("ALTER TABLE t ADD PARTITION (dt='1')")

    athena.run("ALTER TABLE t PARTITION (dt='1') ADD COLUMNS (b string)")
    partition = athena.glue.get_partition(DatabaseName=athena.database, TableName="t", PartitionValues=["1"])
    columns = partition["Partition"]["StorageDescriptor"]["Columns"]

    assert [c["Name"] for c in columns] == ["a", "b"]
    assert athena.rows("DESCRIBE t PARTITION (dt='1')")[1][0].split() == ["b", "string"]
    assert athena.rows("DESCRIBE t")[1][0].split() == ["dt", "string"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t WHERE a = 1",
        "UPDATE t SET a = 2",
        "MERGE INTO t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE",
        "OPTIMIZE t REWRITE DATA USING BIN_PACK",
        "VACUUM t",
    ],
)
def test_what_iceberg_tables_alone_take_is_refused_by_name(shared_athena, sql):
    table = "r" + sql.split()[0].lower()
    shared_athena.run(
        f"CREATE EXTERNAL TABLE {table} (a int) LOCATION 's3://{shared_athena.bucket}/{table}/'"
    )

    on_hive = shared_athena.reason(sql.replace(" t ", f" {table} ", 1).replace("VACUUM t", f"VACUUM {table}"))

    assert on_hive.startswith("NOT_SUPPORTED: ")
    assert "transactional tables" in on_hive or "Iceberg tables" in on_hive
    assert shared_athena.reason(sql).startswith("TABLE_NOT_FOUND: line 1:1: ")


def test_a_statement_in_a_text(athena):
    assert athena.rows("EXECUTE IMMEDIATE 'SELECT ? + 1' USING 4") == [["5"]]


def test_errors_are_sorted_as_athenas_catalogue_sorts_them(athena):
    def error(sql: str) -> tuple[int, int, bool]:
        found = athena.wait(athena.start(sql))["Status"]["AthenaError"]
        return found["ErrorCategory"], found["ErrorType"], found["Retryable"]

    assert error("SELECT nope") == (2, 1006, False)
    assert error("SELECT split('a', '')") == (2, 1105, False)
    assert error("DROP TABLE nope") == (2, 1003, False)
    assert error("SELECT word_stem('a')") == (2, 1200, False)


def test_iceberg_tables_are_refused_by_name(athena):
    reason = athena.reason(
        "CREATE TABLE ice (id bigint, category string) PARTITIONED BY (category, bucket(16, id)) "
        f"LOCATION 's3://{athena.bucket}/ice/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )

    assert reason == "NOT_SUPPORTED: Iceberg tables are not supported by the local Athena"
