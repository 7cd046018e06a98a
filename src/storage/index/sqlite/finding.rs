//! Reading whole versions.

use bytes::Bytes;
use rusqlite::{Row, params};

use super::super::brief::{no_such_object, version_id};
use super::bucket_facts::{self, BucketFacts};
use super::connection::Snapshot;
use super::unchanged::UnchangedVersions;
use super::values::{Count, parse};
use super::versions::{by_id, newest_of_the_rest};
use crate::model::{BucketId, ObjectKey, ObjectMetadata, VersionId};
use crate::storage::Error;
use crate::storage::index::{NumberedPart, PartRecord, Result, Unchanged, VersionRecord, Versioning};

/// Reads a whole version. The error says whether a delete marker hides it.
pub(super) fn find(
    db: &Snapshot<'_>,
    bucket: i64,
    key: &ObjectKey,
    version: Option<VersionId>,
    versioning: Versioning,
    inline: Inline,
) -> Result<VersionRecord> {
    let found = match version {
        None => db.maybe(
            "SELECT nr, null_id, created, modified, size, mode, part_count, etag, content_type, uid, digests, envelope,
                    metadata, manifest
             FROM versions WHERE bucket = ?1 AND key = ?2 AND state = 1",
            params![bucket, key],
            |row| read_version(row, key),
        )?,
        Some(id) => match by_id(db, bucket, key, id)? {
            Some(brief) if brief.marker => return Err(no_such_object(Some(&brief))),
            Some(brief) => db.maybe(
                "SELECT nr, null_id, created, modified, size, mode, part_count, etag, content_type, uid, digests,
                        envelope, metadata, manifest
                 FROM versions WHERE nr = ?1",
                [brief.nr],
                |row| read_version(row, key),
            )?,
            None => None,
        },
    };
    match found {
        Some((nr, mut record)) => {
            record.parts = parts(db, nr, inline)?;
            Ok(record)
        }
        None if version.is_none() && versioning != Versioning::Off => {
            Err(no_such_object(newest_of_the_rest(db, bucket, key)?.as_ref()))
        }
        None => Err(Error::NoSuchObject { marker: None }),
    }
}

fn read_version(row: &Row<'_>, key: &ObjectKey) -> rusqlite::Result<(i64, VersionRecord)> {
    let created = row.get(2)?;
    let mut metadata: ObjectMetadata = parse(row.get_ref(12)?.as_str()?)?;
    metadata.system.content_type = row.get(8)?;
    let record = VersionRecord {
        key: key.clone(),
        uid: row.get(9)?,
        version_id: version_id(row.get(1)?, created),
        created,
        modified: row.get(3)?,
        size: row.get::<_, Count>(4)?.0,
        mode: row.get(5)?,
        etag: row.get(7)?,
        part_count: row.get(6)?,
        digests: row.get(10)?,
        metadata,
        envelope: row.get(11)?,
        parts: Vec::new(),
        manifest: row.get(13)?,
    };
    Ok((row.get(0)?, record))
}

/// Finds the current objects under many keys.
pub(super) fn find_many(db: &Snapshot<'_>, keys: &[(BucketId, ObjectKey)]) -> Vec<Result<VersionRecord>> {
    let mut known: Option<(BucketId, BucketFacts)> = None;
    let find_one = |(bucket, key): &(BucketId, ObjectKey)| {
        let facts = match known.take() {
            Some((id, facts)) if id == *bucket => facts,
            _ => bucket_facts::find(db, *bucket)?,
        };
        let (_, facts) = known.insert((*bucket, facts));
        find(db, facts.nr, key, None, facts.versioning, Inline::Leave)
    };
    keys.iter().map(find_one).collect()
}

/// The numbered parts of a version, which must not have changed since it was read.
pub(super) fn numbered_parts(
    db: &Snapshot<'_>,
    version: &Unchanged,
    after: u32,
    limit: u32,
) -> Result<Vec<NumberedPart>> {
    let nr = UnchangedVersions::new(db).find(version)?.nr;
    let sql = "SELECT number, size, digests FROM version_parts
               WHERE version = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
    db.all(sql, params![nr, after, limit], |row| {
        Ok(NumberedPart { number: row.get(0)?, size: row.get::<_, Count>(1)?.0, digests: row.get(2)? })
    })
}

/// Whether blobs that live in the index are read with the version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Inline {
    /// They are read, if the version has few parts and bytes.
    Load,
    /// They are not read: `inline` is empty for a blob that lives there.
    Leave,
}

/// At most four parts and 64 KiB: an object may have thousands of parts, which the caller then asks for one
/// by one.
const PARTS: &str = "SELECT p.blob, p.start, p.length, p.wrapped_key, b.header, b.length,
    CASE WHEN b.inline IS NOT NULL THEN coalesce(
        CASE WHEN (SELECT max(seq) FROM parts WHERE version = ?1) < min(4, 65536 / max(b.length, 1))
            THEN (SELECT bytes FROM inline_blobs WHERE nr = b.inline) END, x'') END
    FROM parts p JOIN blobs b ON b.id = p.blob WHERE p.version = ?1 ORDER BY p.seq";

const PARTS_WITHOUT_BYTES: &str = "SELECT p.blob, p.start, p.length, p.wrapped_key, b.header, b.length,
    CASE WHEN b.inline IS NOT NULL THEN x'' END
    FROM parts p JOIN blobs b ON b.id = p.blob WHERE p.version = ?1 ORDER BY p.seq";

fn parts(db: &Snapshot<'_>, version: i64, inline: Inline) -> Result<Vec<PartRecord>> {
    let sql = match inline {
        Inline::Load => PARTS,
        Inline::Leave => PARTS_WITHOUT_BYTES,
    };
    db.all(sql, [version], |row| {
        Ok(PartRecord {
            blob: row.get(0)?,
            offset: row.get::<_, Count>(1)?.0,
            length: row.get::<_, Count>(2)?.0,
            wrapped_key: row.get(3)?,
            header: row.get(4)?,
            blob_length: row.get::<_, Count>(5)?.0,
            inline: row.get_ref(6)?.as_blob_or_null()?.map(Bytes::copy_from_slice),
        })
    })
}
