//! `DELETE /v1/<account>/<container>`: deletes an empty container.

use poem::Response;
use poem::http::StatusCode;

use crate::model::BucketName;
use crate::ops::{DeleteBucket, Error, KeyQuery, ListVersions, Versioning};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Deletes the container.
pub(crate) async fn delete(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    match call.execute(DeleteBucket { bucket: call.bucket(name) }).await {
        Ok(()) => Ok(reply::empty(StatusCode::NO_CONTENT)),
        Err(Error::BucketNotEmpty) if holds_versions(call, name).await => {
            Err(Failure::with(StatusCode::CONFLICT, "Delete all versions before deleting container."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the container keeps versions, or once did, and still holds one.
async fn holds_versions(call: &Call<'_>, name: &BucketName) -> bool {
    let list = ListVersions {
        bucket: call.bucket(name),
        version_marker: None,
        keys: KeyQuery {
            prefix: String::new(),
            delimiter: None,
            marker: None,
            marker_skips_prefix: true,
            end_marker: None,
            limit: 1,
            reverse: false,
        },
    };
    let listed = call.execute(list).await;
    listed.is_ok_and(|(bucket, page)| bucket.versioning != Versioning::Off && !page.rows.is_empty())
}
