//! Making an old version the current object again, as a new version with the same contents.

use futures_util::future::{join3, join4};

use super::super::brief::CURRENT;
use super::super::change;
use super::transaction::Tx;
use super::unchanged::{self, Hold};
use super::values::Flag;
use super::{blobs, bucket_facts, locks, versions};
use crate::model::VersionId;
use crate::storage::Error;
use crate::storage::index::{Published, Restore, Result};

pub(super) async fn restore(tx: &Tx, command: &Restore) -> Result<Published> {
    let source = &command.version;
    let (locked, facts, latest, found) = join4(
        locks::for_key(tx, source.bucket, &source.key),
        bucket_facts::find(tx, source.bucket),
        versions::latest_unlocked(tx, source.bucket, &source.key),
        unchanged::find(tx, &[source]),
    )
    .await;
    locked?;
    let (facts, latest, found) = (facts?, latest?, found?);
    let changed = latest.as_ref().map(|latest| latest.nr);
    let (old, latest) = unchanged::hold(tx, &[(source, Hold::Alone)], &found, changed).await?;
    let old = old.first().ok_or(Error::Changed)?;
    let latest = latest.as_ref();
    let (created, id) = change::next(tx.now(), facts.versioning, latest);
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    let displaced = versions::displaced(tx, facts.nr, &source.key, latest, id).await?;
    let (replaced, change) = change::replaced(latest, old.size)?;

    // The copy comes first: it may replace the version that it is a copy of.
    blobs::share_parts(tx, old.nr).await?;
    let new = tx
        .insert(
            "WITH version AS (
                 INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, part_count,
                     etag, content_type, uid, expires, digests, envelope, metadata, acl, tags, manifest)
                 SELECT bucket, key, 0, 0, 0, $2, $2, size, mode, part_count, etag, content_type, uid, expires,
                     digests, $3, metadata, acl, tags, manifest FROM versions WHERE nr = $1
                 RETURNING nr
             ), refs AS (
                 INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
                 SELECT version.nr, seq, blob, start, length, wrapped_key FROM version, parts WHERE parts.version = $1
             ), numbers AS (
                 INSERT INTO version_parts (version, number, size, digests)
                 SELECT version.nr, p.number, p.size, p.digests FROM version, version_parts p WHERE p.version = $1
             )
             SELECT nr FROM version",
            &[&old.nr, &created, &envelope],
        )
        .await?;
    let null = Flag(id == VersionId::Null);
    let (way, promoted, counted) = join3(
        versions::displace(tx, &displaced),
        tx.execute("UPDATE versions SET state = $2, null_id = $3 WHERE nr = $1", &[&new, &CURRENT, &null]),
        bucket_facts::count(tx, &facts, change),
    )
    .await;
    way?;
    promoted?;
    counted?;
    Ok(Published { version_id: id, created, replaced })
}
