//! Publishing a version. What it replaces is freed, and what it changes is counted, in the same transaction.

use futures_util::future::{join3, join5};

use super::super::brief::{Brief, CURRENT, check};
use super::super::change;
use super::bucket_facts::{self, BucketFacts};
use super::transaction::Tx;
use super::unchanged::{self, Hold};
use super::values::{Count, Flag, apart};
use super::{blobs, locks, rewrap, upload_rows, versions, writers};
use crate::model::{BlobId, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{PartRecord, Publish, Published, Result, Unchanged};

/// The source of a version's references.
#[derive(Clone, Copy)]
pub(super) enum Contents<'a> {
    /// The command: references to new blobs are created, references to other blobs are taken once more.
    Given,
    /// An upload that becomes the version: all its parts but the dropped ones.
    Uploaded { upload: i64, dropped: &'a [i64] },
}

pub(super) async fn publish(tx: &Tx, command: &Publish) -> Result<Published> {
    publish_with(tx, command, Contents::Given).await
}

/// Publishes a version, after it has taken the locks.
pub(super) async fn publish_with(tx: &Tx, command: &Publish, contents: Contents<'_>) -> Result<Published> {
    let relied_on = relied_on(command);
    let versions: Vec<&Unchanged> = relied_on.iter().map(|(version, _)| *version).collect();
    let latest = async {
        if versions.is_empty() {
            versions::latest(tx, command.bucket, &command.key).await
        } else {
            versions::latest_unlocked(tx, command.bucket, &command.key).await
        }
    };
    let (locked, alive, facts, latest, found) = join5(
        locks::for_publish(tx, command.writer, command.bucket, &command.key),
        writers::assert_alive(tx, command.writer),
        bucket_facts::find(tx, command.bucket),
        latest,
        unchanged::find(tx, &versions),
    )
    .await;
    locked.and(alive)?;
    let (facts, mut latest) = (facts?, latest?);
    if !versions.is_empty() {
        // A failed condition is reported before a changed version.
        check(&command.precondition, latest.as_ref(), tx.now())?;
        let changed = latest.as_ref().map(|latest| latest.nr);
        let (held, locked) = unchanged::hold(tx, &relied_on, &found?, changed).await?;
        latest = locked;
        rewrap::held(tx, &command.rewraps, &held[command.unchanged.len()..]).await?;
    }
    check(&command.precondition, latest.as_ref(), tx.now())?;
    put(tx, command, contents, &facts, latest.as_ref()).await
}

/// The versions that a publish relies on, and those that it seals anew.
fn relied_on(command: &Publish) -> Vec<(&Unchanged, Hold)> {
    let unchanged = command.unchanged.iter().map(|version| (version, Hold::Share));
    unchanged.chain(command.rewraps.iter().map(|rewrap| (&rewrap.version, Hold::Alone))).collect()
}

/// Puts a version under its key.
async fn put(
    tx: &Tx,
    command: &Publish,
    contents: Contents<'_>,
    facts: &BucketFacts,
    latest: Option<&Brief>,
) -> Result<Published> {
    let (created, id) = change::next(tx.now(), facts.versioning, latest);
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    let displaced = versions::displaced(tx, facts.nr, &command.key, latest, id).await?;
    let (replaced, change) = change::replaced(latest, command.version.size)?;
    let write = async {
        let (way, inserted, counted) = join3(
            versions::displace(tx, &displaced),
            insert_version(tx, facts, command, contents, &envelope, id, created),
            bucket_facts::count(tx, facts, change),
        )
        .await;
        // The first failure is the cause. The failures after it only say that there was one.
        way?;
        let version = inserted?;
        counted.map(|()| version)
    };
    match contents {
        Contents::Uploaded { upload, dropped } => {
            upload_rows::drop_parts(tx, upload, dropped).await?;
            let version = write.await?;
            upload_rows::move_parts(tx, upload, version, command.version.parts.len()).await?;
        }
        Contents::Given => {
            // An object may be replaced by a copy of itself: references are taken before any is dropped.
            let (locked, taken, written) = join3(
                lock_blobs(tx, command, latest),
                blobs::take(tx, command.writer, &command.new_blobs, &command.version.parts),
                write,
            )
            .await;
            locked.and(taken)?;
            written?;
        }
    }
    Ok(Published { version_id: id, created, replaced })
}

/// Locks all blobs of a command that takes references to some and drops references to others. Otherwise two
/// such commands could wait for each other.
async fn lock_blobs(tx: &Tx, command: &Publish, latest: Option<&Brief>) -> Result<()> {
    match latest {
        Some(latest)
            if command.version.parts.len() > command.new_blobs.len() || !command.unchanged.is_empty() =>
        {
            blobs::lock_both(tx, &command.version.parts, latest.nr).await
        }
        _ => Ok(()),
    }
}

/// Inserts a version with the references of the command.
async fn insert_version(
    tx: &Tx,
    facts: &BucketFacts,
    command: &Publish,
    contents: Contents<'_>,
    envelope: &[u8],
    id: VersionId,
    created: Timestamp,
) -> Result<i64> {
    let parts: &[PartRecord] = match contents {
        Contents::Given => &command.version.parts,
        Contents::Uploaded { .. } => &[],
    };
    let blobs: Vec<BlobId> = parts.iter().map(|part| part.blob).collect();
    let starts: Vec<Count> = parts.iter().map(|part| Count(part.offset)).collect();
    let lengths: Vec<Count> = parts.iter().map(|part| Count(part.length)).collect();
    let keys: Vec<&[u8]> = parts.iter().map(|part| &part.wrapped_key[..]).collect();
    let (metadata, content_type) = apart(&command.version.metadata)?;
    tx.insert(
        "WITH version AS (
             INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, part_count, etag,
                 content_type, uid, expires, digests, envelope, metadata, manifest)
             VALUES ($1, $2, $3, 0, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             RETURNING nr
         ), refs AS (
             INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
             SELECT version.nr, p.seq - 1, p.blob, p.start, p.length, p.wrapped_key
             FROM version, unnest($17::bytea[], $18::bigint[], $19::bigint[], $20::bytea[]) WITH ORDINALITY
                 AS p (blob, start, length, wrapped_key, seq)
         )
         SELECT nr FROM version",
        &[
            &facts.nr,
            &command.key,
            &CURRENT,
            &Flag(id == VersionId::Null),
            &created,
            &Count(command.version.size),
            &command.version.mode,
            &command.version.part_count.map(i64::from),
            &command.version.etag,
            &content_type,
            &command.version.uid,
            &command.version.metadata.system.delete_at,
            &command.version.digests,
            &envelope,
            &metadata,
            &command.version.manifest,
            &blobs,
            &starts,
            &lengths,
            &keys,
        ],
    )
    .await
}
