//! The bodies of requests. An operation gets the type that its row names, so that it reads only what the row
//! says.

use bytes::Bytes;
use md5::{Digest, Md5};

use super::checksum;
use super::error::{Error, Fault};
use super::request::{Authorised, Request};
use crate::http::body::{Body, LimitedError, read_limited};
use crate::http::checksum::Hasher;
use crate::ops::{self, Action, ExpectedChecksum, Operation};

const NO_DIGEST: &str = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";

/// A document that was sent and is not read yet.
pub(super) struct DocumentBody {
    body: Body,
    rule: DocumentRule,
}

/// What holds for a document, beside the digests that its headers may give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DocumentRule {
    /// It must be there.
    Needed,
    /// It may be left out.
    Optional,
    /// A digest of it must be given.
    DigestNeeded,
    /// `x-amz-checksum-*` are of something else: only `Content-MD5` is of the document.
    OtherChecksums,
}

impl DocumentBody {
    pub(super) fn new(body: Body, rule: DocumentRule) -> Self {
        Self { body, rule }
    }

    /// The whole document, once its digests hold. Takes proof that the caller may send it: before that, an
    /// answer about the document would be work for a stranger, and would hide that the bucket does not exist.
    pub(super) async fn read<T>(
        self,
        request: &Request<'_>,
        _proof: &Authorised<T>,
        max: usize,
    ) -> Result<Bytes, Error> {
        self.read_unauthorised(request, max).await
    }

    /// As [`read`](Self::read), for a report in which each item is authorised by itself.
    pub(super) async fn read_unauthorised(self, request: &Request<'_>, max: usize) -> Result<Bytes, Error> {
        let md5 = checksum::content_md5(&request.headers)?;
        let checksums = match self.rule {
            DocumentRule::OtherChecksums => Vec::new(),
            DocumentRule::Needed | DocumentRule::Optional | DocumentRule::DigestNeeded => {
                checksum::of_write(&request.headers, request.trailer.as_ref())?
            }
        };
        if self.rule == DocumentRule::DigestNeeded && md5.is_none() && checksums.is_empty() {
            return Err(Fault::invalid_request(NO_DIGEST).into());
        }
        let body = read_limited(self.body, max).await?;
        if let Some(expected) = md5 {
            let computed: [u8; 16] = Md5::digest(&body).into();
            if computed != expected {
                let (expected, computed) = (hex::encode(expected), hex::encode(computed));
                return Err(ops::Error::Md5Mismatch { expected, computed }.into());
            }
        }
        for checksum in checksums {
            let mut hasher = Hasher::new(checksum.algorithm);
            hasher.update(&body);
            let computed = hasher.finish();
            let holds = match &checksum.expected {
                ExpectedChecksum::Compute => true,
                ExpectedChecksum::Value(value) => *value == computed,
                ExpectedChecksum::Trailer(cell) => cell.get() == Some(&computed),
            };
            if !holds {
                return Err(ops::Error::ChecksumMismatch { algorithm: checksum.algorithm }.into());
            }
        }
        if self.rule == DocumentRule::Needed && body.is_empty() {
            return Err(Fault::MissingRequestBody.into());
        }
        Ok(body)
    }
}

/// Refuses the body of an object or a part whose length is not said, or is too large.
pub(super) fn check_length(length: Option<u64>, limit: u64) -> Result<(), Fault> {
    match length {
        None => Err(Fault::MissingContentLength),
        Some(proposed) if proposed > limit => Err(Fault::EntityTooLarge { proposed, limit }),
        Some(_) => Ok(()),
    }
}

/// The body of a request that must have none.
pub(super) struct EmptyBody(Body);

impl EmptyBody {
    pub(super) fn new(body: Body) -> Self {
        Self(body)
    }

    /// Refuses any byte, with this sentence: the sender would believe that it was stored. Authorises the
    /// caller first.
    pub(super) async fn check<O: Operation>(
        self,
        request: &Request<'_>,
        action: Action,
        sentence: &str,
    ) -> Result<(), Error> {
        let Err(error) = read_limited(self.0, 0).await else { return Ok(()) };
        let fault = match error {
            LimitedError::TooLarge => Fault::invalid_request(sentence).into(),
            error @ LimitedError::Body(_) => error.into(),
        };
        Err(request.refuse_body::<O>(action, fault).await)
    }
}
