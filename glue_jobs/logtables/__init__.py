"""The cleaned tables as files in S3: batches that are written exactly once, and their audit.

Ships to Glue beside `logformats` (``--extra-py-files``). `batch.run` is the whole of it: it knows S3 and Glue
through the clients that it is given, and Spark not at all, so that every step can be called by a test.
"""
