"""The part of AWS Glue's library that job scripts need to start: arguments, GlueContext, Job.

On AWS this package is Glue's own. What is not here says so when it is used: a script that needs DynamicFrames
cannot be tried on the local AWS, and must not seem to work.
"""

import importlib.abc
import sys

UNSUPPORTED = (
    "{} is not in the local AWS's part of awsglue (awsglue.utils.getResolvedOptions,"
    " awsglue.context.GlueContext with spark_session, awsglue.job.Job): use Spark DataFrames, or run on AWS."
)


class _Missing(importlib.abc.MetaPathFinder):
    """Answers an import of any other module of the package with a sentence."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("awsglue."):
            raise ModuleNotFoundError(UNSUPPORTED.format(name), name=name)
        return


sys.meta_path.append(_Missing())
