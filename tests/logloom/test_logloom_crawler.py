"""The crawler is made once, brought up to date, run, and its tables shown."""

from __future__ import annotations

import json

import pytest
from logloom import crawler, landing, settings
from logloom.errors import CrawlerFailed

ACCESS = '203.0.113.9 - - [01/Dec/2025:10:00:00 +0000] "GET / HTTP/1.1" 500 12 "-" "curl/8.5.0"\n'


@pytest.fixture
def landed(local_aws, unique, tmp_path):
    (tmp_path / "web-1").mkdir()
    (tmp_path / "web-1" / "a.log").write_text(ACCESS * 20)
    (tmp_path / "web-1" / "b.log").write_text(ACCESS * 20)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.json").write_text(
        '{"time": "2025-12-01T10:00:00Z", "level": "info", "msg": "x"}\n' * 20
    )
    chosen = settings.load({"input": str(tmp_path), "bucket": unique, "database": unique})
    landing.land(chosen)
    return chosen


def test_a_table_for_each_source(landed):
    crawler.create(landed)
    frame = crawler.run(landed).set_index("table")
    assert list(frame.index) == ["raw_app", "raw_web_1"]
    assert frame.loc["raw_web_1", "classification"] == "access_combined"
    assert frame.loc["raw_web_1", "location"] == f"s3://{landed.bucket}/logs/raw/web-1/"
    assert frame.loc["raw_web_1", "objects"] == 2
    assert frame.loc["raw_web_1", "bytes"] == 40 * len(ACCESS)
    assert frame.loc["raw_app", "classification"] == "json"
    assert (frame["columns"] > 2).all()
    # A second crawl finds the same.
    crawler.create(landed)
    assert crawler.run(landed).set_index("table").equals(frame)


def test_classifiers_are_registered_once_and_updated(local_aws, landed):
    glue = local_aws.client("glue")
    names = crawler.register_classifiers(landed)
    assert "logloom-access-combined" in names
    before = glue.get_classifier(Name=names[0])["Classifier"]["GrokClassifier"]
    glue.update_classifier(
        GrokClassifier={"Name": names[0], "Classification": "x", "GrokPattern": "%{WORD:x}"}
    )
    assert crawler.register_classifiers(landed) == names
    after = glue.get_classifier(Name=names[0])["Classifier"]["GrokClassifier"]
    assert after["GrokPattern"] == before["GrokPattern"]
    crawler.register_classifiers(landed)
    assert glue.get_classifier(Name=names[0])["Classifier"]["GrokClassifier"]["Version"] == after["Version"]


def test_the_crawler_follows_the_settings(local_aws, landed):
    glue = local_aws.client("glue")
    crawler.create(landed)
    other = landed.model_copy(update={"raw_prefix": "elsewhere"})
    crawler.create(other)
    found = glue.get_crawler(Name=crawler.NAME)["Crawler"]
    assert found["Targets"]["S3Targets"][0]["Path"] == f"s3://{landed.bucket}/elsewhere/"
    assert json.loads(found["Configuration"])["Grouping"]["TableLevelConfiguration"] == 3
    # What is as it should be is left alone.
    version = found["Version"]
    crawler.create(other)
    assert glue.get_crawler(Name=crawler.NAME)["Crawler"]["Version"] == version


class Failing:
    """A Glue client whose crawl fails."""

    class exceptions:
        class CrawlerRunningException(Exception):
            pass

    def __init__(self):
        self.starts = 0

    def get_crawler(self, Name):
        crawl = {
            "Status": "FAILED",
            "ErrorMessage": "Access denied to s3://x",
            "LogGroup": "/g",
            "LogStream": "s",
        }
        return {"Crawler": {"State": "READY", "LastCrawl": crawl}}

    def start_crawler(self, Name):
        self.starts += 1
        if self.starts == 1:
            raise self.exceptions.CrawlerRunningException


def test_a_crawl_that_fails_says_why_and_where(monkeypatch):
    glue = Failing()
    monkeypatch.setattr(
        crawler.aws, "session", lambda _: type("S", (), {"client": lambda self, name: glue})()
    )
    with pytest.raises(CrawlerFailed, match=r"ended FAILED: Access denied to s3://x \(log: /g s\)"):
        crawler.run(settings.load({}))
    assert glue.starts == 2  # a crawl that was under way was waited for
