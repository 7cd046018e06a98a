//! Listings of versions, which exist only in JSON.

use serde::Serialize;

use super::ListedVersion;
use crate::http::date;

#[derive(Serialize)]
#[serde(untagged)]
enum JsonVersion<'r> {
    Subdir {
        subdir: &'r str,
    },
    Version {
        name: &'r str,
        version_id: String,
        is_latest: bool,
        hash: &'r str,
        bytes: u64,
        content_type: &'r str,
        last_modified: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        slo_etag: Option<String>,
    },
}

/// A container's versions.
pub(crate) fn json(rows: &[ListedVersion]) -> serde_json::Result<String> {
    serde_json::to_string(&rows.iter().map(version_row).collect::<Vec<_>>())
}

fn version_row(row: &ListedVersion) -> JsonVersion<'_> {
    match row {
        ListedVersion::Subdir(subdir) => JsonVersion::Subdir { subdir },
        ListedVersion::Version {
            name,
            version_id,
            is_latest,
            hash,
            bytes,
            content_type,
            modified,
            large_object_etag,
        } => JsonVersion::Version {
            name,
            version_id: version_id.to_string(),
            is_latest: *is_latest,
            hash,
            bytes: *bytes,
            content_type,
            last_modified: date::format_swift(*modified),
            slo_etag: large_object_etag.as_ref().map(|etag| format!("\"{etag}\"")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Timestamp, VersionId};

    #[test]
    fn versions_and_subdirs() {
        let modified = Timestamp::from_steps(179_522_131_788_138);
        let version = ListedVersion::Version {
            name: "a".into(),
            version_id: VersionId::At(modified),
            is_latest: true,
            hash: "d41d8cd98f00b204e9800998ecf8427e".into(),
            bytes: 0,
            content_type: "text/plain".into(),
            modified,
            large_object_etag: None,
        };
        let listing = json(&[version, ListedVersion::Subdir("b/".into())]).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&listing).unwrap(),
            json!([
                {
                    "name": "a",
                    "version_id": "1795221317.88138",
                    "is_latest": true,
                    "hash": "d41d8cd98f00b204e9800998ecf8427e",
                    "bytes": 0,
                    "content_type": "text/plain",
                    "last_modified": "2026-11-21T00:35:17.881380",
                },
                { "subdir": "b/" },
            ])
        );
    }
}
