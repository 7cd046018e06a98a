//! Reads a document that a client sends, and holds it against what the client said of it.

use bytes::Bytes;
use md5::{Digest, Md5};

use super::MAX_BODY;
use crate::http::body::{Body, read_limited};
use crate::http::checksum::Hasher;
use crate::ops::{self, ExpectedChecksum};
use crate::s3::checksum;
use crate::s3::error::Error;
use crate::s3::request::Request;

/// The whole body, once its `Content-MD5` and its checksum hold.
pub(in crate::s3) async fn read_verified(request: &Request<'_>, body: Body) -> Result<Bytes, Error> {
    let expected_md5 = checksum::content_md5(&request.headers)?;
    let checksums = checksum::of_write(&request.headers, request.trailer.as_ref())?;
    let body = read_limited(body, MAX_BODY).await?;
    if let Some(expected) = expected_md5 {
        let computed: [u8; 16] = Md5::digest(&body).into();
        if computed != expected {
            let (expected, computed) = (hex::encode(expected), hex::encode(computed));
            return Err(ops::Error::Md5Mismatch { expected, computed }.into());
        }
    }
    for chosen in checksums {
        let mut hasher = Hasher::new(chosen.algorithm);
        hasher.update(&body);
        let computed = hasher.finish();
        let holds = match &chosen.expected {
            ExpectedChecksum::Compute => true,
            ExpectedChecksum::Value(value) => *value == computed,
            ExpectedChecksum::Trailer(cell) => cell.get().is_some_and(|value| *value == computed),
        };
        if !holds {
            return Err(ops::Error::ChecksumMismatch { algorithm: chosen.algorithm }.into());
        }
    }
    Ok(body)
}
