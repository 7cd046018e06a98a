//! A listing's question about the keys: bounds, common prefixes and markers, decided once for every kind of
//! index.

use super::range::Keys;
use super::{KeyQuery, ListUploads, ListVersions, Result};
use crate::model::{ObjectKey, Timestamp, VersionId, VersionUid};
use crate::storage::Error;

/// A listing's question about the keys.
pub(super) struct KeyScan<'q> {
    pub(super) prefix: &'q str,
    /// Rolls up keys that share the text after the prefix up to and with this delimiter. It is not empty.
    pub(super) delimiter: Option<&'q str>,
    /// The lower bound, exclusive.
    after: Option<&'q str>,
    /// Whether a lower bound inside a common prefix hides the prefix too.
    after_hides_prefix: bool,
    pub(super) reverse: bool,
    pub(super) limit: usize,
}

impl<'q> KeyScan<'q> {
    /// A listing of objects or versions, and the keys between its bounds.
    pub(super) fn of_objects(query: &'q KeyQuery) -> (Self, Keys) {
        let (marker, end) = (query.marker.as_deref(), query.end_marker.as_deref());
        let (after, before) = if query.reverse { (end, marker) } else { (marker, end) };
        let scan = Self {
            prefix: &query.prefix,
            delimiter: not_empty(query.delimiter.as_deref()),
            after,
            after_hides_prefix: query.marker_skips_prefix,
            reverse: query.reverse,
            limit: query.limit as usize,
        };
        (scan, Keys::new(&query.prefix, after, before))
    }

    /// A listing of uploads, and the keys after its marker.
    pub(super) fn of_uploads(query: &'q ListUploads) -> (Self, Keys) {
        let after = query.key_marker.as_deref();
        let scan = Self {
            prefix: &query.prefix,
            delimiter: not_empty(query.delimiter.as_deref()),
            after,
            after_hides_prefix: false,
            reverse: false,
            limit: query.limit as usize,
        };
        (scan, Keys::new(&query.prefix, after, None))
    }

    /// The key up to and with the first delimiter after the prefix.
    pub(super) fn common_prefix<'k>(&self, key: &'k [u8]) -> Result<Option<&'k str>> {
        let Some(delimiter) = self.delimiter else { return Ok(None) };
        let key = std::str::from_utf8(key).map_err(|error| Error::Damaged(error.to_string()))?;
        Ok(rolled(key, self.prefix, delimiter))
    }

    /// The common prefix to skip. If the marker is itself a common prefix, skip it: the previous page ended
    /// with it. If the marker lies inside one, skip that one only when `after_hides_prefix` is set.
    pub(super) fn hidden(&self) -> Option<&'q str> {
        let after = self.after?;
        if !after.starts_with(self.prefix) {
            return None;
        }
        let common = rolled(after, self.prefix, self.delimiter?)?;
        (common == after || self.after_hides_prefix).then_some(common)
    }
}

fn not_empty(delimiter: Option<&str>) -> Option<&str> {
    delimiter.filter(|delimiter| !delimiter.is_empty())
}

fn rolled<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    let found = key.get(prefix.len()..).and_then(|rest| rest.find(delimiter))?;
    key.get(..prefix.len() + found + delimiter.len())
}

/// The key and the version that are the marker of a listing, if versions of that key may follow.
///
/// A version's id tells its time, so a version that is gone still marks a point in the history. The null
/// version's id does not: if it is gone, all versions of its key follow, from [`beginning`]. A client that
/// deletes the versions of each page before it asks for the next meets just that.
pub(super) fn marked_version(query: &ListVersions) -> Option<(ObjectKey, VersionId)> {
    let KeyQuery { prefix, marker, end_marker, reverse, .. } = &query.keys;
    let (marker, id) = (marker.as_deref()?, query.version_marker?);
    let is_beyond = |end: &str| if *reverse { marker <= end } else { marker >= end };
    if !marker.starts_with(prefix) || end_marker.as_deref().is_some_and(is_beyond) {
        return None;
    }
    // A marker that is no valid key has no versions.
    Some((ObjectKey::new(marker).ok()?, id))
}

/// The time before which a listing finds all versions of a key (after which, when reversed).
pub(super) fn beginning(reverse: bool) -> Timestamp {
    Timestamp::from_steps(if reverse { i64::MIN } else { i64::MAX })
}

/// The key and the upload that are the marker of a listing, if uploads of that key may follow.
///
/// If the upload is gone, all uploads of its key follow. A client that ends the uploads of each page before
/// it asks for the next meets just that.
pub(super) fn marked_upload(query: &ListUploads) -> Option<(&str, VersionUid)> {
    let (key, marker) = (query.key_marker.as_deref()?, query.upload_marker?);
    key.starts_with(&query.prefix).then_some((key, marker))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BucketId;

    fn query(prefix: &str, marker: Option<&str>, delimiter: &str) -> KeyQuery {
        let delimiter = Some(delimiter.to_owned());
        KeyQuery {
            prefix: prefix.into(),
            marker: marker.map(str::to_owned),
            delimiter,
            ..KeyQuery::default()
        }
    }

    #[test]
    fn a_common_prefix_ends_with_the_first_delimiter_after_the_prefix() {
        let common = |prefix: &str, key: &str| {
            let query = query(prefix, None, "::");
            let found = KeyScan::of_objects(&query).0.common_prefix(key.as_bytes()).unwrap();
            found.map(str::to_owned)
        };
        assert_eq!(common("", "a::b::c").as_deref(), Some("a::"));
        assert_eq!(common("a::", "a::b::c").as_deref(), Some("a::b::"));
        assert_eq!(common("", "a:b"), None);
        let empty = query("", None, "");
        assert_eq!(KeyScan::of_objects(&empty).0.common_prefix(b"a").unwrap(), None);
        assert!(KeyScan::of_objects(&query("", None, "/")).0.common_prefix(b"\xff").is_err());
    }

    #[test]
    fn a_marker_hides_its_common_prefix() {
        let hidden = |marker: Option<&str>, marker_skips_prefix| {
            let query = KeyQuery { marker_skips_prefix, ..query("p/", marker, "/") };
            KeyScan::of_objects(&query).0.hidden().map(str::to_owned)
        };
        for skips in [false, true] {
            assert_eq!(hidden(None, skips), None);
            assert_eq!(hidden(Some("other/"), skips), None);
            assert_eq!(hidden(Some("p/key"), skips), None);
            assert_eq!(hidden(Some("p/a/"), skips).as_deref(), Some("p/a/"));
        }
        assert_eq!(hidden(Some("p/a/b"), false), None);
        assert_eq!(hidden(Some("p/a/b"), true).as_deref(), Some("p/a/"));
    }

    #[test]
    fn reversed_bounds_change_places() {
        let query = KeyQuery { end_marker: Some("b".into()), reverse: true, ..query("", Some("x"), "/") };
        assert_eq!(KeyScan::of_objects(&query).1, Keys::new("", Some("b"), Some("x")));
    }

    #[test]
    fn a_marked_version_lies_within_the_listing() {
        let marked = |marker: Option<&str>, end: Option<&str>, reverse| {
            let end_marker = end.map(str::to_owned);
            let keys = KeyQuery { end_marker, reverse, ..query("k", marker, "/") };
            let query =
                ListVersions { bucket: BucketId([0; 16]), keys, version_marker: Some(VersionId::Null) };
            marked_version(&query).map(|(key, _)| key.as_str().to_owned())
        };
        assert_eq!(marked(Some("k"), None, false).as_deref(), Some("k"));
        assert_eq!(marked(None, None, false), None);
        assert_eq!(marked(Some("other"), None, false), None);
        assert_eq!(marked(Some("k5"), Some("k5"), false), None);
        assert_eq!(marked(Some("k5"), Some("k6"), false).as_deref(), Some("k5"));
        assert_eq!(marked(Some("k5"), Some("k6"), true), None);
        assert_eq!(marked(Some("k5"), Some("k4"), true).as_deref(), Some("k5"));
        assert_eq!(marked(Some(&"k".repeat(2000)), None, false), None, "no key is so long");
    }
}
