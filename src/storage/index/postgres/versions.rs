//! The rows of the versions under a key, of which exactly one is the latest.

use futures_util::future::join;
use tokio_postgres::Row;

use super::super::brief::{Brief, OLD, brief, version_id};
use super::super::change::Displaced;
use super::blobs;
use super::transaction::{Params, Tx};
use super::values::{Columns, Count, Flag};
use crate::model::{BucketId, ObjectKey, VersionId};
use crate::storage::index::Result;

/// Reads the latest version of a key.
macro_rules! latest {
    () => {
        brief!(
            "FROM buckets b, versions v WHERE b.id = $1 AND v.nr = coalesce(
                (SELECT c.nr FROM versions c WHERE c.bucket = b.nr AND c.key = $2 AND c.state = 1),
                (SELECT r.nr FROM versions r WHERE b.versioning <> 0 AND r.bucket = b.nr AND r.key = $2 AND r.state <> 1
                 ORDER BY r.created DESC LIMIT 1))"
        )
    };
}

/// Reads the columns of a brief.
pub(super) fn read(row: &Row) -> Result<Brief> {
    let mut columns = Columns::from(row, 0);
    let (nr, Flag(marker), state) = (columns.read()?, columns.read()?, columns.read::<i64>()?);
    let (Flag(null), created) = (columns.read()?, columns.read()?);
    Ok(Brief {
        nr,
        marker,
        latest: state != OLD,
        id: version_id(null, created),
        created,
        modified: columns.read()?,
        size: columns.read::<Count>()?.0,
        mode: columns.read()?,
        expires: columns.read()?,
        etag: columns.read()?,
        uid: columns.read()?,
    })
}

async fn maybe(tx: &Tx, sql: &str, params: Params<'_>) -> Result<Option<Brief>> {
    tx.maybe(sql, params).await?.as_ref().map(read).transpose()
}

/// The latest version of a key: the current object or a delete marker. If versioning was never enabled, there
/// are no markers to look for.
pub(super) async fn latest(tx: &Tx, bucket: BucketId, key: &ObjectKey) -> Result<Option<Brief>> {
    let sql = concat!(latest!(), " FOR UPDATE OF v");
    maybe(tx, sql, &[&bucket, key]).await
}

/// The latest version of a key, whose row is locked later, in the order of [`super::unchanged`].
pub(super) async fn latest_unlocked(tx: &Tx, bucket: BucketId, key: &ObjectKey) -> Result<Option<Brief>> {
    maybe(tx, latest!(), &[&bucket, key]).await
}

/// The newest version of a key that has no current object.
pub(super) async fn newest_of_the_rest(tx: &Tx, bucket: i64, key: &ObjectKey) -> Result<Option<Brief>> {
    let rest = brief!(
        "FROM versions v WHERE v.bucket = $1 AND v.key = $2 AND v.state <> 1 ORDER BY v.created DESC LIMIT 1"
    );
    maybe(tx, rest, &[&bucket, key]).await
}

/// The null version of a key whose latest version is another.
pub(super) async fn old_null(tx: &Tx, bucket: i64, key: &ObjectKey) -> Result<Option<Brief>> {
    let sql = brief!("FROM versions v WHERE v.bucket = $1 AND v.key = $2 AND v.state <> 1 AND v.null_id = 1");
    maybe(tx, sql, &[&bucket, key]).await
}

/// Finds a version by its public id.
pub(super) async fn by_id(tx: &Tx, bucket: i64, key: &ObjectKey, id: VersionId) -> Result<Option<Brief>> {
    match id {
        VersionId::Null => {
            let sql = brief!(
                "FROM versions v WHERE v.nr = (
                     SELECT nr FROM versions WHERE bucket = $1 AND key = $2 AND state = 1 AND null_id = 1 UNION ALL
                     SELECT nr FROM versions WHERE bucket = $1 AND key = $2 AND state <> 1 AND null_id = 1 LIMIT 1)"
            );
            maybe(tx, sql, &[&bucket, key]).await
        }
        VersionId::At(created) => {
            let sql = brief!(
                "FROM versions v WHERE v.null_id = 0 AND v.nr = (
                     SELECT nr FROM versions WHERE bucket = $1 AND key = $2 AND state = 1 AND created = $3 UNION ALL
                     SELECT nr FROM versions WHERE bucket = $1 AND key = $2 AND state <> 1 AND created = $3 LIMIT 1)"
            );
            maybe(tx, sql, &[&bucket, key, &created]).await
        }
    }
}

/// The versions that make way for a new latest version.
pub(super) async fn displaced(
    tx: &Tx,
    bucket: i64,
    key: &ObjectKey,
    latest: Option<&Brief>,
    new: VersionId,
) -> Result<Displaced> {
    let old_null =
        if Displaced::needs_old_null(latest, new) { old_null(tx, bucket, key).await? } else { None };
    Ok(Displaced::by(new, latest, old_null))
}

/// Makes way for a new latest version. All its statements go out at once.
pub(super) async fn displace(tx: &Tx, displaced: &Displaced) -> Result<()> {
    let removed = async {
        match &displaced.removed {
            Some(version) => remove(tx, version).await,
            None => Ok(()),
        }
    };
    let demoted = async {
        let Some(nr) = displaced.demoted else { return Ok(()) };
        tx.execute("UPDATE versions SET state = $2 WHERE nr = $1", &[&nr, &OLD]).await.map(|_| ())
    };
    let (removed, demoted) = join(removed, demoted).await;
    removed.and(demoted)
}

/// Makes an old version the latest one.
pub(super) async fn promote(tx: &Tx, version: &Brief) -> Result<()> {
    let state = version.state_as_latest();
    tx.execute("UPDATE versions SET state = $2 WHERE nr = $1", &[&version.nr, &state]).await.map(|_| ())
}

/// Removes a version and drops its references.
pub(super) async fn remove(tx: &Tx, version: &Brief) -> Result<()> {
    let dropped = async { if version.marker { Ok(()) } else { blobs::drop_parts(tx, version.nr).await } };
    let sql =
        "WITH numbers AS (DELETE FROM version_parts WHERE version = $1) DELETE FROM versions WHERE nr = $1";
    let params: Params<'_> = &[&version.nr];
    let (dropped, removed) = join(dropped, tx.execute(sql, params)).await;
    dropped.and(removed.map(|_| ()))
}
