"""The job's packages are not installed: Glue gets them as zips, and the tests from where they are."""

import sys
from pathlib import Path

GLUE_JOBS = Path(__file__).resolve().parents[2] / "glue_jobs"
if str(GLUE_JOBS) not in sys.path:
    sys.path.insert(0, str(GLUE_JOBS))
