CREATE TABLE IF NOT EXISTS athena_executions (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,        -- order of submission
    workgroup TEXT NOT NULL,
    state TEXT NOT NULL,
    token TEXT,                     -- ClientRequestToken
    document TEXT NOT NULL,         -- the execution as JSON, and what the results need
    UNIQUE (workgroup, token)
);
CREATE INDEX IF NOT EXISTS athena_executions_by_time ON athena_executions (workgroup, number DESC);
-- For result reuse: executions that ended well, by what was asked.
CREATE INDEX IF NOT EXISTS athena_executions_by_question
    ON athena_executions (workgroup, json_extract(document, '$.reuse_key'), number DESC)
    WHERE state = 'SUCCEEDED';
-- Workgroups, named queries, prepared statements, data catalogs: documents by kind and name.
CREATE TABLE IF NOT EXISTS athena_documents (
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,            -- the workgroup, or nothing
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (kind, scope, name)
);
CREATE TABLE IF NOT EXISTS athena_tags (
    resource TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, name)
);
