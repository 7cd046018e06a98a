-- Work that one process does for all. `until` is when it is another's to take; `place`, how far it has come.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder BLOB NOT NULL,
    until  INTEGER NOT NULL,
    place  BLOB
) STRICT, WITHOUT ROWID;

-- Only current objects expire: an old version that has outlived its time stays where it is, and is not to be met again.
DROP INDEX versions_expiring;
CREATE INDEX versions_expiring ON versions (expires) WHERE state = 1 AND expires IS NOT NULL;
