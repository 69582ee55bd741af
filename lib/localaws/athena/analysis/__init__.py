"""Checks a statement as Trino does and writes it in DuckDB's SQL, or refuses it."""
