//! Turns a manifest into a content: every segment is found, checked and opened before the first byte is sent.

use std::ops::Range;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::manifest::{Entry, Manifest, ObjectEntry};
use super::segments::{Segment, SegmentPath, Segments};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::version_seals::OpenedVersion;
use crate::ops::engine::error::Error;
use crate::ops::large::limits::{MAX_DEPTH, MAX_KEYED_SEGMENTS};
use crate::storage::index::{MAX_REFERENCES, VersionRecord};

/// How many leaves are examined before other tasks get their turn: each may have thousands of parts.
const TURN: u32 = 32;

/// Builds the contents of large objects. If an object has too many leaves, the error is
/// [`Error::TooManySegments`].
pub struct Resolver<'a> {
    /// Finds and opens the segments.
    pub segments: Segments<'a>,
    leaves: u32,
    pieces: usize,
}

impl<'a> Resolver<'a> {
    /// A resolver that has counted no leaf yet.
    pub fn new(segments: Segments<'a>) -> Self {
        Self { segments, leaves: 0, pieces: 0 }
    }

    /// The content of an opened static large object. `depth` counts this manifest and the manifests that it
    /// is nested in.
    pub fn manifest<'s>(
        &'s mut self,
        version: &'s Arc<OpenedVersion>,
        record: &'s VersionRecord,
        digests: &'s Digests,
        depth: u32,
    ) -> BoxFuture<'s, Result<Content, Error>> {
        async move {
            let manifest = Manifest::parse(record.manifest.as_deref().unwrap_or_default())?;
            if manifest.segments.len() != digests.segments.len() || manifest.size() != Some(record.size) {
                return Err(Error::Corrupt("a manifest does not match its version".into()));
            }
            let found = self.segments.find(&manifest.paths()?).await?;
            let (mut found, mut held) = (found.into_iter(), 0);
            let mut whole = Content::default();
            for (entry, etag) in manifest.segments.iter().zip(&digests.segments) {
                let content = match entry {
                    Entry::Data { data } => {
                        self.count_leaf()?;
                        let range = held..held + data;
                        held = range.end;
                        Content::of_range(version, &record.parts, manifest.data(), range)?
                    }
                    Entry::Object(entry) => {
                        let path = entry.path()?;
                        let segment = found
                            .next()
                            .ok_or_else(|| Error::Internal("a segment is missing from a look-up".into()))?;
                        let segment = segment.map_err(|trouble| conflict(&path, trouble.problem()))?;
                        check(&path, entry, etag, &segment)?;
                        self.segment(&path, &segment, entry.range(), depth).await?
                    }
                };
                whole.append(content);
            }
            Ok(whole)
        }
        .boxed()
    }

    /// The content of a range of a segment. If the segment is a manifest itself, the range applies to its
    /// large object.
    pub async fn segment(
        &mut self,
        path: &SegmentPath,
        segment: &Segment,
        range: Range<u64>,
        depth: u32,
    ) -> Result<Content, Error> {
        let Segment { record, version, digests, .. } = segment;
        if record.manifest.is_some() {
            if depth >= MAX_DEPTH {
                return Err(conflict(path, "manifests are nested too deep"));
            }
            return Ok(self.manifest(version, record, digests, depth + 1).await?.slice(range));
        }
        self.count_leaf()?;
        if self.leaves.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
        let content = Content::of_range(version, &record.parts, record.size, range)?;
        self.pieces += content.pieces();
        // A manifest may name an object with thousands of parts a thousand times.
        if self.pieces > MAX_REFERENCES {
            return Err(conflict(path, "the large object has too many parts"));
        }
        Ok(content)
    }

    fn count_leaf(&mut self) -> Result<(), Error> {
        self.leaves += 1;
        if self.leaves > MAX_KEYED_SEGMENTS {
            return Err(Error::TooManySegments { limit: MAX_KEYED_SEGMENTS });
        }
        Ok(())
    }
}

/// Checks that a segment has not changed since the manifest was written.
fn check(path: &SegmentPath, entry: &ObjectEntry, etag: &str, segment: &Segment) -> Result<(), Error> {
    let same = segment.record.size == entry.bytes && segment.etag() == etag;
    if same { Ok(()) } else { Err(conflict(path, "it is not the object that the manifest names")) }
}

/// The error for a segment that makes the large object unreadable.
pub fn conflict(path: &SegmentPath, problem: &'static str) -> Error {
    Error::SegmentConflict { path: path.to_string(), problem }
}
