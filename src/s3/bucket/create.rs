//! `CreateBucket`.

use std::collections::BTreeMap;

use poem::Response;
use poem::http::StatusCode;

use crate::http::body::{Body, read_limited};
use crate::ops::{self, BucketAddress, CreateBucket, Face};
use crate::s3::address::spelling;
use crate::s3::error::{Error, Fault};
use crate::s3::request::{Request, empty, set};
use crate::s3::xml::{MAX_BODY, parse};

/// Creates a bucket in the caller's account. Creating one's own bucket again is 409, but in `us-east-1` it is 200: AWS
/// keeps that for old clients.
pub(in crate::s3) async fn create(request: Request<'_>, body: Body) -> Result<Response, Error> {
    let bucket = request.bucket()?;
    let name = match &bucket {
        BucketAddress::S3(name) if !RESERVED.contains(&name.as_str()) => name.clone(),
        other => return Err(Fault::InvalidBucketName { name: spelling(other) }.into()),
    };
    let account = request.account()?;
    let body = read_limited(body, MAX_BODY).await?;
    check_location(&body, &request.config.region)?;

    let operation = CreateBucket {
        account,
        name: name.clone(),
        face: Face::S3,
        metadata: BTreeMap::new(),
        settings: BTreeMap::new(),
    };
    match request.execute(operation).await {
        Ok(_) => {}
        Err(Error::Domain(ops::Error::BucketAlreadyOwned)) if request.config.region == US_EAST_1 => {}
        Err(error) => return Err(error),
    }
    let mut response = empty(StatusCode::OK);
    set(response.headers_mut(), "location", &format!("/{name}"));
    Ok(response)
}

/// First path segments that belong to the other protocol: path style would never reach such a bucket.
const RESERVED: [&str; 6] = ["v1", "v2.0", "v3", "auth", "info", "healthcheck"];

/// The region that is different.
pub(super) const US_EAST_1: &str = "us-east-1";

/// Accepts a body that asks for this region, or for none.
pub(in crate::s3) fn check_location(body: &[u8], region: &str) -> Result<(), Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let root = parse(body)?;
    if root.name != "CreateBucketConfiguration" {
        return Err(Fault::MalformedXml);
    }
    for element in &root.children {
        let value = element.text.trim();
        match element.name.as_str() {
            "LocationConstraint" if value.is_empty() || value == region => {}
            "LocationConstraint" if value == "EU" && region == "eu-west-1" => {}
            "LocationConstraint" => return Err(Fault::IllegalLocation { asked: value.to_owned() }),
            "Tags" if element.children.is_empty() => {}
            "Location" | "Bucket" | "Tags" => {
                return Err(Fault::HeaderNotImplemented {
                    header: "CreateBucketConfiguration".into(),
                    note: Some(format!("The element {} is not implemented", element.name)),
                });
            }
            _ => return Err(Fault::MalformedXml),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let with = |inner: &str| {
            format!("<CreateBucketConfiguration xmlns=\"x\">{inner}</CreateBucketConfiguration>")
        };
        let check = |inner: &str, region| check_location(with(inner).as_bytes(), region);
        assert!(check_location(b"", "eu-central-1").is_ok());
        assert!(check("", "eu-central-1").is_ok());
        assert!(check("<LocationConstraint>eu-central-1</LocationConstraint>", "eu-central-1").is_ok());
        assert!(check("<LocationConstraint>EU</LocationConstraint>", "eu-west-1").is_ok());
        let other = check("<LocationConstraint>eu-west-1</LocationConstraint>", "eu-central-1");
        assert!(matches!(other, Err(Fault::IllegalLocation { asked }) if asked == "eu-west-1"));
        assert!(matches!(check("<Tags><Tag/></Tags>", "r"), Err(Fault::HeaderNotImplemented { .. })));
        assert!(matches!(check("<Colour/>", "r"), Err(Fault::MalformedXml)));
        assert!(matches!(check_location(b"<Other/>", "r"), Err(Fault::MalformedXml)));
    }
}
