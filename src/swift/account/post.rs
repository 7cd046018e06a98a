//! `POST /v1/<account>`: merges metadata.

use poem::Response;
use poem::http::StatusCode;

use crate::ops::{AccountInfo, UpdateAccount};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

/// Merges the account's metadata.
pub(crate) async fn post(call: &Call<'_>) -> Result<Response, Failure> {
    let changes = metadata::changes(&call.headers, MetadataOf::Account)?;
    let account = call.account.clone();
    let view = call.execute(AccountInfo { account: account.clone() }).await?;
    metadata::check_merged(view.record.metadata, &changes)?;
    call.execute(UpdateAccount { account, changes: changes.into_iter().collect() }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
