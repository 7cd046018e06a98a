//! `ListParts`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Response;

use super::{upload_id, upload_key};
use crate::http::date;
use crate::ops::{Action, ListParts, PartListing};
use crate::s3::address::spelling;
use crate::s3::checksum_names::{element, kind_name};
use crate::s3::error::{Error, Fault};
use crate::s3::owner::Owner;
use crate::s3::query::Query;
use crate::s3::request::{Request, document};
use crate::s3::xml::{Document, begin};

/// The most parts of one page: S3's limit. A larger wish is cut to it.
const MAX_PARTS: u32 = 1000;

const BAD_MAX: &str = "Argument max-parts must be an integer between 0 and 2147483647";
const BAD_MARKER: &str = "Argument part-number-marker must be an integer between 0 and 2147483647";

/// Lists an upload's parts.
pub(in crate::s3) async fn list_parts(request: Request<'_>) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let (after, limit) = (marker(&request.query)?, max_parts(&request.query)?);
    let (customer_key, _) = upload_key(&request.headers, &request.secrets)?;
    let upload = upload_id(&request.query)?;
    let name = spelling(&bucket);
    let operation = ListParts { bucket, key: key.clone(), upload, after, limit, customer_key };
    let listing = request.execute(operation).await?;

    let bucket = request.bucket_info(Action::ListMultipartUploadParts).await?;
    let owner = Owner::of(&request, &bucket.account).await;
    let mut xml = begin("ListPartsResult");
    xml.leaf("Bucket", &name).leaf("Key", key.as_str()).leaf("UploadId", &upload.to_string());
    xml.start("Initiator").leaf("ID", listing.initiator.as_str()).end();
    owner.write(xml.start("Owner"));
    xml.end().leaf("StorageClass", "STANDARD").leaf("PartNumberMarker", &after.to_string());
    let next = listing.parts.last().filter(|_| listing.truncated).map_or(0, |part| part.number);
    xml.leaf("NextPartNumberMarker", &next.to_string())
        .leaf("MaxParts", &limit.to_string())
        .leaf("IsTruncated", if listing.truncated { "true" } else { "false" });
    if let Some(checksum) = listing.checksum.filter(|checksum| checksum.chosen) {
        xml.leaf("ChecksumAlgorithm", checksum.algorithm.name())
            .leaf("ChecksumType", kind_name(checksum.kind));
    }
    parts(&listing, &mut xml);
    Ok(document(xml))
}

fn parts(listing: &PartListing, xml: &mut Document) {
    for part in &listing.parts {
        xml.start("Part").leaf("PartNumber", &part.number.to_string());
        if let Some(modified) = part.modified {
            xml.leaf("LastModified", &date::format_iso8601_millis(modified));
        }
        xml.leaf("ETag", &format!("\"{}\"", part.etag)).leaf("Size", &part.size.to_string());
        for checksum in &part.checksums {
            xml.leaf(element(checksum.algorithm), &STANDARD.encode(&checksum.value));
        }
        xml.end();
    }
}

fn marker(query: &Query) -> Result<u32, Fault> {
    number(query, "part-number-marker", BAD_MARKER).map(|marker| marker.unwrap_or(0))
}

fn max_parts(query: &Query) -> Result<u32, Fault> {
    number(query, "max-parts", BAD_MAX).map(|wish| wish.unwrap_or(MAX_PARTS).min(MAX_PARTS))
}

fn number(query: &Query, name: &'static str, message: &'static str) -> Result<Option<u32>, Fault> {
    let Some(text) = query.non_empty(name) else { return Ok(None) };
    let number = text.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
    number.map(Some).ok_or_else(|| Fault::InvalidArgument { message, name, value: Some(text.to_owned()) })
}
