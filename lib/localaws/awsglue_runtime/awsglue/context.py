"""GlueContext: the way to the Spark session."""

import logging
import sys

from pyspark.sql import SparkSession, SQLContext

from awsglue import UNSUPPORTED


class GlueContext(SQLContext):
    """Wraps the SparkContext, as a script of AWS Glue starts.

    Parameters
    ----------
    sparkContext : pyspark.SparkContext
    """

    def __init__(self, sparkContext, **options):
        if options:
            raise NotImplementedError(UNSUPPORTED.format(f"GlueContext({', '.join(options)})"))
        self.spark_session = SparkSession.builder.getOrCreate()
        super().__init__(sparkContext, self.spark_session)

    def get_logger(self):
        """Give the run's logger: its lines go to the run's error log, as on AWS."""
        logger = logging.getLogger("GlueLogger")
        if not logger.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s - %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            logger.propagate = False
        return logger

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(UNSUPPORTED.format(f"GlueContext.{name}"))
