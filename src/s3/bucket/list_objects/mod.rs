//! `ListObjectsV2` and `ListObjects`: two spellings of one listing.

pub(super) mod continuation;
pub(super) mod parameters;
mod render;

use poem::Response;

use crate::ops::{Action, BucketRecord, KeyQuery, ListObjects, ObjectPage};
use crate::s3::error::Error;
use crate::s3::owner::Owner;
use crate::s3::request::{Request, document, set};
use parameters::Parameters;
use render::{Listing, Start};

pub(in crate::s3) async fn list_v2(request: Request<'_>) -> Result<Response, Error> {
    let parameters = Parameters::read(&request.query)?;
    let start_after = request.query.non_empty("start-after");
    let token = request.query.non_empty("continuation-token");
    let marker = token.map(continuation::decode).transpose()?.or_else(|| start_after.map(str::to_owned));
    let fetch_owner =
        request.query.get("fetch-owner").is_some_and(|value| value.eq_ignore_ascii_case("true"));

    let (bucket, page) = page(&request, &parameters, marker).await?;
    let owner = if fetch_owner { Some(Owner::of(&request, &bucket.account).await) } else { None };
    let start = Start::V2 { token, start_after };
    Ok(answer(&request, &Listing { bucket: &bucket, parameters: &parameters, page: &page, owner, start }))
}

/// `ListObjects`, version 1.
pub(in crate::s3) async fn list_v1(request: Request<'_>) -> Result<Response, Error> {
    let parameters = Parameters::read(&request.query)?;
    let marker = request.query.get("marker").unwrap_or_default();

    let (bucket, page) =
        page(&request, &parameters, Some(marker.to_owned()).filter(|m| !m.is_empty())).await?;
    let owner = Some(Owner::of(&request, &bucket.account).await);
    let start = Start::V1 { marker };
    Ok(answer(&request, &Listing { bucket: &bucket, parameters: &parameters, page: &page, owner, start }))
}

async fn page(
    request: &Request<'_>,
    parameters: &Parameters,
    marker: Option<String>,
) -> Result<(BucketRecord, ObjectPage), Error> {
    if parameters.max_keys == 0 {
        return Ok((request.bucket_info(Action::ListBucket).await?, ObjectPage::default()));
    }
    let operation = ListObjects {
        bucket: request.bucket()?,
        keys: KeyQuery {
            prefix: parameters.prefix.clone(),
            delimiter: parameters.delimiter.clone(),
            marker,
            marker_skips_prefix: false,
            end_marker: None,
            limit: parameters.max_keys,
            reverse: false,
        },
    };
    request.execute(operation).await
}

fn answer(request: &Request<'_>, listing: &Listing<'_>) -> Response {
    let mut response = document(listing.render());
    set(response.headers_mut(), "x-amz-bucket-region", &request.config.region);
    response
}
