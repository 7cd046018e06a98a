-- What the index says of itself: that rows are being loaded into it, that it was restored and not yet accepted.
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
