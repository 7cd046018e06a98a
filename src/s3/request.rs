//! A request whose sender is known and whose operation is recognised.

use std::ops::Deref;
use std::sync::Arc;

use poem::Response;
use poem::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use poem::http::{HeaderMap, StatusCode};

use super::S3Config;
use super::address::Resource;
use super::aws_chunked::AnnouncedTrailer;
use super::error::{Error, Fault};
use super::query::Query;
use super::xml::Document;
use crate::http::secret_headers::SecretHeaders;
use crate::model::{AccountId, ObjectKey, VersionId};
use crate::ops::{Action, BucketAddress, BucketInfo, BucketRecord, Caller, CreateBucket, Gateway, Operation};

/// A verified request. Its body goes beside it, to the operations that take one.
pub(super) struct Request<'f> {
    /// What operations run on.
    pub(super) gateway: &'f Gateway,
    /// This face's configuration.
    pub(super) config: &'f S3Config,
    pub(super) caller: Caller,
    /// What it is about.
    pub(super) resource: Resource,
    pub(super) query: Query,
    /// The headers, without key material.
    pub(super) headers: HeaderMap,
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

    /// The bucket, for a caller who may do this.
    pub(super) async fn bucket_info(&self, action: Action) -> Result<BucketRecord, Error> {
        Ok(self.execute(BucketInfo { bucket: self.bucket()?, action }).await?.record)
    }

    /// Authorises the caller before the body is looked at, and gives the bucket. The operation `O` itself
    /// comes later, and authorises the caller again.
    pub(super) async fn authorised_bucket<O: Operation>(
        &self,
        action: Action,
    ) -> Result<Authorised<Arc<BucketRecord>>, Error> {
        let bucket = self.bucket()?;
        let found = self.gateway.authorised_bucket(&self.caller, O::NAME, action, &bucket).await;
        Ok(Authorised(found?))
    }

    /// Authorises the caller to create buckets in its account.
    pub(super) fn authorised_account(&self) -> Result<Authorised<AccountId>, Error> {
        let account = self.account()?;
        self.gateway.authorised_account(&self.caller, CreateBucket::NAME, Action::CreateBucket, &account)?;
        Ok(Authorised(account))
    }

    /// The error for a body that is wrong. A caller who may not send any learns that alone.
    pub(super) async fn refuse_body<O: Operation>(&self, action: Action, error: Error) -> Error {
        self.authorised_bucket::<O>(action).await.map_or_else(|refusal| refusal, |_| error)
    }
}

/// Something that the caller was authorised for.
pub(super) struct Authorised<T>(T);

impl<T> Deref for Authorised<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
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
