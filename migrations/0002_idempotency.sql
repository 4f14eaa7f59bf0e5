-- What writes with an Idempotency-Key have answered. Rows are added at the end and go from the
-- front: seq, expires_ms and sum_bytes grow together.

CREATE TABLE idempotency (
    seq INTEGER NOT NULL PRIMARY KEY,
    -- Hash of token, method, path and key: whose request this is.
    request BLOB NOT NULL UNIQUE CHECK (length(request) = 32),
    -- Hash of what else a repeated request must have in common.
    payload BLOB NOT NULL CHECK (length(payload) = 32),
    expires_ms INTEGER NOT NULL,
    -- Of all bodies up to and with this one.
    sum_bytes INTEGER NOT NULL CHECK (sum_bytes >= 0),
    kept TEXT NOT NULL CHECK (kept = 'whole' OR kept = 'secret' OR kept = 'large'),
    status INTEGER NOT NULL CHECK (status >= 200 AND status < 300),
    etag TEXT NOT NULL,
    x_index INTEGER NOT NULL,
    location TEXT,
    -- Last, so that the others are read without it.
    body TEXT
) STRICT;
