//! From a manifest to the bytes it stands for: every segment is found, checked and opened before the first byte.

use std::ops::Range;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::manifest::{Entry, Manifest, ObjectEntry};
use super::segments::{Segment, SegmentPath, Segments};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::sealing::OpenedVersion;
use crate::ops::engine::error::Error;
use crate::ops::large::limits::{MAX_DEPTH, MAX_KEYED_SEGMENTS};
use crate::storage::index::{MAX_REFERENCES, VersionRecord};

/// Leaves that are looked through before other tasks get their turn: each may be made of thousands of parts.
const TURN: u32 = 32;

/// Puts large objects together. One that turns out to have too many leaves is [`Error::TooManySegments`].
pub struct Resolver<'a> {
    /// Where segments come from.
    pub segments: Segments<'a>,
    leaves: u32,
    pieces: usize,
}

impl<'a> Resolver<'a> {
    /// Starts, with segments from there.
    pub fn new(segments: Segments<'a>) -> Self {
        Self { segments, leaves: 0, pieces: 0 }
    }

    /// The bytes of a static large object that has been opened. `depth` counts it and the manifests around it.
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
                return Err(Error::Corrupt("a manifest is not as its digests say".into()));
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
                        let segment = found.next().ok_or_else(|| Error::Internal("a lost segment".into()))?;
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

    /// A range of a segment's bytes: of those it stands for, where it is a manifest itself.
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
        // A manifest may name an object of thousands of parts a thousand times.
        if self.pieces > MAX_REFERENCES {
            return Err(conflict(path, "the large object is made of too many parts"));
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

/// Whether a segment is still the one that the manifest names.
fn check(path: &SegmentPath, entry: &ObjectEntry, etag: &str, segment: &Segment) -> Result<(), Error> {
    let same = segment.record.size == entry.bytes && segment.etag() == etag;
    if same { Ok(()) } else { Err(conflict(path, "it is not the one that the manifest names")) }
}

/// A segment that stands in the way of reading.
pub fn conflict(path: &SegmentPath, problem: &'static str) -> Error {
    Error::SegmentConflict { path: path.to_string(), problem }
}
