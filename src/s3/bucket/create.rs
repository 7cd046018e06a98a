//! `CreateBucket`.

use std::collections::BTreeMap;

use poem::Response;
use poem::http::StatusCode;

use crate::ops::{self, BucketAddress, CreateBucket, Face};
use crate::s3::address::spelling;
use crate::s3::body::DocumentBody;
use crate::s3::error::{Error, Fault, Refusal};
use crate::s3::request::{Request, empty, set};
use crate::s3::xml::{Element, parse_root};

/// Creates a bucket in the caller's account. Creating one's own bucket again is 409, but in `us-east-1` it is
/// 200: AWS keeps that for old clients.
pub(in crate::s3) async fn create(request: Request<'_>, body: DocumentBody) -> Result<Response, Error> {
    let bucket = request.bucket()?;
    let name = match &bucket {
        BucketAddress::S3(name) if !RESERVED.contains(&name.as_str()) => name.clone(),
        other => return Err(Fault::InvalidBucketName { name: spelling(other) }.into()),
    };
    let account = request.authorised_account()?;
    let body = body.read(&request, &account, MAX_BODY).await?;
    check_location(&body, &request.config.region)?;

    let operation = CreateBucket {
        account: account.clone(),
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

/// The largest document that is read: it names a region.
const MAX_BODY: usize = 64 * 1024;

/// The region that is different.
pub(super) const US_EAST_1: &str = "us-east-1";

/// Accepts a body that asks for this region, or for none.
pub(in crate::s3) fn check_location(body: &[u8], region: &str) -> Result<(), Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let root = parse_root(body, "CreateBucketConfiguration")?;
    root.only(&["LocationConstraint", "Location", "Bucket", "Tags"])?;
    let is_here =
        |asked: &str| asked.is_empty() || asked == region || (asked == "EU" && region == "eu-west-1");
    if let Some(asked) = root.leaf_of("LocationConstraint")?.filter(|asked| !is_here(asked)) {
        return Err(Fault::Setting(illegal_location(asked)));
    }
    let not_served = |element: &&Element| match element.name.as_str() {
        "LocationConstraint" => false,
        "Tags" => !element.children.is_empty(),
        _ => true,
    };
    match root.children.iter().find(not_served) {
        None => Ok(()),
        Some(element) => Err(Fault::NotImplemented {
            what: "CreateBucketConfiguration".into(),
            note: Some(format!("The element {} is not implemented", element.name)),
        }),
    }
}

fn illegal_location(asked: &str) -> Refusal {
    let message = format!(
        "The {asked} location constraint is incompatible for the region specific endpoint this request was sent to."
    );
    Refusal::invalid_with("IllegalLocationConstraintException", message)
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
        assert!(matches!(other, Err(Fault::Setting(refusal)) if refusal == illegal_location("eu-west-1")));
        assert!(matches!(check("<Tags><Tag/></Tags>", "r"), Err(Fault::NotImplemented { .. })));
        assert!(matches!(check("<Colour/>", "r"), Err(Fault::MalformedXml)));
        assert!(matches!(check_location(b"<Other/>", "r"), Err(Fault::MalformedXml)));
    }
}
