-- Tokens that were revoked before they expired. A row goes when its token would be refused without it.
CREATE TABLE revoked_tokens (
    id    BLOB PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_tokens_until ON revoked_tokens (until);
