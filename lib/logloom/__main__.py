"""`python -m logloom` is the command `logloom`."""

from logloom.cli import main

main()
