//! The audit of the index: references, states, counters, and rows without parents. All checks see one state,
//! and block nobody.

use rusqlite::{Row, params};

use super::super::audit::{Findings, Wrong};
use super::super::brief::OLD;
use super::super::checks;
use super::connection::Snapshot;
use super::values::Count;
use crate::model::BlobId;
use crate::storage::index::{BlobRow, Finding, Result};

/// Queries for the contradictions. Each returns one text for each finding, and takes the most findings wanted
/// as its parameter.
const CHECKS: &[(&str, &str)] = &[
    (
        checks::VERSION_OF_NO_BUCKET,
        "SELECT 'version ' || hex(uid) FROM versions v
         WHERE NOT EXISTS (SELECT 1 FROM buckets b WHERE b.nr = v.bucket) LIMIT ?1",
    ),
    (
        checks::UPLOAD_OF_NO_BUCKET,
        "SELECT 'upload ' || hex(uid) FROM uploads u
         WHERE NOT EXISTS (SELECT 1 FROM buckets b WHERE b.nr = u.bucket) LIMIT ?1",
    ),
    (
        checks::USAGE_OF_NO_BUCKET,
        "SELECT 'row ' || bucket FROM bucket_usage u
         WHERE NOT EXISTS (SELECT 1 FROM buckets b WHERE b.nr = u.bucket) LIMIT ?1",
    ),
    (
        checks::SETTING_OF_NO_BUCKET,
        "SELECT 'row ' || bucket || ', ' || CAST(name AS TEXT) FROM bucket_settings s
         WHERE NOT EXISTS (SELECT 1 FROM buckets b WHERE b.nr = s.bucket) LIMIT ?1",
    ),
    (
        checks::PART_OF_NO_VERSION,
        "SELECT 'row ' || version || ', part ' || seq FROM parts p
         WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.nr = p.version AND v.marker = 0) LIMIT ?1",
    ),
    (
        checks::NUMBERED_PART_OF_NO_VERSION,
        "SELECT 'row ' || version || ', number ' || number FROM version_parts p
         WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.nr = p.version AND v.marker = 0) LIMIT ?1",
    ),
    (
        checks::PART_OF_NO_UPLOAD,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_parts p
         WHERE NOT EXISTS (SELECT 1 FROM uploads u WHERE u.nr = p.upload) LIMIT ?1",
    ),
    (
        checks::REFERENCE_OF_NO_PART,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_refs r WHERE NOT EXISTS
             (SELECT 1 FROM upload_parts p WHERE p.upload = r.upload AND p.number = r.number) LIMIT ?1",
    ),
    (
        checks::GAPS,
        "SELECT 'row ' || version FROM parts GROUP BY version HAVING max(seq) <> count(*) - 1 LIMIT ?1",
    ),
    (
        checks::PART_PAST_BLOB,
        "SELECT 'row ' || version || ', part ' || seq FROM parts p JOIN blobs b ON b.id = p.blob
         WHERE p.start + p.length > b.length LIMIT ?1",
    ),
    (
        checks::UPLOADED_PART_PAST_BLOB,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_refs r JOIN blobs b ON b.id = r.blob
         WHERE r.start + r.length > b.length LIMIT ?1",
    ),
    (
        checks::VERSION_SIZE,
        "SELECT 'version ' || hex(uid) FROM versions v WHERE marker = 0 AND manifest IS NULL
         AND size <> (SELECT coalesce(sum(length), 0) FROM parts p WHERE p.version = v.nr) LIMIT ?1",
    ),
    (
        checks::UPLOADED_PART_SIZE,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_parts p WHERE size <>
             (SELECT coalesce(sum(length), 0) FROM upload_refs r WHERE r.upload = p.upload AND r.number = p.number)
         LIMIT ?1",
    ),
    (
        checks::STATE,
        "SELECT 'version ' || hex(uid) || ', state ' || state FROM versions
         WHERE state NOT IN (0, 1, 2) OR state = 1 AND marker = 1 OR state = 2 AND marker = 0 LIMIT ?1",
    ),
    (
        checks::FREE_AND_REFERENCED,
        "SELECT 'blob ' || hex(id) FROM blobs WHERE (refs = 0) <> (freed IS NOT NULL) LIMIT ?1",
    ),
    (
        checks::BYTES_MISSING,
        "SELECT 'blob ' || hex(id) FROM blobs b WHERE inline IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM inline_blobs i WHERE i.nr = b.inline) LIMIT ?1",
    ),
    (
        checks::BYTES_OF_NO_BLOB,
        "SELECT 'row ' || nr FROM inline_blobs
         WHERE nr NOT IN (SELECT inline FROM blobs WHERE inline IS NOT NULL) LIMIT ?1",
    ),
    (
        checks::BYTES_SHARED,
        "SELECT 'row ' || inline FROM blobs WHERE inline IS NOT NULL GROUP BY inline HAVING count(*) > 1 LIMIT ?1",
    ),
    (
        checks::BUCKET_USAGE,
        "SELECT 'bucket ' || hex(b.id) FROM buckets b WHERE
             (SELECT coalesce(sum(objects), 0) FROM bucket_usage u WHERE u.bucket = b.nr)
                 <> (SELECT count(*) FROM versions v WHERE v.bucket = b.nr AND v.state = 1)
             OR (SELECT coalesce(sum(bytes), 0) FROM bucket_usage u WHERE u.bucket = b.nr)
                 <> (SELECT coalesce(sum(size), 0) FROM versions v WHERE v.bucket = b.nr AND v.state = 1)
         LIMIT ?1",
    ),
    (
        checks::ACCOUNT_USAGE,
        "SELECT 'account ' || CAST(a.account AS TEXT)
         FROM (SELECT account FROM buckets UNION SELECT account FROM account_usage) a WHERE
             (SELECT coalesce(sum(buckets), 0) FROM account_usage u WHERE u.account = a.account)
                 <> (SELECT count(*) FROM buckets b WHERE b.account = a.account)
             OR (SELECT coalesce(sum(objects), 0) FROM account_usage u WHERE u.account = a.account)
                 <> (SELECT coalesce(sum(objects), 0) FROM buckets b JOIN bucket_usage u ON u.bucket = b.nr
                     WHERE b.account = a.account)
             OR (SELECT coalesce(sum(bytes), 0) FROM account_usage u WHERE u.account = a.account)
                 <> (SELECT coalesce(sum(bytes), 0) FROM buckets b JOIN bucket_usage u ON u.bucket = b.nr
                     WHERE b.account = a.account)
         LIMIT ?1",
    ),
];

pub(super) fn audit(db: &Snapshot<'_>) -> Result<Vec<Finding>> {
    let mut findings = Findings::default();
    references(db, &mut findings)?;
    histories(db, &mut findings)?;
    for (what, sql) in CHECKS {
        db.scan(sql, [findings.wanted()], |row| Ok(findings.add(what, row.get(0)?)))?;
    }
    Ok(findings.into_vec())
}

/// SQLite's own check of its file: pages, indexes, types, constraints. It needs a connection that may write:
/// on a connection that only reads, SQLite checks less without saying so.
pub(super) fn database(db: &Snapshot<'_>) -> Result<Vec<Finding>> {
    let said: Vec<String> = db.all("PRAGMA integrity_check(1000)", [], |row| row.get(0))?;
    let found = said.into_iter().filter(|line| line != "ok");
    Ok(found.map(|detail| Finding { what: "the database is damaged", detail }).collect())
}

/// The counted references of each blob against those that exist, both in the order of the blobs.
fn references(db: &Snapshot<'_>, findings: &mut Findings) -> Result<()> {
    let mut blobs = db.prepare("SELECT id, refs FROM blobs ORDER BY id")?;
    let mut blobs = blobs.query_map([], |row| Ok((row.get::<_, BlobId>(0)?, row.get::<_, i64>(1)?)))?;
    let mut blob = blobs.next().transpose()?;
    let sql = "SELECT blob, count(*) FROM (SELECT blob FROM parts UNION ALL SELECT blob FROM upload_refs)
               GROUP BY blob ORDER BY blob";
    db.scan(sql, [], |row| {
        let (named, count): (BlobId, i64) = (row.get(0)?, row.get(1)?);
        while let Some((id, refs)) = blob.filter(|(id, _)| *id < named) {
            if !findings.references(id, refs, 0) {
                return Ok(false);
            }
            blob = blobs.next().transpose()?;
        }
        match blob {
            Some((id, refs)) if id == named => {
                blob = blobs.next().transpose()?;
                Ok(findings.references(id, refs, count))
            }
            _ => Ok(findings.unknown_blob(named, count)),
        }
    })?;
    while let Some((id, refs)) = blob {
        findings.references(id, refs, 0);
        blob = blobs.next().transpose()?;
    }
    Ok(())
}

/// The versions of each key from the newest on.
fn histories(db: &Snapshot<'_>, findings: &mut Findings) -> Result<()> {
    let mut history: Option<History> = None;
    db.scan(HISTORIES, [], |row| {
        let (bucket, created, null): (i64, i64, i64) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let (key, latest) = (row.get_ref(1)?.as_blob()?, row.get::<_, i64>(4)? != OLD);
        let wrong = match history.as_mut().filter(|history| history.bucket == bucket && history.key == key) {
            None => {
                history = Some(History { bucket, key: key.to_vec(), created, nulls: null });
                Wrong { newest_is_not_latest: !latest, ..Wrong::default() }
            }
            Some(history) => {
                let same_time = created == history.created;
                history.created = created;
                history.nulls += null;
                let second_null = null > 0 && history.nulls == 2;
                Wrong { older_is_latest: latest, same_time, second_null, ..Wrong::default() }
            }
        };
        Ok(findings.history(wrong, bucket, key))
    })
}

/// All versions by key, and the newest of a key first.
const HISTORIES: &str = "SELECT bucket, key, created, null_id, state FROM versions WHERE state = 1
     UNION ALL SELECT bucket, key, created, null_id, state FROM versions WHERE state <> 1
     ORDER BY bucket, key, created DESC";

struct History {
    bucket: i64,
    key: Vec<u8>,
    created: i64,
    nulls: i64,
}

pub(super) fn blobs_after(db: &Snapshot<'_>, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
    let sql =
        "SELECT id, length, inline IS NOT NULL, refs, freed FROM blobs WHERE id > ?1 ORDER BY id LIMIT ?2";
    let after = after.map_or_else(Vec::new, |id| id.0.to_vec());
    db.all(sql, params![after, limit], read_blob)
}

pub(super) fn blob(db: &Snapshot<'_>, id: BlobId) -> Result<Option<BlobRow>> {
    let sql = "SELECT id, length, inline IS NOT NULL, refs, freed FROM blobs WHERE id = ?1";
    db.maybe(sql, [id], read_blob)
}

fn read_blob(row: &Row<'_>) -> rusqlite::Result<BlobRow> {
    Ok(BlobRow {
        id: row.get(0)?,
        length: row.get::<_, Count>(1)?.0,
        inline: row.get(2)?,
        refs: row.get::<_, Count>(3)?.0,
        freed: row.get(4)?,
    })
}
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::super::super::audit::MOST;
    use super::*;
    use crate::storage::index::sqlite::schema;

    /// A bucket with an object, a hidden key and an upload. Blob 1 is referenced twice; blob 2 lives in the
    /// index.
    const SOUND: &str = "
        CREATE TEMP VIEW ids AS SELECT value AS n, CAST(printf('%024d', value) AS BLOB) AS blob
            FROM (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3);
        INSERT INTO buckets (nr, id, account, name, registered, created, modified, versioning, metadata)
            VALUES (1, x'01', CAST('a' AS BLOB), x'01', 0, 0, 0, 1, '{}');
        INSERT INTO bucket_settings (bucket, name, text, changed) VALUES (1, CAST('tags' AS BLOB), '[]', 0);
        INSERT INTO bucket_usage (bucket, slot, objects, bytes) VALUES (1, 0, 1, 6);
        INSERT INTO account_usage (account, slot, buckets, objects, bytes) VALUES (CAST('a' AS BLOB), 0, 1, 1, 6);
        INSERT INTO versions (nr, bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid,
                digests, envelope, metadata)
            VALUES (1, 1, x'61', 1, 0, 0, 9, 9, 6, 0, '', x'01', x'', x'', '{}'),
                   (2, 1, x'62', 0, 0, 1, 1, 1, 3, 0, '', x'02', x'', x'', '{}'),
                   (3, 1, x'62', 2, 1, 0, 5, 5, 0, 0, '', x'', x'', x'', '{}');
        INSERT INTO uploads (nr, uid, bucket, key, created, initiator, mode, envelope, choices, metadata)
            VALUES (1, x'09', 1, x'61', 0, x'', 0, x'', '{}', '{}');
        INSERT INTO upload_parts (upload, number, created, size, etag, digests) VALUES (1, 7, 0, 2, '', x'');
        INSERT INTO inline_blobs (nr, bytes) VALUES (1, x'00');
        INSERT INTO blobs (id, refs, length, freed, inline, header)
            SELECT blob, CASE n WHEN 1 THEN 2 WHEN 2 THEN 2 ELSE 0 END, 3, CASE WHEN n = 3 THEN 1 END,
                CASE WHEN n = 2 THEN 1 END, x'' FROM ids;
        INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
            SELECT 1, n - 1, blob, 0, 3, x'' FROM ids WHERE n < 3;
        INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
            SELECT 2, 0, blob, 0, 3, x'' FROM ids WHERE n = 1;
        INSERT INTO version_parts (version, number, size, digests) VALUES (1, 1, 3, x'');
        INSERT INTO upload_refs (upload, number, seq, blob, start, length, wrapped_key)
            SELECT 1, 7, 0, blob, 1, 2, x'' FROM ids WHERE n = 2;";

    /// What is done to it, and what must be found.
    const DAMAGES: &[(&str, &str)] = &[
        ("UPDATE versions SET bucket = 2 WHERE nr = 1", "a version is in no bucket"),
        ("UPDATE uploads SET bucket = 2", "an upload is in no bucket"),
        ("UPDATE bucket_usage SET bucket = 2", "usage is counted of no bucket"),
        ("UPDATE bucket_settings SET bucket = 2", "a setting is of no bucket"),
        ("DELETE FROM versions WHERE nr = 2", "a part is of no version"),
        ("UPDATE parts SET version = 3 WHERE version = 2", "a part is of no version"),
        ("UPDATE version_parts SET version = 9", "a numbered part is of no version"),
        ("DELETE FROM uploads", "a part is of no upload"),
        ("UPDATE upload_refs SET number = 8", "a reference is of no part of an upload"),
        ("UPDATE parts SET seq = 5 WHERE seq = 1", "the parts of a version have gaps"),
        ("UPDATE parts SET start = 1 WHERE version = 2", "a part reaches past its blob"),
        ("UPDATE upload_refs SET start = 2", "a part of an upload reaches past its blob"),
        ("UPDATE versions SET size = 4 WHERE nr = 2", "the parts of a version do not add up to its size"),
        ("UPDATE upload_parts SET size = 3", "the references of an uploaded part do not add up to its size"),
        ("UPDATE versions SET marker = 1 WHERE nr = 1", "the state of a version contradicts what it is"),
        ("UPDATE versions SET state = 3 WHERE nr = 1", "the state of a version contradicts what it is"),
        ("UPDATE blobs SET freed = 1 WHERE refs > 0", "a blob is free and referenced, or neither"),
        ("UPDATE blobs SET freed = NULL", "a blob is free and referenced, or neither"),
        ("DELETE FROM inline_blobs", "the bytes of a blob in the index are not there"),
        ("INSERT INTO inline_blobs (nr, bytes) VALUES (2, x'00')", "bytes in the index are of no blob"),
        ("UPDATE blobs SET inline = 1", "two blobs share bytes in the index"),
        ("UPDATE bucket_usage SET objects = 2", "the usage of a bucket is miscounted"),
        ("UPDATE bucket_usage SET bytes = 7", "the usage of a bucket is miscounted"),
        ("UPDATE account_usage SET buckets = 2", "the usage of an account is miscounted"),
        ("UPDATE account_usage SET objects = 0", "the usage of an account is miscounted"),
        ("DELETE FROM account_usage", "the usage of an account is miscounted"),
        ("UPDATE blobs SET refs = 3 WHERE refs > 0", "the references of a blob are miscounted"),
        ("DELETE FROM upload_refs", "the references of a blob are miscounted"),
        ("DELETE FROM parts WHERE version = 2", "the references of a blob are miscounted"),
        ("DELETE FROM blobs WHERE inline = 1", "a part names an unknown blob"),
        ("DELETE FROM blobs", "a part names an unknown blob"),
        ("UPDATE versions SET created = 6 WHERE nr = 2", "the newest version of a key is not its latest"),
        ("UPDATE versions SET state = 0 WHERE nr = 3", "the newest version of a key is not its latest"),
        ("UPDATE versions SET state = 1 WHERE nr = 2", "an older version of a key is its latest"),
        ("UPDATE versions SET key = x'61', created = 9 WHERE nr = 2", "two versions of a key share a time"),
        ("UPDATE versions SET key = x'61', null_id = 1 WHERE nr < 3", "a key has two null versions"),
    ];

    fn audited(damage: &str) -> Vec<Finding> {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection.execute_batch(SOUND).unwrap();
        connection.execute_batch(damage).unwrap();
        audit(&Snapshot::new(&connection)).unwrap()
    }

    #[test]
    fn every_damage_is_found() {
        assert_eq!(audited(""), []);
        for (damage, what) in DAMAGES {
            let found: Vec<_> = audited(damage).into_iter().map(|finding| finding.what).collect();
            assert!(found.contains(what), "{damage}: {found:?}");
        }
        let tested: BTreeSet<_> = DAMAGES.iter().map(|(_, what)| *what).collect();
        assert!(checks::ALL.iter().all(|what| tested.contains(what)));
    }

    #[test]
    fn findings_are_bounded() {
        let many = "WITH RECURSIVE n (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
            INSERT INTO version_parts (version, number, size, digests) SELECT n, 1, 0, x'' FROM n";
        assert_eq!(audited(many).len(), MOST);
    }

    #[test]
    fn histories_are_read_along_their_indexes() {
        let plan = schema::plan(HISTORIES).join("\n");
        for index in ["versions_current", "versions_rest"] {
            assert!(plan.contains(&format!("SCAN versions USING COVERING INDEX {index}")), "{plan}");
        }
    }
}
