"""The scripts that compact and retain: their arguments, and what cannot be."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import pytest
from logtables.batch import UserError

FOLDER = Path(__file__).resolve().parents[2] / "glue_jobs"
GIVEN = {"JOB_NAME": "j", "database": "d", "cleaned_location": "s3://b/cleaned"}


def script(name: str):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_compaction_heeds_what_is_given():
    module = script("compact_log_data")
    options = module.options_from(GIVEN)
    assert (str(options.cleaned), options.target_bytes, options.first, options.dry_run) == (
        "s3://b/cleaned/",
        128 << 20,
        None,
        False,
    )
    options = module.options_from(GIVEN | {"target_mb": "256", "from": "2025-12-01", "dry_run": "true"})
    assert (options.target_bytes, options.first, options.last, options.dry_run) == (
        256 << 20,
        date(2025, 12, 1),
        None,
        True,
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("target_mb", "513", "'513' is no number of MiB from 1 to 512"),
        ("target_mb", "-1", "no number of MiB"),
        ("from", "1.12.2025", "--from: '1.12.2025' is not a date"),
        ("dry_run", "yes", "'yes' is neither true nor false"),
        ("cleaned_location", "/tables", "'/tables' is no S3 location"),
    ],
)
def test_what_a_compaction_cannot_be_is_told(name, value, sentence):
    with pytest.raises(UserError, match=sentence):
        script("compact_log_data").options_from(GIVEN | {name: value})


def test_retention_heeds_what_is_given():
    module = script("retain_log_data")
    options = module.options_from(GIVEN | {"before": " 2025-12-01"})
    assert (options.before, options.dry_run) == (date(2025, 12, 1), False)
    with pytest.raises(UserError, match="--before: 'soon' is not a date"):
        module.options_from(GIVEN | {"before": "soon"})
