//! Looks up and checks the segments that a new manifest names. Problems are described in Swift's words.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use super::manifest::{Entry, Manifest, ObjectEntry};
use super::prefix::READ;
use super::resolve::Resolver;
use super::rewrap::REWRAP;
use super::segments::{Segment, SegmentPath, Segments, Trouble};
use crate::authz::Action;
use crate::http::range::parse_ranges;
use crate::model::ObjectKey;
use crate::ops::bytes::content::check_references;
use crate::ops::bytes::write::WriteEncryption;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::ops::large::limits::{MAX_DEPTH, MAX_KEYED_SEGMENTS};
use crate::ops::large::request::SegmentRequest;
use crate::storage::index::{PartRecord, VersionRecord};

/// How many segments are examined before other tasks get their turn: each may have thousands of parts.
const TURN: usize = 32;

/// A manifest whose segments are all valid.
pub struct Gathered {
    /// The manifest in the form that is stored.
    pub manifest: Manifest,
    /// The size of the whole large object in bytes.
    pub size: u64,
    /// The segments' ETags.
    pub etags: Vec<String>,
    /// The large object's ETag: the MD5 of its segments' ETags.
    pub etag: [u8; 16],
    /// The bytes of its data segments, one after the other.
    pub data: Bytes,
    /// All segments that were opened. If the manifest has a key, the segments of nested manifests are
    /// included.
    pub segments: Vec<Arc<Segment>>,
}

/// Looks up and checks the segments of a manifest.
pub(crate) async fn gather(
    requests: &[SegmentRequest],
    own_key: &ObjectKey,
    encryption: &WriteEncryption,
    gateway: &Gateway,
    permit: &Permit<'_>,
) -> Result<Gathered, Error> {
    let bucket = permit.bucket()?;
    let (key, actions) = match encryption {
        WriteEncryption::Customer(key) => (Some(key), REWRAP),
        WriteEncryption::Managed | WriteEncryption::Kms => (None, READ),
    };
    let own = SegmentPath { container: bucket.name.clone(), key: own_key.clone() };
    let segments = Segments::new(gateway, permit, bucket.account.clone(), actions, key);
    let mut gathering = Gathering {
        resolver: Resolver::new(segments),
        keyed: key.is_some(),
        own,
        walked: HashSet::new(),
        manifest: Manifest { depth: 1, ..Manifest::default() },
        etags: vec![],
        etag: Md5::new(),
        data: BytesMut::new(),
        references: 0,
        problems: vec![],
    };
    gathering.requests(requests).await?;
    gathering.finish()
}

struct Gathering<'a> {
    resolver: Resolver<'a>,
    keyed: bool,
    /// The manifest's own path.
    own: SegmentPath,
    /// Nested manifests whose segments have been looked up.
    walked: HashSet<SegmentPath>,
    manifest: Manifest,
    etags: Vec<String>,
    etag: Md5,
    data: BytesMut,
    /// The number of references of plain segments to blobs, plus the leaves of nested manifests.
    references: usize,
    problems: Vec<(String, String)>,
}

impl Gathering<'_> {
    async fn requests(&mut self, requests: &[SegmentRequest]) -> Result<(), Error> {
        let paths: Vec<_> = requests.iter().filter_map(path_of).collect();
        let mut found = self.resolver.segments.find(&paths).await?.into_iter();
        for (turn, request) in requests.iter().enumerate() {
            if turn % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            match request {
                SegmentRequest::Data(bytes) => self.data(bytes)?,
                SegmentRequest::Object { path, .. } => {
                    let segment = found
                        .next()
                        .ok_or_else(|| Error::Internal("a segment is missing from a look-up".into()))?;
                    if let Err(problem) = self.object(request, segment).await? {
                        self.problems.push((path.clone(), problem));
                    }
                }
            }
        }
        Ok(())
    }

    fn data(&mut self, bytes: &Bytes) -> Result<(), Error> {
        let etag = hex::encode(Md5::digest(bytes));
        self.etag.update(&etag);
        self.etags.push(etag);
        self.data.extend_from_slice(bytes);
        self.manifest.segments.push(Entry::Data { data: bytes.len() as u64 });
        self.leaves(1)
    }

    /// Adds a segment to the manifest. The inner error describes a problem of the segment.
    async fn object(
        &mut self,
        request: &SegmentRequest,
        segment: Result<Arc<Segment>, Trouble>,
    ) -> Result<Result<(), String>, Error> {
        let (SegmentRequest::Object { range, .. }, Some(path)) = (request, path_of(request)) else {
            return Ok(Ok(()));
        };
        let segment = match segment {
            _ if path == self.own => {
                return Ok(Err("manifest must not include itself as a segment".into()));
            }
            Ok(segment) => segment,
            Err(trouble) => return trouble_with(&path, trouble).map(Err),
        };
        let (size, etag) = (segment.record.size, segment.etag());
        let wanted = match wanted(range.as_deref(), size) {
            Ok(wanted) => wanted,
            Err(problem) => return Ok(Err(problem.into())),
        };
        if let Err(problem) = check(request, &segment, &etag, &wanted) {
            return Ok(Err(problem.into()));
        }

        let mut entry = ObjectEntry::new(&path, size, segment.record.modified);
        entry.content_type = segment.record.metadata.system.content_type.clone();
        entry.range = (wanted != (0..size)).then(|| (wanted.start, wanted.end - 1));
        entry.nested = segment.record.manifest.is_some();
        match entry.range {
            Some((first, last)) => self.etag.update(format!("{etag}:{first}-{last};")),
            None => self.etag.update(&etag),
        }
        self.etags.push(etag);
        self.manifest.segments.push(Entry::Object(entry));
        self.count(&segment.record, &wanted)?;
        self.nest(&path, &segment).await
    }

    /// Counts the references of a segment. Of a nested manifest only the number of leaves is known; their
    /// references are checked by each read.
    fn count(&mut self, record: &VersionRecord, wanted: &Range<u64>) -> Result<(), Error> {
        if let Some(nested) = &record.manifest {
            self.references += Manifest::parse(nested)?.leaves as usize;
        } else {
            let mut end = 0;
            let meets = |part: &&PartRecord| {
                let begin = end;
                end += part.length;
                begin < wanted.end && end > wanted.start
            };
            self.references += record.parts.iter().filter(meets).count();
        }
        check_references(self.references)
    }

    /// Counts the leaves of a segment. If the manifest has a key, the segments of a nested manifest are
    /// sealed anew too, so they are opened here.
    async fn nest(&mut self, path: &SegmentPath, segment: &Segment) -> Result<Result<(), String>, Error> {
        let Some(nested) = &segment.record.manifest else { return self.leaves(1).map(Ok) };
        let nested = Manifest::parse(nested)?;
        self.leaves(nested.leaves)?;
        if nested.depth >= MAX_DEPTH {
            return Ok(Err("Nested Too Deep".into()));
        }
        self.manifest.depth = self.manifest.depth.max(nested.depth + 1);
        if self.keyed && self.walked.insert(path.clone()) {
            let walked = self.resolver.segment(path, segment, 0..segment.record.size, 1).await;
            walked.map_err(|error| match error {
                Error::SegmentConflict { path, problem } => Error::SegmentRefused { path, problem },
                other => other,
            })?;
        }
        Ok(Ok(()))
    }

    fn leaves(&mut self, more: u32) -> Result<(), Error> {
        self.manifest.leaves = self.manifest.leaves.saturating_add(more);
        if self.manifest.leaves > MAX_KEYED_SEGMENTS {
            return Err(Error::TooManySegments { limit: MAX_KEYED_SEGMENTS });
        }
        Ok(())
    }

    fn finish(self) -> Result<Gathered, Error> {
        if !self.problems.is_empty() {
            return Err(Error::InvalidSegments { problems: self.problems });
        }
        // Only nested ranges can reach a size beyond what an index can store.
        let size = self.manifest.size().filter(|size| i64::try_from(*size).is_ok());
        Ok(Gathered {
            size: size.ok_or(Error::TooLarge { limit: i64::MAX.unsigned_abs() })?,
            manifest: self.manifest,
            etags: self.etags,
            etag: self.etag.finalize().into(),
            data: self.data.freeze(),
            segments: self.resolver.segments.into_opened(),
        })
    }
}

/// The problem of a segment that could not be opened. If the segment cannot be sealed under the manifest's
/// key, the whole request fails.
fn trouble_with(path: &SegmentPath, trouble: Trouble) -> Result<String, Error> {
    Ok(match trouble {
        Trouble::Missing => "404 Not Found".into(),
        Trouble::Denied(Action::PutObject) | Trouble::WrongKey | Trouble::Kms => {
            return Err(Error::SegmentRefused { path: path.to_string(), problem: trouble.problem() });
        }
        Trouble::Denied(_) => "403 Forbidden".into(),
        Trouble::KeyRequired => {
            "Sealed Under a Customer Key; its manifest must come with the same key.".into()
        }
    })
}

fn path_of(request: &SegmentRequest) -> Option<SegmentPath> {
    match request {
        SegmentRequest::Object { bucket, key, .. } => {
            Some(SegmentPath { container: bucket.clone(), key: key.clone() })
        }
        SegmentRequest::Data(_) => None,
    }
}

/// The range of a segment's bytes that the request names.
fn wanted(range: Option<&str>, size: u64) -> Result<Range<u64>, &'static str> {
    let Some(range) = range else { return Ok(0..size) };
    match parse_ranges(&format!("bytes={range}")).as_deref() {
        Some([one]) => one.resolve(size).ok_or("Unsatisfiable Range"),
        _ => Err("Unsatisfiable Range"),
    }
}

/// Checks that a segment has the requested ETag and size, and may be used as a segment.
fn check(
    request: &SegmentRequest,
    segment: &Segment,
    etag: &str,
    wanted: &Range<u64>,
) -> Result<(), &'static str> {
    let SegmentRequest::Object { etag: expected, size, .. } = request else { return Ok(()) };
    if wanted.is_empty() {
        return Err("Too Small; each segment must be at least 1 byte.");
    }
    if size.is_some_and(|size| size != segment.record.size) {
        return Err("Size Mismatch");
    }
    if expected.as_deref().is_some_and(|expected| !expected.trim_matches('"').eq_ignore_ascii_case(etag)) {
        return Err("Etag Mismatch");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_must_be_single_and_within_the_segment() {
        assert_eq!(wanted(None, 10), Ok(0..10));
        assert_eq!(wanted(Some("2-4"), 10), Ok(2..5));
        assert_eq!(wanted(Some("-3"), 10), Ok(7..10));
        assert_eq!(wanted(Some("4-"), 10), Ok(4..10));
        assert_eq!(wanted(Some("4-99"), 10), Ok(4..10));
        for bad in ["10-", "1-2,4-5", "x", "", "5-2", "-0"] {
            assert_eq!(wanted(Some(bad), 10), Err("Unsatisfiable Range"), "{bad}");
        }
    }
}
