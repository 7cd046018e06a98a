-- Tokens that were revoked before they expired. A row goes when its token would be refused without it.
CREATE TABLE revoked_tokens (
    id    BYTEA PRIMARY KEY,
    until BIGINT NOT NULL
);

CREATE INDEX revoked_tokens_until ON revoked_tokens (until);
