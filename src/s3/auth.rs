//! Who asks: from a request on the wire to a caller and a body that verifies as it is read.

use futures_util::TryStreamExt;
use poem::http::header::CONTENT_LENGTH;
use poem::http::{HeaderMap, Method, Uri};

use super::S3Config;
use super::aws_chunked::{self, AnnouncedTrailer, Framing};
use super::checksum::announced;
use super::error::{Error, Fault};
use super::headers::text;
use super::sigv4::{self, ChunkSigner, PayloadMode, RequestView, SigError};
use crate::http::body::{Body, BodyError};
use crate::http::context::RequestContext;
use crate::http::secret_headers::SecretHeaders;
use crate::identity::{Authenticator, Identity};
use crate::model::Timestamp;
use crate::ops::Caller;

/// A request as it came, before anything in it is trusted.
pub(super) struct Incoming<'r> {
    pub(super) method: &'r Method,
    pub(super) uri: &'r Uri,
    pub(super) headers: &'r HeaderMap,
    pub(super) secrets: &'r SecretHeaders,
}

/// Its sender and its body.
pub(super) struct Verified {
    /// Who asks; nobody in particular where nothing is signed.
    pub(super) caller: Caller,
    /// The body, its framing taken off; it verifies as it is read.
    pub(super) body: Body,
    /// The checksum that its trailer will bring.
    pub(super) trailer: Option<AnnouncedTrailer>,
}

/// Finds out who asks.
pub(super) async fn verify(
    authenticator: &Authenticator,
    config: &S3Config,
    context: &RequestContext,
    incoming: &Incoming<'_>,
    body: poem::Body,
) -> Result<Verified, Error> {
    let (identity, framing) = identify(authenticator, config, incoming).await?;
    let trailer = announced(incoming.headers)?;
    let body = decode(body, incoming.headers, framing, trailer.as_ref())?;
    let caller =
        Caller { identity, secure: context.secure, expected_owner: None, request_id: context.id.clone() };
    Ok(Verified { caller, body, trailer })
}

async fn identify(
    authenticator: &Authenticator,
    config: &S3Config,
    incoming: &Incoming<'_>,
) -> Result<(Option<Identity>, Framing), Error> {
    let view = RequestView {
        method: incoming.method.as_str(),
        raw_path: incoming.uri.path(),
        raw_query: incoming.uri.query().unwrap_or_default(),
        headers: incoming.headers,
        secrets: incoming.secrets,
    };
    let Some(unverified) = sigv4::parse(&view, Timestamp::now().seconds_floor())? else {
        let mode = PayloadMode::of_anonymous(incoming.headers)?;
        return Ok((None, framing(mode, None)?));
    };
    let Some(key) = authenticator.access_key(&unverified.access_key).await? else {
        return Err(Fault::InvalidAccessKeyId { access_key: unverified.access_key }.into());
    };
    let verified = unverified.verify(key.secret.expose(), &config.region)?;
    let framing = framing(verified.payload(), Some(verified.chunk_signer()))?;
    Ok((Some(key.identity.clone()), framing))
}

/// Signed chunks need a signature to start from.
fn framing(mode: PayloadMode, signer: Option<ChunkSigner>) -> Result<Framing, SigError> {
    Framing::new(mode, signer).ok_or(SigError::XAmzContentSha256Invalid)
}

/// Takes the framing off a body. A framed one says how long it is without its frames.
fn decode(
    body: poem::Body,
    headers: &HeaderMap,
    framing: Framing,
    trailer: Option<&AnnouncedTrailer>,
) -> Result<Body, Fault> {
    let length = number(headers, CONTENT_LENGTH.as_str())?;
    let wire = Body::from_stream(length, body.into_bytes_stream().map_err(BodyError::from));
    let decoded_length = match framing {
        Framing::Plain | Framing::Sha256(_) => None,
        Framing::Signed(_) | Framing::SignedTrailer(_) | Framing::UnsignedTrailer => {
            Some(number(headers, DECODED_LENGTH)?.ok_or(Fault::MissingContentLength)?)
        }
    };
    Ok(aws_chunked::decode(wire, framing, decoded_length, trailer.cloned().into_iter().collect()))
}

/// How long a framed body is without its frames.
const DECODED_LENGTH: &str = "x-amz-decoded-content-length";

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Fault> {
    let Some(value) = text(headers, name)? else { return Ok(None) };
    let number = value.bytes().all(|b| b.is_ascii_digit()).then(|| value.parse().ok()).flatten();
    let bad = || Fault::invalid_request(format!("Value for {name} header is invalid."));
    number.map(Some).ok_or_else(bad)
}
