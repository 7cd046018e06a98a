//! Versions that a command relies on: each must stand as it was read, or the command is `Changed`.

use rusqlite::params;

use super::bucket_facts;
use super::connection::Snapshot;
use super::versions;
use crate::model::BucketId;
use crate::storage::Error;
use crate::storage::index::{Result, Unchanged};

/// Finds versions that were read before. Remembers the last bucket: mostly they are of one.
pub(super) struct UnchangedVersions<'a> {
    db: &'a Snapshot<'a>,
    bucket: Option<(BucketId, i64)>,
}

impl<'a> UnchangedVersions<'a> {
    pub(super) fn new(db: &'a Snapshot<'a>) -> Self {
        Self { db, bucket: None }
    }

    /// All of them must stand.
    pub(super) fn all(&mut self, versions: &[Unchanged]) -> Result<()> {
        versions.iter().try_for_each(|version| self.find(version).map(|_| ()))
    }

    /// The row of a version, and whether it is the latest of its key. Delete markers have no identity: never found.
    pub(super) fn find(&mut self, version: &Unchanged) -> Result<(i64, bool)> {
        let bucket = self.bucket(version.bucket)?;
        let found = versions::by_id(self.db, bucket, &version.key, version.version_id)?;
        let (brief, latest) = found.ok_or(Error::Changed)?;
        let same = "SELECT 1 FROM versions WHERE nr = ?1 AND uid = ?2 AND marker = 0";
        let stands = self.db.exists(same, params![brief.nr, version.uid])?;
        if stands { Ok((brief.nr, latest)) } else { Err(Error::Changed) }
    }

    fn bucket(&mut self, id: BucketId) -> Result<i64> {
        match self.bucket {
            Some((known, nr)) if known == id => Ok(nr),
            _ => match bucket_facts::find(self.db, id) {
                Ok(facts) => Ok(self.bucket.insert((id, facts.nr)).1),
                Err(Error::NoSuchBucket) => Err(Error::Changed),
                Err(error) => Err(error),
            },
        }
    }
}
