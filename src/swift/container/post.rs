//! `POST /v1/<account>/<container>`: merges metadata, enables and suspends versioning.

use poem::Response;
use poem::http::StatusCode;

use super::versioning;
use crate::model::BucketName;
use crate::ops::{Action, BucketChange, BucketInfo, UpdateBucket};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

/// Merges the container's metadata.
pub(crate) async fn post(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    let changes = metadata::changes(&call.headers, MetadataOf::Container)?;
    let versioning = versioning::change(&call.headers)?;
    let bucket = call.bucket(name);
    let view = call.execute(BucketInfo { bucket: bucket.clone(), action: Action::ListBucket }).await?;
    metadata::check_merged(view.record.metadata, &changes)?;
    let changes = changes.into_iter().map(|(item, value)| BucketChange::Metadata(item, value));
    let changes = changes.chain(versioning).collect();
    call.execute(UpdateBucket { bucket, changes }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
