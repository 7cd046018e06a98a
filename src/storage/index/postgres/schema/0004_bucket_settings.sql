-- Settings of buckets, by name, in a table of their own: a request for an object reads none of them. The bucket's row says
-- by `settings_generation` when the last of them changed (0: none was ever set), so that what was read once can be kept.
CREATE TABLE bucket_settings (
    bucket  BIGINT NOT NULL,
    name    BYTEA NOT NULL,
    text    TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (bucket, name)
);

ALTER TABLE buckets ADD COLUMN settings_generation BIGINT NOT NULL DEFAULT 0;
INSERT INTO bucket_settings (bucket, name, text, changed)
    SELECT b.nr, convert_to(s.key, 'UTF8'), s.value, b.modified
    FROM buckets b, json_each_text(b.settings::json) s WHERE b.settings <> '{}';
UPDATE buckets SET settings_generation = 1, settings = '{}' WHERE settings <> '{}';

-- The old column stays, empty: gateways of the former version go on beside the first new one, and name it when they read
-- and write buckets. This version does not name it.
ALTER TABLE buckets ALTER COLUMN settings SET DEFAULT '{}';
