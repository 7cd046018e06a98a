//! Authorises the caller before a fault in the request is reported.
//!
//! The gateway authorises an operation when it runs it, but a malformed request never becomes an operation.
//! So the front asks in its place. A stranger gets 403, a caller without a token 401, and an owner 404 for a
//! container that does not exist, whatever else is wrong with the request. Swift decides in the same order.
//!
//! The question costs a lookup in the index. It is asked only if the front refuses a request, or before it
//! reads a body from which it builds an operation. A correct request pays nothing.

use super::address::Level;
use super::call::Call;
use super::error::Failure;
use super::route::Route;
use crate::ops::{
    AccountInfo, Action, BucketAddress, BucketInfo, CopyObject, DeleteBucket, DeleteObject, Error, GetObject,
    ListObjects, Operation, PutObject, UpdateBucket, UpdateObject,
};

/// Replaces the front's own failure with the gateway's refusal, if the gateway refuses.
pub(crate) async fn before(call: &Call<'_>, level: &Level, failure: Failure) -> Failure {
    if failure.is_gateways() || failure.status().is_server_error() {
        return failure;
    }
    match ask(call, level).await {
        Ok(()) => failure,
        Err(refusal) => refusal.into(),
    }
}

/// Asks whether the container exists and the caller may do this to it or in it. A refusal is counted and
/// audited under the name of the operation that would follow.
pub(crate) async fn to_container(
    call: &Call<'_>,
    operation: &'static str,
    action: Action,
    bucket: &BucketAddress,
) -> Result<(), Error> {
    call.gateway.authorised_bucket(&call.caller, operation, action, bucket).await.map(drop)
}

/// Asks whether the account exists and belongs to the caller.
pub(crate) async fn to_account(call: &Call<'_>) -> Result<(), Error> {
    call.execute(AccountInfo { account: call.account.clone() }).await.map(drop)
}

async fn ask(call: &Call<'_>, level: &Level) -> Result<(), Error> {
    match (question(call.line.route), level) {
        (Some((operation, action)), Level::Container(name) | Level::Object(name, _)) => {
            to_container(call, operation, action, &call.bucket(name)).await
        }
        _ => to_account(call).await,
    }
}

/// The operation and the action on the container that the path names; `None` for an operation that needs no
/// container.
const fn question(route: Route) -> Option<(&'static str, Action)> {
    match route {
        Route::GetContainer => Some((ListObjects::NAME, Action::ListBucket)),
        Route::HeadContainer => Some((BucketInfo::NAME, Action::ListBucket)),
        Route::PostContainer => Some((UpdateBucket::NAME, Action::PutBucketSettings)),
        Route::DeleteContainer => Some((DeleteBucket::NAME, Action::DeleteBucket)),
        Route::GetObject | Route::HeadObject => Some((GetObject::NAME, Action::GetObject)),
        // The path of COPY names the source.
        Route::CopyObject => Some((CopyObject::NAME, Action::GetObject)),
        Route::PutObject => Some((PutObject::NAME, Action::PutObject)),
        Route::PostObject => Some((UpdateObject::NAME, Action::PutObject)),
        Route::DeleteObject => Some((DeleteObject::NAME, Action::DeleteObject)),
        Route::GetAccount
        | Route::HeadAccount
        | Route::PostAccount
        | Route::BulkDelete
        | Route::PutContainer
        | Route::Info
        | Route::Healthcheck
        | Route::Options => None,
    }
}
