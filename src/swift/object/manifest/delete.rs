//! `DELETE …?multipart-manifest=delete`: deletes a large object with its segments, and answers with a report.
//!
//! The status is always 200; what happened is in the report, in the format of the client's choice.

use poem::Response;

use crate::http::conditions::ReadConditions;
use crate::http::percent;
use crate::model::{BucketName, ObjectKey, VersionId};
use crate::ops::{DeleteManifest, Error, Face, GetObject, LargeObject};
use crate::swift::accept;
use crate::swift::bulk::Report;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::object::delete::remove;

/// Deletes a static large object; an object that is none is left alone. One of S3's parts has them inside.
pub async fn delete(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<Response, Failure> {
    let format = accept::negotiate(&call.headers)?;
    let mut report = Report::default();
    let outcome = match is_of_parts(call, bucket, key, version).await {
        Ok(true) => remove(call, bucket, key, version).await.map(|was_there| {
            report.deleted = u64::from(was_there);
            report.not_found = u64::from(!was_there);
        }),
        Ok(false) => {
            let operation = DeleteManifest { bucket: call.bucket(bucket), key: key.clone(), version };
            call.execute(operation).await.map(|deleted| {
                report.deleted = deleted.deleted;
                report.not_found = deleted.not_found;
                report.errors = deleted.errors;
                if deleted.not_a_manifest {
                    report.errors.push((format!("/{bucket}/{key}"), "Not an SLO manifest".to_owned()));
                }
            })
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => {}
        Err(Error::NoSuchBucket | Error::NoSuchObject { .. } | Error::NoSuchVersion) => report.not_found = 1,
        Err(error) => return Err(error.into()),
    }
    for (name, _) in &mut report.errors {
        *name = percent::encode_path(name.as_bytes());
    }
    if !report.errors.is_empty() {
        report.status = "400 Bad Request";
    }
    Ok(report.answer(format))
}

async fn is_of_parts(
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
        conditions: ReadConditions::default(),
        face: Face::Swift,
        head: true,
        part: None,
    };
    match call.execute(look).await {
        Ok(found) => Ok(found.info.large == Some(LargeObject::Parts)),
        // A dynamic one whose segments are in a bad way is no static one either.
        Err(Error::SegmentConflict { .. } | Error::TooManySegments { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
