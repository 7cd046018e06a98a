//! The service catalog: where a project's object storage is, and identity itself.

use serde_json::{Value, json};

use super::place::Place;
use crate::model::AccountId;

/// The interfaces of an endpoint. All three are the same: there is one door.
const INTERFACES: [&str; 3] = ["public", "internal", "admin"];

/// The catalog in v3's form.
pub(super) fn version_three(place: &Place, account: &AccountId) -> Value {
    json!([
        service(place, "object-store", "swift", &place.storage_url(account)),
        service(place, "identity", "keystone", &place.url("/v3")),
    ])
}

/// The catalog in v2's form.
pub(super) fn version_two(place: &Place, account: &AccountId) -> Value {
    json!([
        service_two(place, "object-store", "swift", &place.storage_url(account)),
        service_two(place, "identity", "keystone", &place.url("/v2.0")),
    ])
}

fn service(place: &Place, kind: &str, name: &str, url: &str) -> Value {
    let endpoints = INTERFACES.map(|interface| {
        json!({
            "id": format!("{name}-{interface}"),
            "interface": interface,
            "region": place.region,
            "region_id": place.region,
            "url": url,
        })
    });
    json!({"id": name, "type": kind, "name": name, "endpoints": endpoints})
}

fn service_two(place: &Place, kind: &str, name: &str, url: &str) -> Value {
    let endpoint =
        json!({"id": name, "region": place.region, "publicURL": url, "internalURL": url, "adminURL": url});
    json!({"type": kind, "name": name, "endpoints": [endpoint], "endpoints_links": []})
}
