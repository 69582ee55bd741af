"""The parameter files: valid, complete, every key explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from logloom import settings
from logloom.errors import SettingsError

PARAMETERS = Path(__file__).resolve().parents[2] / "parameters"


def test_local_file_is_the_defaults():
    assert settings.from_files([PARAMETERS / "local.yaml"]) == settings.load({})


@pytest.mark.parametrize("name", ["local.yaml", "aws.yaml"])
def test_every_setting_stands_there_with_its_explanation(name):
    text = (PARAMETERS / name).read_text(encoding="utf-8")
    assert set(settings.read_files([PARAMETERS / name])) == set(settings.Settings.model_fields)
    for block in re.split(r"\n\n|^# ---.*$", text, flags=re.MULTILINE):
        keys = re.findall(r"^(\w+):", block, flags=re.MULTILINE)
        assert not keys or "#" in block, f"{keys} have no explanation"


def test_aws_file_refuses_to_run_until_a_bucket_is_set():
    with pytest.raises(SettingsError, match="CHANGE-ME"):
        settings.from_files([PARAMETERS / "aws.yaml"])
    made = settings.from_files([PARAMETERS / "aws.yaml"], {"bucket": "mine"})
    assert not made.is_local
    assert made.input == ""
