//! Operations on a container.

mod delete;
mod directory;
mod get;
mod head;
mod post;
mod put;
mod versioning;
mod versions;

pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use head::head;
pub(crate) use post::post;
pub(crate) use put::put;

use poem::Response;
use poem::http::HeaderName;
use poem::http::header::{ACCEPT_RANGES, LAST_MODIFIED};

use super::headers::TIMESTAMP;
use super::info::POLICY;
use super::metadata::{self, MetadataOf};
use super::reply;
use crate::http::date;
use crate::ops::BucketView;

/// Sets the headers that GET and HEAD have in common.
fn describe(response: &mut Response, view: &BucketView) {
    let headers = response.headers_mut();
    let record = &view.record;
    let mut set = |name, value: &str| reply::set(headers, HeaderName::from_static(name), value);
    set("x-container-object-count", &view.usage.objects.to_string());
    set("x-container-bytes-used", &view.usage.bytes.to_string());
    set("x-storage-policy", POLICY);
    reply::set(headers, TIMESTAMP, &record.created.to_string());
    reply::set(headers, LAST_MODIFIED, &date::format_http(record.modified.seconds_ceil()));
    reply::set(headers, ACCEPT_RANGES, "bytes");
    versioning::show(headers, record.versioning);
    metadata::render(headers, MetadataOf::Container, &record.metadata);
}
