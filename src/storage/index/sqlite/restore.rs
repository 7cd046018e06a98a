//! Making an old version the current object again: a new version of the same contents.

use rusqlite::params;

use super::bucket_facts;
use super::connection::Tx;
use super::unchanged::UnchangedVersions;
use super::values::Count;
use super::versions::{self, CURRENT};
use super::{blobs, publish};
use crate::model::VersionId;
use crate::storage::Error;
use crate::storage::index::{Published, Restore, Result};

pub(super) fn restore(tx: &Tx<'_>, command: Restore) -> Result<Published> {
    let source = command.version;
    let facts = bucket_facts::find(tx, source.bucket)?;
    let (old, _) = UnchangedVersions::new(tx).find(&source)?;
    let latest = versions::latest(tx, facts.nr, &source.key, facts.versioning)?;
    let (created, id) = publish::next(tx, &facts, latest.as_ref());
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    // The copy comes first: it may take the place of the version that it is a copy of.
    blobs::share_parts(tx, old)?;
    let new = tx.insert(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, part_count, etag,
             content_type, uid, expires, digests, envelope, metadata, acl, tags, manifest)
         SELECT bucket, key, ?2, 0, ?3, ?4, ?4, size, mode, part_count, etag, content_type, uid, expires, digests, ?5,
             metadata, acl, tags, manifest FROM versions WHERE nr = ?1",
        params![old, CURRENT, id == VersionId::Null, created, envelope],
    )?;
    for copy in [
        "INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
         SELECT ?2, seq, blob, start, length, wrapped_key FROM parts WHERE version = ?1 ORDER BY seq",
        "INSERT INTO version_parts (version, number, size, digests)
         SELECT ?2, number, size, digests FROM version_parts WHERE version = ?1 ORDER BY number",
    ] {
        tx.execute(copy, params![old, new])?;
    }
    let Count(size) = tx.one("SELECT size FROM versions WHERE nr = ?1", [new], |row| row.get(0))?;
    publish::make_room(tx, &facts, &source.key, latest.as_ref(), id)?;
    let replaced = publish::count_replaced(tx, &facts, latest.as_ref(), size)?;
    Ok(Published { version_id: id, created, replaced })
}
