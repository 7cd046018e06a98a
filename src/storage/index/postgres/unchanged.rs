//! Versions that a command relies on: if one has changed since it was read, the command fails with `Changed`.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::super::brief::{Brief, brief};
use super::transaction::{Snapshot, Tx};
use super::versions;
use crate::model::{BucketId, ObjectKey, Timestamp, VersionId, VersionUid};
use crate::storage::Error;
use crate::storage::index::{Result, Unchanged};

/// How a row is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Hold {
    /// The row stays as it is. Other commands may rely on it too.
    Share,
    /// This command changes it.
    Alone,
}

/// Finds the rows of versions, in the order given. If one is missing, the command fails with `Changed`.
/// Delete markers have no identity: they are never found.
pub(super) async fn find(db: &Snapshot, versions: &[&Unchanged]) -> Result<Vec<i64>> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let buckets: Vec<BucketId> = versions.iter().map(|version| version.bucket).collect();
    let keys: Vec<&ObjectKey> = versions.iter().map(|version| &version.key).collect();
    let uids: Vec<VersionUid> = versions.iter().map(|version| version.uid).collect();
    let created = |version: &&Unchanged| match version.version_id {
        VersionId::Null => None,
        VersionId::At(created) => Some(created),
    };
    let created: Vec<Option<Timestamp>> = versions.iter().map(created).collect();
    let sql = "SELECT v.nr FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[]) WITH ORDINALITY
                   AS w (bucket, key, uid, created, at)
               JOIN buckets b ON b.id = w.bucket
               CROSS JOIN LATERAL (
                   SELECT nr FROM versions WHERE bucket = b.nr AND key = w.key AND state = 1 AND uid = w.uid
                       AND CASE WHEN w.created IS NULL THEN null_id = 1 ELSE null_id = 0 AND created = w.created END
                   UNION ALL
                   SELECT nr FROM versions WHERE bucket = b.nr AND key = w.key AND state <> 1 AND uid = w.uid
                       AND null_id = 1 AND w.created IS NULL
                   UNION ALL
                   SELECT nr FROM versions WHERE bucket = b.nr AND key = w.key AND state <> 1 AND uid = w.uid
                       AND null_id = 0 AND created = w.created) v
               ORDER BY w.at";
    let rows = db.all(sql, &[&buckets, &keys, &uids, &created]).await?;
    if rows.len() != versions.len() {
        return Err(Error::Changed);
    }
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Locks the rows of these versions, and the row the command changes, in ascending row number. The fixed
/// order prevents a deadlock between two commands that each depend on a row the other changes.
///
/// Returns the rows as they are then, in the order given, and the changed row last.
pub(super) async fn hold(
    tx: &Tx,
    versions: &[(&Unchanged, Hold)],
    found: &[i64],
    changed: Option<i64>,
) -> Result<(Vec<Brief>, Option<Brief>)> {
    let mut holds: BTreeMap<i64, Hold> = changed.map(|nr| (nr, Hold::Alone)).into_iter().collect();
    for ((_, hold), nr) in versions.iter().zip(found) {
        let strongest = holds.entry(*nr).or_insert(*hold);
        *strongest = (*strongest).max(*hold);
    }
    let held = lock(tx, &holds).await?;
    let stands = |((version, _), nr): (&(&Unchanged, Hold), &i64)| match held.get(nr) {
        Some(found) if found.uid == version.uid.0 => Ok(found.clone()),
        _ => Err(Error::Changed),
    };
    let standing = versions.iter().zip(found).map(stands).collect::<Result<_>>()?;
    let changed = changed.map(|nr| held.get(&nr).cloned().ok_or(Error::Changed)).transpose()?;
    Ok((standing, changed))
}

/// Finds and locks versions, for a command that changes no other version.
pub(super) async fn find_and_hold(tx: &Tx, versions: &[&Unchanged], hold: Hold) -> Result<Vec<Brief>> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let found = find(tx, versions).await?;
    let versions: Vec<_> = versions.iter().map(|version| (*version, hold)).collect();
    Ok(self::hold(tx, &versions, &found, None).await?.0)
}

/// Locks rows, and reads them. Rows that are gone are left out.
async fn lock(tx: &Tx, holds: &BTreeMap<i64, Hold>) -> Result<BTreeMap<i64, Brief>> {
    // One statement for each run of neighbours with the same lock. The statements are sent in order.
    let mut runs: Vec<(Hold, Vec<i64>)> = Vec::new();
    for (nr, hold) in holds {
        match runs.last_mut() {
            Some((same, run)) if same == hold => run.push(*nr),
            _ => runs.push((*hold, vec![*nr])),
        }
    }
    let locked = join_all(runs.iter().map(async |(hold, run)| {
        let sql = match hold {
            Hold::Share => brief!("FROM versions v WHERE v.nr = ANY($1) ORDER BY v.nr FOR SHARE"),
            Hold::Alone => brief!("FROM versions v WHERE v.nr = ANY($1) ORDER BY v.nr FOR UPDATE"),
        };
        tx.all(sql, &[run]).await
    }));
    let mut held = BTreeMap::new();
    for rows in locked.await {
        for row in rows? {
            let brief = versions::read(&row)?;
            held.insert(brief.nr, brief);
        }
    }
    Ok(held)
}
