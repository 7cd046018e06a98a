//! What a dynamic large object's manifest points at: a container and a prefix, and what stands there now.

use std::sync::Arc;

use md5::{Digest, Md5};

use super::resolve::{Resolver, conflict};
use super::segments::{Segment, SegmentPath, Segments, Trouble};
use crate::authz::Action;
use crate::http::percent;
use crate::model::{BucketName, EncryptionMode};
use crate::ops::bytes::content::Content;
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::ops::engine::gateway::Gateway;
use crate::ops::large::limits::MAX_KEYED_SEGMENTS;
use crate::storage::index::{ListObjects, ObjectRow, VersionRecord};

/// What the reader of a dynamic large object must be allowed to do to its segments.
pub const READ: &[Action] = &[Action::GetObject];

/// `container/prefix`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix {
    container: BucketName,
    prefix: String,
}

/// What stands under a prefix.
pub struct Resolved {
    /// How many segments.
    pub count: usize,
    /// Their bytes in all.
    pub size: u64,
    /// The MD5 of their ETags, where all are known.
    pub etag: Option<String>,
    /// The bytes, where they are to be read.
    pub content: Option<Content>,
}

impl Resolved {
    /// The ETag that a face shows, without quotes. `own` is the manifest's own.
    pub fn shown_etag(&self, own: &str, face: Face) -> Option<String> {
        match face {
            Face::S3 => Some(self.s3_etag(own)),
            Face::Swift => self.etag.clone(),
        }
    }

    /// S3's ETag: the suffix tells clients that it is no MD5.
    pub fn s3_etag(&self, own: &str) -> String {
        format!("{}-{}", self.etag.as_deref().unwrap_or(own), self.count)
    }
}

impl Prefix {
    /// Of a version that is a dynamic large object's manifest.
    pub fn of(record: &VersionRecord) -> Option<Self> {
        let value = record.metadata.system.object_manifest.as_deref()?;
        if record.manifest.is_some() { None } else { Self::parse(value) }
    }

    /// Reads the value of `X-Object-Manifest`, which is percent-encoded.
    pub fn parse(value: &str) -> Option<Self> {
        let value = percent::decode_utf8(value)?;
        let (container, prefix) = value.split_once('/')?;
        Some(Self { container: BucketName::new(container).ok()?, prefix: prefix.to_owned() })
    }

    /// What stands there, without opening it: sizes only.
    pub async fn measure(&self, gateway: &Gateway, segments: &mut Segments<'_>) -> Result<Resolved, Error> {
        let rows = self.list(gateway, segments).await?;
        let size = rows.iter().map(|row| row.size).fold(0, u64::saturating_add);
        Ok(Resolved { count: rows.len(), size, etag: None, content: None })
    }

    /// What stands there, with its ETag where every segment can be opened; those whose ETag the listing tells need not be.
    pub async fn describe(&self, gateway: &Gateway, segments: &mut Segments<'_>) -> Result<Resolved, Error> {
        let rows = self.list(gateway, segments).await?;
        let sealed: Vec<_> = rows.iter().filter(|row| !row.tells_etag).map(|row| row.path.clone()).collect();
        let mut opened = segments.find(&sealed).await?.into_iter();
        let mut etags = Md5::new();
        let mut known = true;
        for row in &rows {
            match if row.tells_etag { None } else { opened.next() } {
                None => etags.update(&row.etag),
                Some(Ok(segment)) => etags.update(segment.etag()),
                Some(Err(_)) => known = false,
            }
        }
        let size = rows.iter().map(|row| row.size).fold(0, u64::saturating_add);
        let etag = known.then(|| hex::encode(etags.finalize()));
        Ok(Resolved { count: rows.len(), size, etag, content: None })
    }

    /// What stands there, every segment opened.
    pub async fn open(&self, gateway: &Gateway, resolver: &mut Resolver<'_>) -> Result<Resolved, Error> {
        let mut etags = Md5::new();
        let (mut content, mut count) = (Content::default(), 0);
        for (path, segment) in self.find(gateway, &mut resolver.segments, None).await? {
            let segment = segment.map_err(|trouble| conflict(&path, trouble.problem()))?;
            etags.update(segment.etag());
            content.append(resolver.segment(&path, &segment, 0..segment.record.size, 1).await?);
            count += 1;
        }
        let (size, etag) = (content.size(), Some(hex::encode(etags.finalize())));
        Ok(Resolved { count, size, etag, content: Some(content) })
    }

    /// The segments that stand there, without the one that `but` names; what goes meanwhile does not.
    pub async fn find(
        &self,
        gateway: &Gateway,
        segments: &mut Segments<'_>,
        but: Option<&SegmentPath>,
    ) -> Result<Vec<(SegmentPath, Result<Arc<Segment>, Trouble>)>, Error> {
        let rows = self.list(gateway, segments).await?;
        let paths: Vec<_> = rows.into_iter().map(|row| row.path).filter(|path| Some(path) != but).collect();
        let found = segments.find(&paths).await?;
        let stands = |found: &Result<_, Trouble>| !matches!(found, Err(Trouble::Missing));
        Ok(paths.into_iter().zip(found).filter(|(_, found)| stands(found)).collect())
    }

    async fn list(&self, gateway: &Gateway, segments: &mut Segments<'_>) -> Result<Vec<Row>, Error> {
        let bucket = match segments.bucket(&self.container).await? {
            Ok(bucket) => bucket,
            Err(Trouble::Denied(_)) => return Err(Error::AccessDenied),
            Err(_) => return Err(Error::NoSuchBucket),
        };
        let query = ListObjects {
            bucket: bucket.id,
            prefix: self.prefix.clone(),
            delimiter: None,
            marker: None,
            marker_skips_prefix: false,
            end_marker: None,
            limit: MAX_KEYED_SEGMENTS,
            reverse: false,
        };
        let page = gateway.index.list_objects(query).await?;
        if page.truncated {
            return Err(Error::TooManySegments { limit: MAX_KEYED_SEGMENTS });
        }
        let row = |row| match row {
            ObjectRow::Object { key, size, etag, part_count, mode, .. } => Some(Row {
                path: SegmentPath { container: self.container.clone(), key },
                size,
                etag,
                tells_etag: mode == EncryptionMode::Managed && part_count.is_none(),
            }),
            ObjectRow::Prefix(_) => None,
        };
        Ok(page.rows.into_iter().filter_map(row).collect())
    }
}

struct Row {
    path: SegmentPath,
    size: u64,
    etag: String,
    /// Whether S3's ETag is also Swift's.
    tells_etag: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_split_at_the_first_slash() {
        let parse = |value| Prefix::parse(value).map(|p| (p.container.as_str().to_owned(), p.prefix));
        assert_eq!(parse("c/p/q"), Some(("c".into(), "p/q".into())));
        assert_eq!(parse("c%20d/%C3%BC"), Some(("c d".into(), "ü".into())));
        assert_eq!(parse("c/"), Some(("c".into(), String::new())));
        for bad in ["", "c", "/p", "%ff/p"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
