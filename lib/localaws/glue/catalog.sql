-- The tables of the data catalog. A body is the JSON of the object without what the columns beside it hold.

CREATE TABLE IF NOT EXISTS glue_database (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS glue_table (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: a dropped table's leftovers can join no new one
    database_name TEXT NOT NULL REFERENCES glue_database (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (database_name, name)
);

CREATE TABLE IF NOT EXISTS glue_table_version (
    table_id INTEGER NOT NULL REFERENCES glue_table (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (table_id, version)
) WITHOUT ROWID;

-- partition_values is a JSON array; the index alone answers which partitions there are, without a body read.
CREATE TABLE IF NOT EXISTS glue_partition (
    id INTEGER PRIMARY KEY,
    table_id INTEGER NOT NULL REFERENCES glue_table (id) ON DELETE CASCADE,
    partition_values TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (table_id, partition_values)
);

CREATE TABLE IF NOT EXISTS glue_partition_index (
    table_id INTEGER NOT NULL REFERENCES glue_table (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (table_id, name)
) WITHOUT ROWID;

-- partition_values is '' for the statistics of the whole table.
CREATE TABLE IF NOT EXISTS glue_column_statistics (
    table_id INTEGER NOT NULL REFERENCES glue_table (id) ON DELETE CASCADE,
    partition_values TEXT NOT NULL,
    column_name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (table_id, partition_values, column_name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS glue_function (
    database_name TEXT NOT NULL REFERENCES glue_database (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (database_name, name)
) WITHOUT ROWID;
