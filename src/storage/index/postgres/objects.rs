//! The commands that change objects. Whatever a command replaces it frees, and whatever it changes it counts, in the
//! same transaction.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{join, join3, join5};

use super::PostgresIndex;
use super::buckets::{self, Place};
use super::standing::{self, Hold};
use super::transaction::{Params, Tx};
use super::values::{Count, Flag, to_json};
use super::versions::{self, Brief, CURRENT, HIDDEN};
use super::{blobs, finding, listing, locks, restore, rewrap, uploads, version_listing, writers};
use crate::model::{BlobId, BucketId, ObjectKey, ObjectMetadata, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, Delete, Deleted, Existing, ListObjects, ListVersions, NumberedPart,
    ObjectPage, Objects, PartRecord, Publish, Published, Restore, Result, Rewrap, Unchanged, UpdateMetadata,
    VersionPage, VersionRecord, Versioning,
};

#[async_trait]
impl Objects for PostgresIndex {
    async fn publish(&self, command: Publish) -> Result<Published> {
        command!(self.db, tx, (command) => publish(tx, command))
    }

    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, Result<VersionRecord>)> {
        let (address, key) = (bucket.clone(), key.clone());
        query!(self.db, db, (address, key, version) => finding::find_with_bucket(db, address, key, *version))
    }

    async fn find_many(&self, keys: Vec<(BucketId, ObjectKey)>) -> Result<Vec<Result<VersionRecord>>> {
        snapshot!(self.db, db, (keys) => finding::find_many(db, keys))
    }

    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>> {
        query!(self.db, db, (blob) => blobs::inline(db, *blob))
    }

    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>> {
        snapshot!(self.db, db, (version, after, limit) => finding::numbered_parts(db, version, *after, *limit))
    }

    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp> {
        command!(self.db, tx, (command) => update_metadata(tx, command))
    }

    async fn restore(&self, command: Restore) -> Result<Published> {
        command!(self.db, tx, (command) => restore::restore(tx, command))
    }

    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()> {
        command!(self.db, tx, (rewraps) => rewrap::rewrap(tx, rewraps))
    }

    async fn delete(&self, command: Delete) -> Result<Deleted> {
        command!(self.db, tx, (command) => delete(tx, command))
    }

    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage> {
        query!(self.db, db, (query) => listing::list(db, query))
    }

    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage> {
        snapshot!(self.db, db, (query) => version_listing::list(db, query))
    }
}

/// Where a version's references come from.
#[derive(Clone, Copy)]
pub(super) enum Contents<'a> {
    /// From the command: those to new blobs come into being, others are taken once more.
    Given,
    /// From an upload that becomes the version: from all its parts but those that are dropped.
    Uploaded { upload: i64, dropped: &'a [i64] },
}

pub(super) async fn publish(tx: &Tx, command: &Publish) -> Result<Published> {
    publish_with(tx, command, Contents::Given).await
}

/// Publishes a version, the locks held.
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
    let (locked, alive, place, latest, found) = join5(
        locks::for_publish(tx, command.writer, command.bucket, &command.key),
        writers::assert_alive(tx, command.writer),
        buckets::place(tx, command.bucket),
        latest,
        standing::find(tx, &versions),
    )
    .await;
    locked.and(alive)?;
    let (place, mut latest) = (place?, latest?);
    if !versions.is_empty() {
        // What failed before it is a failure sooner than that a version has changed.
        versions::check(tx, &command.precondition, latest.as_ref())?;
        let changed = latest.as_ref().map(|latest| latest.nr);
        let (standing, locked) = standing::hold(tx, &relied_on, &found?, changed).await?;
        latest = locked;
        rewrap::standing(tx, &command.rewraps, &standing[command.unchanged.len()..]).await?;
    }
    versions::check(tx, &command.precondition, latest.as_ref())?;
    put(tx, command, contents, &place, latest.as_ref()).await
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
    place: &Place,
    latest: Option<&Brief>,
) -> Result<Published> {
    let (created, id) = versions::next(tx, place, latest);
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    let room = versions::room(tx, place, &command.key, latest, id).await?;
    let (replaced, change) = replaced(latest, command.size)?;
    let write = async {
        let (made, inserted, counted) = join3(
            room.make(tx),
            insert_version(tx, place, command, contents, &envelope, id, created),
            buckets::count(tx, place, change.objects, change.bytes),
        )
        .await;
        // The first failure is what happened; those after it only say that there was one.
        made?;
        let version = inserted?;
        counted.map(|()| version)
    };
    match contents {
        Contents::Uploaded { upload, dropped } => {
            uploads::drop_parts(tx, upload, dropped).await?;
            let version = write.await?;
            uploads::move_parts(tx, upload, version, command.parts.len()).await?;
        }
        Contents::Given => {
            // An object may be replaced by a copy of itself: references are taken before any is dropped.
            let (locked, taken, written) = join3(
                lock_blobs(tx, command, latest),
                blobs::take(tx, command.writer, &command.new_blobs, &command.parts),
                write,
            )
            .await;
            locked.and(taken)?;
            written?;
        }
    }
    Ok(Published { version_id: id, created, replaced })
}

/// Locks all blobs of a command that takes references to some and drops those to others, so that two such commands do not each wait
/// for the other.
async fn lock_blobs(tx: &Tx, command: &Publish, latest: Option<&Brief>) -> Result<()> {
    match latest {
        Some(latest) if command.parts.len() > command.new_blobs.len() || !command.unchanged.is_empty() => {
            blobs::lock_both(tx, &command.parts, latest.nr).await
        }
        _ => Ok(()),
    }
}

/// A change of the usage counters.
#[derive(Default)]
pub(super) struct Change {
    pub(super) objects: i64,
    pub(super) bytes: i64,
}

/// What an object of this size takes the place of, and what that changes.
pub(super) fn replaced(latest: Option<&Brief>, size: u64) -> Result<(Option<Existing>, Change)> {
    let bytes = i64::try_from(size).unwrap_or(i64::MAX);
    match latest.filter(|latest| !latest.marker) {
        Some(old) => {
            let existing = Existing { version_id: old.id, mode: old.mode()? };
            Ok((Some(existing), Change { objects: 0, bytes: bytes - old.bytes() }))
        }
        None => Ok((None, Change { objects: 1, bytes })),
    }
}

/// Metadata as it is kept: JSON, and the content type apart.
pub(super) fn apart(metadata: &ObjectMetadata) -> Result<(String, Option<String>)> {
    let mut metadata = metadata.clone();
    let content_type = metadata.system.content_type.take();
    Ok((to_json(&metadata)?, content_type))
}

/// Inserts a version with the references that the command gives.
async fn insert_version(
    tx: &Tx,
    place: &Place,
    command: &Publish,
    contents: Contents<'_>,
    envelope: &[u8],
    id: VersionId,
    created: Timestamp,
) -> Result<i64> {
    let parts: &[PartRecord] = match contents {
        Contents::Given => &command.parts,
        Contents::Uploaded { .. } => &[],
    };
    let blobs: Vec<BlobId> = parts.iter().map(|part| part.blob).collect();
    let starts: Vec<Count> = parts.iter().map(|part| Count(part.offset)).collect();
    let lengths: Vec<Count> = parts.iter().map(|part| Count(part.length)).collect();
    let keys: Vec<&[u8]> = parts.iter().map(|part| &part.wrapped_key[..]).collect();
    let (metadata, content_type) = apart(&command.metadata)?;
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
            &place.nr,
            &command.key,
            &CURRENT,
            &Flag(id == VersionId::Null),
            &created,
            &Count(command.size),
            &command.mode,
            &command.part_count.map(i64::from),
            &command.etag,
            &content_type,
            &command.uid,
            &command.metadata.system.delete_at,
            &command.digests,
            &envelope,
            &metadata,
            &command.manifest,
            &blobs,
            &starts,
            &lengths,
            &keys,
        ],
    )
    .await
}

pub(super) async fn update_metadata(tx: &Tx, command: &UpdateMetadata) -> Result<Timestamp> {
    let (locked, place, latest) = join3(
        locks::for_key(tx, command.bucket, &command.key),
        buckets::place(tx, command.bucket),
        versions::latest(tx, command.bucket, &command.key),
    )
    .await;
    locked?;
    place?;
    let latest = latest?;
    let Some(current) = latest.as_ref().filter(|latest| !latest.marker) else {
        return Err(versions::no_such_object(latest.as_ref()));
    };
    let modified = buckets::after(tx, Some(current.modified));
    let (metadata, content_type) = apart(&command.metadata)?;
    let updated = tx
        .execute(
            "UPDATE versions SET modified = $3, content_type = $4, expires = $5, metadata = $6
             WHERE nr = $1 AND uid = $2",
            &[
                &current.nr,
                &command.uid,
                &modified,
                &content_type,
                &command.metadata.system.delete_at,
                &metadata,
            ],
        )
        .await?;
    if updated == 1 { Ok(modified) } else { Err(Error::Changed) }
}

pub(super) async fn delete(tx: &Tx, command: &Delete) -> Result<Deleted> {
    let (bucket, key) = (command.bucket, &command.key);
    let (locked, place, latest) =
        join3(locks::for_key(tx, bucket, key), buckets::place(tx, bucket), versions::latest(tx, bucket, key))
            .await;
    locked?;
    let (place, latest) = (place?, latest?);
    versions::check(tx, &command.precondition, latest.as_ref())?;
    match command.version {
        Some(id) => delete_version(tx, &place, key, id, latest.as_ref()).await,
        None if place.versioning == Versioning::Off => delete_current(tx, &place, latest.as_ref()).await,
        None => hide(tx, &place, key, latest.as_ref()).await,
    }
}

async fn delete_current(tx: &Tx, place: &Place, latest: Option<&Brief>) -> Result<Deleted> {
    let Some(current) = latest else { return Ok(Deleted::default()) };
    let (gone, counted) =
        join(versions::remove(tx, current), buckets::count(tx, place, -1, -current.bytes())).await;
    gone.and(counted)?;
    Ok(Deleted { removed: seen(tx, current), ..Deleted::default() })
}

/// Puts a delete marker on top. With versioning suspended it is a null version and takes the place of the one there was.
async fn hide(tx: &Tx, place: &Place, key: &ObjectKey, latest: Option<&Brief>) -> Result<Deleted> {
    let (created, id) = versions::next(tx, place, latest);
    let current = latest.filter(|latest| !latest.marker);
    let change = current.map_or_else(Change::default, |old| Change { objects: -1, bytes: -old.bytes() });
    let room = versions::room(tx, place, key, latest, id).await?;
    let null = Flag(id == VersionId::Null);
    let params: Params<'_> = &[&place.nr, key, &HIDDEN, &null, &created];
    let insert = tx.execute(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests,
             envelope, metadata)
         VALUES ($1, $2, $3, 1, $4, $5, $5, 0, 0, '', '', '', '', '{}')",
        params,
    );
    let (made, inserted, counted) =
        join3(room.make(tx), insert, buckets::count(tx, place, change.objects, change.bytes)).await;
    made?;
    inserted?;
    counted?;
    Ok(Deleted { removed: current.and_then(|old| seen(tx, old)), marker: Some(id), ..Deleted::default() })
}

/// What a delete removes for its caller: what has expired was gone already.
fn seen(tx: &Tx, version: &Brief) -> Option<VersionId> {
    (!version.is_expired(tx.now())).then_some(version.id)
}

/// Removes one version for good. The newest of those that stay becomes the latest.
async fn delete_version(
    tx: &Tx,
    place: &Place,
    key: &ObjectKey,
    id: VersionId,
    latest: Option<&Brief>,
) -> Result<Deleted> {
    let mut current = latest.filter(|latest| !latest.marker).map(|latest| latest.id);
    let Some(version) = versions::by_id(tx, place.nr, key, id).await? else {
        return Ok(Deleted { current, ..Deleted::default() });
    };
    versions::remove(tx, &version).await?;
    if version.latest {
        current = None;
        let (mut objects, mut bytes) = if version.marker { (0, 0) } else { (-1, -version.bytes()) };
        if let Some(next) = versions::newest_of_the_rest(tx, place.nr, key).await? {
            versions::promote(tx, &next).await?;
            if !next.marker {
                current = Some(next.id);
                objects += 1;
                bytes += next.bytes();
            }
        }
        buckets::count(tx, place, objects, bytes).await?;
    }
    Ok(Deleted { removed: Some(version.id), marker: None, was_marker: version.marker, current })
}
