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
use crate::ops::{AccountInfo, Action, BucketAddress, BucketInfo, Error};

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

/// Asks whether the container exists and the caller may do this to it or in it.
pub(crate) async fn to_container(
    call: &Call<'_>,
    bucket: BucketAddress,
    action: Action,
) -> Result<(), Error> {
    call.execute(BucketInfo { bucket, action }).await.map(drop)
}

/// Asks whether the account exists and belongs to the caller.
pub(crate) async fn to_account(call: &Call<'_>) -> Result<(), Error> {
    call.execute(AccountInfo { account: call.account.clone() }).await.map(drop)
}

async fn ask(call: &Call<'_>, level: &Level) -> Result<(), Error> {
    match (action(call.line.route), level) {
        (Some(action), Level::Container(name) | Level::Object(name, _)) => {
            to_container(call, call.bucket(name), action).await
        }
        _ => to_account(call).await,
    }
}

/// The action on the container that the path names; `None` for an operation that needs no container.
const fn action(route: Route) -> Option<Action> {
    match route {
        Route::GetContainer | Route::HeadContainer => Some(Action::ListBucket),
        Route::PostContainer => Some(Action::PutBucketSettings),
        Route::DeleteContainer => Some(Action::DeleteBucket),
        // The path of COPY names the source.
        Route::GetObject | Route::HeadObject | Route::CopyObject => Some(Action::GetObject),
        Route::PutObject | Route::PostObject => Some(Action::PutObject),
        Route::DeleteObject => Some(Action::DeleteObject),
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
