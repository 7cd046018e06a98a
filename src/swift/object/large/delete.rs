//! `DELETE …?multipart-manifest=delete`: deletes a large object with its segments, and reports on it.
//!
//! The status is always 200. The report says what happened, in the format that the client chose.

use poem::Response;
use poem::http::StatusCode;

use crate::http::conditions::ReadConditions;
use crate::http::percent;
use crate::model::{BucketName, ObjectKey, VersionId};
use crate::ops::{DeleteManifest, Error, Face, GetObject, Keyless, LargeObject};
use crate::swift::accept;
use crate::swift::boolean::is_true;
use crate::swift::bulk::Report;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::object::remove::remove;
use crate::swift::reply;

/// Deletes a large object and its segments; any other object stays. `async` allows a later deletion, but it
/// is done at once.
pub(crate) async fn delete(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<Response, Failure> {
    let format = accept::negotiate(&call.headers)?;
    let report = match run(call, bucket, key, version).await {
        Ok(report) => report,
        Err(Error::NoSuchBucket | Error::NoSuchObject { .. } | Error::NoSuchVersion) => {
            Report { not_found: 1, ..Report::default() }
        }
        Err(error) => return Err(error.into()),
    };
    if report.errors.is_empty() && report.deleted > 0 && call.parameter("async").is_some_and(is_true) {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    Ok(report.answer(format))
}

async fn run(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<Report, Error> {
    let delete = DeleteManifest { bucket: call.bucket(bucket), key: key.clone(), version };
    let outcome = call.execute(delete).await?;
    let mut report = Report { deleted: outcome.deleted, not_found: outcome.not_found, ..Report::default() };
    let encoded = |path: &str| percent::encode_path(path.as_bytes());
    report.errors.extend(outcome.errors.into_iter().map(|(path, status)| (encoded(&path), status)));
    if outcome.not_a_manifest {
        if is_made_of_parts(call, bucket, key, version).await? {
            let was_there = remove(call, bucket, key, version).await?.removed.is_some();
            report.deleted = u64::from(was_there);
            report.not_found = u64::from(!was_there);
        } else {
            report.errors.push((encoded(&format!("/{bucket}/{key}")), "Not an SLO manifest".into()));
        }
    }
    if !report.errors.is_empty() {
        report.status = "400 Bad Request";
    }
    Ok(report)
}

/// Whether an object came from an S3 multipart upload. Its parts belong to it alone.
async fn is_made_of_parts(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<bool, Error> {
    let look = GetObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version,
        customer_key: None,
        keyless: Keyless::Describe,
        conditions: ReadConditions::default(),
        face: Face::Swift,
        head: true,
        part: None,
    };
    Ok(matches!(call.execute(look).await?.info.large, Some(LargeObject::Parts)))
}
