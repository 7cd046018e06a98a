//! Everything that is sealed, in an order in which one can go on from any place.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{BucketId, ObjectKey, VersionId, VersionUid};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, Index, ListObjects, ListUploads, ListVersions, UploadRow, VersionRow,
};

/// Rows of one page.
const PAGE: u32 = 1000;

/// A version or an upload, by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A version that is no delete marker.
    Version(ObjectKey, VersionId),
    /// An upload.
    Upload(ObjectKey, VersionUid),
}

/// How far a walk has come: past an item of a bucket, or at the bucket's beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// In which bucket.
    pub bucket: BucketId,
    /// Past which of its versions and uploads. The versions come first.
    pub past: Option<Item>,
}

/// Goes over all buckets, the versions of each and then its uploads. What comes and goes meanwhile may be met or not; what
/// stands all the time is met once.
#[derive(Debug, Default)]
pub struct Walk {
    /// Where to begin, as long as that is not done.
    from: Option<Position>,
    current: Option<Current>,
    /// The last bucket that was met.
    last: Option<BucketId>,
}

#[derive(Debug)]
struct Current {
    bucket: Arc<BucketRecord>,
    /// Past which item the next page begins.
    past: Option<Item>,
    uploads: bool,
    /// Whether there is a next page of this kind.
    more: bool,
    items: VecDeque<Item>,
}

impl Walk {
    /// From a place on, or from the beginning.
    pub fn new(from: Option<Position>) -> Self {
        Self { from, ..Self::default() }
    }

    /// The next item, with its bucket; `None` at the end.
    pub async fn next(&mut self, index: &dyn Index) -> Result<Option<(Arc<BucketRecord>, Item)>, Error> {
        loop {
            let Some(current) = &mut self.current else {
                match self.next_bucket(index).await? {
                    Some(current) => self.current = Some(current),
                    None => return Ok(None),
                }
                continue;
            };
            if let Some(item) = current.items.pop_front() {
                return Ok(Some((current.bucket.clone(), item)));
            }
            if current.more {
                match current.page(index).await {
                    Ok(()) => {}
                    Err(Error::NoSuchBucket) => self.current = None,
                    Err(error) => return Err(error),
                }
            } else if current.uploads {
                self.current = None;
            } else {
                (current.uploads, current.past, current.more) = (true, None, true);
            }
        }
    }

    async fn next_bucket(&mut self, index: &dyn Index) -> Result<Option<Current>, Error> {
        if let Some(Position { bucket, past }) = self.from.take() {
            self.last = Some(bucket);
            match index.bucket(&BucketAddress::Id(bucket)).await {
                Ok(bucket) => return Ok(Some(Current::new(bucket, past))),
                Err(Error::NoSuchBucket) => {}
                Err(error) => return Err(error),
            }
        }
        let bucket = index.buckets_after(self.last, 1).await?.pop();
        self.last = bucket.as_ref().map(|bucket| bucket.id).or(self.last);
        Ok(bucket.map(|bucket| Current::new(bucket, None)))
    }
}

impl Current {
    fn new(bucket: BucketRecord, past: Option<Item>) -> Self {
        let uploads = matches!(past, Some(Item::Upload(..)));
        Self { bucket: Arc::new(bucket), past, uploads, more: true, items: VecDeque::new() }
    }

    async fn page(&mut self, index: &dyn Index) -> Result<(), Error> {
        if self.uploads { self.page_of_uploads(index).await } else { self.page_of_versions(index).await }
    }

    async fn page_of_versions(&mut self, index: &dyn Index) -> Result<(), Error> {
        let (marker, version_marker) = match self.past.take() {
            Some(Item::Version(key, id)) => (Some(key.to_string()), Some(id)),
            _ => (None, None),
        };
        let keys = ListObjects {
            bucket: self.bucket.id,
            prefix: String::new(),
            delimiter: None,
            marker,
            marker_skips_prefix: false,
            end_marker: None,
            limit: PAGE,
            reverse: false,
        };
        let page = index.list_versions(ListVersions { keys, version_marker }).await?;
        for row in page.rows {
            let VersionRow::Version { key, version_id, marker, .. } = row else { continue };
            let item = Item::Version(key, version_id);
            if !marker {
                self.items.push_back(item.clone());
            }
            self.past = Some(item);
        }
        self.more = page.truncated;
        Ok(())
    }

    async fn page_of_uploads(&mut self, index: &dyn Index) -> Result<(), Error> {
        let (key_marker, upload_marker) = match self.past.take() {
            Some(Item::Upload(key, id)) => (Some(key.to_string()), Some(id)),
            _ => (None, None),
        };
        let query = ListUploads {
            bucket: self.bucket.id,
            prefix: String::new(),
            delimiter: None,
            key_marker,
            upload_marker,
            limit: PAGE,
        };
        let page = index.list_uploads(query).await?;
        for row in page.rows {
            let UploadRow::Upload(record) = row else { continue };
            let item = Item::Upload(record.key, record.uid);
            self.items.push_back(item.clone());
            self.past = Some(item);
        }
        self.more = page.truncated;
        Ok(())
    }
}
