//! Sealing versions anew in place: another envelope and other wrapped keys over the same blobs.

use std::collections::BTreeMap;

use futures_util::future::join;

use super::super::brief::Brief;
use super::transaction::Tx;
use super::unchanged::{self, Hold};
use super::values::small;
use crate::model::{EncryptionMode, VersionUid};
use crate::storage::Error;
use crate::storage::index::{Result, Rewrap, Unchanged};

/// All or none: if one version is `Changed`, the transaction undoes the others. It takes no lock of a key,
/// only those of the rows.
pub(super) async fn rewrap(tx: &Tx, rewraps: &[Rewrap]) -> Result<()> {
    let versions: Vec<&Unchanged> = rewraps.iter().map(|rewrap| &rewrap.version).collect();
    let held = unchanged::find_and_hold(tx, &versions, Hold::Alone).await?;
    self::held(tx, rewraps, &held).await
}

/// Seals versions anew, whose rows the caller holds.
pub(super) async fn held(tx: &Tx, rewraps: &[Rewrap], held: &[Brief]) -> Result<()> {
    if rewraps.is_empty() {
        return Ok(());
    }
    if held.iter().any(|version| !version.latest) {
        return Err(Error::Changed);
    }
    let nrs: Vec<i64> = held.iter().map(|version| version.nr).collect();
    update_parts(tx, rewraps, &nrs).await?;
    let uids: Vec<VersionUid> = rewraps.iter().map(|rewrap| rewrap.uid).collect();
    let modes: Vec<EncryptionMode> = rewraps.iter().map(|rewrap| rewrap.mode).collect();
    let etags: Vec<&str> = rewraps.iter().map(|rewrap| &rewrap.etag[..]).collect();
    let digests: Vec<&[u8]> = rewraps.iter().map(|rewrap| &rewrap.digests[..]).collect();
    let envelopes: Vec<&[u8]> = rewraps.iter().map(|rewrap| &rewrap.envelope[..]).collect();
    let sql = "WITH numbers AS (DELETE FROM version_parts WHERE version = ANY($1))
               UPDATE versions v SET uid = w.uid, mode = w.mode, etag = w.etag, digests = w.digests, envelope = w.envelope
               FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[])
                   AS w (nr, uid, mode, etag, digests, envelope)
               WHERE v.nr = w.nr";
    tx.execute(sql, &[&nrs, &uids, &modes, &etags, &digests, &envelopes]).await.map(|_| ())
}

/// Replaces the keys of the versions' parts. A version with another number of parts has changed.
async fn update_parts(tx: &Tx, rewraps: &[Rewrap], nrs: &[i64]) -> Result<()> {
    let (mut versions, mut seqs, mut keys) = (Vec::<i64>::new(), Vec::<i64>::new(), Vec::<&[u8]>::new());
    for (nr, rewrap) in nrs.iter().zip(rewraps) {
        for (seq, key) in (0..).zip(&rewrap.wrapped_keys) {
            versions.push(*nr);
            seqs.push(seq);
            keys.push(key);
        }
    }
    let count = "SELECT version, count(*) FROM parts WHERE version = ANY($1) GROUP BY version";
    let update = "UPDATE parts p SET wrapped_key = w.key FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
                      AS w (version, seq, key)
                  WHERE p.version = w.version AND p.seq = w.seq";
    let (counted, updated) = join(tx.all(count, &[&nrs]), async {
        if keys.is_empty() { Ok(0) } else { tx.execute(update, &[&versions, &seqs, &keys]).await }
    })
    .await;
    let mut counts: BTreeMap<i64, usize> = nrs.iter().map(|nr| (*nr, 0)).collect();
    for row in counted? {
        counts.insert(row.try_get(0)?, small(row.try_get(1)?)?);
    }
    // A version that is named twice was already sealed anew when its second turn came.
    let is_same = |(nr, rewrap): (&i64, &Rewrap)| counts.remove(nr) == Some(rewrap.wrapped_keys.len());
    if !nrs.iter().zip(rewraps).all(is_same) {
        return Err(Error::Changed);
    }
    if updated? != keys.len() as u64 {
        return Err(Error::Damaged("a version's parts are not numbered in order".into()));
    }
    Ok(())
}
