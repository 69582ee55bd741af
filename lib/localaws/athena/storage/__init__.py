"""The tables' files: which of them a query reads, and how DuckDB reads them in place."""
