//! Reading whole versions, each question in one statement.

use bytes::Bytes;
use tokio_postgres::Row;

use super::super::brief::version_id;
use super::super::bucket_rules::{BUCKET_COLUMNS, bucket_columns};
use super::bucket_rows;
use super::transaction::Snapshot;
use super::unchanged;
use super::values::{Columns, Count, Flag, parse, small};
use crate::model::{BlobId, BucketId, ObjectKey, ObjectMetadata, VersionId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, NumberedPart, PartRecord, Result, Unchanged, VersionRecord,
};

/// The columns of a bucket.
const BUCKET: &str = bucket_columns!();

/// The columns of a version.
const VERSION: &str = "v.nr, v.marker, v.null_id, v.created, v.modified, v.size, v.mode, v.part_count, v.etag, \
                       v.content_type, v.uid, v.digests, v.envelope, v.metadata, v.manifest";
/// The number of these columns.
const VERSION_COLUMNS: usize = 15;

/// The columns of all parts of a version: each column is a list.
const PARTS: &str = "p.blob, p.start, p.length, p.wrapped_key, p.header, p.blob_length, p.inline";
/// The number of these columns.
const PARTS_COLUMNS: usize = 7;

/// Joins the current object. (`$2` is the time of the version, if the caller names one.)
const CURRENT: &str =
    "LEFT JOIN LATERAL (SELECT * FROM versions WHERE bucket = b.nr AND key = $1 AND state = 1 AND $2::bigint IS NULL LIMIT 1)
        v ON true";
/// Joins the null version.
const NULL: &str = "LEFT JOIN LATERAL (
        SELECT * FROM versions WHERE bucket = b.nr AND key = $1 AND state = 1 AND null_id = 1 UNION ALL
        SELECT * FROM versions WHERE bucket = b.nr AND key = $1 AND state <> 1 AND null_id = 1 LIMIT 1)
        v ON $2::bigint IS NULL";
/// Joins the version that was created at a time.
const MADE_AT: &str = "LEFT JOIN LATERAL (
        SELECT * FROM versions WHERE bucket = b.nr AND key = $1 AND state = 1 AND null_id = 0 AND created = $2 UNION ALL
        SELECT * FROM versions WHERE bucket = b.nr AND key = $1 AND state <> 1 AND null_id = 0 AND created = $2 LIMIT 1)
        v ON true";

/// Joins the newest version of a key that has no current object.
macro_rules! hidden {
    ($key:literal) => {
        concat!(
            "LEFT JOIN LATERAL (SELECT marker, null_id, created FROM versions WHERE v.nr IS NULL AND b.versioning <> 0
             AND bucket = b.nr AND key = ",
            $key,
            " AND state <> 1 ORDER BY created DESC LIMIT 1) r ON true"
        )
    };
}

/// Joins nothing, if no delete marker matters.
const NOTHING_HIDDEN: &str =
    "LEFT JOIN LATERAL (SELECT 0::bigint marker, 0::bigint null_id, 0::bigint created) r ON false";

/// Joins the parts, in order.
macro_rules! parts {
    ($inline:literal) => {
        concat!(
            "LEFT JOIN LATERAL (
             SELECT array_agg(blob) blob, array_agg(start) start, array_agg(length) length,
                 array_agg(wrapped_key) wrapped_key, array_agg(header) header, array_agg(blob_length) blob_length,
                 array_agg(inline) inline
             FROM (SELECT p.blob, p.start, p.length, p.wrapped_key, b.header, b.length blob_length, ",
            $inline,
            " inline FROM parts p JOIN blobs b ON b.id = p.blob WHERE p.version = v.nr ORDER BY p.seq) p) p ON true"
        )
    };
}

/// Joins the parts, with the bytes that live in the index if there are at most four parts and 64 KiB: an
/// object may have thousands of parts, which the caller then asks for one by one.
const WITH_BYTES: &str = parts!(
    "CASE WHEN b.inline IS NOT NULL THEN coalesce(
         CASE WHEN (SELECT max(seq) FROM parts WHERE version = v.nr) < least(4, 65536 / greatest(b.length, 1))
             THEN (SELECT bytes FROM inline_blobs WHERE nr = b.inline) END, ''::bytea) END"
);
/// Joins the parts. If their bytes live in the index, `inline` is empty.
const WITHOUT_BYTES: &str = parts!("CASE WHEN b.inline IS NOT NULL THEN ''::bytea END");

/// Finds a bucket, and in it a version. The inner error says whether a delete marker hides it.
pub(super) async fn find_with_bucket(
    db: &Snapshot,
    address: &BucketAddress,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<(BucketRecord, std::result::Result<VersionRecord, Error>)> {
    let (version_join, hidden) = match version {
        None => (CURRENT, hidden!("$1")),
        Some(VersionId::Null) => (NULL, NOTHING_HIDDEN),
        Some(VersionId::At(_)) => (MADE_AT, NOTHING_HIDDEN),
    };
    let bucket = match address {
        BucketAddress::S3(_) => "b.name = $3 AND b.registered = 1",
        BucketAddress::Owned(..) => "b.name = $3 AND b.account = $4",
        BucketAddress::Id(_) => "b.id = $3",
    };
    let sql = format!(
        "SELECT {BUCKET}, {VERSION}, {PARTS}, r.marker, r.null_id, r.created
         FROM buckets b {version_join} {hidden} {WITH_BYTES} WHERE {bucket}"
    );
    let created = match version {
        Some(VersionId::At(created)) => Some(created),
        _ => None,
    };
    let found = match address {
        BucketAddress::S3(name) => db.maybe(&sql, &[key, &created, name]).await,
        BucketAddress::Owned(account, name) => db.maybe(&sql, &[key, &created, name, account]).await,
        BucketAddress::Id(id) => db.maybe(&sql, &[key, &created, id]).await,
    };
    let row = found?.ok_or(Error::NoSuchBucket)?;
    let bucket = bucket_rows::read(&row)?.record;
    Ok((bucket, answer(&row, BUCKET_COLUMNS, key)))
}

/// Finds the current objects under many keys.
pub(super) async fn find_many(
    db: &Snapshot,
    keys: &[(BucketId, ObjectKey)],
) -> Result<Vec<std::result::Result<VersionRecord, Error>>> {
    const HIDDEN: &str = hidden!("w.key");
    let (buckets, names): (Vec<BucketId>, Vec<&ObjectKey>) = keys.iter().map(|(id, key)| (*id, key)).unzip();
    let sql = format!(
        "SELECT b.nr, {VERSION}, {PARTS}, r.marker, r.null_id, r.created
         FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS w (bucket, key, at)
         LEFT JOIN buckets b ON b.id = w.bucket
         LEFT JOIN LATERAL (SELECT * FROM versions WHERE bucket = b.nr AND key = w.key AND state = 1 LIMIT 1) v ON true
         {HIDDEN} {WITHOUT_BYTES} ORDER BY w.at"
    );
    let rows = db.all(&sql, &[&buckets, &names]).await?;
    let found = keys.iter().zip(&rows).map(|((_, key), row)| match row.try_get::<_, Option<i64>>(0)? {
        Some(_) => answer(row, 1, key),
        None => Err(Error::NoSuchBucket),
    });
    Ok(found.collect())
}

/// Reads a row from a column on: a version, its parts, and the delete marker that hides it.
fn answer(row: &Row, at: usize, key: &ObjectKey) -> Result<VersionRecord> {
    let mut columns = Columns::from(row, at);
    if columns.read::<Option<i64>>()?.is_none() {
        return Err(Error::NoSuchObject { marker: hidden(row, at + VERSION_COLUMNS + PARTS_COLUMNS)? });
    }
    let (Flag(marker), Flag(null), created) = (columns.read()?, columns.read()?, columns.read()?);
    let version_id = version_id(null, created);
    if marker {
        return Err(Error::NoSuchObject { marker: Some(version_id) });
    }
    let (modified, Count(size), mode) = (columns.read()?, columns.read()?, columns.read()?);
    let part_count = columns.read::<Option<i64>>()?.map(small).transpose()?;
    let (etag, content_type) = (columns.read()?, columns.read()?);
    let (uid, digests, envelope) = (columns.read()?, columns.read()?, columns.read()?);
    let mut metadata: ObjectMetadata = parse(columns.read()?)?;
    metadata.system.content_type = content_type;
    Ok(VersionRecord {
        key: key.clone(),
        uid,
        version_id,
        created,
        modified,
        size,
        mode,
        etag,
        part_count,
        digests,
        metadata,
        envelope,
        manifest: columns.read()?,
        parts: parts(row, at + VERSION_COLUMNS)?,
    })
}

fn hidden(row: &Row, at: usize) -> Result<Option<VersionId>> {
    let mut columns = Columns::from(row, at);
    match columns.read::<Option<Flag>>()? {
        Some(Flag(true)) => {
            let (Flag(null), created) = (columns.read()?, columns.read()?);
            Ok(Some(version_id(null, created)))
        }
        _ => Ok(None),
    }
}

fn parts(row: &Row, at: usize) -> Result<Vec<PartRecord>> {
    let mut columns = Columns::from(row, at);
    // A version without parts has no lists.
    let Some(blobs) = columns.read::<Option<Vec<BlobId>>>()? else { return Ok(Vec::new()) };
    let (starts, lengths): (Vec<Count>, Vec<Count>) = (columns.read()?, columns.read()?);
    let (keys, headers): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (columns.read()?, columns.read()?);
    let blob_lengths: Vec<Count> = columns.read()?;
    let inline: Vec<Option<Vec<u8>>> = columns.read()?;
    let ranges = starts.into_iter().zip(lengths).zip(blob_lengths);
    let contents = keys.into_iter().zip(headers).zip(inline);
    let parts = blobs.into_iter().zip(ranges).zip(contents).map(
        |((blob, ((offset, length), blob_length)), ((wrapped_key, header), inline))| PartRecord {
            blob,
            offset: offset.0,
            length: length.0,
            wrapped_key,
            header,
            blob_length: blob_length.0,
            inline: inline.map(Bytes::from),
        },
    );
    Ok(parts.collect())
}

/// The numbered parts of a version, which must not have changed since it was read.
pub(super) async fn numbered_parts(
    db: &Snapshot,
    version: &Unchanged,
    after: u32,
    limit: u32,
) -> Result<Vec<NumberedPart>> {
    let nr = unchanged::find(db, &[version]).await?;
    let sql = "SELECT number, size, digests FROM version_parts
               WHERE version = ANY($1) AND number > $2 ORDER BY number LIMIT $3";
    let rows = db.all(sql, &[&nr, &i64::from(after), &i64::from(limit)]).await?;
    let read = |row: &Row| {
        let mut columns = Columns::from(row, 0);
        let (number, Count(size)) = (small(columns.read()?)?, columns.read()?);
        Ok(NumberedPart { number, size, digests: columns.read()? })
    };
    rows.iter().map(read).collect()
}
