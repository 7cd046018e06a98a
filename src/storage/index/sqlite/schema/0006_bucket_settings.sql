-- Settings of buckets, by name, in a table of their own: a request for an object reads none of them. The bucket's row says
-- by `settings_generation` when the last of them changed (0: none was ever set), so that what was read once can be kept.
CREATE TABLE bucket_settings (
    bucket  INTEGER NOT NULL,
    name    BLOB NOT NULL,
    text    TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (bucket, name)
) STRICT;

ALTER TABLE buckets ADD COLUMN settings_generation INTEGER NOT NULL DEFAULT 0;
INSERT INTO bucket_settings (bucket, name, text, changed)
    SELECT b.nr, CAST(s.key AS BLOB), s.value, b.modified FROM buckets b, json_each(b.settings) s WHERE b.settings <> '{}';
UPDATE buckets SET settings_generation = 1 WHERE settings <> '{}';
ALTER TABLE buckets DROP COLUMN settings;
