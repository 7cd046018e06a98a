//! What `GetObject` and `HeadObject` share: opening an object, and saying what it is.

use poem::http::HeaderMap;

use super::part::Part;
use crate::http::conditions::ReadConditions;
use crate::http::date;
use crate::ops::{Face, GetObject, Keyless, ObjectInfo, OpenObject};
use crate::s3::error::{Error, Fault};
use crate::s3::request::{Request, set};
use crate::s3::sse_c::{ReadKey, Shown, for_read};
use crate::s3::{checksum, metadata};

/// An opened object, and what its answer says of encryption.
pub(super) struct Opened {
    pub(super) object: OpenObject,
    shown: Shown,
}

/// Opens the object. The order is S3's: the object exists, then the form of the key, then the key.
pub(super) async fn open(request: &Request<'_>, head: bool, part: Option<u32>) -> Result<Opened, Error> {
    let customer_key = match for_read(&request.headers, &request.secrets)? {
        ReadKey::None => None,
        ReadKey::Given(key) => Some(key),
        ReadKey::Refused(fault) => {
            exists(request).await?;
            return Err(fault.into());
        }
    };
    let key_md5 = customer_key.as_ref().map(crate::ops::CustomerKey::md5_base64);
    let (bucket, key) = request.object()?;
    let operation = GetObject {
        bucket,
        key,
        version: request.version()?,
        customer_key,
        keyless: Keyless::Refuse,
        conditions: ReadConditions::from_headers(&request.headers),
        face: Face::S3,
        head,
        part,
    };
    let object = request.execute(operation).await?;
    let shown = Shown::of(object.info.mode, key_md5);
    Ok(Opened { object, shown })
}

/// Looks for the object and opens nothing, so that no customer key is needed.
pub(super) async fn exists(request: &Request<'_>) -> Result<ObjectInfo, Error> {
    let (bucket, key) = request.object()?;
    let operation = GetObject {
        bucket,
        key,
        version: request.version()?,
        customer_key: None,
        keyless: Keyless::Describe,
        conditions: ReadConditions::default(),
        face: Face::S3,
        head: true,
        part: None,
    };
    Ok(request.execute(operation).await?.info)
}

/// Says which version an answer is about, where the bucket keeps versions or once did.
pub(super) fn show_version(info: &ObjectInfo, headers: &mut HeaderMap) {
    if info.versioned {
        set(headers, "x-amz-version-id", &info.version_id.to_string());
    }
}

/// Writes the headers that describe the object and the part of it that follows.
pub(super) fn describe(
    request: &Request<'_>,
    opened: &Opened,
    part: &Part,
    headers: &mut HeaderMap,
) -> Result<(), Error> {
    let info = &opened.object.info;
    metadata::write(&info.metadata, headers);
    set(headers, "etag", &format!("\"{}\"", info.etag));
    set(headers, "last-modified", &date::format_http(info.modified.seconds_ceil()));
    set(headers, "accept-ranges", "bytes");
    show_version(info, headers);
    opened.shown.write(headers);
    if let (Some(count), Some(_)) = (info.part_count, &opened.object.part) {
        set(headers, "x-amz-mp-parts-count", &count.to_string());
    }
    // A checksum is of the whole object: beside a part of it, clients would compare it with that part.
    if part.is_whole(info.size) && checksum::wanted(&request.headers)? {
        checksum::write(&info.digests.checksums, info.part_count, headers);
    }
    overrides(request, headers)?;
    set(headers, "content-length", &part.length().to_string());
    if let Some(content_range) = part.content_range(info.size) {
        set(headers, "content-range", &content_range);
    }
    Ok(())
}

/// Parameters that replace a header of the answer.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// The overrides that a signed request may ask for.
fn overrides(request: &Request<'_>, headers: &mut HeaderMap) -> Result<(), Fault> {
    for (parameter, header) in OVERRIDES {
        let Some(value) = request.query.get(parameter) else { continue };
        if request.caller.identity.is_none() {
            return Err(Fault::invalid_request(
                "Request specific response headers cannot be used for anonymous GET requests.",
            ));
        }
        if poem::http::HeaderValue::from_str(value).is_err() {
            return Err(Fault::InvalidArgument {
                message: "Header value cannot be represented using ISO-8859-1.",
                name: parameter,
                value: Some(value.to_owned()),
            });
        }
        set(headers, header, value);
    }
    Ok(())
}
