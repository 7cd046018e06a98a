//! Discovery: the versions of the API and their URLs.

use poem::Response;
use poem::http::StatusCode;
use serde_json::{Value, json};

use super::json;
use super::public_url::PublicUrl;

/// `GET /`: all versions. Clients take the newest that they understand; without a domain they take v2.0.
pub(super) fn all(public_url: &PublicUrl) -> Response {
    json(
        StatusCode::MULTIPLE_CHOICES,
        &json!({"versions": {"values": [version_three(public_url), version_two(public_url)]}}),
    )
}

pub(super) fn three(public_url: &PublicUrl) -> Response {
    json(StatusCode::OK, &json!({"version": version_three(public_url)}))
}

pub(super) fn two(public_url: &PublicUrl) -> Response {
    json(StatusCode::OK, &json!({"version": version_two(public_url)}))
}

fn version_three(public_url: &PublicUrl) -> Value {
    version("v3.14", "stable", "2020-04-07T00:00:00Z", "v3", &public_url.join("/v3/"))
}

fn version_two(public_url: &PublicUrl) -> Value {
    version("v2.0", "deprecated", "2016-08-04T00:00:00Z", "v2.0", &public_url.join("/v2.0/"))
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
