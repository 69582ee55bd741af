"""What settings accept, and the one sentence they say otherwise."""

from __future__ import annotations

import datetime

import pytest
from logformats.levels import LEVELS
from logloom import settings
from logloom.errors import SettingsError


def refusal(**values) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load(values)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_defaults_are_valid_and_local():
    made = settings.load({})
    assert made.is_local
    assert made.raw_location == "s3://logloom/logs/raw/"
    assert made.drop_levels == ("TRACE", "DEBUG", "INFO")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("bukcet", "bucket"),
        ("droplevels", "drop_levels"),
        ("Bucket", "bucket"),
        ("output-format", "output_format"),
    ],
)
def test_unknown_name_is_refused_with_the_nearest(wrong, right):
    assert refusal(**{wrong: "x"}) == f"there is no setting {wrong!r}; did you mean {right!r}?"


def test_unknown_name_like_no_other_lists_all():
    assert "the settings are profile, region, bucket" in refusal(xyzzy=1)


@pytest.mark.parametrize(
    "name", ["my-bucket", "a.b.c", "123", "a" * 63, "logs.2025", "xn-a", "bucket-s3alias1", "1.2.3.4.5"]
)
def test_bucket_names_that_s3_accepts(name):
    assert settings.load({"bucket": name}).bucket == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ab", "3 to 63"),
        ("a" * 64, "3 to 63"),
        ("My-Bucket", "lower-case"),
        ("under_score", "lower-case"),
        ("-bucket", "begin and end"),
        ("bucket.", "begin and end"),
        ("a..b", "two dots"),
        ("192.168.0.1", "IP address"),
        ("xn--bucket", "begin with xn--"),
        ("sthree-bucket", "begin with sthree-"),
        ("amzn-s3-demo-x", "begin with amzn-s3-demo-"),
        ("x-s3alias", "end with -s3alias"),
        ("x--ol-s3", "end with --ol-s3"),
        ("x--x-s3", "end with --x-s3"),
        ("logs\n", "lower-case"),
    ],
)
def test_bucket_names_that_s3_refuses(name, why):
    assert why in refusal(bucket=name)


@pytest.mark.parametrize("value", ["info, debug", ["DEBUG", "INFO"], ("Info", "debug", "INFO")])
def test_levels_as_text_or_list_in_any_case(value):
    assert settings.load({"drop_levels": value}).drop_levels == ("DEBUG", "INFO")


def test_no_level_dropped():
    assert settings.load({"drop_levels": ""}).drop_levels == ()
    assert settings.load({"drop_levels": []}).drop_levels == ()


def test_level_that_does_not_exist():
    assert "'WARN', which does not exist; did you mean WARNING?" in refusal(drop_levels="INFO,WARN")
    assert "the levels are TRACE, DEBUG" in refusal(drop_levels=["XYZ"])
    assert "is not a list of levels" in refusal(drop_levels=3)


def test_dates():
    made = settings.load({"start_date": datetime.date(2025, 12, 1), "end_date": "2025-12-22"})
    assert (made.start_date, made.end_date) == ("2025-12-01", "2025-12-22")
    assert settings.load({"start_date": None}).start_date == ""
    for wrong in ("2025-13-01", "22.12.2025", "20251222", 20251222, "2025-12-22T00:00"):
        assert "YYYY-MM-DD" in refusal(start_date=wrong)
    assert refusal(start_date="2025-12-22", end_date="2025-12-21") == (
        "end_date (2025-12-21) is before start_date (2025-12-22)"
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"output_format": "orc"}, "output_format: 'orc' is not one of 'parquet' or 'csv'"),
        ({"number_of_workers": "two"}, "number_of_workers: 'two' is not a whole number"),
        ({"number_of_workers": 2.5}, "number_of_workers: 2.5 is not a whole number"),
        ({"number_of_workers": 1}, "number_of_workers: 1 is too small: at least 2"),
        ({"job_timeout_minutes": 99999}, "job_timeout_minutes: 99999 is too large: at most 10080"),
        ({"glue_version": 5.1}, 'glue_version: 5.1 is not text: put it in quotes, as in glue_version: "5.1"'),
        ({"price_per_tb": "cheap"}, "price_per_tb: 'cheap' is not a number"),
        ({"price_per_tb": "nan"}, "price_per_tb: 'nan' is not a number"),
        ({"workgroup": "a b"}, "is no workgroup name"),
        ({"database": "Log-Loom"}, "is no database name"),
        ({"database": 'x"; drop table y'}, "is no database name"),
        ({"region": "frankfurt"}, "is not the name of an AWS region"),
        ({"worker_type": "G.3X"}, "is not a worker type of Glue"),
        ({"raw_prefix": "logs//raw"}, "is no prefix"),
        ({"raw_prefix": "../raw"}, "is no prefix"),
        ({"raw_prefix": ""}, "is no prefix"),
        ({"source": "a/b"}, "is no source"),
        ({"raw_prefix": "logs/cleaned/raw"}, "raw_prefix (logs/cleaned/raw) lies in cleaned_prefix"),
        ({"scripts_prefix": "logs/raw"}, "keep them apart"),
    ],
)
def test_one_sentence_for_each_wrong_value(values, said):
    assert said in refusal(**values)


def test_text_from_the_command_line_becomes_numbers():
    made = settings.load({"number_of_workers": "4", "price_per_tb": "6.25", "output_format": "CSV"})
    assert (made.number_of_workers, made.price_per_tb, made.output_format) == (4, 6.25, "csv")


def test_prefixes_lose_outer_slashes():
    assert settings.load({"raw_prefix": "/in/raw/"}).raw_location == "s3://logloom/in/raw/"


def test_files_overlay_each_other(tmp_path):
    (tmp_path / "a.yaml").write_text("bucket: aaa\ndatabase: one\n")
    (tmp_path / "b.yaml").write_text("database: two\n")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    files = [tmp_path / name for name in ("a.yaml", "b.yaml", "empty.yaml")]
    made = settings.from_files(files, {"workgroup": "w"})
    assert (made.bucket, made.database, made.workgroup) == ("aaa", "two", "w")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"bucket: [", "is not YAML (line 1)"),
        (b"- a\n- b\n", "is not a list of `name: value` lines"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"bucket: !!python/object:os.system {}", "is not YAML"),
    ],
)
def test_parameter_file_that_is_none(tmp_path, content, said):
    file = tmp_path / "p.yaml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^the parameter file .*") as caught:
        settings.from_files([file])
    assert said in str(caught.value)


def test_parameter_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        settings.from_files([tmp_path / "none.yaml"])


def test_notebook_variables_become_settings(monkeypatch):
    monkeypatch.delenv(settings.PARAMETERS_VARIABLE, raising=False)
    namespace = {
        "bucket": "mine",
        "settings": settings,
        "_i": "x",
        "In": ["a"],
        "frame": 3,
        "drop_levels": ["INFO"],
    }
    made = settings.from_notebook(namespace)
    assert (made.bucket, made.drop_levels) == ("mine", ("INFO",))


def test_notebook_variable_with_a_slip_is_refused(monkeypatch):
    monkeypatch.delenv(settings.PARAMETERS_VARIABLE, raising=False)
    with pytest.raises(SettingsError, match="did you mean 'drop_levels'"):
        settings.from_notebook({"drop_level": "INFO"})


def test_environment_overrides_the_notebook(monkeypatch, tmp_path):
    (tmp_path / "p.yaml").write_text("bucket: other\n")
    monkeypatch.setenv(settings.PARAMETERS_VARIABLE, str(tmp_path / "p.yaml"))
    made = settings.from_notebook({"bucket": "mine", "database": "kept"})
    assert (made.bucket, made.database) == ("other", "kept")


def test_table_shows_what_is_asked():
    shown = settings.load({}).table("bucket", "drop_levels")
    assert shown["value"].to_dict() == {"bucket": "logloom", "drop_levels": "TRACE, DEBUG, INFO"}
    assert len(settings.load({}).table()) == len(settings.Settings.model_fields)


def test_levels_are_those_of_the_formats():
    assert settings.LEVELS == LEVELS


def test_formats_of_ones_own_are_checked_before_anything_runs():
    made = settings.load(
        {"formats": {"shop": "%{NOTSPACE:ts} %{DATA:msg}"}, "time_zones": {"*": "Asia/Tokyo"}}
    )
    assert made.formats == {"shop": "%{NOTSPACE:ts} %{DATA:msg}"}
    assert settings.load({"formats": '{shop: "%{NOTSPACE:ts}"}'}).formats == {"shop": "%{NOTSPACE:ts}"}
    for values, reason in (
        ({"formats": {"shop": "%{NOSUCH:ts}"}}, "formats: the format shop: .*NOSUCH"),
        ({"formats": {"shop": "%{NOTSPACE:ts} (a+)+"}}, "busy"),
        ({"formats": "%{NOTSPACE:ts}"}, "formats: .*name: value"),
        ({"time_zones": {"sshd": "CEST+1"}}, "time_zones: gives sshd the time zone 'CEST.1'"),
    ):
        with pytest.raises(SettingsError, match=reason):
            settings.load(values)
