"""Athena's DDL, which is Hive's: read, and carried out on the Glue catalog."""
