//! `HEAD /v1/<account>/<container>`: counts and metadata.

use poem::Response;

use super::describe;
use crate::model::BucketName;
use crate::ops::{Action, BucketInfo};
use crate::swift::accept;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::listing;

/// Describes the container.
pub(crate) async fn head(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    let format = accept::of_listing(&call.headers, &call.query)?;
    let info = BucketInfo { bucket: call.bucket(name), action: Action::ListBucket };
    let view = call.execute(info).await?;
    let mut response = listing::head(format);
    describe(&mut response, &view);
    listing::set_vary(&mut response, &call.query);
    Ok(response)
}
