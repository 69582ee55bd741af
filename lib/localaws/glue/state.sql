-- Classifiers, crawlers and jobs: a JSON document each (see localaws/documents.py), with what is looked up beside it.

CREATE TABLE IF NOT EXISTS glue_classifier (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS glue_crawler (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS glue_crawl (
    id TEXT PRIMARY KEY,
    crawler TEXT NOT NULL,
    started REAL NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS glue_crawl_of_crawler ON glue_crawl (crawler, started);

-- Folders that a crawler has seen, for CRAWL_NEW_FOLDERS_ONLY.
CREATE TABLE IF NOT EXISTS glue_crawled_folder (
    crawler TEXT NOT NULL,
    location TEXT NOT NULL,
    PRIMARY KEY (crawler, location)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS glue_job (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS glue_job_run (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    started REAL NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Of the process that works at it: recognised after a restart by its start time, since numbers come again.
    pid INTEGER,
    pid_started REAL
);

CREATE INDEX IF NOT EXISTS glue_job_run_of_job ON glue_job_run (job, started);
CREATE INDEX IF NOT EXISTS glue_job_run_by_state ON glue_job_run (state);

CREATE TABLE IF NOT EXISTS glue_tag (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) WITHOUT ROWID;
