"""Arguments of a job run, resolved as AWS Glue does it.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html
"""

import argparse

from awsglue import UNSUPPORTED

# Always resolved, given or not, and not for a script to ask for or to define.
RESERVED = (
    "job-bookmark-option",
    "job-bookmark-from",
    "job-bookmark-to",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "encryption-type",
)
OPTIONAL = ("JOB_NAME", "RedshiftTempDir", "TempDir")


class GlueArgumentError(Exception):
    """An argument that the script asks for and the run does not give."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise GlueArgumentError(message)


def getResolvedOptions(args, options):
    """Resolve the arguments of a run.

    Parameters
    ----------
    args : list of str
        ``sys.argv``.
    options : list of str
        The names of arguments that the script needs, without their ``--``.

    Returns
    -------
    dict
        A string for each, under its name with ``_`` for ``-``; and the reserved ones, JOB_NAME and TempDir,
        None when the run does not give them.

    Raises
    ------
    GlueArgumentError
        When one is not given; the message names it.
    RuntimeError
        For a reserved name.
    """
    if reserved := [name for name in options if name in RESERVED]:
        raise RuntimeError(f"Using reserved arguments {', '.join(reserved)}")
    parser = _Parser(add_help=False)
    for name in (*RESERVED, *OPTIONAL):
        if name not in options:
            parser.add_argument(f"--{name}", required=False)
    for name in dict.fromkeys(options):
        parser.add_argument(f"--{name}", required=True)
    resolved, _ = parser.parse_known_args(args[1:])
    found = vars(resolved)
    found["TempDir"] = found["RedshiftTempDir"] = found["TempDir"] or found["RedshiftTempDir"]
    return found


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(UNSUPPORTED.format(f"awsglue.utils.{name}"))
