"""Crawlers: their API and states, and what a crawl leaves in the catalog."""

from __future__ import annotations

import gzip
import json
import threading
import time

import logformats
import pytest
from botocore.exceptions import ClientError
from localaws.glue import crawl as crawl_module
from localaws.glue.service import GlueService
from localaws.service import AwsError, Context
from localaws.store import Store

APACHE = '192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 23 "-" "Mozilla/5.0"\n'
ROWS = '{"id": 1, "name": "ann"}\n{"id": 2, "name": "bob"}\n'


class Glue:
    """A Glue over a folder of its own, without a server around it."""

    def __init__(self, root):
        self.root = root
        (root / "s3" / "lake").mkdir(parents=True, exist_ok=True)
        nowhere = {
            "AWS_CONFIG_FILE": str(root / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(root / "none"),
            "AWS_PROFILE": "none",
        }
        context = Context(root, root / "s3", Store(root / "state.db"), "123456789012", "us-east-1", nowhere)
        self.service = GlueService(context)
        self.logged: list[str] = []
        self.service.crawlers.logs.put = lambda group, stream, lines: self.logged.extend(lines)
        self.actions = self.service.actions()

    def __call__(self, action, **body):
        return self.actions[action](body)

    def write(self, key: str, data: str | bytes = ROWS):
        path = self.root / "s3" / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def remove(self, key: str):
        (self.root / "s3" / "lake" / key).unlink()

    def crawler(self, *targets: str, **more):
        self(
            "CreateCrawler",
            **{
                "Name": "c",
                "Role": "role",
                "DatabaseName": "lake",
                "Targets": {"S3Targets": [{"Path": target} for target in targets or ("s3://lake/in/",)]},
                **more,
            },
        )

    def crawl(self, name="c"):
        """Run the crawler to its end; gives LastCrawl."""
        self("StartCrawler", Name=name)
        return self.wait(name)

    def wait(self, name="c"):
        until = time.monotonic() + 30
        while (crawler := self("GetCrawler", Name=name)["Crawler"])["State"] != "READY":
            assert time.monotonic() < until
            time.sleep(0.01)
        return crawler["LastCrawl"]

    def counts(self, name="c"):
        (metrics,) = self("GetCrawlerMetrics", CrawlerNameList=[name])["CrawlerMetricsList"]
        return tuple(metrics[f"Tables{what}"] for what in ("Created", "Updated", "Deleted"))

    def tables(self):
        return {table["Name"]: table for table in self("GetTables", DatabaseName="lake")["TableList"]}

    def columns(self, table):
        descriptor = self("GetTable", DatabaseName="lake", Name=table)["Table"]["StorageDescriptor"]
        return {column["Name"]: column["Type"] for column in descriptor["Columns"]}

    def partitions(self, table):
        found = self("GetPartitions", DatabaseName="lake", TableName=table)["Partitions"]
        return [each["Values"] for each in found]

    def refused(self, action, **body) -> str:
        with pytest.raises(AwsError) as refusal:
            self(action, **body)
        return refusal.value.code


@pytest.fixture
def glue(tmp_path):
    made = Glue(tmp_path)
    yield made
    made.service.close()


# What a crawl leaves


def test_a_crawl_makes_the_table_that_glue_makes(glue):
    glue.write("in/people/a.json")
    glue.write("in/people/b.json")
    glue.crawler(TablePrefix="raw_")
    assert glue.crawl()["Status"] == "SUCCEEDED"
    (table,) = glue.tables().values()
    size = 2 * len(ROWS)
    assert table["Name"] == "raw_people"
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["PartitionKeys"] == []
    assert table["Parameters"] == {
        "classification": "json",
        "compressionType": "none",
        "typeOfData": "file",
        "recordCount": "4",
        "averageRecordSize": str(size // 4),
        "sizeKey": str(size),
        "objectCount": "2",
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": "c",
    }
    descriptor = table["StorageDescriptor"]
    assert descriptor["Location"] == "s3://lake/in/people/"
    assert descriptor["Columns"] == [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}]
    assert descriptor["SerdeInfo"] == {
        "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
        "Parameters": {"paths": "id,name"},
    }
    assert descriptor["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
    assert glue.counts() == (1, 0, 0)


def test_gzip_objects_are_counted_and_named_as_compressed(glue):
    glue.write("in/people/a.json.gz", gzip.compress(ROWS.encode()))
    glue.crawler()
    glue.crawl()
    table = glue.tables()["people"]
    assert table["Parameters"]["compressionType"] == "gzip"
    assert table["Parameters"]["recordCount"] == "2"
    assert table["StorageDescriptor"]["Compressed"] is True


def test_partitions_have_their_own_descriptors(glue):
    for day in ("2025-01-01", "2025-01-02"):
        glue.write(f"in/people/dt={day}/a.json")
    glue.crawler()
    glue.crawl()
    table = glue.tables()["people"]
    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    assert table["Parameters"]["objectCount"] == "2"
    assert glue.partitions("people") == [["2025-01-01"], ["2025-01-02"]]
    partition = glue("GetPartition", DatabaseName="lake", TableName="people", PartitionValues=["2025-01-02"])
    descriptor = partition["Partition"]["StorageDescriptor"]
    assert descriptor["Location"] == "s3://lake/in/people/dt=2025-01-02/"
    assert partition["Partition"]["Parameters"]["recordCount"] == "2"


def test_several_targets_and_exclusions(glue):
    glue.write("in/people/a.json")
    glue.write("logs/web/a.log", APACHE)
    glue.write("logs/web/a.bak", ROWS)
    glue("CreateCrawler", Name="c", Role="r", DatabaseName="lake", Targets={"S3Targets": [
        {"Path": "s3://lake/in"}, {"Path": "lake/logs/", "Exclusions": ["**.bak"]},
    ]})  # fmt: skip
    glue.crawl()
    found = {name: table["Parameters"]["classification"] for name, table in glue.tables().items()}
    assert found == {"people": "json", "web": "combined_apache"}
    assert glue.tables()["web"]["Parameters"]["objectCount"] == "1"


def test_tables_of_one_name_at_two_places_are_told_apart(glue):
    glue.write("in/people/a.json")
    glue.write("old/people/a.json")
    glue.crawler("s3://lake/in/", "s3://lake/old/")
    glue.crawl()
    names = sorted(glue.tables())
    assert names[0] == "people"
    assert names[1].startswith("people_")
    assert len(names[1]) == len("people_") + 32
    glue.crawl()
    assert sorted(glue.tables()) == names


def test_names_are_made_fit_for_hive(glue):
    glue.write("in/Web-Logs 2/a.json")
    glue.crawler()
    glue.crawl()
    assert list(glue.tables()) == ["web_logs_2"]


def test_custom_classifiers_are_used_in_the_crawlers_order(glue):
    for name, pattern in (("all", "%{GREEDYDATA:line}"), ("words", "%{WORD:a} %{WORD:b}")):
        glue(
            "CreateClassifier", GrokClassifier={"Name": name, "Classification": name, "GrokPattern": pattern}
        )
    glue.write("in/things/a", "one two\n")
    glue.crawler(Classifiers=["words", "all"])
    glue.crawl()
    table = glue.tables()["things"]
    assert table["Parameters"]["classification"] == "words"
    assert table["Parameters"]["grokPattern"] == "%{WORD:a} %{WORD:b}"
    glue("UpdateCrawler", Name="c", Classifiers=["all", "words"])
    glue.crawl()
    assert glue.tables()["things"]["Parameters"]["classification"] == "all"


def test_an_xml_classifier_makes_a_table_of_its_rows(glue):
    glue("CreateClassifier", XMLClassifier={"Name": "xml", "Classification": "orders", "RowTag": "order"})
    glue.write("in/things/a.xml", '<all><order id="1"><item>x</item></order></all>')
    glue.crawler(Classifiers=["xml"])
    assert glue.crawl()["Status"] == "SUCCEEDED"
    table = glue.tables()["things"]
    assert table["Parameters"]["classification"] == "orders"
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "_id", "Type": "int"},
        {"Name": "item", "Type": "string"},
    ]
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"rowTag": "order"}


# A second crawl


def test_a_crawl_that_finds_nothing_new_changes_nothing(glue):
    glue.write("in/people/dt=1/a.json")
    glue.crawler()
    glue.crawl()
    before = glue.tables()
    glue.crawl()
    assert glue.counts() == (0, 0, 0)
    assert glue.tables() == before


def test_more_data_of_the_same_shape_makes_no_version(glue):
    glue.write("in/people/a.json")
    glue.crawler()
    glue.crawl()
    glue.write("in/people/b.json")
    glue.crawl()
    assert glue.counts() == (0, 0, 0)
    assert glue.tables()["people"]["Parameters"]["objectCount"] == "2"
    assert len(glue("GetTableVersions", DatabaseName="lake", TableName="people")["TableVersions"]) == 1


def test_a_new_column_updates_the_table(glue):
    glue.write("in/people/a.json")
    glue.crawler()
    glue.crawl()
    glue.write("in/people/b.json", '{"id": 3.5, "town": "oslo"}\n')
    glue.crawl()
    assert glue.counts() == (0, 1, 0)
    assert glue.columns("people") == {"id": "double", "name": "string", "town": "string"}
    assert len(glue("GetTableVersions", DatabaseName="lake", TableName="people")["TableVersions"]) == 2


def test_log_leaves_a_changed_table_but_adds_partitions(glue):
    glue.write("in/people/dt=1/a.json")
    glue.crawler(SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    glue.crawl()
    glue.write("in/people/dt=1/a.json", '{"id": 3.5, "name": "x"}\n')
    glue.write("in/people/dt=2/a.json")
    glue.crawl()
    assert glue.columns("people") == {"id": "int", "name": "string"}
    assert glue.partitions("people") == [["1"], ["2"]]
    assert glue.counts() == (0, 0, 0)


def test_merge_new_columns_adds_and_keeps(glue):
    configuration = {"Version": 1.0, "CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}
    glue.write("in/people/a.json")
    glue.crawler(Configuration=json.dumps(configuration))
    glue.crawl()
    glue.write("in/people/a.json", '{"id": "x", "town": "oslo"}\n')
    glue.crawl()
    assert glue.columns("people") == {"id": "int", "name": "string", "town": "string"}
    glue.write("in/people/a.json", APACHE)
    glue.crawl()
    assert "DEPRECATED_BY_CRAWLER" in glue.tables()["people"]["Parameters"]
    assert "id" in glue.columns("people")


def test_partitions_inherit_from_their_table_when_asked(glue):
    configuration = {
        "Version": 1.0,
        "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
    }
    glue.write("in/people/dt=1/a.json")
    glue.write("in/people/dt=2/a.json", '{"id": 1, "name": "x", "town": "oslo"}\n')
    glue.write("in/people/dt=3/a.json", '{"id": 1, "name": "x", "town": "oslo"}\n')
    glue.crawler()
    glue.crawl()

    def columns_of(value):
        found = glue("GetPartition", DatabaseName="lake", TableName="people", PartitionValues=[value])
        return [column["Name"] for column in found["Partition"]["StorageDescriptor"]["Columns"]]

    assert columns_of("1") == ["id", "name"]
    glue("UpdateCrawler", Name="c", Configuration=json.dumps(configuration))
    glue.crawl()
    assert columns_of("1") == ["id", "name", "town"]


@pytest.mark.parametrize(
    ("behaviour", "counts", "left"),
    [
        ("DELETE_FROM_DATABASE", (0, 0, 1), {}),
        ("DEPRECATE_IN_DATABASE", (0, 1, 0), {"people": True}),
        ("LOG", (0, 0, 0), {"people": False}),
    ],
)
def test_a_table_whose_data_is_gone(glue, behaviour, counts, left):
    glue.write("in/people/a.json")
    glue.write("in/web/a.log", APACHE)
    glue.crawler(SchemaChangePolicy={"DeleteBehavior": behaviour})
    glue("CreateDatabase", DatabaseInput={"Name": "lake"})
    glue("CreateTable", DatabaseName="lake", TableInput={
        "Name": "mine", "StorageDescriptor": {"Location": "s3://lake/in/mine/"},
    })  # fmt: skip
    glue.crawl()
    glue.remove("in/people/a.json")
    glue.crawl()
    tables = glue.tables()
    assert glue.counts() == counts
    assert tables.keys() == {"mine", "web", *left}
    for name, deprecated in left.items():
        assert ("DEPRECATED_BY_CRAWLER" in tables[name]["Parameters"]) is deprecated


def test_a_partition_whose_data_is_gone_is_deleted_when_asked(glue):
    for day in "12":
        glue.write(f"in/people/dt={day}/a.json")
    glue.crawler(SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    glue.crawl()
    glue.remove("in/people/dt=1/a.json")
    glue.crawl()
    assert glue.partitions("people") == [["2"]]


def test_data_that_comes_back_ends_the_deprecation(glue):
    glue.write("in/people/a.json")
    glue.crawler()
    glue.crawl()
    glue.remove("in/people/a.json")
    glue.crawl()
    assert "DEPRECATED_BY_CRAWLER" in glue.tables()["people"]["Parameters"]
    glue.write("in/people/a.json")
    glue.crawl()
    assert "DEPRECATED_BY_CRAWLER" not in glue.tables()["people"]["Parameters"]


def test_new_folders_only(glue):
    glue.write("in/people/dt=1/a.json")
    glue.crawler(RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"})
    glue.crawl()
    glue.write("in/people/dt=1/b.json", '{"town": "oslo"}\n')
    glue.write("in/people/dt=2/a.json")
    glue.crawl()
    assert glue.partitions("people") == [["1"], ["2"]]
    assert glue.columns("people") == {"id": "int", "name": "string"}
    policy = glue("GetCrawler", Name="c")["Crawler"]["SchemaChangePolicy"]
    assert policy == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


# States, failures, history


def test_a_failed_crawl_says_why_and_writes_nothing(glue):
    glue.write("in/people/a.json")
    glue.crawler("s3://lake/in/", "s3://no-such-bucket/")
    last = glue.crawl()
    assert last["Status"] == "FAILED"
    assert last["ErrorMessage"] == "The S3 bucket of the target s3://no-such-bucket/ does not exist."
    assert glue.refused("GetDatabase", Name="lake") == "EntityNotFoundException"
    (crawl,) = glue("ListCrawls", CrawlerName="c")["Crawls"]
    assert (crawl["State"], crawl["ErrorMessage"]) == ("FAILED", last["ErrorMessage"])


@pytest.fixture
def held(glue, monkeypatch):
    """A crawl that goes on until it is let go."""
    hold, holding = threading.Event(), threading.Event()
    take = crawl_module.samples.take

    def taken(path, *limit):
        holding.set()
        hold.wait(20)
        return take(path, *limit)

    monkeypatch.setattr(crawl_module.samples, "take", taken)
    glue.write("in/people/a.json")
    glue.write("in/people/b.json")
    glue.crawler()
    glue("StartCrawler", Name="c")
    assert holding.wait(10)
    yield hold
    hold.set()


def test_a_running_crawler_can_neither_be_started_nor_changed(glue, held):
    assert glue("GetCrawler", Name="c")["Crawler"]["State"] == "RUNNING"
    assert glue.refused("StartCrawler", Name="c") == "CrawlerRunningException"
    assert glue.refused("UpdateCrawler", Name="c", Role="x") == "CrawlerRunningException"
    assert glue.refused("DeleteCrawler", Name="c") == "CrawlerRunningException"
    (crawl,) = glue("ListCrawls", CrawlerName="c")["Crawls"]
    assert crawl["State"] == "RUNNING"


def test_a_stopped_crawl_is_cancelled_and_writes_nothing(glue, held):
    glue("StopCrawler", Name="c")
    assert glue("GetCrawler", Name="c")["Crawler"]["State"] == "STOPPING"
    assert glue.refused("StopCrawler", Name="c") == "CrawlerStoppingException"
    held.set()
    assert glue.wait()["Status"] == "CANCELLED"
    assert glue.refused("StopCrawler", Name="c") == "CrawlerNotRunningException"
    assert glue("ListCrawls", CrawlerName="c")["Crawls"][0]["State"] == "STOPPED"
    assert glue.refused("GetDatabase", Name="lake") == "EntityNotFoundException"


def test_a_crawl_killed_with_the_server_is_failed_after_the_restart(glue, held):
    again = Glue(glue.root)
    again.service.start()
    crawler = again("GetCrawler", Name="c")["Crawler"]
    assert crawler["State"] == "READY"
    assert crawler["LastCrawl"]["Status"] == "FAILED"
    assert "ended during the crawl" in crawler["LastCrawl"]["ErrorMessage"]
    assert again("ListCrawls", CrawlerName="c")["Crawls"][0]["State"] == "FAILED"


def test_history_is_filtered_and_paged(glue):
    glue.crawler("s3://no-such-bucket/")
    glue.crawl()
    glue.write("in/people/a.json")
    glue("UpdateCrawler", Name="c", Targets={"S3Targets": [{"Path": "s3://lake/in/"}]})
    glue.crawl()
    crawls = glue("ListCrawls", CrawlerName="c")["Crawls"]
    assert [crawl["State"] for crawl in crawls] == ["COMPLETED", "FAILED"]
    assert json.loads(crawls[0]["Summary"])["TABLE"]["ADD"] == 1
    failed = [{"FieldName": "STATE", "FilterOperator": "EQ", "FieldValue": "FAILED"}]
    assert glue("ListCrawls", CrawlerName="c", Filters=failed)["Crawls"] == crawls[1:]
    since = str(crawls[0]["StartTime"].timestamp() * 1000)
    newer = [{"FieldName": "START_TIME", "FilterOperator": "GE", "FieldValue": since}]
    assert glue("ListCrawls", CrawlerName="c", Filters=newer)["Crawls"] == crawls[:1]
    page = glue("ListCrawls", CrawlerName="c", MaxResults=1)
    assert page["Crawls"] == crawls[:1]
    rest = glue("ListCrawls", CrawlerName="c", MaxResults=1, NextToken=page["NextToken"])
    assert rest == {"Crawls": crawls[1:]}


# Definitions


def test_a_crawler_is_kept_as_it_was_created(glue):
    glue.crawler(Schedule="cron(15 12 * * ? *)", Description="x", Tags={"team": "web"})
    crawler = glue("GetCrawler", Name="c")["Crawler"]
    assert crawler["Schedule"] == {"ScheduleExpression": "cron(15 12 * * ? *)", "State": "SCHEDULED"}
    assert (crawler["State"], crawler["Version"], crawler["Description"]) == ("READY", 1, "x")
    assert crawler["SchemaChangePolicy"] == {
        "UpdateBehavior": "UPDATE_IN_DATABASE",
        "DeleteBehavior": "DEPRECATE_IN_DATABASE",
    }
    assert glue("ListCrawlers", Tags={"team": "web"})["CrawlerNames"] == ["c"]
    assert glue("ListCrawlers", Tags={"team": "api"})["CrawlerNames"] == []
    arn = "arn:aws:glue:us-east-1:123456789012:crawler/c"
    glue("TagResource", ResourceArn=arn, TagsToAdd={"stage": "test"})
    glue("UntagResource", ResourceArn=arn, TagsToRemove=["team"])
    assert glue("GetTags", ResourceArn=arn)["Tags"] == {"stage": "test"}
    glue("DeleteCrawler", Name="c")
    assert glue.refused("GetTags", ResourceArn=arn) == "EntityNotFoundException"
    glue.crawler()
    assert glue("GetTags", ResourceArn=arn)["Tags"] == {}


def test_schedules_start_and_stop(glue):
    glue.crawler()
    assert glue.refused("StartCrawlerSchedule", CrawlerName="c") == "NoScheduleException"
    glue("UpdateCrawlerSchedule", CrawlerName="c", Schedule="cron(0 1 * * ? *)")
    assert glue.refused("StartCrawlerSchedule", CrawlerName="c") == "SchedulerRunningException"
    glue("StopCrawlerSchedule", CrawlerName="c")
    assert glue("GetCrawler", Name="c")["Crawler"]["Schedule"]["State"] == "NOT_SCHEDULED"


def test_crawlers_are_listed_in_pages(glue):
    for name in ("a", "b", "c"):
        glue.crawler(Name=name)
    page = glue("GetCrawlers", MaxResults=2)
    assert [crawler["Name"] for crawler in page["Crawlers"]] == ["a", "b"]
    rest = glue("GetCrawlers", MaxResults=2, NextToken=page["NextToken"])
    assert [crawler["Name"] for crawler in rest["Crawlers"]] == ["c"]
    assert "NextToken" not in rest
    found = glue("BatchGetCrawlers", CrawlerNames=["b", "x"])
    assert ([c["Name"] for c in found["Crawlers"]], found["CrawlersNotFound"]) == (["b"], ["x"])


@pytest.mark.parametrize(
    "more",
    [
        {"Targets": {}},
        {"Targets": {"S3Targets": [{"Path": "/etc"}]}},
        {"Targets": {"JdbcTargets": [{"ConnectionName": "x"}]}},
        {"DatabaseName": ""},
        {"Schedule": "every day"},
        {"Configuration": "{"},
        {"Configuration": '{"Version": 2.0}'},
        {"Configuration": '{"Version": 1.0, "Grouping": {"TableLevelConfiguration": 0}}'},
        {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}},
        {
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
            "SchemaChangePolicy": {"DeleteBehavior": "DELETE_FROM_DATABASE"},
        },
    ],
)
def test_what_cannot_be_crawled_is_refused(glue, more):
    with pytest.raises(AwsError, match="InvalidInputException"):
        glue.crawler(**more)
    assert glue("ListCrawlers")["CrawlerNames"] == []


def test_names_that_are_not_there_are_refused(glue):
    for action in ("GetCrawler", "StartCrawler", "StopCrawler", "DeleteCrawler", "UpdateCrawler"):
        assert glue.refused(action, Name="none") == "EntityNotFoundException"
    assert glue.refused("ListCrawls", CrawlerName="none") == "EntityNotFoundException"
    with pytest.raises(AwsError, match="InvalidInputException"):
        glue.crawler(Classifiers=["none"])
    glue.crawler()
    with pytest.raises(AwsError, match="AlreadyExistsException"):
        glue.crawler()


# Over HTTP, as clients do it


def test_a_client_crawls_what_it_put_into_s3(local_aws, unique):
    s3, glue, logs = (local_aws.client(name) for name in ("s3", "glue", "logs"))
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="raw/web/access.log", Body=(APACHE * 10).encode())
    s3.put_object(Bucket=unique, Key="raw/people/a.json", Body=ROWS.encode())
    glue.create_crawler(
        Name=unique,
        Role="role",
        DatabaseName=unique,
        Targets={"S3Targets": [{"Path": f"s3://{unique}/raw/"}]},
    )
    glue.start_crawler(Name=unique)
    until = time.monotonic() + 30
    while (crawler := glue.get_crawler(Name=unique)["Crawler"])["State"] != "READY":
        assert time.monotonic() < until
        time.sleep(0.02)
    last = crawler["LastCrawl"]
    assert last["Status"] == "SUCCEEDED", last
    tables = glue.get_tables(DatabaseName=unique)["TableList"]
    found = {table["Name"]: table["Parameters"]["classification"] for table in tables}
    assert found == {"web": "combined_apache", "people": "json"}
    events = logs.get_log_events(logGroupName=last["LogGroup"], logStreamName=last["LogStream"])["events"]
    assert any(f"Created table web in database {unique}" in event["message"] for event in events)
    with pytest.raises(ClientError, match="CrawlerNotRunningException"):
        glue.stop_crawler(Name=unique)


def test_real_logs_get_their_formats(glue, shared_logs):
    for classifier in logformats.glue_classifiers():
        glue("CreateClassifier", GrokClassifier=classifier)
    names = [classifier["Name"] for classifier in logformats.glue_classifiers()]
    grouping = {"TableLevelConfiguration": 3, "TableGroupingPolicy": "CombineCompatibleSchemas"}
    for source in shared_logs.iterdir():
        (glue.root / "s3" / "lake" / "in").mkdir(exist_ok=True)
        for path in source.iterdir():
            glue.write(f"in/{source.name}/{path.name}", path.read_bytes())
    glue.crawler(Classifiers=names, Configuration=json.dumps({"Version": 1.0, "Grouping": grouping}))
    assert glue.crawl()["Status"] == "SUCCEEDED"
    tables = glue.tables()
    found = {name: table["Parameters"]["classification"] for name, table in tables.items()}
    assert {
        "apache_access": "access_combined",
        "nginx_access": "access_combined",
        "nginx_error": "nginx_error",
        "nginx_plus_json": "json",
        "sshd": "syslog_rfc3164",
    }.items() <= found.items()
    assert found.keys() == {source.name for source in shared_logs.iterdir()}
    assert tables["nginx_access"]["Parameters"]["objectCount"] == "57"


def test_a_client_lists_changes_and_deletes_a_crawler(local_aws, unique):
    glue = local_aws.client("glue")
    target = {"S3Targets": [{"Path": f"s3://{unique}/"}]}
    glue.create_crawler(
        Name=unique,
        Role="r",
        DatabaseName=unique,
        Targets=target,
        Schedule="cron(0 1 * * ? *)",
        Tags={"test": unique},
    )
    pages = glue.get_paginator("get_crawlers").paginate()
    assert unique in [crawler["Name"] for page in pages for crawler in page["Crawlers"]]
    assert glue.list_crawlers(Tags={"test": unique})["CrawlerNames"] == [unique]
    assert glue.batch_get_crawlers(CrawlerNames=[unique])["Crawlers"][0]["Version"] == 1
    glue.update_crawler(Name=unique, Description="x")
    glue.stop_crawler_schedule(CrawlerName=unique)
    glue.start_crawler(Name=unique)
    until = time.monotonic() + 30
    while (crawler := glue.get_crawler(Name=unique)["Crawler"])["State"] != "READY":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert crawler["LastCrawl"]["Status"] == "FAILED"
    assert glue.get_crawler_metrics(CrawlerNameList=[unique])["CrawlerMetricsList"][0]["TablesCreated"] == 0
    assert glue.list_crawls(CrawlerName=unique)["Crawls"][0]["State"] == "FAILED"
    glue.delete_crawler(Name=unique)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_crawler(Name=unique)
