//! Reads large objects, for GetObject and for the sources of copies.

use std::sync::Arc;

use super::prefix::{Prefix, READ, Resolved};
use super::resolve::{Resolver, conflict};
use super::segments::{Segment, SegmentPath, Segments};
use crate::encryption::CustomerKey;
use crate::ops::bytes::content::Content;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::version_seals::OpenedVersion;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::storage::index::{BucketRecord, Unchanged, VersionRecord};

/// A read of a large object.
pub struct Reading<'a> {
    pub gateway: &'a Gateway,
    /// The permit of the reader.
    pub permit: &'a Permit<'a>,
    /// The bucket of the manifest.
    pub bucket: &'a BucketRecord,
    /// The version that is the manifest.
    pub record: &'a VersionRecord,
    /// The customer's key, if the manifest is sealed under one.
    pub key: Option<&'a CustomerKey>,
}

/// How far a dynamic large object is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Find its size.
    Measure,
    /// Find its size and its ETag.
    Describe,
    /// Find its size and ETag, and open its content.
    Open,
}

impl Reading<'_> {
    /// The content of an opened version of any type, and the segments that it was read from.
    pub async fn content(
        &self,
        version: OpenedVersion,
        digests: &Digests,
    ) -> Result<(Content, Vec<Unchanged>), Error> {
        if self.record.manifest.is_none() {
            let content = Content::of_version(version, self.record.parts.clone(), self.record.size)?;
            return Ok((content, vec![]));
        }
        let mut resolver = self.resolver();
        let content = resolver.manifest(&Arc::new(version), self.record, digests, 1).await;
        let content = content.map_err(|error| self.too_many(error))?;
        Ok((content, unchanged(&resolver.segments.into_opened())))
    }

    /// The segments that a dynamic large object has now; `None` for any other object.
    pub async fn dynamic(&self, depth: Depth) -> Result<Option<(Resolved, Vec<Unchanged>)>, Error> {
        let Some(prefix) = Prefix::of(self.record) else { return Ok(None) };
        let mut resolver = self.resolver();
        let found = match depth {
            Depth::Measure => prefix.measure(self.gateway, &mut resolver.segments).await,
            Depth::Describe => prefix.describe(self.gateway, &mut resolver.segments).await,
            Depth::Open => prefix.open(self.gateway, &mut resolver).await,
        };
        let found = found.map_err(|error| self.too_many(error))?;
        Ok(Some((found, unchanged(&resolver.segments.into_opened()))))
    }

    fn resolver(&self) -> Resolver<'_> {
        let account = self.bucket.account.clone();
        Resolver::new(Segments::new(self.gateway, self.permit, account, READ, self.key))
    }

    /// A reader sees too many segments as a problem of the manifest, not of the request.
    fn too_many(&self, error: Error) -> Error {
        match error {
            Error::TooManySegments { .. } => {
                let path = SegmentPath { container: self.bucket.name.clone(), key: self.record.key.clone() };
                conflict(&path, "the large object has more than 10,000 segments")
            }
            other => other,
        }
    }
}

fn unchanged(segments: &[Arc<Segment>]) -> Vec<Unchanged> {
    segments.iter().map(|segment| segment.unchanged()).collect()
}
