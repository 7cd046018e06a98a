//! The container and prefix that a dynamic large object's manifest names, and the segments that exist there
//! now.

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
use crate::storage::index::{KeyQuery, ListObjects, ObjectRow, VersionRecord};

/// The actions on the segments that the reader of a dynamic large object must be allowed.
pub const READ: &[Action] = &[Action::GetObject];

/// A container and a prefix, as `X-Object-Manifest` names them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix {
    container: BucketName,
    prefix: String,
}

/// The segments under a prefix, taken together.
pub struct Resolved {
    /// The number of segments.
    pub count: usize,
    /// The size of all segments together.
    pub size: u64,
    /// The MD5 of the segments' ETags, if all are known.
    pub etag: Option<String>,
    /// The content of all segments, if they were opened.
    pub content: Option<Content>,
}

impl Resolved {
    /// The ETag that a face shows, without quotes. `own` is the manifest's own ETag.
    pub fn shown_etag(&self, own: &str, face: Face) -> Option<String> {
        match face {
            Face::S3 => Some(self.s3_etag(own)),
            Face::Swift => self.etag.clone(),
        }
    }

    /// The ETag on S3. Its suffix shows clients that it is no MD5.
    pub fn s3_etag(&self, own: &str) -> String {
        format!("{}-{}", self.etag.as_deref().unwrap_or(own), self.count)
    }
}

impl Prefix {
    /// The prefix that a version names; `None` if the version is no dynamic large object's manifest.
    pub fn of(record: &VersionRecord) -> Option<Self> {
        let value = record.metadata.system.object_manifest.as_deref()?;
        if record.manifest.is_some() { None } else { Self::parse(value) }
    }

    /// Parses the value of `X-Object-Manifest`, which is percent-encoded.
    pub fn parse(value: &str) -> Option<Self> {
        let value = percent::decode_utf8(value)?;
        let (container, prefix) = value.split_once('/')?;
        Some(Self { container: BucketName::new(container).ok()?, prefix: prefix.to_owned() })
    }

    /// Counts and measures the segments without opening them.
    pub async fn measure(&self, gateway: &Gateway, segments: &mut Segments<'_>) -> Result<Resolved, Error> {
        let rows = self.list(gateway, segments).await?;
        let size = rows.iter().map(|row| row.size).fold(0, u64::saturating_add);
        Ok(Resolved { count: rows.len(), size, etag: None, content: None })
    }

    /// Counts and measures the segments, and computes the ETag if every segment's ETag is known. A segment is
    /// opened only if the listing does not give its ETag.
    pub async fn describe(&self, gateway: &Gateway, segments: &mut Segments<'_>) -> Result<Resolved, Error> {
        let rows = self.list(gateway, segments).await?;
        let sealed: Vec<_> =
            rows.iter().filter(|row| !row.is_swift_etag).map(|row| row.path.clone()).collect();
        let mut opened = segments.find(&sealed).await?.into_iter();
        let mut etags = Md5::new();
        let mut known = true;
        for row in &rows {
            match if row.is_swift_etag { None } else { opened.next() } {
                None => etags.update(&row.etag),
                Some(Ok(segment)) => etags.update(segment.etag()),
                Some(Err(_)) => known = false,
            }
        }
        let size = rows.iter().map(|row| row.size).fold(0, u64::saturating_add);
        let etag = known.then(|| hex::encode(etags.finalize()));
        Ok(Resolved { count: rows.len(), size, etag, content: None })
    }

    /// Opens every segment.
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

    /// Finds the segments under the prefix, except the object that `except` names. Segments that are deleted
    /// meanwhile are left out.
    pub async fn find(
        &self,
        gateway: &Gateway,
        segments: &mut Segments<'_>,
        except: Option<&SegmentPath>,
    ) -> Result<Vec<(SegmentPath, Result<Arc<Segment>, Trouble>)>, Error> {
        let rows = self.list(gateway, segments).await?;
        let paths: Vec<_> =
            rows.into_iter().map(|row| row.path).filter(|path| Some(path) != except).collect();
        let found = segments.find(&paths).await?;
        let exists = |found: &Result<_, Trouble>| !matches!(found, Err(Trouble::Missing));
        Ok(paths.into_iter().zip(found).filter(|(_, found)| exists(found)).collect())
    }

    async fn list(&self, gateway: &Gateway, segments: &mut Segments<'_>) -> Result<Vec<Row>, Error> {
        let bucket = match segments.bucket(&self.container).await? {
            Ok(bucket) => bucket,
            Err(Trouble::Denied(_)) => return Err(Error::AccessDenied),
            Err(_) => return Err(Error::NoSuchBucket),
        };
        let query = ListObjects {
            bucket: bucket.id,
            keys: KeyQuery {
                prefix: self.prefix.clone(),
                delimiter: None,
                marker: None,
                marker_skips_prefix: false,
                end_marker: None,
                limit: MAX_KEYED_SEGMENTS,
                reverse: false,
            },
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
                is_swift_etag: mode == EncryptionMode::Managed && part_count.is_none(),
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
    /// Whether the ETag on S3 is also the ETag on Swift.
    is_swift_etag: bool,
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
