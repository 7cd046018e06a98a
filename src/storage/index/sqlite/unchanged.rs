//! Versions that a command relies on: if one has changed since it was read, the command fails with `Changed`.

use super::super::brief::Brief;
use super::bucket_facts;
use super::connection::Snapshot;
use super::versions;
use crate::model::BucketId;
use crate::storage::Error;
use crate::storage::index::{Result, Unchanged};

/// Finds versions that were read before. It remembers the last bucket, because most versions are of one
/// bucket.
pub(super) struct UnchangedVersions<'a> {
    db: &'a Snapshot<'a>,
    bucket: Option<(BucketId, i64)>,
}

impl<'a> UnchangedVersions<'a> {
    pub(super) fn new(db: &'a Snapshot<'a>) -> Self {
        Self { db, bucket: None }
    }

    /// Checks that all of them are unchanged.
    pub(super) fn all(&mut self, versions: &[Unchanged]) -> Result<()> {
        versions.iter().try_for_each(|version| self.find(version).map(|_| ()))
    }

    /// The version's row. Delete markers have no identity: they are never found.
    pub(super) fn find(&mut self, version: &Unchanged) -> Result<Brief> {
        let bucket = self.bucket(version.bucket)?;
        let found = versions::by_id(self.db, bucket, &version.key, version.version_id)?;
        found.filter(|found| !found.marker && found.uid == version.uid.0).ok_or(Error::Changed)
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
