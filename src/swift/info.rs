//! `/info`: the features and limits of this gateway. Clients use the features that are named here, so only
//! existing ones are named.

use poem::Response;
use poem::http::StatusCode;
use serde_json::json;

use super::error::Failure;
use super::limits;
use super::{SwiftConfig, bulk, reply};
use crate::http::query::Query;
use crate::model::{BucketName, ObjectKey};
use crate::ops::MAX_SEGMENTS;

/// The name of the only storage policy.
pub(crate) const POLICY: &str = "Policy-0";

pub(crate) fn answer(config: &SwiftConfig, query: &Query) -> Result<Response, Failure> {
    // The administrator's part needs a signature with a key that cannot be configured here.
    if query.has("swiftinfo_sig") || query.has("swiftinfo_expires") {
        return Err(Failure::new(StatusCode::FORBIDDEN));
    }
    let document = json!({
        "swift": {
            "account_autocreate": false,
            "account_listing_limit": limits::LISTING_LIMIT,
            "allow_account_management": false,
            "allow_open_expired": false,
            "container_listing_limit": limits::LISTING_LIMIT,
            "extra_header_count": 0,
            "max_account_name_length": limits::MAX_ACCOUNT_NAME_LENGTH,
            "max_container_name_length": BucketName::MAX_LEN,
            "max_file_size": config.max_file_size,
            "max_header_size": limits::MAX_HEADER_SIZE,
            "max_meta_count": limits::MAX_META_COUNT,
            "max_meta_name_length": limits::MAX_META_NAME_LENGTH,
            "max_meta_overall_size": limits::MAX_META_OVERALL_SIZE,
            "max_meta_value_length": limits::MAX_META_VALUE_LENGTH,
            "max_object_name_length": ObjectKey::MAX_LEN,
            "policies": [{ "name": POLICY, "aliases": POLICY, "default": true }],
        },
        "bulk_delete": bulk::info(),
        "object_versioning": {},
        "dlo": {},
        "slo": {
            "allow_async_delete": true,
            "max_manifest_segments": MAX_SEGMENTS,
            "max_manifest_size": limits::MAX_MANIFEST_SIZE,
            "min_segment_size": 1,
            "yield_frequency": limits::HEARTBEAT_SECONDS,
        },
        // Not from OpenStack: keys of the customer's own.
        "customer_keys": {
            "algorithms": ["AES256"],
            "header": "X-Object-Meta-Encryption-Key",
        },
    });
    Ok(reply::with_body(StatusCode::OK, "application/json; charset=UTF-8", document.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_json_with_its_length() {
        let response = answer(&SwiftConfig::default(), &Query::default()).unwrap();
        assert_eq!(response.content_type(), Some("application/json; charset=UTF-8"));
        let length: usize = response.header("content-length").unwrap().parse().unwrap();
        assert!(length > 100);
    }

    #[test]
    fn the_administrators_part_is_closed() {
        let query = Query::parse("swiftinfo_sig=0&swiftinfo_expires=0");
        assert_eq!(answer(&SwiftConfig::default(), &query).unwrap_err().status(), StatusCode::FORBIDDEN);
    }
}
