//! The versions under a key, and keeping exactly one of them the latest.

use futures_util::future::join;
use tokio_postgres::Row;

use super::super::change;
use super::blobs;
use super::bucket_facts::BucketFacts;
use super::transaction::{Params, Tx};
use super::values::{Columns, Count, Flag, small};
use crate::model::{BucketId, EncryptionMode, ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{Precondition, Result, Versioning};

/// `state` of a version that is not the latest.
pub(super) const OLD: i64 = 0;
/// `state` of the current object: the latest version, and not a delete marker.
pub(super) const CURRENT: i64 = 1;
/// `state` of a delete marker that is the latest version.
pub(super) const HIDDEN: i64 = 2;

/// What the commands need of a version's row.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub(super) nr: i64,
    pub(super) marker: bool,
    /// Whether it is the latest of its key.
    pub(super) latest: bool,
    pub(super) id: VersionId,
    pub(super) modified: Timestamp,
    pub(super) size: u64,
    mode: i64,
    expires: Option<i64>,
    etag: String,
    /// Empty for a delete marker.
    pub(super) uid: Vec<u8>,
}

/// Begins a statement that reads briefs of `v`.
macro_rules! brief {
    ($rest:literal) => {
        concat!(
            "SELECT v.nr, v.marker, v.state, v.null_id, v.created, v.modified, v.size, v.mode, v.expires, v.etag, v.uid ",
            $rest
        )
    };
}

pub(super) use brief;

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

impl Brief {
    pub(super) fn read(row: &Row) -> Result<Self> {
        let mut columns = Columns::from(row, 0);
        let (nr, Flag(marker), state) = (columns.read()?, columns.read()?, columns.read::<i64>()?);
        let (Flag(null), created) = (columns.read()?, columns.read()?);
        Ok(Self {
            nr,
            marker,
            latest: state != OLD,
            id: version_id(null, created),
            modified: columns.read()?,
            size: columns.read::<Count>()?.0,
            mode: columns.read()?,
            expires: columns.read()?,
            etag: columns.read()?,
            uid: columns.read()?,
        })
    }

    /// The mode of an object; a delete marker has none.
    pub(super) fn mode(&self) -> Result<EncryptionMode> {
        let mode = EncryptionMode::from_code(small(self.mode)?);
        mode.ok_or_else(|| Error::Damaged(format!("encryption mode {}", self.mode)))
    }

    /// Its size as a change of the usage counters.
    pub(super) fn bytes(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|at| at <= now.seconds_floor())
    }
}

/// The public id that a row's columns say.
pub(super) fn version_id(null: bool, created: Timestamp) -> VersionId {
    if null { VersionId::Null } else { VersionId::At(created) }
}

async fn maybe(tx: &Tx, sql: &str, params: Params<'_>) -> Result<Option<Brief>> {
    tx.maybe(sql, params).await?.as_ref().map(Brief::read).transpose()
}

/// The latest version of a key: the current object or a delete marker. Where versioning was never enabled there are no
/// markers to look for. Its row is locked: what else changes it holds the key's lock, all but a re-wrap.
pub(super) async fn latest(tx: &Tx, bucket: BucketId, key: &ObjectKey) -> Result<Option<Brief>> {
    let sql = concat!(latest!(), " FOR UPDATE OF v");
    maybe(tx, sql, &[&bucket, key]).await
}

/// The latest version of a key, whose row is locked later, in the order of others ([`super::unchanged`]).
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

/// Evaluates a precondition against the latest version of the key. An object that has expired is none.
pub(super) fn check(tx: &Tx, precondition: &Precondition, latest: Option<&Brief>) -> Result<()> {
    let current = latest.filter(|version| !version.marker && !version.is_expired(tx.now()));
    match (precondition, current) {
        (Precondition::None, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => Ok(()),
        (Precondition::Etag(tags), Some(version)) if tags.contains(&version.etag) => Ok(()),
        (Precondition::Etag(_), None) => Err(no_such_object(latest)),
        (Precondition::Absent | Precondition::Etag(_), Some(_)) | (Precondition::Present, None) => {
            Err(Error::PreconditionFailed)
        }
    }
}

/// Nothing answers for the key, unless a delete marker does.
pub(super) fn no_such_object(latest: Option<&Brief>) -> Error {
    Error::NoSuchObject { marker: latest.filter(|version| version.marker).map(|version| version.id) }
}

/// The time and the id of a version that follows the latest.
pub(super) fn next(tx: &Tx, facts: &BucketFacts, latest: Option<&Brief>) -> (Timestamp, VersionId) {
    let created = change::after(tx.now(), latest.map(|latest| latest.modified));
    (created, version_id(facts.versioning != Versioning::Enabled, created))
}

/// What has to be done before a new latest version is put under a key.
#[derive(Default)]
pub(super) struct Room {
    removed: Option<Brief>,
    demoted: Option<i64>,
}

/// How a new latest version finds its place: a null version replaces the one there was, any other follows the latest.
pub(super) async fn room(
    tx: &Tx,
    facts: &BucketFacts,
    key: &ObjectKey,
    latest: Option<&Brief>,
    new: VersionId,
) -> Result<Room> {
    let Some(latest) = latest else { return Ok(Room::default()) };
    let removed = match (new, latest.id) {
        (VersionId::Null, VersionId::Null) => Some(latest.clone()),
        (VersionId::Null, _) => old_null(tx, facts.nr, key).await?,
        _ => None,
    };
    let demoted = removed.as_ref().is_none_or(|removed| removed.nr != latest.nr).then_some(latest.nr);
    Ok(Room { removed, demoted })
}

impl Room {
    /// Makes it. All its statements go out at once.
    pub(super) async fn make(&self, tx: &Tx) -> Result<()> {
        let removed = async {
            match &self.removed {
                Some(version) => remove(tx, version).await,
                None => Ok(()),
            }
        };
        let demoted = async {
            let Some(nr) = self.demoted else { return Ok(()) };
            tx.execute("UPDATE versions SET state = $2 WHERE nr = $1", &[&nr, &OLD]).await.map(|_| ())
        };
        let (removed, demoted) = join(removed, demoted).await;
        removed.and(demoted)
    }
}

/// Makes an old version the latest one.
pub(super) async fn promote(tx: &Tx, version: &Brief) -> Result<()> {
    let state = if version.marker { HIDDEN } else { CURRENT };
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
