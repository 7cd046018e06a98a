//! `PUT /v1/<account>/<container>`: creates a container, or merges metadata into one.

use std::collections::BTreeMap;

use poem::Response;
use poem::http::{HeaderName, StatusCode};

use super::versioning;
use crate::model::BucketName;
use crate::ops::{Action, BucketAddress, BucketInfo, CreateBucket, Error, Face, UpdateBucket};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::info::POLICY;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

/// Creates the container (201), or merges metadata into an existing one (202).
pub(crate) async fn put(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    let changes = metadata::changes(&call.headers, MetadataOf::Container)?;
    let versioning = versioning::change(&call.headers)?;
    check_policy(call)?;
    if !changes.is_empty() {
        let current = current_metadata(call, name).await?;
        metadata::check_merged(current, &changes)?;
    }
    let create = CreateBucket {
        account: call.account.clone(),
        name: name.clone(),
        face: Face::Swift,
        metadata: changes,
        settings: BTreeMap::new(),
    };
    let outcome = call.execute(create).await?;
    if let Some(change) = versioning {
        let bucket = BucketAddress::Id(outcome.bucket.id);
        call.execute(UpdateBucket { bucket, changes: vec![change] }).await?;
    }
    Ok(if outcome.created { reply::empty(StatusCode::CREATED) } else { reply::stub(StatusCode::ACCEPTED) })
}

/// The header may name the only storage policy, and no other.
fn check_policy(call: &Call<'_>) -> Result<(), Failure> {
    match call.text(&HeaderName::from_static("x-storage-policy")) {
        Some(policy) if !policy.eq_ignore_ascii_case(POLICY) => {
            Err(Failure::bad_request(format!("Invalid X-Storage-Policy \"{policy}\"")))
        }
        _ => Ok(()),
    }
}

async fn current_metadata(call: &Call<'_>, name: &BucketName) -> Result<BTreeMap<String, String>, Failure> {
    let info = BucketInfo { bucket: call.bucket(name), action: Action::ListBucket };
    match call.execute(info).await {
        Ok(view) => Ok(view.record.metadata),
        Err(Error::NoSuchBucket) => Ok(BTreeMap::new()),
        Err(error) => Err(error.into()),
    }
}
