//! Listing the uploads of a bucket and the parts of an upload.

use rusqlite::params;

use super::super::key_scan::{KeyScan, marked_upload};
use super::super::upload_rules::{NumberedUpload, upload_columns};
use super::bucket_facts;
use super::connection::Snapshot;
use super::skip_scan::{SkipScan, Visit};
use super::upload_rows;
use crate::storage::index::{ListUploads, PartPage, Result, UploadPage, UploadRow};

/// Uploads of the keys in a range.
const BY_KEY: &str = concat!(
    "SELECT ",
    upload_columns!(),
    " FROM uploads u WHERE u.bucket = ?1 AND u.key >= ?2 AND u.key < ?3 ORDER BY u.key, u.created, u.nr"
);
/// Uploads of one key after one of them.
const OF_KEY: &str = concat!(
    "SELECT ",
    upload_columns!(),
    " FROM uploads u WHERE u.bucket = ?1 AND u.key = ?2 AND (u.created, u.nr) > (?3, ?4) ORDER BY u.created, u.nr"
);

pub(super) fn list(db: &Snapshot<'_>, query: &ListUploads) -> Result<UploadPage> {
    let bucket = bucket_facts::find(db, query.bucket)?.nr;
    let (scan, keys) = KeyScan::of_uploads(query);
    let mut rest = rest_of_key(db, bucket, query)?;
    let (rows, truncated) = SkipScan::new(scan).page(keys, UploadRow::Prefix, |keys, visit| {
        if let Some(Rest { key, created, nr }) = rest.take()
            && !visit_all(db, OF_KEY, params![bucket, key.as_bytes(), created, nr], visit)?
        {
            return Ok(());
        }
        visit_all(db, BY_KEY, params![bucket, keys.from, keys.until], visit).map(|_| ())
    })?;
    Ok(UploadPage { rows, truncated })
}

/// The uploads of the marker's key after the marked upload.
struct Rest<'q> {
    key: &'q str,
    created: i64,
    nr: i64,
}

fn rest_of_key<'q>(db: &Snapshot<'_>, bucket: i64, query: &'q ListUploads) -> Result<Option<Rest<'q>>> {
    let Some((key, marker)) = marked_upload(query) else { return Ok(None) };
    let sql = "SELECT created, nr FROM uploads WHERE uid = ?1 AND bucket = ?2 AND key = ?3";
    let found =
        db.maybe(sql, params![marker, bucket, key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (created, nr) = found.unwrap_or((i64::MIN, i64::MIN));
    Ok(Some(Rest { key, created, nr }))
}

/// Visits uploads. Returns `false` once the page is full.
fn visit_all(
    db: &Snapshot<'_>,
    sql: &str,
    params: impl rusqlite::Params,
    visit: Visit<'_, UploadRow>,
) -> Result<bool> {
    let mut more = true;
    db.scan(sql, params, |row| {
        let read = || Ok(UploadRow::Upload(upload_rows::read(row)?.record));
        more = visit(row.get_ref(1)?.as_blob()?, &read)?;
        Ok(more)
    })?;
    Ok(more)
}

pub(super) fn parts(db: &Snapshot<'_>, upload: NumberedUpload, after: u32, limit: u32) -> Result<PartPage> {
    let mut parts = db.all(
        "SELECT number, created, size, etag, digests FROM upload_parts WHERE upload = ?1 AND number > ?2
         ORDER BY number LIMIT ?3",
        params![upload.nr, after, i64::from(limit) + 1],
        upload_rows::read_part,
    )?;
    let truncated = limit > 0 && parts.len() > limit as usize;
    parts.truncate(limit as usize);
    Ok(PartPage { upload: upload.record, parts, truncated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::index::sqlite::schema;

    #[test]
    fn a_listing_reads_along_its_index() {
        let plans = [
            (BY_KEY, "SEARCH u USING INDEX uploads_by_key (bucket=? AND key>? AND key<?)"),
            (OF_KEY, "SEARCH u USING INDEX uploads_by_key (bucket=? AND key=? AND created>?)"),
        ];
        for (sql, expected) in plans {
            assert_eq!(schema::plan(sql), [expected]);
        }
    }
}
