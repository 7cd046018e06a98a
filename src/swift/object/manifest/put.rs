//! `PUT …?multipart-manifest=put`: writes a static large object's manifest.

use std::fmt::Write;

use poem::http::header::{ETAG, LAST_MODIFIED};
use poem::http::{HeaderMap, HeaderName, StatusCode};
use poem::{Body, Response};
use serde_json::{Map, Value, json};

use super::{MAX_MANIFEST_SIZE, list};
use crate::http::body::{LimitedError, read_limited};
use crate::http::{date, percent};
use crate::model::{BucketName, EncryptionMode, ObjectKey, ObjectMetadata};
use crate::ops::{Error, PutManifest, PutOutcome, WriteEncryption};
use crate::swift::accept::{self, Format};
use crate::swift::call::Call;
use crate::swift::encryption_headers::{self, AES256, ALGORITHM_ANSWER};
use crate::swift::error::{Failure, too_large_with};
use crate::swift::listing::is_true;
use crate::swift::metadata::{self, Kind};
use crate::swift::object::put::{declared_length, precondition, readable};
use crate::swift::object::{content_type, stored, version};
use crate::swift::reply;

const TWO_KINDS: &str = "X-Object-Manifest and multipart-manifest=put are two kinds of large objects.";

/// Writes the manifest. With a customer's key, its segments are sealed anew under it.
pub async fn put(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    body: Body,
) -> Result<Response, Failure> {
    let format = accept::negotiate(&call.headers)?;
    let precondition = precondition(&call.headers)?;
    let length = declared_length(&call.headers, u64::MAX)?;
    let mut system = stored::from_request(&call.headers)?;
    if system.object_manifest.is_some() {
        return Err(Failure::bad_request(TWO_KINDS));
    }
    system.content_type = Some(content_type::of_write(&call.headers, key)?);
    let user = metadata::collect(&call.headers, Kind::Object)?;
    let encryption = match encryption_headers::for_write(&call.secrets)? {
        Some(key) => WriteEncryption::Customer(key),
        None => WriteEncryption::Managed,
    };
    // A stranger's list is not read.
    if call.caller.identity.is_none() {
        return Err(Failure::new(StatusCode::UNAUTHORIZED));
    }
    let body = match read_limited(readable(body, length), MAX_MANIFEST_SIZE).await {
        Ok(body) => body,
        Err(LimitedError::TooLarge) => {
            return Err(too_large_with(format!("Manifest File > {MAX_MANIFEST_SIZE} bytes")));
        }
        Err(LimitedError::Body(error)) => return Err(Error::Body(error).into()),
    };
    let operation = PutManifest {
        bucket: call.bucket(bucket),
        key: key.clone(),
        segments: list::parse(&body, (bucket, key))?,
        encryption,
        metadata: ObjectMetadata { user, system },
        expected_etag: expected_etag(&call.headers),
        precondition,
    };
    let heartbeat = call.parameter("heartbeat").is_some_and(is_true);
    match call.execute(operation).await {
        Ok(outcome) if heartbeat => Ok(beaten(&Report::done(&outcome), format)),
        Ok(outcome) => Ok(created(&outcome)),
        Err(Error::InvalidSegments { problems }) => {
            let report = Report::refused(&problems);
            if heartbeat {
                return Ok(beaten(&report, format));
            }
            Ok(reply::with_body(StatusCode::BAD_REQUEST, format.content_type(), report.render(format)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `Etag`: what the large object's must be, the MD5 of its segments' ETags.
fn expected_etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG).filter(|etag| !etag.is_empty())?;
    Some(String::from_utf8_lossy(etag.as_bytes()).trim_matches('"').to_ascii_lowercase())
}

fn created(outcome: &PutOutcome) -> Response {
    let mut response = reply::empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    reply::set(headers, ETAG, &quoted_etag(outcome));
    reply::set(headers, LAST_MODIFIED, &date::format_http(outcome.modified.seconds_ceil()));
    version::show_new(headers, outcome.version_id);
    if outcome.mode == EncryptionMode::Customer {
        reply::set(headers, HeaderName::from_static(ALGORITHM_ANSWER), AES256);
    }
    response
}

/// The large object's ETag in the words of Swift: without the suffix that S3 sees.
fn quoted_etag(outcome: &PutOutcome) -> String {
    let etag = outcome.md5.map_or_else(
        || outcome.etag.rsplit_once('-').map_or(outcome.etag.as_str(), |(etag, _)| etag).to_owned(),
        hex::encode,
    );
    format!("\"{etag}\"")
}

/// The answer with `heartbeat=on`: 202, and what happened in the body. The manifest is written within moments, so that
/// one beat is all there is.
fn beaten(report: &Report, format: Format) -> Response {
    let body = format!(" \r\n\r\n{}", report.render(format));
    reply::with_body(StatusCode::ACCEPTED, format.content_type(), body)
}

/// What came of it.
#[derive(Default)]
struct Report {
    /// Names and values, sorted by name.
    fields: Vec<(&'static str, String)>,
    errors: Vec<(String, String)>,
}

impl Report {
    fn done(outcome: &PutOutcome) -> Self {
        let fields = vec![
            ("Etag", quoted_etag(outcome)),
            ("Last Modified", date::format_http(outcome.modified.seconds_ceil())),
            ("Response Body", String::new()),
            ("Response Status", "201 Created".to_owned()),
        ];
        Self { fields, errors: Vec::new() }
    }

    fn refused(problems: &[(String, String)]) -> Self {
        let name = |path: &str| percent::encode_path(path.as_bytes());
        let errors = problems.iter().map(|(path, problem)| (name(path), problem.clone())).collect();
        let fields =
            vec![("Response Body", String::new()), ("Response Status", "400 Bad Request".to_owned())];
        Self { fields, errors }
    }

    fn render(&self, format: Format) -> String {
        match format {
            Format::Json => self.json(),
            Format::Plain => self.plain(),
            Format::Xml | Format::TextXml => self.xml(),
        }
    }

    fn json(&self) -> String {
        let mut document: Map<_, _> = self
            .fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        document.insert("Errors".into(), json!(self.errors));
        Value::Object(document).to_string()
    }

    fn plain(&self) -> String {
        // Writing to a string does not fail.
        let mut text = String::new();
        for (name, value) in &self.fields {
            let _ = writeln!(text, "{name}: {value}");
        }
        text.push_str("Errors:\n");
        for (name, problem) in &self.errors {
            let _ = writeln!(text, "{name}, {problem}");
        }
        text
    }

    /// Names are percent-encoded and the rest is ours, but for the quotes of an ETag.
    fn xml(&self) -> String {
        let mut xml = String::from("<upload>\n");
        for (name, value) in &self.fields {
            let element = name.to_ascii_lowercase().replace(' ', "_");
            let _ = writeln!(xml, "<{element}>{}</{element}>", value.replace('"', "&quot;"));
        }
        xml.push_str("<errors>\n");
        for (name, problem) in &self.errors {
            let _ = writeln!(xml, "<object><name>{name}</name><status>{problem}</status></object>");
        }
        xml.push_str("</errors>\n</upload>\n");
        xml
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        let report = Report::refused(&[("/c/ä b".into(), "Etag Mismatch".into())]);
        assert!(report.plain().ends_with("Errors:\n/c/%C3%A4%20b, Etag Mismatch\n"), "{}", report.plain());
        let parsed: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(parsed["Errors"], json!([["/c/%C3%A4%20b", "Etag Mismatch"]]));
        assert_eq!(parsed["Response Status"], "400 Bad Request");
        assert!(report.xml().contains("<name>/c/%C3%A4%20b</name><status>Etag Mismatch</status>"));
    }
}
