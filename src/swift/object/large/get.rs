//! `GET …?multipart-manifest=get`: a large object's manifest instead of its bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{CONTENT_TYPE, ETAG};
use serde_json::{Value, json};

use super::PARAMETER;
use crate::http::conditions::{ReadConditions, Verdict};
use crate::http::date;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{Error, ManifestView, ReadManifest, SegmentView};
use crate::swift::call::Call;
use crate::swift::encryption_headers;
use crate::swift::error::Failure;
use crate::swift::object::describe::describe;
use crate::swift::object::version;
use crate::swift::reply;

/// Whether a request asks for the manifest.
pub(crate) fn is_asked(call: &Call<'_>) -> bool {
    call.parameter(PARAMETER) == Some("get")
}

/// The manifest of a static large object; `None` for any other object, which answers with its own bytes.
pub(crate) async fn get(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
) -> Result<Option<Response>, Failure> {
    let asked = version::asked(call)?;
    let read = ReadManifest {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version: asked,
        customer_key: encryption_headers::for_read(&call.secrets)?,
    };
    let view = match call.execute(read).await {
        Ok(view) => view,
        Err(error) => return Err(version::failure(call, bucket, asked, error).await),
    };
    let ManifestView { info, segments: Some(segments) } = view else { return Ok(None) };
    let raw = call.parameter("format") == Some("raw");
    let render = |segment: &SegmentView| if raw { as_asked(segment, info.opened) } else { as_kept(segment) };
    let body = Value::from(segments.iter().map(render).collect::<Vec<_>>()).to_string();
    let etag = hex::encode(Md5::digest(&body));
    match ReadConditions::from_headers(&call.headers).evaluate(Some(&etag), info.modified.seconds_ceil()) {
        Verdict::Proceed => {}
        Verdict::Failed => return Err(Failure::from(Error::PreconditionFailed).header(ETAG, &etag)),
        Verdict::NotModified => {
            return Err(Error::NotModified { etag: Some(etag), modified: info.modified }.into());
        }
    }
    let length = body.len() as u64;
    let mut response = Response::builder().status(StatusCode::OK).body(body);
    let headers = response.headers_mut();
    describe(headers, &info);
    reply::set(headers, CONTENT_TYPE, "application/json; charset=utf-8");
    reply::set(headers, ETAG, &etag);
    reply::set_length(headers, length);
    Ok(Some(response))
}

/// A segment with all that is known about it.
fn as_kept(segment: &SegmentView) -> Value {
    match segment {
        SegmentView::Data(data) => json!({ "data": data.as_ref().map(|data| STANDARD.encode(data)) }),
        SegmentView::Object { bucket, key, bytes, hash, content_type, modified, range, nested } => {
            let mut value = json!({
                "name": format!("/{bucket}/{key}"),
                "bytes": bytes,
                "hash": hash,
                "content_type": content_type,
                "last_modified": date::format_swift(*modified),
            });
            if let Some((first, last)) = range {
                value["range"] = format!("{first}-{last}").into();
            }
            if *nested {
                value["sub_slo"] = true.into();
            }
            value
        }
    }
}

/// A segment as a client would list it, so that the list creates the same object again. An opaque hash is
/// left out, because it would not match.
fn as_asked(segment: &SegmentView, opened: bool) -> Value {
    match segment {
        SegmentView::Data(_) => as_kept(segment),
        SegmentView::Object { bucket, key, bytes, hash, range, .. } => {
            let mut value = json!({
                "path": format!("/{bucket}/{key}"),
                "size_bytes": bytes,
                "etag": opened.then_some(hash),
            });
            if let Some((first, last)) = range {
                value["range"] = format!("{first}-{last}").into();
            }
            value
        }
    }
}
