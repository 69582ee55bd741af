"""What the Logloom notebooks call: from raw log files in S3 to checked tables, answers and a dashboard."""
