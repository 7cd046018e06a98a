//! Discovery: which versions there are, and where.

use poem::Response;
use poem::http::StatusCode;
use serde_json::{Value, json};

use super::json;
use super::place::Place;

/// `GET /`: all versions. Clients take the newest that they understand; v2.0 is what they take without a domain.
pub(super) fn all(place: &Place) -> Response {
    json(
        StatusCode::MULTIPLE_CHOICES,
        &json!({"versions": {"values": [version_three(place), version_two(place)]}}),
    )
}

/// `GET /v3`.
pub(super) fn three(place: &Place) -> Response {
    json(StatusCode::OK, &json!({"version": version_three(place)}))
}

/// `GET /v2.0`.
pub(super) fn two(place: &Place) -> Response {
    json(StatusCode::OK, &json!({"version": version_two(place)}))
}

fn version_three(place: &Place) -> Value {
    version("v3.14", "stable", "2020-04-07T00:00:00Z", "v3", &place.url("/v3/"))
}

fn version_two(place: &Place) -> Value {
    version("v2.0", "deprecated", "2016-08-04T00:00:00Z", "v2.0", &place.url("/v2.0/"))
}

fn version(id: &str, status: &str, updated: &str, media: &str, url: &str) -> Value {
    json!({
        "id": id,
        "status": status,
        "updated": updated,
        "links": [{"rel": "self", "href": url}],
        "media-types": [
            {"base": "application/json", "type": format!("application/vnd.openstack.identity-{media}+json")},
        ],
    })
}
