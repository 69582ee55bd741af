-- Sessions: the hash of what the cookie holds, never itself. Times are Unix seconds.
CREATE TABLE IF NOT EXISTS sessions (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,   -- password or oidc
    stamp TEXT NOT NULL,  -- of the user's password when the session began
    began REAL NOT NULL,
    seen REAL NOT NULL
);
-- Failed logins since the last that went well, by what they are counted for.
CREATE TABLE IF NOT EXISTS failures (
    counted_for TEXT PRIMARY KEY,
    failed INTEGER NOT NULL,
    last REAL NOT NULL
);
-- What a pseudonym that a viewer was shown stands for, so that it can be a filter.
CREATE TABLE IF NOT EXISTS pseudonyms (
    shown TEXT PRIMARY KEY,
    original TEXT NOT NULL,
    last REAL NOT NULL
);
-- Between the way to the identity provider and the way back.
CREATE TABLE IF NOT EXISTS flows (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    until REAL NOT NULL
);
