-- The first schema. `docs/storage-layout.md` explains it table by table.
--
-- Times are counts of 10 µs since the Unix epoch. Names, keys and ids are BLOBs: compared as bytes, by no collation.
-- A bucket or version is referred to by its row's number, `nr`, which never leaves the index.

-- ---- the installation and its processes -----------------------------------------------------------------------------

CREATE TABLE install (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    id      BLOB NOT NULL,
    canary  BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- A process that writes blobs. `fenced` is final. `swept` tells that none of its blobs is an orphan any more.
CREATE TABLE writers (
    id        BLOB PRIMARY KEY,
    started   INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL,
    fenced    INTEGER,
    swept     INTEGER
) STRICT, WITHOUT ROWID;

-- ---- principals -----------------------------------------------------------------------------------------------------

CREATE TABLE accounts (
    id           BLOB PRIMARY KEY,
    domain       BLOB NOT NULL,
    name         BLOB NOT NULL,
    display_name TEXT NOT NULL,
    email        TEXT,
    created      INTEGER NOT NULL,
    metadata     TEXT NOT NULL,             -- JSON, a map
    UNIQUE (domain, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            BLOB PRIMARY KEY,
    domain        BLOB NOT NULL,
    name          BLOB NOT NULL,
    tempauth      BLOB UNIQUE,
    password_hash TEXT,
    epoch         INTEGER NOT NULL,
    enabled       INTEGER NOT NULL,
    UNIQUE (domain, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
    user    BLOB NOT NULL,
    account BLOB NOT NULL,
    role    BLOB NOT NULL,
    PRIMARY KEY (user, account, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_keys (
    access        BLOB PRIMARY KEY,
    user          BLOB NOT NULL,
    account       BLOB NOT NULL,
    sealed_secret BLOB NOT NULL,
    enabled       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    id         BLOB PRIMARY KEY,
    sealed_key BLOB NOT NULL,
    public_key BLOB NOT NULL,
    created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- buckets --------------------------------------------------------------------------------------------------------

CREATE TABLE buckets (
    nr         INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    account    BLOB NOT NULL,
    name       BLOB NOT NULL,
    registered INTEGER NOT NULL,            -- 1: the global S3 name leads here
    created    INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    versioning INTEGER NOT NULL,            -- 0 never enabled, 1 enabled, 2 suspended
    metadata   TEXT NOT NULL,               -- JSON, a map
    settings   TEXT NOT NULL,               -- JSON, a map: ACLs, policy, default lock, …
    UNIQUE (account, name)
) STRICT;

-- The global S3 name registry.
CREATE UNIQUE INDEX buckets_registry ON buckets (name) WHERE registered = 1;

-- Counters in slots, summed on read, so that writers need not wait for one row. SQLite has one writer: slot 0 only.
CREATE TABLE bucket_usage (
    bucket  INTEGER NOT NULL,
    slot    INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    PRIMARY KEY (bucket, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_usage (
    account BLOB NOT NULL,
    slot    INTEGER NOT NULL,
    buckets INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;

-- ---- objects --------------------------------------------------------------------------------------------------------

-- A version of an object, or a delete marker. Of the versions of a key the newest has state 1 (an object: the current
-- one) or 2 (a delete marker); all others have state 0. What every command reads comes first, long values last.
CREATE TABLE versions (
    nr             INTEGER PRIMARY KEY,
    bucket         INTEGER NOT NULL,
    key            BLOB NOT NULL,
    state          INTEGER NOT NULL,
    marker         INTEGER NOT NULL,        -- 1: a delete marker
    null_id        INTEGER NOT NULL,        -- 1: its public id is `null`, else its creation
    created        INTEGER NOT NULL,
    modified       INTEGER NOT NULL,
    size           INTEGER NOT NULL,
    mode           INTEGER NOT NULL,
    part_count     INTEGER,
    etag           TEXT NOT NULL,
    content_type   TEXT,
    uid            BLOB NOT NULL,
    expires        INTEGER,                 -- X-Delete-At
    retention      INTEGER,                 -- lock: 1 governance, 2 compliance
    retain_until   INTEGER,
    legal_hold     INTEGER NOT NULL DEFAULT 0,
    digests        BLOB NOT NULL,
    envelope       BLOB NOT NULL,
    metadata       TEXT NOT NULL,           -- JSON, without the content type
    acl            TEXT,
    tags           TEXT,
    manifest       BLOB                     -- a large object's list of segments
) STRICT;

-- One entry a key: the commands see to it. It holds all that a listing and a write ask of it, so that a page is read from end to end and
-- not row by row from all over the table.
CREATE INDEX versions_current         ON versions (bucket, key, null_id, created, modified, size, mode, part_count, etag,
                                                   content_type) WHERE state = 1;
CREATE UNIQUE INDEX versions_rest     ON versions (bucket, key, created) WHERE state <> 1;
CREATE UNIQUE INDEX versions_old_null ON versions (bucket, key) WHERE state <> 1 AND null_id = 1;
CREATE INDEX versions_expiring        ON versions (expires) WHERE expires IS NOT NULL;

-- The references of a version to ranges of blobs, in order.
CREATE TABLE parts (
    version     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    blob        BLOB NOT NULL,
    start       INTEGER NOT NULL,
    length      INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    PRIMARY KEY (version, seq)
) STRICT, WITHOUT ROWID;

-- The numbered parts of a version that came by a multipart upload: what a read by part number needs.
CREATE TABLE version_parts (
    version INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    digests BLOB NOT NULL,
    PRIMARY KEY (version, number)
) STRICT, WITHOUT ROWID;

-- ---- multipart uploads ----------------------------------------------------------------------------------------------

CREATE TABLE uploads (
    nr           INTEGER PRIMARY KEY,
    uid          BLOB NOT NULL UNIQUE,      -- of the version it will become
    bucket       INTEGER NOT NULL,
    key          BLOB NOT NULL,
    created      INTEGER NOT NULL,
    initiator    BLOB NOT NULL,
    mode         INTEGER NOT NULL,
    content_type TEXT,
    envelope     BLOB NOT NULL,
    choices      TEXT NOT NULL,             -- JSON: checksum algorithm, lock, ACL, tags
    metadata     TEXT NOT NULL
) STRICT;

CREATE INDEX uploads_by_key ON uploads (bucket, key, created, nr);

CREATE TABLE upload_parts (
    upload  INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    created INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    etag    TEXT NOT NULL,
    digests BLOB NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_refs (
    upload      INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    blob        BLOB NOT NULL,
    start       INTEGER NOT NULL,
    length      INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    PRIMARY KEY (upload, number, seq)
) STRICT, WITHOUT ROWID;

-- ---- blobs ----------------------------------------------------------------------------------------------------------

-- `refs` counts rows of `parts` and `upload_refs`. Zero is final: `freed` says since when, and the reaper takes it.
CREATE TABLE blobs (
    id     BLOB PRIMARY KEY,
    refs   INTEGER NOT NULL,
    length INTEGER NOT NULL,                -- of the plaintext
    freed  INTEGER,
    inline INTEGER,                         -- the row of `inline_blobs`, for a blob that lives here
    header BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX blobs_freed ON blobs (freed) WHERE freed IS NOT NULL;

-- Sealed blobs small enough to live in the index, in a table of their own: one commit, no extra request.
CREATE TABLE inline_blobs (
    nr    INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
