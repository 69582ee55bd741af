"""`python -m localaws`: start, stop and look at the local AWS of a folder."""

from __future__ import annotations

import sys

from localaws.commands import main

if __name__ == "__main__":
    sys.exit(main())
