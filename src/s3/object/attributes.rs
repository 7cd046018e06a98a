//! `GetObjectAttributes`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Response;
use poem::http::HeaderMap;

use super::read::{self, Opened};
use crate::http::date;
use crate::ops::{ObjectInfo, ObjectParts, PartListing};
use crate::s3::checksum_names::{element, kind_name};
use crate::s3::error::{Error, Fault};
use crate::s3::headers::text;
use crate::s3::request::{Request, document, set};
use crate::s3::sse_c::{ReadKey, for_read};
use crate::s3::xml::{Document, begin};

const ATTRIBUTES: &str = "x-amz-object-attributes";
const MAX_PARTS: &str = "x-amz-max-parts";
const MARKER: &str = "x-amz-part-number-marker";
/// The most parts of one page: S3's limit. A larger wish is cut to it.
const MOST: u32 = 1000;

const BAD_ATTRIBUTE: &str = "Invalid attribute name specified.";
const NONE: &str =
    "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty";
const BAD_NUMBER: &str = "The value must be an integer between 0 and 2147483647";

/// What may be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Attribute {
    Etag,
    Checksum,
    Parts,
    StorageClass,
    Size,
}

/// Gives the attributes of an object that were asked for.
pub(in crate::s3) async fn attributes(request: Request<'_>) -> Result<Response, Error> {
    let wanted = wanted(&request.headers)?;
    let after = number(&request.headers, MARKER)?.unwrap_or(0);
    let limit = number(&request.headers, MAX_PARTS)?.unwrap_or(MOST).min(MOST);
    let opened = read::open(&request, true, None).await?;
    let info = &opened.object.info;
    let parts = match info.part_count {
        Some(_) if wanted.contains(&Attribute::Parts) => Some(parts(&request, after, limit).await?),
        _ => None,
    };

    let mut response = document(render(&wanted, info, parts.as_ref(), after, limit));
    describe(&opened, response.headers_mut());
    Ok(response)
}

fn describe(opened: &Opened, headers: &mut HeaderMap) {
    let info = &opened.object.info;
    set(headers, "last-modified", &date::format_http(info.modified.seconds_ceil()));
    read::show_version(info, headers);
}

async fn parts(request: &Request<'_>, after: u32, limit: u32) -> Result<PartListing, Error> {
    let customer_key = match for_read(&request.headers, &request.secrets)? {
        ReadKey::Given(key) => Some(key),
        ReadKey::None | ReadKey::Refused(_) => None,
    };
    let (bucket, key) = request.object()?;
    let version = request.version()?;
    request.execute(ObjectParts { bucket, key, version, customer_key, after, limit }).await
}

fn render(
    wanted: &[Attribute],
    info: &ObjectInfo,
    parts: Option<&PartListing>,
    after: u32,
    limit: u32,
) -> Document {
    let mut xml = begin("GetObjectAttributesResponse");
    if wanted.contains(&Attribute::Etag) {
        xml.leaf("ETag", &info.etag);
    }
    if wanted.contains(&Attribute::Checksum) && !info.digests.checksums.is_empty() {
        xml.start("Checksum");
        for checksum in &info.digests.checksums {
            xml.leaf(element(checksum.algorithm), &STANDARD.encode(&checksum.value))
                .leaf("ChecksumType", kind_name(checksum.kind));
        }
        xml.end();
    }
    if let (Some(listing), Some(count)) = (parts, info.part_count) {
        render_parts(&mut xml, listing, count, after, limit);
    }
    if wanted.contains(&Attribute::StorageClass) {
        xml.leaf("StorageClass", "STANDARD");
    }
    if wanted.contains(&Attribute::Size) {
        xml.leaf("ObjectSize", &info.size.to_string());
    }
    xml
}

/// The parts themselves are shown where they have checksums, as on AWS; their count always.
fn render_parts(xml: &mut Document, listing: &PartListing, count: u32, after: u32, limit: u32) {
    xml.start("ObjectParts").leaf("PartsCount", &count.to_string());
    if listing.parts.iter().any(|part| !part.checksums.is_empty()) {
        let next = listing.parts.last().map_or(after, |part| part.number);
        xml.leaf("PartNumberMarker", &after.to_string())
            .leaf("NextPartNumberMarker", &next.to_string())
            .leaf("MaxParts", &limit.to_string())
            .leaf("IsTruncated", if listing.truncated { "true" } else { "false" });
        for part in &listing.parts {
            xml.start("Part")
                .leaf("PartNumber", &part.number.to_string())
                .leaf("Size", &part.size.to_string());
            for checksum in &part.checksums {
                xml.leaf(element(checksum.algorithm), &STANDARD.encode(&checksum.value));
            }
            xml.end();
        }
    }
    xml.end();
}

/// The attributes asked for: one header with commas, or several.
fn wanted(headers: &HeaderMap) -> Result<Vec<Attribute>, Fault> {
    let mut wanted = Vec::new();
    for value in headers.get_all(ATTRIBUTES) {
        let value = value.to_str().unwrap_or_default();
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            wanted.push(match name {
                "ETag" => Attribute::Etag,
                "Checksum" => Attribute::Checksum,
                "ObjectParts" => Attribute::Parts,
                "StorageClass" => Attribute::StorageClass,
                "ObjectSize" => Attribute::Size,
                other => {
                    return Err(Fault::InvalidArgument {
                        message: BAD_ATTRIBUTE,
                        name: ATTRIBUTES,
                        value: Some(other.to_owned()),
                    });
                }
            });
        }
    }
    if wanted.is_empty() { Err(Fault::invalid_request(NONE)) } else { Ok(wanted) }
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u32>, Fault> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let number = text.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
    let bad = || Fault::InvalidArgument { message: BAD_NUMBER, name, value: Some(text.to_owned()) };
    number.map(Some).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    fn read(values: &[&'static str]) -> Result<Vec<Attribute>, Fault> {
        let pairs = values.iter().map(|v| (HeaderName::from_static(ATTRIBUTES), HeaderValue::from_static(v)));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            headers.append(name, value);
        });
        wanted(&headers)
    }

    #[test]
    fn what_is_wanted() {
        assert_eq!(read(&["ETag,ObjectSize"]).unwrap(), [Attribute::Etag, Attribute::Size]);
        assert_eq!(read(&["ETag", "Checksum"]).unwrap(), [Attribute::Etag, Attribute::Checksum]);
        assert!(matches!(read(&["etag"]), Err(Fault::InvalidArgument { name: ATTRIBUTES, .. })));
        assert!(matches!(read(&[]), Err(Fault::InvalidRequest { .. })));
    }
}
