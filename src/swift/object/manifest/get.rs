//! `GET …?multipart-manifest=get`: a large object's manifest instead of what it stands for.
//!
//! Needs no key: `swift upload` asks for the segments of what it is about to replace, without one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{CONTENT_TYPE, ETAG};
use serde_json::{Value, json};

use crate::http::date;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{GetOwnBytes, ManifestView, OpenObject, ReadManifest, SegmentView};
use crate::swift::call::Call;
use crate::swift::encryption_headers;
use crate::swift::error::Failure;
use crate::swift::object::describe::describe;
use crate::swift::object::get::answer as bytes_of;
use crate::swift::object::head::answer as description_of;
use crate::swift::object::{self, version};
use crate::swift::reply;

const JSON: &str = "application/json; charset=utf-8";

/// The manifest; an object that has none as it is.
pub async fn get(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    let ManifestView { info, segments } = read(call, bucket, key).await?;
    let Some(segments) = segments else {
        return bytes_of(call, own_bytes(call, bucket, key, false).await?).await;
    };
    let body = if call.parameter("format") == Some("raw") { raw(&segments) } else { listed(&segments) };
    let mut response = reply::with_body(StatusCode::OK, JSON, body.clone());
    let headers = response.headers_mut();
    describe(headers, &info);
    reply::set(headers, CONTENT_TYPE, JSON);
    reply::set(headers, ETAG, &hex::encode(Md5::digest(&body)));
    Ok(response)
}

/// The same without its body.
pub async fn head(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    if read(call, bucket, key).await?.segments.is_some() {
        return get(call, bucket, key).await;
    }
    Ok(description_of(&own_bytes(call, bucket, key, true).await?.info))
}

/// Opens an object that is no static large object: of a dynamic one, what the manifest itself holds.
async fn own_bytes(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    head: bool,
) -> Result<OpenObject, Failure> {
    let get = object::request(call, bucket, key, head)?;
    let outcome = call.execute(GetOwnBytes { get }).await;
    object::opened(call, bucket, key, outcome).await
}

async fn read(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<ManifestView, Failure> {
    let asked = version::asked(call)?;
    let operation = ReadManifest {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version: asked,
        customer_key: encryption_headers::for_read(&call.secrets)?,
    };
    match call.execute(operation).await {
        Ok(view) => Ok(view),
        Err(error) => Err(version::failure(call, bucket, asked, error).await),
    }
}

/// The manifest as Swift stores it.
fn listed(segments: &[SegmentView]) -> String {
    let rows = segments.iter().map(|segment| match segment {
        SegmentView::Data(data) => json!({ "data": data.as_ref().map(|data| STANDARD.encode(data)) }),
        SegmentView::Object { bucket, key, bytes, hash, content_type, modified, range, nested } => {
            let mut row = json!({
                "name": format!("/{bucket}/{key}"),
                "bytes": bytes,
                "hash": hash,
                "content_type": content_type,
                "last_modified": date::format_swift(*modified),
            });
            if let Some((first, last)) = range {
                row["range"] = Value::from(format!("{first}-{last}"));
            }
            if *nested {
                row["sub_slo"] = Value::from(true);
            }
            row
        }
    });
    rows.collect::<Value>().to_string()
}

/// The manifest as it could be put again.
fn raw(segments: &[SegmentView]) -> String {
    let rows = segments.iter().map(|segment| match segment {
        SegmentView::Data(data) => json!({ "data": data.as_ref().map(|data| STANDARD.encode(data)) }),
        SegmentView::Object { bucket, key, bytes, hash, range, .. } => {
            let mut row = json!({ "path": format!("/{bucket}/{key}"), "etag": hash, "size_bytes": bytes });
            if let Some((first, last)) = range {
                row["range"] = Value::from(format!("{first}-{last}"));
            }
            row
        }
    });
    rows.collect::<Value>().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn both_forms() {
        let segments = [
            SegmentView::Object {
                bucket: BucketName::new("s").unwrap(),
                key: ObjectKey::new("a/ü").unwrap(),
                bytes: 5,
                hash: "abc".into(),
                content_type: "text/plain".into(),
                modified: Timestamp::from_steps(100_001),
                range: Some((1, 2)),
                nested: true,
            },
            SegmentView::Data(Some("hi".into())),
        ];
        let parsed: Value = serde_json::from_str(&listed(&segments)).unwrap();
        let expected = json!([
            { "name": "/s/a/ü", "bytes": 5, "hash": "abc", "content_type": "text/plain",
              "last_modified": "1970-01-01T00:00:01.000010", "range": "1-2", "sub_slo": true },
            { "data": "aGk=" },
        ]);
        assert_eq!(parsed, expected);
        let parsed: Value = serde_json::from_str(&raw(&segments)).unwrap();
        let expected =
            json!([{ "path": "/s/a/ü", "etag": "abc", "size_bytes": 5, "range": "1-2" }, { "data": "aGk=" }]);
        assert_eq!(parsed, expected);
    }
}
