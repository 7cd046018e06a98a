//! The audit of the index: references, states, counters, and rows without parents. All checks see one state,
//! and block nobody.

use super::super::audit::{Findings, Wrong};
use super::super::checks;
use super::transaction::Tx;
use crate::model::BlobId;
use crate::storage::index::{Finding, Result};

/// The settings of the session: these statements read whole tables.
const SESSION: &str = "SET LOCAL enable_bitmapscan = on; SET LOCAL work_mem = '64MB'";

/// Queries for the contradictions. Each returns one text for each finding, and takes the most findings wanted
/// as its parameter.
const CHECKS: &[(&str, &str)] = &[
    (
        checks::VERSION_OF_NO_BUCKET,
        "SELECT 'version ' || upper(encode(uid, 'hex')) FROM versions v
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = v.bucket) LIMIT $1",
    ),
    (
        checks::UPLOAD_OF_NO_BUCKET,
        "SELECT 'upload ' || upper(encode(uid, 'hex')) FROM uploads u
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = u.bucket) LIMIT $1",
    ),
    (
        checks::USAGE_OF_NO_BUCKET,
        "SELECT 'row ' || bucket FROM bucket_usage u
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = u.bucket) LIMIT $1",
    ),
    (
        checks::SETTING_OF_NO_BUCKET,
        "SELECT 'row ' || bucket || ', ' || encode(name, 'escape') FROM bucket_settings s
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = s.bucket) LIMIT $1",
    ),
    (
        checks::PART_OF_NO_VERSION,
        "SELECT 'row ' || version || ', part ' || seq FROM parts p
         WHERE NOT EXISTS (SELECT FROM versions v WHERE v.nr = p.version AND v.marker = 0) LIMIT $1",
    ),
    (
        checks::NUMBERED_PART_OF_NO_VERSION,
        "SELECT 'row ' || version || ', number ' || number FROM version_parts p
         WHERE NOT EXISTS (SELECT FROM versions v WHERE v.nr = p.version AND v.marker = 0) LIMIT $1",
    ),
    (
        checks::PART_OF_NO_UPLOAD,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_parts p
         WHERE NOT EXISTS (SELECT FROM uploads u WHERE u.nr = p.upload) LIMIT $1",
    ),
    (
        checks::REFERENCE_OF_NO_PART,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_refs r WHERE NOT EXISTS
             (SELECT FROM upload_parts p WHERE p.upload = r.upload AND p.number = r.number) LIMIT $1",
    ),
    (
        checks::GAPS,
        "SELECT 'row ' || version FROM parts GROUP BY version HAVING max(seq) <> count(*) - 1 LIMIT $1",
    ),
    (
        checks::PART_PAST_BLOB,
        "SELECT 'row ' || version || ', part ' || seq FROM parts p JOIN blobs b ON b.id = p.blob
         WHERE p.start + p.length > b.length LIMIT $1",
    ),
    (
        checks::UPLOADED_PART_PAST_BLOB,
        "SELECT 'row ' || upload || ', number ' || number FROM upload_refs r JOIN blobs b ON b.id = r.blob
         WHERE r.start + r.length > b.length LIMIT $1",
    ),
    (
        checks::VERSION_SIZE,
        "SELECT 'version ' || upper(encode(uid, 'hex')) FROM versions v
         LEFT JOIN (SELECT version, sum(length) AS length FROM parts GROUP BY version) p ON p.version = v.nr
         WHERE marker = 0 AND manifest IS NULL AND size <> coalesce(p.length, 0) LIMIT $1",
    ),
    (
        checks::UPLOADED_PART_SIZE,
        "SELECT 'row ' || p.upload || ', number ' || p.number FROM upload_parts p
         LEFT JOIN (SELECT upload, number, sum(length) AS length FROM upload_refs GROUP BY upload, number) r
             ON r.upload = p.upload AND r.number = p.number
         WHERE p.size <> coalesce(r.length, 0) LIMIT $1",
    ),
    (
        checks::STATE,
        "SELECT 'version ' || upper(encode(uid, 'hex')) || ', state ' || state FROM versions
         WHERE state NOT IN (0, 1, 2) OR state = 1 AND marker = 1 OR state = 2 AND marker = 0 LIMIT $1",
    ),
    (
        checks::FREE_AND_REFERENCED,
        "SELECT 'blob ' || upper(encode(id, 'hex')) FROM blobs WHERE (refs = 0) <> (freed IS NOT NULL) LIMIT $1",
    ),
    (
        checks::BYTES_MISSING,
        "SELECT 'blob ' || upper(encode(id, 'hex')) FROM blobs b WHERE inline IS NOT NULL
         AND NOT EXISTS (SELECT FROM inline_blobs i WHERE i.nr = b.inline) LIMIT $1",
    ),
    (
        checks::BYTES_OF_NO_BLOB,
        "SELECT 'row ' || nr FROM inline_blobs i
         WHERE NOT EXISTS (SELECT FROM blobs b WHERE b.inline = i.nr) LIMIT $1",
    ),
    (
        checks::BYTES_SHARED,
        "SELECT 'row ' || inline FROM blobs WHERE inline IS NOT NULL GROUP BY inline HAVING count(*) > 1 LIMIT $1",
    ),
    (
        checks::BUCKET_USAGE,
        "SELECT 'bucket ' || upper(encode(b.id, 'hex')) FROM buckets b
         LEFT JOIN (SELECT bucket, sum(objects) AS objects, sum(bytes) AS bytes FROM bucket_usage GROUP BY bucket) u
             ON u.bucket = b.nr
         LEFT JOIN (SELECT bucket, count(*) AS objects, sum(size) AS bytes FROM versions WHERE state = 1 GROUP BY bucket) v
             ON v.bucket = b.nr
         WHERE coalesce(u.objects, 0) <> coalesce(v.objects, 0) OR coalesce(u.bytes, 0) <> coalesce(v.bytes, 0)
         LIMIT $1",
    ),
    (
        checks::ACCOUNT_USAGE,
        "SELECT 'account ' || convert_from(account, 'UTF8')
         FROM (SELECT account, sum(buckets) AS buckets, sum(objects) AS objects, sum(bytes) AS bytes
               FROM account_usage GROUP BY account) counted
         FULL JOIN (SELECT b.account, count(*) AS buckets, sum(u.objects) AS objects, sum(u.bytes) AS bytes
                    FROM buckets b
                    LEFT JOIN (SELECT bucket, sum(objects) AS objects, sum(bytes) AS bytes FROM bucket_usage GROUP BY bucket) u
                        ON u.bucket = b.nr
                    GROUP BY b.account) there USING (account)
         WHERE coalesce(counted.buckets, 0) <> coalesce(there.buckets, 0)
             OR coalesce(counted.objects, 0) <> coalesce(there.objects, 0)
             OR coalesce(counted.bytes, 0) <> coalesce(there.bytes, 0)
         LIMIT $1",
    ),
];

pub(super) async fn audit(db: &Tx) -> Result<Vec<Finding>> {
    db.batch(SESSION).await?;
    let mut findings = Findings::default();
    references(db, &mut findings).await?;
    histories(db, &mut findings).await?;
    for (what, sql) in CHECKS {
        for row in db.all(sql, &[&findings.wanted()]).await? {
            findings.add(what, row.try_get(0)?);
        }
    }
    Ok(findings.into_vec())
}

/// The counted references of each blob against those that exist.
async fn references(db: &Tx, findings: &mut Findings) -> Result<()> {
    let sql = "SELECT coalesce(b.id, r.blob), b.refs, coalesce(r.there, 0)
               FROM (SELECT blob, count(*) AS there FROM (SELECT blob FROM parts UNION ALL SELECT blob FROM upload_refs) named
                     GROUP BY blob) r
               FULL JOIN blobs b ON b.id = r.blob
               WHERE b.id IS NULL OR b.refs <> coalesce(r.there, 0) ORDER BY 1 LIMIT $1";
    for row in db.all(sql, &[&findings.wanted()]).await? {
        let (id, counted, exist): (BlobId, Option<i64>, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match counted {
            Some(counted) => findings.references(id, counted, exist),
            None => findings.unknown_blob(id, exist),
        };
    }
    Ok(())
}

/// The versions of each key from the newest on. A key that has a current object and nothing besides is in
/// order.
async fn histories(db: &Tx, findings: &mut Findings) -> Result<()> {
    let sql = "SELECT bucket, key, nth = 1 AND state = 0, nth > 1 AND state <> 0, same, null_id = 1 AND nulls = 2
               FROM (SELECT bucket, key, state, null_id, row_number() OVER newest AS nth,
                         coalesce(created = lag(created) OVER newest, false) AS same,
                         sum(null_id) OVER (newest ROWS UNBOUNDED PRECEDING) AS nulls
                     FROM (SELECT bucket, key, created, null_id, state FROM versions WHERE state <> 1
                           UNION ALL
                           SELECT bucket, key, created, null_id, state FROM versions v WHERE state = 1 AND EXISTS
                               (SELECT FROM versions o WHERE o.state <> 1 AND o.bucket = v.bucket AND o.key = v.key)) v
                     WINDOW newest AS (PARTITION BY bucket, key ORDER BY created DESC)) history
               WHERE nth = 1 AND state = 0 OR nth > 1 AND state <> 0 OR same OR null_id = 1 AND nulls = 2
               ORDER BY bucket, key, nth LIMIT $1";
    for row in db.all(sql, &[&findings.wanted()]).await? {
        let wrong = Wrong {
            newest_is_not_latest: row.try_get(2)?,
            older_is_latest: row.try_get(3)?,
            same_time: row.try_get(4)?,
            second_null: row.try_get(5)?,
        };
        findings.history(wrong, row.try_get(0)?, row.try_get(1)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_query_for_each_check() {
        let queried: Vec<_> = CHECKS.iter().map(|(what, _)| *what).collect();
        assert_eq!(queried, checks::ALL);
    }
}
