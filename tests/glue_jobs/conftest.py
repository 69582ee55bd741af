"""The job's packages are not installed: Glue gets them as zips, and the tests from where they are."""

import sys
from pathlib import Path

import localaws

GLUE_JOBS = Path(__file__).resolve().parents[2] / "glue_jobs"
# Glue's own library, as the local Glue has it.
AWSGLUE = Path(localaws.__file__).parent / "awsglue_runtime"
for folder in (GLUE_JOBS, AWSGLUE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
