"""Athena's SQL: Trino's grammar for queries, Hive's for DDL, read into nodes that carry their place."""
