//! `CompleteMultipartUpload`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Response;
use poem::http::HeaderMap;
use poem::http::header::{HeaderName, HeaderValue};

use super::checksum_choice::kind;
use super::{upload_id, upload_key};
use crate::http::percent;
use crate::model::{ChecksumAlgorithm, ChecksumKind, ObjectKey, StoredChecksum};
use crate::ops::{self, Action, CompleteUpload, MAX_PART_NUMBER, NamedPart};
use crate::s3::address::spelling;
use crate::s3::body::DocumentBody;
use crate::s3::checksum_names::{element, kind_name};
use crate::s3::error::{Error, Fault};
use crate::s3::headers::text;
use crate::s3::object::put::precondition;
use crate::s3::request::{Request, document, set};
use crate::s3::sse_c::Shown;
use crate::s3::xml::{Element, begin, parse_root};

/// The largest list of parts that is read: ten thousand parts with their checksums, with room to spare.
const MAX_LIST: usize = 4 << 20;
/// The whole object's size, as the client says it.
const SIZE: &str = "x-amz-mp-object-size";

const BAD_PART_CHECKSUM: &str = "Invalid Base64 or multiple checksums present in request";
const BAD_PART_NUMBER: &str = "PartNumber must be >= 1";
const BAD_SIZE: &str = "Value for x-amz-mp-object-size header is invalid.";

/// Completes an upload.
pub(in crate::s3) async fn complete(request: Request<'_>, body: DocumentBody) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let (customer_key, shown) = upload_key(&request.headers, &request.secrets)?;
    let precondition = precondition(&request.headers)?;
    let expected_kind = kind(&request.headers)?;
    let expected_checksum = whole_checksum(&request.headers)?;
    let expected_size = expected_size(&request.headers)?;
    let authorised = request.authorised_bucket::<CompleteUpload>(Action::PutObject).await?;
    let parts = read(&body.read(&request, &authorised, MAX_LIST).await?)?;
    let expected_checksum = expected_checksum.map(|said| said.of(parts.len())).transpose()?;

    let upload = upload_id(&request.query)?;
    let name = spelling(&bucket);
    let operation = CompleteUpload {
        bucket,
        key: key.clone(),
        upload,
        parts,
        customer_key,
        precondition,
        expected_checksum,
        expected_kind,
        expected_size,
    };
    let outcome = request.execute(operation).await?;

    let mut xml = begin("CompleteMultipartUploadResult");
    xml.leaf("Location", &location(&request, &name, &key))
        .leaf("Bucket", &name)
        .leaf("Key", key.as_str())
        .leaf("ETag", &format!("\"{}\"", outcome.etag));
    for checksum in &outcome.checksums {
        let value = STANDARD.encode(&checksum.value);
        let value = match (checksum.kind, outcome.etag.rsplit_once('-')) {
            (ChecksumKind::Composite, Some((_, parts))) => format!("{value}-{parts}"),
            _ => value,
        };
        xml.leaf(element(checksum.algorithm), &value).leaf("ChecksumType", kind_name(checksum.kind));
    }
    let mut response = document(xml);
    let headers = response.headers_mut();
    // The key may not have come along: then what is known is the mode.
    match shown {
        Shown::Customer(_) => shown.write(headers),
        _ => Shown::of(outcome.mode, None).write(headers),
    }
    if outcome.versioned {
        set(headers, "x-amz-version-id", &outcome.version_id.to_string());
    }
    Ok(response)
}

/// The object's URL, as far as it is known here.
fn location(request: &Request<'_>, bucket: &str, key: &ObjectKey) -> String {
    let host = request.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = if request.caller.secure { "https" } else { "http" };
    format!(
        "{scheme}://{host}/{}/{}",
        percent::encode_path(bucket.as_bytes()),
        percent::encode_path(key.as_bytes())
    )
}

/// The checksum of the whole object as the client says it: `value` or, of a composite one, `value-parts`.
#[derive(Debug)]
struct SaidChecksum {
    checksum: StoredChecksum,
    parts: Option<usize>,
}

impl SaidChecksum {
    /// The checksum, if it is one of so many parts.
    fn of(self, parts: usize) -> Result<StoredChecksum, ops::Error> {
        let algorithm = self.checksum.algorithm;
        let fits = self.parts.is_none_or(|said| said == parts);
        if fits { Ok(self.checksum) } else { Err(ops::Error::ChecksumMismatch { algorithm }) }
    }
}

fn whole_checksum(headers: &HeaderMap) -> Result<Option<SaidChecksum>, Fault> {
    let kind = kind(headers)?;
    for name in headers.keys().map(HeaderName::as_str) {
        let Some(algorithm) = ChecksumAlgorithm::from_header(name) else { continue };
        let text = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        let (value, parts) = match text.rsplit_once('-') {
            Some((value, parts)) if parts.parse::<usize>().is_ok() => (value, parts.parse().ok()),
            _ => (text, None),
        };
        let assumed = if parts.is_some() { ChecksumKind::Composite } else { ChecksumKind::FullObject };
        let kind = kind.unwrap_or(assumed);
        let fits = parts.is_none() || kind == ChecksumKind::Composite;
        let value = STANDARD.decode(value).ok().filter(|value| fits && value.len() == algorithm.length());
        let value =
            value.ok_or_else(|| Fault::invalid_request(format!("Value for {name} header is invalid.")))?;
        return Ok(Some(SaidChecksum { checksum: StoredChecksum { algorithm, kind, value }, parts }));
    }
    Ok(None)
}

fn expected_size(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let parse = |text: &str| text.parse().map_err(|_| Fault::invalid_request(BAD_SIZE));
    text(headers, SIZE)?.map(parse).transpose()
}

/// The list of parts.
fn read(body: &[u8]) -> Result<Vec<NamedPart>, Fault> {
    let root = parse_root(body, "CompleteMultipartUpload")?;
    root.only(&["Part"])?;
    let most = usize::try_from(MAX_PART_NUMBER).unwrap_or(usize::MAX);
    let parts = root.list("Part", most)?.into_iter().map(part).collect::<Result<Vec<_>, _>>()?;
    if parts.is_empty() { Err(Fault::MalformedXml) } else { Ok(parts) }
}

/// How many parts it lists, for a fuzzer.
#[cfg(any(test, fuzzing))]
pub(in crate::s3) fn parts_to_complete(body: &[u8]) -> Result<usize, Fault> {
    read(body).map(|parts| parts.len())
}

fn part(element: &Element) -> Result<NamedPart, Fault> {
    let number = part_number(element.leaf_of("PartNumber")?.ok_or(Fault::MalformedXml)?)?;
    let etag = element.leaf_of("ETag")?.ok_or(Fault::MalformedXml)?.trim_matches('"').to_owned();
    let mut checksums = Vec::new();
    for child in
        element.children.iter().filter(|child| !["PartNumber", "ETag"].contains(&child.name.as_str()))
    {
        let algorithm = child.name.strip_prefix("Checksum").and_then(ChecksumAlgorithm::from_name);
        let algorithm = algorithm.ok_or(Fault::MalformedXml)?;
        let text = child.leaf()?.trim();
        let value = STANDARD.decode(text).ok().filter(|value| value.len() == algorithm.length());
        let value = value.filter(|_| checksums.is_empty()).ok_or_else(|| Fault::InvalidArgument {
            message: BAD_PART_CHECKSUM,
            name: "Checksum",
            value: Some(format!("{}:{text};", algorithm.name())),
        })?;
        checksums.push(StoredChecksum { algorithm, kind: ChecksumKind::FullObject, value });
    }
    Ok(NamedPart { number, etag, checksums })
}

/// A number that is too high is no part's.
fn part_number(text: &str) -> Result<u32, Fault> {
    let number: i64 = text.parse().map_err(|_| Fault::MalformedXml)?;
    if number < 1 {
        let value = Some(text.to_owned());
        return Err(Fault::InvalidArgument { message: BAD_PART_NUMBER, name: "PartNumber", value });
    }
    u32::try_from(number).map_err(|_| Fault::MalformedXml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_parts() {
        let parts = read(
            b"<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>&quot;a&quot;</ETag>\
              <PartNumber>1</PartNumber></Part><Part><PartNumber>2</PartNumber><ETag>b</ETag>\
              <ChecksumCRC32>y/Q5Jg==</ChecksumCRC32></Part></CompleteMultipartUpload>",
        )
        .unwrap();
        assert_eq!((parts[0].number, parts[0].etag.as_str()), (1, "a"));
        assert_eq!((parts[1].number, parts[1].etag.as_str()), (2, "b"));
        assert_eq!(parts[1].checksums[0].value, [0xcb, 0xf4, 0x39, 0x26]);
        for bad in [
            "<CompleteMultipartUpload/>",
            "<Other><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></Other>",
            "<CompleteMultipartUpload><Part><ETag>a</ETag></Part></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Piece/></CompleteMultipartUpload>",
            "",
        ] {
            assert!(matches!(read(bad.as_bytes()), Err(Fault::MalformedXml)), "{bad}");
        }
        let part = "<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>";
        let many = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", part.repeat(10_001));
        assert!(read(many.as_bytes()).is_err());
    }

    #[test]
    fn whole_checksums() {
        let read = |name: &'static str, value: &'static str| {
            whole_checksum(
                &[(HeaderName::from_static(name), HeaderValue::from_static(value))].into_iter().collect(),
            )
        };
        let full = read("x-amz-checksum-crc32", "y/Q5Jg==").unwrap().unwrap();
        let full = full.of(7).unwrap();
        assert_eq!(full.kind, ChecksumKind::FullObject);
        let composite = || read("x-amz-checksum-crc32", "y/Q5Jg==-3").unwrap().unwrap();
        let of_three = composite().of(3).unwrap();
        assert_eq!((of_three.kind, of_three.value), (ChecksumKind::Composite, full.value));
        assert!(composite().of(2).is_err());
        assert!(read("x-amz-checksum-crc32", "y/Q5Jg==-a").is_err());
        assert!(read("x-amz-checksum-crc32", "y/Q5").is_err());
        assert!(read("x-amz-meta-a", "b").unwrap().is_none());
    }
}
