"""The job that one writes first: one regexp_extract a field, to_timestamp, partitionBy.

Arguments: input, output. Prints the seconds from the first read to the end of the write, without the start of
the session.
"""

import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

PATTERN = r'^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) ([^"]*)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"$'
FIELDS = ("client", "user", "time", "method", "url", "protocol", "status", "size", "referrer", "agent")

source, target = sys.argv[1:]
spark = (
    SparkSession.builder.config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "2g")
    .getOrCreate()
)
started = time.perf_counter()
lines = spark.read.text(source)
table = lines.select(
    *[f.regexp_extract("value", PATTERN, number).alias(name) for number, name in enumerate(FIELDS, 1)]
)
table = (
    table.where(f.col("client") != "")
    .withColumn("timestamp", f.to_timestamp("time", "dd/MMM/yyyy:HH:mm:ss Z"))
    .withColumn("status", f.col("status").cast("int"))
    .withColumn("size", f.col("size").cast("long"))
    .withColumn(
        "level",
        f.when(f.col("status") >= 500, "ERROR").when(f.col("status") >= 400, "WARNING").otherwise("INFO"),
    )
    .withColumn("dt", f.date_format("timestamp", "yyyy-MM-dd"))
    .drop("time")
)
table.write.partitionBy("dt").parquet(target)
print(f"seconds {time.perf_counter() - started:.3f}")
spark.stop()
