"""AWS in a folder: S3, Glue, Athena and the rest on 127.0.0.1, with all state under one directory."""
