"""Glue: the data catalog, classifiers, crawlers and jobs."""
