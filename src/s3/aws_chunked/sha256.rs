//! Bodies under one SHA-256.

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use crate::http::body::{Body, BodyError};

/// Passes a body on and ends with an error unless this was its SHA-256. As with chunks, what is passed on is
/// verified when the stream has ended without an error.
pub(crate) fn verify_sha256(body: Body, expected: [u8; 32]) -> Body {
    let Body { stream, length } = body;
    let verified = stream::try_unfold((stream, Sha256::new()), move |(mut stream, mut sha256)| async move {
        let Some(piece) = stream.next().await.transpose()? else {
            let found: [u8; 32] = sha256.finalize().into();
            return if found == expected { Ok(None) } else { Err(BodyError::Sha256Mismatch) };
        };
        sha256.update(&piece);
        Ok(Some((piece, (stream, sha256))))
    });
    Body::from_stream(length, verified)
}
