"""The embedded Athena: its API, its SQL, and the files in the S3 folder that it reads in place."""
