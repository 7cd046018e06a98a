//! A walk over everything that is sealed, in an order that can be continued from any position.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{BucketId, ObjectKey, VersionId, VersionUid};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, Index, KeyQuery, ListUploads, ListVersions, UploadRow, VersionRow,
};

/// The number of rows in a page.
const PAGE: u32 = 1000;

/// The name of a version or an upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    /// A version that is not a delete marker.
    Version(ObjectKey, VersionId),
    Upload(ObjectKey, VersionUid),
}

/// How far a walk has come: behind an item of a bucket, or at the beginning of the bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) bucket: BucketId,
    /// The last item that was met. The versions of a bucket come before its uploads.
    pub(crate) past: Option<Item>,
}

/// Walks over all buckets: over the versions of each, then over its uploads. An item that exists all the time
/// is met once. An item that is created or deleted meanwhile may be met or not.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Where the walk begins. `None` once it has begun.
    from: Option<Position>,
    current: Option<Current>,
    /// The last bucket that was met.
    last: Option<BucketId>,
}

#[derive(Debug)]
struct Current {
    bucket: Arc<BucketRecord>,
    /// The item before the next page.
    past: Option<Item>,
    uploads: bool,
    /// Whether there is another page of versions, or of uploads if `uploads` is set.
    more: bool,
    items: VecDeque<Item>,
}

impl Walk {
    /// Begins behind a position, or at the first bucket.
    pub(crate) fn new(from: Option<Position>) -> Self {
        Self { from, ..Self::default() }
    }

    /// The next item, with its bucket; `None` at the end.
    pub(crate) async fn next(
        &mut self,
        index: &dyn Index,
    ) -> Result<Option<(Arc<BucketRecord>, Item)>, Error> {
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
        let keys = KeyQuery { marker, limit: PAGE, ..KeyQuery::default() };
        let page = index.list_versions(ListVersions { bucket: self.bucket.id, keys, version_marker }).await?;
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
