//! What a fuzzer feeds of this face.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::address::{self, Resource, spelling};
use super::aws_chunked::{Framing, decode, encode::Encoder};
use super::sigv4::sign::Signer;
use super::sigv4::{self, RequestView, SigError};
use super::xml::{begin, parse};
use super::{bucket, checksum, copy_source, metadata, object, query, sse_c};
use crate::http::body::{Body, BodyError};
use crate::http::percent;
use crate::http::secret_headers::SecretHeaders;

/// 2013-05-24T00:00:00Z, the day of the manual's examples.
const NOW: i64 = 1_369_353_600;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const REGION: &str = "us-east-1";
const SIGNER: Signer<'_> =
    Signer { access_key: "AKIAIOSFODNN7EXAMPLE", secret: SECRET, region: REGION, now: NOW };

/// A request as text: `METHOD path?query`, then headers, one a line.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
}

impl Request {
    fn read(data: &[u8]) -> Option<Self> {
        let mut lines = data.split(|&byte| byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: header_lines(lines),
        })
    }

    fn parse(&self) -> Result<Option<sigv4::Unverified>, SigError> {
        let mut headers = self.headers.clone();
        let secrets = SecretHeaders::lift(&mut headers);
        let view = RequestView {
            method: &self.method,
            raw_path: &self.path,
            raw_query: &self.query,
            headers: &headers,
            secrets: &secrets,
        };
        sigv4::parse(&view, NOW)
    }

    /// A request that was just signed is refused for its form, or holds; and not for another path.
    fn check(mut self) {
        let Ok(Some(signed)) = self.parse() else { return };
        assert!(signed.verify(SECRET, REGION).is_ok(), "what was signed does not hold");
        self.path.push('x');
        let altered = self.parse().expect("the same form").expect("the same signature");
        assert!(altered.verify(SECRET, REGION).is_err(), "it holds for another path");
    }
}

fn header_lines<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let pair = |line: &'a [u8]| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.take(256).filter_map(pair) {
        headers.append(name, value);
    }
    headers
}

/// A signature in the `Authorization` header.
pub fn sigv4_header(data: &[u8]) {
    let Some(mut request) = Request::read(data) else { return };
    if let Ok(Some(unverified)) = request.parse() {
        let _ = unverified.verify(SECRET, REGION);
    }
    let signed =
        SIGNER.sign(&request.method, &request.path, &request.query, &mut request.headers, "UNSIGNED-PAYLOAD");
    assert!(signed.is_ok());
    request.check();
}

/// A signature in the query.
pub fn sigv4_presigned(data: &[u8]) {
    let Some(mut request) = Request::read(data) else { return };
    if let Ok(Some(unverified)) = request.parse() {
        let _ = unverified.verify(SECRET, REGION);
    }
    request.headers.remove("x-amz-content-sha256");
    request.query = SIGNER.presign(&request.method, &request.path, &request.query, &request.headers, 600);
    request.check();
}

/// The `aws-chunked` framings. The first byte says which, and how the wire cuts it up, which must make no
/// difference.
pub fn aws_chunked(data: &[u8]) {
    let Some((&choice, wire)) = data.split_first() else { return };
    let size = usize::from(choice >> 2) + 1;
    let signer = || {
        let mut headers = HeaderMap::new();
        SIGNER.sign("PUT", "/b/k", "", &mut headers, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD").expect("ASCII")
    };
    let framing = || match choice % 4 {
        0 => Framing::Signed(signer()),
        1 => Framing::SignedTrailer(signer()),
        _ => Framing::UnsignedTrailer,
    };
    let declared = (choice % 4 == 3).then_some(wire.len() as u64 / 2);
    let whole = decoded(framing(), declared, wire, wire.len().max(1));
    let pieces = decoded(framing(), declared, wire, size);
    assert_eq!(whole, pieces, "it matters how it is cut up");
    assert!(whole.0.len() <= wire.len());

    let encode = |signer, finish: fn(Encoder) -> Bytes| {
        finish(wire.chunks(size.max(64)).fold(Encoder::new(signer), Encoder::chunk))
    };
    let encoded = match choice % 4 {
        0 => encode(Some(signer()), |encoder| encoder.finish(&[])),
        1 => encode(Some(signer()), |encoder| encoder.finish_signed(&[])),
        _ => encode(None, |encoder| encoder.finish(&[])),
    };
    let again = decoded(framing(), Some(wire.len() as u64), &encoded, size);
    if again.1 != Some(BodyError::Malformed("the chunks are too small")) {
        assert_eq!(again, (wire.to_vec(), None), "it does not read as it was written");
    }
}

/// What comes out of a body that arrives in pieces of this size, and how it fails.
fn decoded(
    framing: Framing,
    declared: Option<u64>,
    wire: &[u8],
    size: usize,
) -> (Vec<u8>, Option<BodyError>) {
    let pieces: Vec<_> = wire.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let mut body = decode(Body::from_stream(None, stream::iter(pieces)), framing, declared, Vec::new());
    let mut plain = Vec::new();
    loop {
        match body.stream.next().now_or_never().expect("nothing to wait for") {
            Some(Ok(bytes)) => plain.extend_from_slice(&bytes),
            Some(Err(error)) => return (plain, Some(error)),
            None => return (plain, None),
        }
    }
}

/// Every document that a client sends.
pub fn xml(data: &[u8]) {
    let _ = parse(data);
    let _ = bucket::check_location(data, REGION);
    let _ = bucket::versioning_state(data);
    let _ = bucket::keys_to_delete(data);
    let _ = object::parts_to_complete(data);
    for (_, fuzz) in bucket::FUZZED {
        fuzz(data);
    }

    // XML has no NUL.
    let Some(text) = std::str::from_utf8(data).ok().filter(|text| !text.contains('\0')) else { return };
    let mut document = begin("Delete");
    document.start("Object").leaf("Key", text);
    let body = document.finish();
    let root = parse(body.as_bytes()).expect("what was written");
    assert_eq!(root.children[0].children[0].text, text, "it does not read as it was written");
    let keys = bucket::keys_to_delete(body.as_bytes()).expect("what was written");
    assert_eq!(keys, [text]);
}

/// A host on the first line, a path on the second.
pub fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (host, path) = text.split_once('\n').unwrap_or(("", text));
    let bases = ["s3.example.com".to_owned(), "localhost:8443".to_owned()];
    let Ok(resource) = address::resolve(host, path, &bases) else { return };
    let encode = |text: &str| percent::encode(text.as_bytes());
    let rendered = match &resource {
        Resource::Service => "/".to_owned(),
        Resource::Bucket(bucket) => format!("/{}", encode(&spelling(bucket))),
        Resource::Object(bucket, key) => {
            format!("/{}/{}", encode(&spelling(bucket)), percent::encode_path(key.to_string().as_bytes()))
        }
    };
    assert_eq!(address::resolve("", &rendered, &bases).ok(), Some(resource), "{rendered}");
}

pub fn copy_source(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok((bucket, key, version)) = copy_source::parse(text) else { return };
    let encode = |text: String| percent::encode(text.as_bytes());
    let mut rendered = format!("{}/{}", encode(spelling(&bucket)), encode(key.to_string()));
    if let Some(version) = &version {
        rendered = format!("{rendered}?versionId={version}");
    }
    assert_eq!(copy_source::parse(&rendered).ok(), Some((bucket, key, version)), "{rendered}");
}

/// The headers of an object, a line each, and its query on the first.
pub fn headers(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let raw = std::str::from_utf8(lines.next().unwrap_or_default()).ok();
    let mut headers = header_lines(lines);
    let secrets = SecretHeaders::lift(&mut headers);
    let _ = query::Query::parse(raw);
    let _ = sse_c::check_names(&secrets, true);
    let _ = sse_c::for_write(&headers, &secrets);
    let _ = sse_c::for_read(&headers, &secrets);
    let _ = sse_c::for_source(&secrets);
    let _ = checksum::announced(&headers);
    let _ = checksum::of_write(&headers, None);
    let _ = checksum::content_md5(&headers);
    if let Ok(collected) = metadata::collect(&headers) {
        let mut written = HeaderMap::new();
        metadata::write(&collected, &mut written);
        let again = metadata::collect(&written).ok().map(|again| again.user);
        assert_eq!(again, Some(collected.user), "it does not read as it was written");
    }
}
