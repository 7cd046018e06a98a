//! The index checked against itself: references, states, counters, and rows without parents. All checks see one state, and hold
//! nobody up.

use super::transaction::Tx;
use crate::model::BlobId;
use crate::storage::index::{Finding, Result};

/// Findings that are told at most. Who has that many needs no more of them to know.
const MOST: usize = 1000;

/// How the session is set for it: these statements read whole tables.
const SESSION: &str = "SET LOCAL enable_bitmapscan = on; SET LOCAL work_mem = '64MB'";

/// What must hold, as queries for what does not. Each gives one text, and takes how many are wanted at most.
const CHECKS: &[(&str, &str)] = &[
    (
        "a version is in no bucket",
        "SELECT 'version ' || upper(encode(uid, 'hex')) FROM versions v
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = v.bucket) LIMIT $1",
    ),
    (
        "an upload is in no bucket",
        "SELECT 'upload ' || upper(encode(uid, 'hex')) FROM uploads u
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = u.bucket) LIMIT $1",
    ),
    (
        "usage is counted of no bucket",
        "SELECT 'row ' || bucket FROM bucket_usage u
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = u.bucket) LIMIT $1",
    ),
    (
        "a setting is of no bucket",
        "SELECT 'row ' || bucket || ', ' || encode(name, 'escape') FROM bucket_settings s
         WHERE NOT EXISTS (SELECT FROM buckets b WHERE b.nr = s.bucket) LIMIT $1",
    ),
    (
        "a part is of no version",
        "SELECT 'row ' || version || ', part ' || seq FROM parts p
         WHERE NOT EXISTS (SELECT FROM versions v WHERE v.nr = p.version AND v.marker = 0) LIMIT $1",
    ),
    (
        "a numbered part is of no version",
        "SELECT 'row ' || version || ', number ' || number FROM version_parts p
         WHERE NOT EXISTS (SELECT FROM versions v WHERE v.nr = p.version AND v.marker = 0) LIMIT $1",
    ),
    (
        "a part is of no upload",
        "SELECT 'row ' || upload || ', number ' || number FROM upload_parts p
         WHERE NOT EXISTS (SELECT FROM uploads u WHERE u.nr = p.upload) LIMIT $1",
    ),
    (
        "a reference is of no part of an upload",
        "SELECT 'row ' || upload || ', number ' || number FROM upload_refs r WHERE NOT EXISTS
             (SELECT FROM upload_parts p WHERE p.upload = r.upload AND p.number = r.number) LIMIT $1",
    ),
    (
        "the parts of a version have gaps",
        "SELECT 'row ' || version FROM parts GROUP BY version HAVING max(seq) <> count(*) - 1 LIMIT $1",
    ),
    (
        "a part reaches past its blob",
        "SELECT 'row ' || version || ', part ' || seq FROM parts p JOIN blobs b ON b.id = p.blob
         WHERE p.start + p.length > b.length LIMIT $1",
    ),
    (
        "a part of an upload reaches past its blob",
        "SELECT 'row ' || upload || ', number ' || number FROM upload_refs r JOIN blobs b ON b.id = r.blob
         WHERE r.start + r.length > b.length LIMIT $1",
    ),
    (
        "the parts of a version do not add up to its size",
        "SELECT 'version ' || upper(encode(uid, 'hex')) FROM versions v
         LEFT JOIN (SELECT version, sum(length) AS length FROM parts GROUP BY version) p ON p.version = v.nr
         WHERE marker = 0 AND manifest IS NULL AND size <> coalesce(p.length, 0) LIMIT $1",
    ),
    (
        "the references of an uploaded part do not add up to its size",
        "SELECT 'row ' || p.upload || ', number ' || p.number FROM upload_parts p
         LEFT JOIN (SELECT upload, number, sum(length) AS length FROM upload_refs GROUP BY upload, number) r
             ON r.upload = p.upload AND r.number = p.number
         WHERE p.size <> coalesce(r.length, 0) LIMIT $1",
    ),
    (
        "the state of a version contradicts what it is",
        "SELECT 'version ' || upper(encode(uid, 'hex')) || ', state ' || state FROM versions
         WHERE state NOT IN (0, 1, 2) OR state = 1 AND marker = 1 OR state = 2 AND marker = 0 LIMIT $1",
    ),
    (
        "a blob is free and referenced, or neither",
        "SELECT 'blob ' || upper(encode(id, 'hex')) FROM blobs WHERE (refs = 0) <> (freed IS NOT NULL) LIMIT $1",
    ),
    (
        "the bytes of a blob in the index are not there",
        "SELECT 'blob ' || upper(encode(id, 'hex')) FROM blobs b WHERE inline IS NOT NULL
         AND NOT EXISTS (SELECT FROM inline_blobs i WHERE i.nr = b.inline) LIMIT $1",
    ),
    (
        "bytes in the index are of no blob",
        "SELECT 'row ' || nr FROM inline_blobs i
         WHERE NOT EXISTS (SELECT FROM blobs b WHERE b.inline = i.nr) LIMIT $1",
    ),
    (
        "two blobs share bytes in the index",
        "SELECT 'row ' || inline FROM blobs WHERE inline IS NOT NULL GROUP BY inline HAVING count(*) > 1 LIMIT $1",
    ),
    (
        "the usage of a bucket is miscounted",
        "SELECT 'bucket ' || upper(encode(b.id, 'hex')) FROM buckets b
         LEFT JOIN (SELECT bucket, sum(objects) AS objects, sum(bytes) AS bytes FROM bucket_usage GROUP BY bucket) u
             ON u.bucket = b.nr
         LEFT JOIN (SELECT bucket, count(*) AS objects, sum(size) AS bytes FROM versions WHERE state = 1 GROUP BY bucket) v
             ON v.bucket = b.nr
         WHERE coalesce(u.objects, 0) <> coalesce(v.objects, 0) OR coalesce(u.bytes, 0) <> coalesce(v.bytes, 0)
         LIMIT $1",
    ),
    (
        "the usage of an account is miscounted",
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
    let mut findings = Vec::new();
    references(db, &mut findings).await?;
    histories(db, &mut findings).await?;
    for (what, sql) in CHECKS {
        for row in db.all(sql, &[&wanted(&findings)]).await? {
            findings.push(Finding { what, detail: row.try_get(0)? });
        }
    }
    Ok(findings)
}

/// How many findings are told yet.
fn wanted(findings: &[Finding]) -> i64 {
    i64::try_from(MOST.saturating_sub(findings.len())).unwrap_or(0)
}

/// The counted references of each blob against those there are.
async fn references(db: &Tx, findings: &mut Vec<Finding>) -> Result<()> {
    let sql = "SELECT coalesce(b.id, r.blob), b.refs, coalesce(r.there, 0)
               FROM (SELECT blob, count(*) AS there FROM (SELECT blob FROM parts UNION ALL SELECT blob FROM upload_refs) named
                     GROUP BY blob) r
               FULL JOIN blobs b ON b.id = r.blob
               WHERE b.id IS NULL OR b.refs <> coalesce(r.there, 0) ORDER BY 1 LIMIT $1";
    for row in db.all(sql, &[&wanted(findings)]).await? {
        let (id, counted, there): (BlobId, Option<i64>, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        findings.push(match counted {
            Some(counted) => Finding {
                what: "the references of a blob are miscounted",
                detail: format!("blob {id}: {counted} counted, {there} there"),
            },
            None => {
                Finding { what: "a part names an unknown blob", detail: format!("blob {id}, {there} times") }
            }
        });
    }
    Ok(())
}

/// The versions of each key from the newest on: the first is the latest and no other is, no two share a time, and one at
/// most is the null version. A key that has a current object and nothing else is in order.
async fn histories(db: &Tx, findings: &mut Vec<Finding>) -> Result<()> {
    const WRONG: [&str; 4] = [
        "the newest version of a key is not its latest",
        "an older version of a key is its latest",
        "two versions of a key share a time",
        "a key has two null versions",
    ];
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
    for row in db.all(sql, &[&wanted(findings)]).await? {
        let (bucket, key): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        for (at, what) in WRONG.into_iter().enumerate() {
            if row.try_get(2 + at)? && findings.len() < MOST {
                let key = String::from_utf8_lossy(key);
                findings.push(Finding { what, detail: format!("bucket's row {bucket}, key {key:?}") });
            }
        }
    }
    Ok(())
}
