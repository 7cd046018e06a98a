//! How far the scrubber is, as it is kept between two rounds and over a restart.

use serde::{Deserialize, Serialize};

use crate::care::verify;
use crate::model::{BucketId, ObjectKey, Timestamp, VersionUid};

/// Where it goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cursor {
    /// Past this place.
    At(verify::Position),
    /// Everything was read, and so it was at this time.
    Done(Timestamp),
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stored {
    Done(i64),
    Bucket(String),
    Version(String, String, String),
    Upload(String, String, String),
}

impl Cursor {
    /// To be stored.
    pub(super) fn write(&self) -> Vec<u8> {
        let stored = match self {
            Self::Done(at) => Stored::Done(at.steps()),
            Self::At(verify::Position { bucket, past }) => {
                let bucket = bucket.to_string();
                match past {
                    None => Stored::Bucket(bucket),
                    Some(verify::Item::Version(key, id)) => {
                        Stored::Version(bucket, key.to_string(), id.to_string())
                    }
                    Some(verify::Item::Upload(key, id)) => {
                        Stored::Upload(bucket, key.to_string(), id.to_string())
                    }
                }
            }
        };
        // Strings and numbers can always be written.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// As it was stored. What cannot be read is no place: the pass begins anew.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let at = |bucket: String, past| {
            let bucket = BucketId::from_slice(&hex::decode(bucket).ok()?)?;
            Some(Self::At(verify::Position { bucket, past }))
        };
        match serde_json::from_slice(bytes).ok()? {
            Stored::Done(at) => Some(Self::Done(Timestamp::from_steps(at))),
            Stored::Bucket(bucket) => at(bucket, None),
            Stored::Version(bucket, key, id) => {
                let item = verify::Item::Version(ObjectKey::new(&key).ok()?, id.parse().ok()?);
                at(bucket, Some(item))
            }
            Stored::Upload(bucket, key, id) => {
                let id = VersionUid::from_slice(&hex::decode(id).ok()?)?;
                at(bucket, Some(verify::Item::Upload(ObjectKey::new(&key).ok()?, id)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionId;

    #[test]
    fn reads_what_it_writes() {
        let bucket = BucketId::random();
        let key = ObjectKey::new("a \"key\"/\u{7}ü").unwrap();
        let ids = [VersionId::Null, VersionId::At(Timestamp::from_steps(12_345_678_901_234))];
        let mut items: Vec<_> = ids.iter().map(|id| verify::Item::Version(key.clone(), *id)).collect();
        items.push(verify::Item::Upload(key, VersionUid::random()));
        let mut cursors =
            vec![Cursor::Done(Timestamp::now()), Cursor::At(verify::Position { bucket, past: None })];
        cursors
            .extend(items.into_iter().map(|item| Cursor::At(verify::Position { bucket, past: Some(item) })));
        for cursor in cursors {
            assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        }
        for bad in [&b""[..], b"{", b"{\"done\":\"x\"}", b"{\"bucket\":\"12\"}"] {
            assert_eq!(Cursor::read(bad), None);
        }
    }
}
