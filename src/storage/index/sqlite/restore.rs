//! Making an old version the current object again, as a new version with the same contents.

use rusqlite::params;

use super::super::brief::CURRENT;
use super::super::change;
use super::bucket_facts;
use super::connection::Tx;
use super::unchanged::UnchangedVersions;
use super::{blobs, versions};
use crate::model::VersionId;
use crate::storage::Error;
use crate::storage::index::{Published, Restore, Result};

pub(super) fn restore(tx: &Tx<'_>, command: Restore) -> Result<Published> {
    let source = command.version;
    let facts = bucket_facts::find(tx, source.bucket)?;
    let old = UnchangedVersions::new(tx).find(&source)?;
    let latest = versions::latest(tx, facts.nr, &source.key, facts.versioning)?;
    let (created, id) = change::next(tx.now(), facts.versioning, latest.as_ref());
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    // The copy comes first: it may replace the version that it is a copy of.
    blobs::share_parts(tx, old.nr)?;
    let new = tx.insert(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, part_count, etag,
             content_type, uid, expires, digests, envelope, metadata, acl, tags, manifest)
         SELECT bucket, key, ?2, 0, ?3, ?4, ?4, size, mode, part_count, etag, content_type, uid, expires, digests, ?5,
             metadata, acl, tags, manifest FROM versions WHERE nr = ?1",
        params![old.nr, CURRENT, id == VersionId::Null, created, envelope],
    )?;
    for copy in [
        "INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
         SELECT ?2, seq, blob, start, length, wrapped_key FROM parts WHERE version = ?1 ORDER BY seq",
        "INSERT INTO version_parts (version, number, size, digests)
         SELECT ?2, number, size, digests FROM version_parts WHERE version = ?1 ORDER BY number",
    ] {
        tx.execute(copy, params![old.nr, new])?;
    }
    versions::displace(tx, facts.nr, &source.key, latest.as_ref(), id)?;
    let (replaced, change) = change::replaced(latest.as_ref(), old.size)?;
    bucket_facts::count(tx, &facts, change)?;
    Ok(Published { version_id: id, created, replaced })
}
