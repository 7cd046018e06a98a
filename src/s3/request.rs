//! A request whose sender is known and whose operation is recognised.

use poem::Response;
use poem::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use poem::http::{HeaderMap, StatusCode};

use super::S3Config;
use super::address::Resource;
use super::aws_chunked::AnnouncedTrailer;
use super::error::{Error, Fault, OWNER_HEADER};
use super::headers::text;
use super::query::Query;
use super::xml::Document;
use crate::http::body::{Body, LimitedError, read_limited};
use crate::http::secret_headers::SecretHeaders;
use crate::model::{AccountId, ObjectKey, VersionId};
use crate::ops::{Action, BucketAddress, BucketInfo, BucketRecord, Caller, Gateway, Operation};

/// A verified request. Its body goes beside it, to the operations that take one.
pub(super) struct Request<'f> {
    /// What operations run on.
    pub(super) gateway: &'f Gateway,
    /// This face's configuration.
    pub(super) config: &'f S3Config,
    /// Who asks.
    pub(super) caller: Caller,
    /// What it is about.
    pub(super) resource: Resource,
    /// The query.
    pub(super) query: Query,
    /// The headers, without key material.
    pub(super) headers: HeaderMap,
    /// Key material.
    pub(super) secrets: SecretHeaders,
    /// The checksum that comes in the body's trailer.
    pub(super) trailer: Option<AnnouncedTrailer>,
}

impl Request<'_> {
    /// Runs an operation as the caller.
    pub(super) async fn execute<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        Ok(self.gateway.execute(&self.caller, operation).await?)
    }

    /// The bucket that the request is about.
    pub(super) fn bucket(&self) -> Result<BucketAddress, Fault> {
        self.resource.bucket().cloned().ok_or(Fault::InvalidUri)
    }

    /// The object that the request is about.
    pub(super) fn object(&self) -> Result<(BucketAddress, ObjectKey), Fault> {
        match &self.resource {
            Resource::Object(bucket, key) => Ok((bucket.clone(), key.clone())),
            Resource::Service | Resource::Bucket(_) => Err(Fault::InvalidUri),
        }
    }

    /// The account whose credentials the caller showed.
    pub(super) fn account(&self) -> Result<AccountId, Fault> {
        self.caller.account().cloned().ok_or(Fault::AccessDenied)
    }

    /// `versionId`.
    pub(super) fn version(&self) -> Result<Option<VersionId>, Fault> {
        let bad = |message, text: &str| Fault::InvalidArgument {
            message,
            name: "versionId",
            value: Some(text.to_owned()),
        };
        match self.query.get("versionId") {
            None => Ok(None),
            Some("") => Err(bad("Version id cannot be the empty string", "")),
            Some(text) => text.parse().map(Some).map_err(|()| bad("Invalid version id specified", text)),
        }
    }

    /// Looks the bucket up, as part of an action that the caller must be allowed.
    pub(super) async fn bucket_record(&self, action: Action) -> Result<BucketRecord, Error> {
        Ok(self.execute(BucketInfo { bucket: self.bucket()?, action }).await?.record)
    }

    /// Refuses when the bucket is not owned by the account that the client expects. Costs a look-up only where the
    /// client does expect one.
    pub(super) async fn check_owner(&self, action: Action) -> Result<(), Error> {
        let Some(expected) = text(&self.headers, OWNER_HEADER)? else { return Ok(()) };
        let record = self.bucket_record(action).await?;
        if record.account.as_str() == expected { Ok(()) } else { Err(Fault::AccessDenied.into()) }
    }
}

/// Refuses a body where the request must have none.
pub(super) async fn refuse_body(body: Body, sentence: &str) -> Result<(), Error> {
    match read_limited(body, 0).await {
        Ok(_) => Ok(()),
        Err(LimitedError::TooLarge) => Err(Fault::invalid_request(sentence).into()),
        Err(error @ LimitedError::Body(_)) => Err(error.into()),
    }
}

/// An answer with a document.
pub(super) fn document(document: Document) -> Response {
    Response::builder().header(CONTENT_TYPE, "application/xml").body(document.finish())
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    Response::builder().status(status).finish()
}

/// Sets a header of an answer, where its value can be one.
pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
