-- A listing of versions goes by key, and from the newest of a key to the oldest: the index does as well, and holds all that
-- such a listing shows. That no two versions of a key share a time is seen to by the commands, as that one is current.

DROP INDEX versions_rest;
CREATE INDEX versions_rest ON versions (bucket, key, created DESC, state, marker, null_id, modified, size, mode,
                                        part_count, etag, content_type) WHERE state <> 1;
