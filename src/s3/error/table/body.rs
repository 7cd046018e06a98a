//! What goes wrong with a body on its way.

use super::{Answer, BAD, internal, signature_mismatch};
use crate::http::body::BodyError;

pub(super) fn answer(error: &BodyError) -> Answer {
    let malformed_trailer = || {
        Answer::new(
            BAD,
            "MalformedTrailerError",
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        )
    };
    match error {
        BodyError::Incomplete | BodyError::TooLong | BodyError::Disconnected(_) => Answer::new(
            BAD,
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        ),
        BodyError::Source(_) => internal(),
        BodyError::Stalled => Answer::new(
            BAD,
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the timeout period. Idle \
             connections will be closed.",
        ),
        BodyError::Malformed(what) => Answer::new(
            BAD,
            "InvalidRequest",
            format!("The chunked encoding of the body is malformed: {what}"),
        ),
        BodyError::ChunkTooLarge => {
            Answer::new(BAD, "InvalidChunkSizeError", "A chunk of the body is larger than allowed")
        }
        BodyError::ChunkSignature | BodyError::TrailerSignature => signature_mismatch(),
        BodyError::Sha256Mismatch => Answer::new(
            BAD,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
        BodyError::TrailerMissing | BodyError::TrailerMalformed(_) => malformed_trailer(),
    }
}
