//! `COPY /v1/<account>/<container>/<object>` with a `Destination`, and PUT with `X-Copy-From`: two spellings
//! of one operation.

use poem::http::header::{CONTENT_LENGTH, ETAG, LAST_MODIFIED, RANGE, TRANSFER_ENCODING};
use poem::http::{HeaderMap, HeaderName, StatusCode};
use poem::{Body, Response};

use super::large::PARAMETER;
use super::{content_type, stored, version};
use crate::http::body::{LimitedError, read_limited};
use crate::http::conditions::ReadConditions;
use crate::http::range::{RangeSpec, parse_ranges};
use crate::http::{date, percent};
use crate::identity::parse_storage_account;
use crate::model::{AccountId, BucketName, EncryptionMode, ObjectKey, ObjectMetadata};
use crate::ops::{
    Action, BucketAddress, CopyMetadata, CopyObject, CopyOutcome, CopySource, Error, Face, Operation,
    Precondition, WriteEncryption,
};
use crate::swift::address::{container_name, object_name};
use crate::swift::admission;
use crate::swift::body::readable;
use crate::swift::boolean::is_true;
use crate::swift::call::Call;
use crate::swift::encryption_headers::{self, AES256, ALGORITHM_ANSWER};
use crate::swift::error::Failure;
use crate::swift::headers::DELETE_AT;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

const DESTINATION: HeaderName = HeaderName::from_static("destination");
const DESTINATION_ACCOUNT: HeaderName = HeaderName::from_static("destination-account");
const COPY_FROM: HeaderName = HeaderName::from_static("x-copy-from");
const COPY_FROM_ACCOUNT: HeaderName = HeaderName::from_static("x-copy-from-account");
const FRESH_METADATA: HeaderName = HeaderName::from_static("x-fresh-metadata");

/// An object in an account, and the account's name in paths.
struct Named {
    account: AccountId,
    account_name: String,
    bucket: BucketName,
    key: ObjectKey,
}

impl Named {
    fn address(&self) -> BucketAddress {
        BucketAddress::Owned(self.account.clone(), self.bucket.clone())
    }
}

/// Whether a PUT is a copy. As in Swift, an empty header does not make it one.
pub(crate) fn is_copy(headers: &HeaderMap) -> bool {
    headers.get_all(COPY_FROM).iter().any(|value| !value.as_bytes().trim_ascii().is_empty())
}

/// `COPY`: the path names the source.
pub(crate) async fn copy(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    body: Body,
) -> Result<Response, Failure> {
    if !call.headers.contains_key(DESTINATION) {
        return Err(Failure::with(StatusCode::PRECONDITION_FAILED, "Destination header required"));
    }
    let source = in_path(call, bucket, key);
    let destination = in_header(call, &DESTINATION, "Destination", &DESTINATION_ACCOUNT)?;
    between(call, source, destination, body).await
}

/// PUT with `X-Copy-From`: the path names the destination.
pub(crate) async fn copy_from(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    body: Body,
) -> Result<Response, Failure> {
    let source = in_header(call, &COPY_FROM, "X-Copy-From", &COPY_FROM_ACCOUNT)?;
    between(call, source, in_path(call, bucket, key), body).await
}

fn in_path(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Named {
    let (account, account_name) = (call.account.clone(), call.account_name.clone());
    Named { account, account_name, bucket: bucket.clone(), key: key.clone() }
}

/// Reads `[/]container/object`, encoded. The account is that of the other header, otherwise that of the path.
fn in_header(
    call: &Call<'_>,
    header: &HeaderName,
    name: &str,
    account_header: &HeaderName,
) -> Result<Named, Failure> {
    let form = || {
        let sentence = format!("{name} header must be of the form <container name>/<object name>");
        Failure::with(StatusCode::PRECONDITION_FAILED, sentence)
    };
    let path = decoded(&call.headers, header)?.unwrap_or_default();
    let (container, object) = path.strip_prefix('/').unwrap_or(&path).split_once('/').ok_or_else(form)?;
    if container.is_empty() || object.is_empty() {
        return Err(form());
    }
    let (account, account_name) = match decoded(&call.headers, account_header)? {
        None => (call.account.clone(), call.account_name.clone()),
        Some(name) if name.contains('/') => {
            let sentence = "Account name cannot contain slashes";
            return Err(Failure::with(StatusCode::PRECONDITION_FAILED, sentence));
        }
        // A name of no account gets the answer of somebody else's account.
        Some(name) => (parse_storage_account(&name).ok_or_else(|| Failure::from(Error::AccessDenied))?, name),
    };
    Ok(Named { account, account_name, bucket: container_name(container)?, key: object_name(object)? })
}

/// The headers that name a source or a destination, for a fuzzer.
#[cfg(any(test, fuzzing))]
pub(crate) fn sources(headers: &HeaderMap) -> Result<(), Failure> {
    for name in [DESTINATION, DESTINATION_ACCOUNT, COPY_FROM, COPY_FROM_ACCOUNT] {
        decoded(headers, &name)?;
    }
    range(headers).map(|_| ())
}

/// A header's text, percent-decoded; `None` if it is absent or empty.
fn decoded(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Failure> {
    let invalid = || Failure::with(StatusCode::PRECONDITION_FAILED, "Invalid UTF8 or contains NULL");
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Failure::bad_request(format!("{name} was given more than once.")));
    }
    let text = std::str::from_utf8(value.as_bytes()).ok().and_then(percent::decode_utf8);
    let text = text.filter(|text| !text.contains('\0')).ok_or_else(invalid)?;
    Ok((!text.is_empty()).then_some(text))
}

async fn between(
    call: &Call<'_>,
    source: Named,
    destination: Named,
    body: Body,
) -> Result<Response, Failure> {
    refuse_body(call, &source, &destination, body).await?;
    if call.parameter(PARAMETER) == Some("get") {
        return Err(Failure::unavailable_feature("Copying a large object's manifest itself"));
    }
    let own_key = encryption_headers::for_write(&call.secrets)?;
    let source_key = encryption_headers::for_source(&call.secrets)?;
    let copy = CopyObject {
        source: CopySource {
            bucket: source.address(),
            key: source.key.clone(),
            version: version::asked(call)?,
            customer_key: source_key,
            conditions: ReadConditions::from_headers(&call.headers),
            face: Face::Swift,
        },
        range: range(&call.headers)?,
        bucket: destination.address(),
        key: destination.key.clone(),
        encryption: own_key.map_or(WriteEncryption::Managed, WriteEncryption::Customer),
        shared_key: true,
        metadata: metadata(call, &destination.key)?,
        checksum: None,
        precondition: Precondition::None,
        changes: true,
    };
    let outcome = call.execute(copy).await.map_err(|error| match error {
        // So the source's key is meant: the copy's own key is never compared.
        Error::KeyNotApplicable { .. } => Failure::bad_request(
            "X-Copy-From-Encryption-Key was given, but the source was not stored with a customer's key.",
        ),
        other => other.into(),
    })?;
    let mut response = answer(&source, &outcome);
    version::show_new(response.headers_mut(), outcome.version_id);
    Ok(response)
}

/// Refuses a body. If one is announced, it is read only for callers who may copy.
async fn refuse_body(
    call: &Call<'_>,
    source: &Named,
    destination: &Named,
    body: Body,
) -> Result<(), Failure> {
    let length = call.headers.get(CONTENT_LENGTH);
    if call.headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0") {
        admission::to_container(call, CopyObject::NAME, Action::GetObject, &source.address()).await?;
        admission::to_container(call, CopyObject::NAME, Action::PutObject, &destination.address()).await?;
    }
    match read_limited(readable(body, None), 0).await {
        Ok(_) => Ok(()),
        Err(LimitedError::TooLarge) => Err(Failure::bad_request("Copy requests require a zero byte body")),
        Err(LimitedError::Body(error)) => Err(Error::Body(error).into()),
    }
}

/// `Range` selects one range of the source. A copy has no boundaries to separate several.
fn range(headers: &HeaderMap) -> Result<Option<RangeSpec>, Failure> {
    let ranges = headers.get(RANGE).and_then(|value| value.to_str().ok()).and_then(parse_ranges);
    match ranges.as_deref() {
        None => Ok(None),
        Some([range]) => Ok(Some(*range)),
        Some(_) => Err(Failure::bad_request("Only one range can be copied.")),
    }
}

/// The request's metadata goes over the source's. With `X-Fresh-Metadata` it replaces it, except the content
/// type.
fn metadata(call: &Call<'_>, key: &ObjectKey) -> Result<CopyMetadata, Failure> {
    let says = |name: &HeaderName| call.text(name).is_some_and(|value| is_true(&value));
    let mut system = stored::from_request(&call.headers)?;
    system.content_type = if says(&HeaderName::from_static("x-detect-content-type")) {
        Some(content_type::of_write(&call.headers, key)?)
    } else {
        content_type::given(&call.headers)?
    };
    let user = metadata::collect(&call.headers, MetadataOf::Object)?;
    Ok(CopyMetadata::Merge {
        over: ObjectMetadata { user, system },
        fresh: says(&FRESH_METADATA),
        within: metadata::is_within,
    })
}

fn answer(source: &Named, outcome: &CopyOutcome) -> Response {
    let mut response = reply::empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    let mut set = |name, value: &str| reply::set(headers, HeaderName::from_static(name), value);
    let path = format!("{}/{}", source.bucket, source.key);
    set("x-copied-from", &percent::encode_path(path.as_bytes()));
    set("x-copied-from-account", &percent::encode_path(source.account_name.as_bytes()));
    set("x-copied-from-last-modified", &date::format_http(outcome.source_modified.seconds_ceil()));
    if let Some(md5) = outcome.digests.md5 {
        reply::set(headers, ETAG, &hex::encode(md5));
    }
    reply::set(headers, LAST_MODIFIED, &date::format_http(outcome.modified.seconds_ceil()));
    metadata::render(headers, MetadataOf::Object, &outcome.metadata.user);
    if let Some(at) = outcome.metadata.system.delete_at {
        reply::set(headers, DELETE_AT, &at.to_string());
    }
    if outcome.mode == EncryptionMode::Customer {
        reply::set(headers, HeaderName::from_static(ALGORITHM_ANSWER), AES256);
    }
    response
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn headers_are_decoded() {
        let text = |values: &[&'static str]| {
            decoded(&headers(&DESTINATION, values), &DESTINATION).map_err(|f| f.status().as_u16())
        };
        assert_eq!(text(&[]), Ok(None));
        assert_eq!(text(&[""]), Ok(None));
        assert_eq!(text(&["/c/%C3%BC+o%2Fp%zz"]), Ok(Some("/c/ü+o/p%zz".into())));
        assert_eq!(text(&["c/%ff"]), Err(412));
        assert_eq!(text(&["c/%00"]), Err(412));
        assert_eq!(text(&["c/o", "c/p"]), Err(400));
    }

    #[test]
    fn a_put_with_a_source_is_a_copy() {
        assert!(is_copy(&headers(&COPY_FROM, &["c/o"])));
        assert!(!is_copy(&headers(&COPY_FROM, &[" "])));
        assert!(!is_copy(&HeaderMap::new()));
    }

    #[test]
    fn ranges() {
        assert_eq!(range(&headers(&RANGE, &["bytes=1-2"])).unwrap(), Some(RangeSpec::FromTo(1, Some(2))));
        assert_eq!(range(&headers(&RANGE, &["lines=1-2"])).unwrap(), None);
        assert!(range(&headers(&RANGE, &["bytes=1-2,4-5"])).is_err());
    }
}
