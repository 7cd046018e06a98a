//! `HEAD /v1/<account>`: counts and metadata.

use poem::Response;

use super::describe;
use crate::ops::AccountInfo;
use crate::swift::accept;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::listing;

/// Describes the account.
pub(crate) async fn head(call: &Call<'_>) -> Result<Response, Failure> {
    let format = accept::of_listing(&call.headers, &call.query)?;
    let view = call.execute(AccountInfo { account: call.account.clone() }).await?;
    let mut response = listing::head(format);
    describe(&mut response, &view);
    listing::set_vary(&mut response, &call.query);
    Ok(response)
}
