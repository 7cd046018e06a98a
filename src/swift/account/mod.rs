//! Operations on an account.

mod get;
mod head;
mod post;
mod rollup;

pub(crate) use get::get;
pub(crate) use head::head;
pub(crate) use post::post;

use poem::Response;
use poem::http::header::ACCEPT_RANGES;

use super::headers::TIMESTAMP;
use super::info::POLICY;
use super::metadata::{self, MetadataOf};
use super::reply;
use crate::ops::AccountView;

/// Sets the headers that GET and HEAD have in common.
fn describe(response: &mut Response, view: &AccountView) {
    let headers = response.headers_mut();
    let usage = view.usage;
    let policy = format!("storage-policy-{POLICY}-").to_lowercase();
    for prefix in ["", policy.as_str()] {
        for (what, count) in
            [("container-count", usage.buckets), ("object-count", usage.objects), ("bytes-used", usage.bytes)]
        {
            reply::set_named(headers, &format!("x-account-{prefix}{what}"), &count.to_string());
        }
    }
    reply::set(headers, TIMESTAMP, &view.record.created.to_string());
    reply::set(headers, ACCEPT_RANGES, "bytes");
    metadata::render(headers, MetadataOf::Account, &view.record.metadata);
}
