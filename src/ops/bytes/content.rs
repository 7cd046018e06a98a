//! A content: an object's bytes as ranges of blobs in order, each with the opened version that holds its data
//! key.
//!
//! A plain object's content is its own parts. A large object's content is the contents of its segments, one
//! after the other. Reading, copying, re-keying and flattening all work on a content.

use std::ops::Range;
use std::sync::Arc;

use crate::ops::bytes::version_seals::{OpenedVersion, VersionSeals};
use crate::ops::engine::error::Error;
use crate::storage::index::{MAX_REFERENCES, PartRecord};

/// A range of a blob, and the version that holds the blob's data key.
#[derive(Clone)]
pub struct Piece {
    /// The version whose key opens the range.
    pub version: Arc<OpenedVersion>,
    pub part: PartRecord,
}

/// The bytes of an object, or of a range of it.
#[derive(Clone, Default)]
pub struct Content {
    pieces: Vec<Piece>,
    size: u64,
}

impl Content {
    /// The parts of one version, which must be `size` bytes in all.
    pub fn of_version(version: OpenedVersion, parts: Vec<PartRecord>, size: u64) -> Result<Self, Error> {
        let found = parts.iter().map(|part| part.length).sum::<u64>();
        if found != size {
            return Err(Error::Corrupt("the parts do not add up to the size of the object".into()));
        }
        let version = Arc::new(version);
        let pieces = parts.into_iter().map(|part| Piece { version: version.clone(), part }).collect();
        Ok(Self { pieces, size })
    }

    /// The content of a `range` of one version's bytes. The parts outside the range are not touched.
    pub fn of_range(
        version: &Arc<OpenedVersion>,
        parts: &[PartRecord],
        size: u64,
        range: Range<u64>,
    ) -> Result<Self, Error> {
        let found = parts.iter().map(|part| part.length).sum::<u64>();
        if found != size || range.start > range.end || range.end > size {
            return Err(Error::Corrupt("the parts do not add up to the size of the object".into()));
        }
        let mut content = Self::default();
        let mut begin = 0;
        for part in parts {
            let end = begin + part.length;
            let (from, until) = (range.start.max(begin), range.end.min(end));
            // An empty object has one part of no length: the tag of that part is verified as well.
            if from < until || size == 0 {
                let offset = part.offset + (from - begin);
                let part = PartRecord { offset, length: until - from, ..part.clone() };
                content.pieces.push(Piece { version: version.clone(), part });
            }
            begin = end;
        }
        content.size = range.end - range.start;
        Ok(content)
    }

    /// Appends another content to this one.
    pub fn append(&mut self, other: Self) {
        self.size += other.size;
        self.pieces.extend(other.pieces);
    }

    /// The bytes in `range`. A range that exceeds the size is cut.
    #[must_use]
    pub fn slice(self, range: Range<u64>) -> Self {
        let range = range.start.min(self.size)..range.end.min(self.size);
        if range == (0..self.size) {
            return self;
        }
        let mut sliced = Self::default();
        let mut begin = 0;
        for Piece { version, mut part } in self.pieces {
            let end = begin + part.length;
            let (from, until) = (range.start.max(begin), range.end.min(end));
            if from < until {
                part.offset += from - begin;
                part.length = until - from;
                sliced.size += part.length;
                sliced.pieces.push(Piece { version, part });
            }
            begin = end;
        }
        sliced
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many ranges of blobs it is made of.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Refuses a content of more pieces than one object may have.
    pub fn check_pieces(&self) -> Result<(), Error> {
        check_references(self.pieces.len())
    }

    /// The pieces, in order.
    pub fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// References to the same ranges under another version's key. No byte moves.
    pub fn references(&self, seals: &VersionSeals) -> Result<Vec<PartRecord>, Error> {
        let reference = |piece: &Piece| {
            let key = piece.version.data_key(&piece.part)?;
            Ok(seals.reference(piece.part.clone(), &key))
        };
        self.pieces.iter().map(reference).collect()
    }
}

/// Refuses more references to blobs than one object may have.
pub fn check_references(count: usize) -> Result<(), Error> {
    if count > MAX_REFERENCES { Err(Error::TooManyParts { limit: MAX_REFERENCES }) } else { Ok(()) }
}
