//! The cursor of the scrubber: its position, which the index keeps between two rounds and over a restart.

use serde::{Deserialize, Serialize};

use crate::care::verify::walk::{Item, Position};
use crate::model::{BucketId, ObjectKey, Timestamp, VersionUid};

/// Where the scrubber continues.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cursor {
    /// Behind this position.
    At(Position),
    /// Nowhere: the pass was complete at this time.
    Done(Timestamp),
}

/// The JSON form of a cursor in the index.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stored {
    Done(i64),
    Bucket(String),
    Version(String, String, String),
    Upload(String, String, String),
}

impl Cursor {
    pub(super) fn write(&self) -> Vec<u8> {
        let stored = match self {
            Self::Done(at) => Stored::Done(at.steps()),
            Self::At(Position { bucket, past }) => {
                let bucket = bucket.to_string();
                match past {
                    None => Stored::Bucket(bucket),
                    Some(Item::Version(key, id)) => Stored::Version(bucket, key.to_string(), id.to_string()),
                    Some(Item::Upload(key, id)) => Stored::Upload(bucket, key.to_string(), id.to_string()),
                }
            }
        };
        // Serialization of strings and numbers cannot fail.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// `None` if the bytes are no cursor: the pass begins again.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let at = |bucket: String, past| {
            let bucket = BucketId::from_slice(&hex::decode(bucket).ok()?)?;
            Some(Self::At(Position { bucket, past }))
        };
        match serde_json::from_slice(bytes).ok()? {
            Stored::Done(at) => Some(Self::Done(Timestamp::from_steps(at))),
            Stored::Bucket(bucket) => at(bucket, None),
            Stored::Version(bucket, key, id) => {
                let item = Item::Version(ObjectKey::new(&key).ok()?, id.parse().ok()?);
                at(bucket, Some(item))
            }
            Stored::Upload(bucket, key, id) => {
                let id = VersionUid::from_slice(&hex::decode(id).ok()?)?;
                at(bucket, Some(Item::Upload(ObjectKey::new(&key).ok()?, id)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionId;

    #[test]
    fn a_written_cursor_is_read_back() {
        let bucket = BucketId::random();
        let key = ObjectKey::new("a \"key\"/\u{7}ü").unwrap();
        let ids = [VersionId::Null, VersionId::At(Timestamp::from_steps(12_345_678_901_234))];
        let mut items: Vec<_> = ids.iter().map(|id| Item::Version(key.clone(), *id)).collect();
        items.push(Item::Upload(key, VersionUid::random()));
        let mut cursors = vec![Cursor::Done(Timestamp::now()), Cursor::At(Position { bucket, past: None })];
        cursors.extend(items.into_iter().map(|item| Cursor::At(Position { bucket, past: Some(item) })));
        for cursor in cursors {
            assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        }
        for bad in [&b""[..], b"{", b"{\"done\":\"x\"}", b"{\"bucket\":\"12\"}"] {
            assert_eq!(Cursor::read(bad), None);
        }
    }
}
