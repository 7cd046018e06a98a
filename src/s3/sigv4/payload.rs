//! What `x-amz-content-sha256` says of the body.

use ::http::HeaderMap;
use ::http::header::CONTENT_ENCODING;

use super::error::SigError;

pub(super) const HEADER: &str = "x-amz-content-sha256";
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const STREAMING_SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const STREAMING_SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const STREAMING_UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// How the body is covered by the signature, and whether it is framed as `aws-chunked`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PayloadMode {
    /// Not covered, as it is.
    Unsigned,
    /// As it is; this is its SHA-256.
    Sha256([u8; 32]),
    /// Chunks, each signed.
    StreamingSigned,
    /// Chunks, each signed, and a signed trailer.
    StreamingSignedTrailer,
    /// Chunks and a trailer, none of it signed.
    StreamingUnsignedTrailer,
}

impl PayloadMode {
    /// Parses the value of `x-amz-content-sha256`.
    pub(crate) fn parse(value: &str) -> Result<Self, SigError> {
        match value {
            UNSIGNED => Ok(Self::Unsigned),
            STREAMING_SIGNED => Ok(Self::StreamingSigned),
            STREAMING_SIGNED_TRAILER => Ok(Self::StreamingSignedTrailer),
            STREAMING_UNSIGNED_TRAILER => Ok(Self::StreamingUnsignedTrailer),
            hash => {
                let mut sha256 = [0; 32];
                hex::decode_to_slice(hash, &mut sha256).map_err(|_| SigError::XAmzContentSha256Invalid)?;
                Ok(Self::Sha256(sha256))
            }
        }
    }

    /// The mode of a request that is not signed at all. What it says is held against it all the same, and
    /// framing that says no more than `Content-Encoding: aws-chunked` is undone, or it would end up in the
    /// object. Signed chunks need a signature to start from.
    pub(crate) fn of_anonymous(headers: &HeaderMap) -> Result<Self, SigError> {
        match Self::in_headers(headers)? {
            Some((_, Self::StreamingSigned | Self::StreamingSignedTrailer)) => {
                Err(SigError::XAmzContentSha256Invalid)
            }
            Some((_, mode)) => Ok(mode),
            None if is_aws_chunked(headers) => Ok(Self::StreamingUnsignedTrailer),
            None => Ok(Self::Unsigned),
        }
    }

    /// The header's text and what it means.
    pub(super) fn in_headers(headers: &HeaderMap) -> Result<Option<(&str, Self)>, SigError> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        match value.to_str() {
            Ok(text) if values.next().is_none() => Ok(Some((text, Self::parse(text)?))),
            _ => Err(SigError::XAmzContentSha256Invalid),
        }
    }
}

fn is_aws_chunked(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| {
        value.as_bytes().split(|&b| b == b',').any(|e| e.trim_ascii().eq_ignore_ascii_case(b"aws-chunked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_five_modes_and_no_other() {
        assert_eq!(PayloadMode::parse(&"0f".repeat(32)), Ok(PayloadMode::Sha256([15; 32])));
        assert_eq!(PayloadMode::parse(UNSIGNED), Ok(PayloadMode::Unsigned));
        assert_eq!(PayloadMode::parse(STREAMING_SIGNED), Ok(PayloadMode::StreamingSigned));
        let bad = ["", "unsigned-payload", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "0f0f"];
        for bad in bad {
            assert_eq!(PayloadMode::parse(bad), Err(SigError::XAmzContentSha256Invalid), "{bad}");
        }
    }

    #[test]
    fn anonymous_requests_are_framed_when_they_say_so() {
        let mut headers = HeaderMap::new();
        assert_eq!(PayloadMode::of_anonymous(&headers), Ok(PayloadMode::Unsigned));
        headers.insert(CONTENT_ENCODING, "gzip, AWS-chunked".parse().unwrap());
        assert_eq!(PayloadMode::of_anonymous(&headers), Ok(PayloadMode::StreamingUnsignedTrailer));
        headers.insert(HEADER, STREAMING_SIGNED.parse().unwrap());
        assert_eq!(PayloadMode::of_anonymous(&headers), Err(SigError::XAmzContentSha256Invalid));
        headers.insert(HEADER, UNSIGNED.parse().unwrap());
        headers.append(HEADER, UNSIGNED.parse().unwrap());
        assert_eq!(PayloadMode::of_anonymous(&headers), Err(SigError::XAmzContentSha256Invalid));
    }
}
