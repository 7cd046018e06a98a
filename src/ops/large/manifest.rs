//! The list of segments that is stored with a static large object. It is stored in the clear and bound into
//! the envelope. So it has names and sizes but no hashes, which are stored with the version's digests.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::segments::SegmentPath;
use crate::model::{BucketName, ObjectKey, Timestamp};
use crate::ops::engine::error::Error;

/// A stored manifest.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The number of segments that are no manifests themselves, including those of nested manifests.
    pub leaves: u32,
    /// The depth of nested manifests: 1 if no segment is a manifest.
    pub depth: u32,
    /// The segments, in order.
    pub segments: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// An object, or a range of one.
    Object(ObjectEntry),
    /// Bytes that are stored in the manifest's own version, after the bytes of earlier data segments.
    Data { data: u64 },
}

/// A segment that is an object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectEntry {
    container: String,
    name: String,
    /// The size of the whole object, even if only a range is used.
    pub bytes: u64,
    /// The first and the last byte, if only a range belongs to the large object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub range: Option<(u64, u64)>,
    /// Whether the segment is a static large object itself.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub nested: bool,
    /// The content type at the time the manifest was written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_type: Option<String>,
    /// The time of the object's last change before the manifest was written.
    modified: i64,
}

impl Manifest {
    /// Parses a stored manifest. Its envelope has been verified, so only a defect of Cardea can make it
    /// unreadable.
    pub fn parse(stored: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(stored).map_err(|_| Error::Corrupt("a manifest cannot be read".into()))
    }

    /// The manifest in its stored form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|error| Error::Internal(error.into()))
    }

    /// The size of the whole large object; `None` if the sum overflows.
    pub fn size(&self) -> Option<u64> {
        self.segments.iter().try_fold(0u64, |size, entry| size.checked_add(entry.length()))
    }

    /// The number of bytes that are stored in the manifest's own version.
    pub fn data(&self) -> u64 {
        let data = |entry: &Entry| if let Entry::Data { data } = entry { *data } else { 0 };
        self.segments.iter().map(data).fold(0, u64::saturating_add)
    }

    /// The paths of the objects that the manifest names, in order.
    pub fn paths(&self) -> Result<Vec<SegmentPath>, Error> {
        let objects = self.segments.iter().filter_map(|entry| match entry {
            Entry::Object(object) => Some(object.path()),
            Entry::Data { .. } => None,
        });
        objects.collect()
    }
}

impl Entry {
    /// The number of bytes that the segment adds to the large object.
    pub fn length(&self) -> u64 {
        match self {
            Self::Object(object) => {
                let range = object.range();
                range.end.saturating_sub(range.start)
            }
            Self::Data { data } => *data,
        }
    }
}

impl ObjectEntry {
    /// A segment for an object as it is now.
    pub fn new(path: &SegmentPath, bytes: u64, modified: Timestamp) -> Self {
        Self {
            container: path.container.as_str().into(),
            name: path.key.as_str().into(),
            bytes,
            range: None,
            nested: false,
            content_type: None,
            modified: modified.steps(),
        }
    }

    /// The object's path; an error if a stored name is not valid.
    pub fn path(&self) -> Result<SegmentPath, Error> {
        let path = || Some((BucketName::new(&self.container).ok()?, ObjectKey::new(&self.name).ok()?));
        let (container, key) = path().ok_or_else(|| Error::Corrupt("a manifest names no object".into()))?;
        Ok(SegmentPath { container, key })
    }

    /// The range of the object's bytes that belongs to the large object.
    pub fn range(&self) -> Range<u64> {
        self.range.map_or(0..self.bytes, |(first, last)| first..last.saturating_add(1))
    }

    /// The time of the object's last change before the manifest was written.
    pub fn modified(&self) -> Timestamp {
        Timestamp::from_steps(self.modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_manifest_is_read_back_unchanged() {
        let path = SegmentPath {
            container: BucketName::new("segments").unwrap(),
            key: ObjectKey::new("a/ü").unwrap(),
        };
        let whole = ObjectEntry::new(&path, 10, Timestamp::from_steps(7));
        let ranged = ObjectEntry { range: Some((2, 4)), nested: true, ..whole.clone() };
        let manifest = Manifest {
            leaves: 3,
            depth: 2,
            segments: vec![Entry::Object(whole), Entry::Data { data: 5 }, Entry::Object(ranged)],
        };
        let stored = manifest.to_bytes().unwrap();
        assert_eq!(Manifest::parse(&stored).unwrap(), manifest);
        assert_eq!((manifest.size(), manifest.data()), (Some(18), 5));
        assert_eq!(manifest.paths().unwrap(), [path.clone(), path]);
        assert!(!String::from_utf8(stored).unwrap().contains("content_type"));
    }

    #[test]
    fn text_that_is_no_manifest_is_an_error() {
        for bad in ["", "[]", "{}", "{\"leaves\":1,\"depth\":1,\"segments\":[{}]}"] {
            assert!(matches!(Manifest::parse(bad.as_bytes()), Err(Error::Corrupt(_))), "{bad}");
        }
        let huge = Entry::Data { data: u64::MAX };
        let manifest = Manifest { segments: vec![huge.clone(), huge], ..Manifest::default() };
        assert_eq!(manifest.size(), None);
    }
}
