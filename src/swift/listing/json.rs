//! Listings as JSON.

use serde::Serialize;

use super::{ListedContainer, ListedObject};
use crate::http::date;
use crate::swift::info::POLICY;

#[derive(Serialize)]
#[serde(untagged)]
enum JsonContainer<'r> {
    Subdir { subdir: &'r str },
    Container { name: &'r str, count: u64, bytes: u64, last_modified: String, storage_policy: &'static str },
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonObject<'r> {
    Subdir {
        subdir: &'r str,
    },
    Object {
        name: &'r str,
        hash: &'r str,
        bytes: u64,
        content_type: &'r str,
        last_modified: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        slo_etag: Option<String>,
    },
}

pub(crate) fn account(rows: &[ListedContainer]) -> serde_json::Result<String> {
    serde_json::to_string(&rows.iter().map(container_row).collect::<Vec<_>>())
}

pub(crate) fn container(rows: &[ListedObject]) -> serde_json::Result<String> {
    serde_json::to_string(&rows.iter().map(object_row).collect::<Vec<_>>())
}

fn container_row(row: &ListedContainer) -> JsonContainer<'_> {
    match row {
        ListedContainer::Subdir(subdir) => JsonContainer::Subdir { subdir },
        ListedContainer::Container { name, count, bytes, modified } => JsonContainer::Container {
            name,
            count: *count,
            bytes: *bytes,
            last_modified: date::format_swift(*modified),
            storage_policy: POLICY,
        },
    }
}

fn object_row(row: &ListedObject) -> JsonObject<'_> {
    match row {
        ListedObject::Subdir(subdir) => JsonObject::Subdir { subdir },
        ListedObject::Object { name, hash, bytes, content_type, modified, large_object_etag } => {
            JsonObject::Object {
                name,
                hash,
                bytes: *bytes,
                content_type,
                last_modified: date::format_swift(*modified),
                slo_etag: large_object_etag.as_ref().map(|etag| format!("\"{etag}\"")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{containers, rows};
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn objects_and_subdirs() {
        let listing: Value = serde_json::from_str(&container(&rows()).unwrap()).unwrap();
        assert_eq!(
            listing,
            json!([
                {
                    "name": "a&b \"c\"<é>",
                    "hash": "d41d8cd98f00b204e9800998ecf8427e",
                    "bytes": 0,
                    "content_type": "text/plain; charset=\"utf-8\"",
                    "last_modified": "2026-11-21T00:35:17.881380",
                },
                { "subdir": "b/" },
            ])
        );
        assert_eq!(container(&[]).unwrap(), "[]");
    }

    #[test]
    fn containers_of_an_account() {
        let listing: Value = serde_json::from_str(&account(&containers()).unwrap()).unwrap();
        assert_eq!(
            listing,
            json!([{
                "name": "c",
                "count": 2,
                "bytes": 30,
                "last_modified": "2026-11-21T00:35:17.881380",
                "storage_policy": "Policy-0",
            }, { "subdir": "d-" }])
        );
    }
}
