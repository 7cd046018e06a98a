//! The service catalog: the URLs of a project's object storage and of identity itself.

use serde_json::{Value, json};

use super::public_url::PublicUrl;
use crate::model::AccountId;

/// The interfaces of an endpoint. All three have the same URL.
const INTERFACES: [&str; 3] = ["public", "internal", "admin"];

/// The catalog in v3's form.
pub(super) fn version_three(public_url: &PublicUrl, account: &AccountId) -> Value {
    json!([
        service(public_url, "object-store", "swift", &public_url.storage_url(account)),
        service(public_url, "identity", "keystone", &public_url.join("/v3")),
    ])
}

/// The catalog in v2's form.
pub(super) fn version_two(public_url: &PublicUrl, account: &AccountId) -> Value {
    json!([
        service_two(public_url, "object-store", "swift", &public_url.storage_url(account)),
        service_two(public_url, "identity", "keystone", &public_url.join("/v2.0")),
    ])
}

fn service(public_url: &PublicUrl, kind: &str, name: &str, url: &str) -> Value {
    let endpoints = INTERFACES.map(|interface| {
        json!({
            "id": format!("{name}-{interface}"),
            "interface": interface,
            "region": public_url.region,
            "region_id": public_url.region,
            "url": url,
        })
    });
    json!({"id": name, "type": kind, "name": name, "endpoints": endpoints})
}

fn service_two(public_url: &PublicUrl, kind: &str, name: &str, url: &str) -> Value {
    let endpoint = json!({"id": name, "region": public_url.region, "publicURL": url, "internalURL": url, "adminURL": url});
    json!({"type": kind, "name": name, "endpoints": [endpoint], "endpoints_links": []})
}
