//! `GET /v1/<account>`: lists containers.

use poem::Response;

use super::describe;
use super::rollup::Rollup;
use crate::ops::{AccountInfo, Error, ListBuckets};
use crate::swift::accept;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::listing::{self, ListedContainer, Page};

/// Lists the account's containers.
pub(crate) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let format = accept::of_listing(&call.headers, &call.query)?;
    let page = Page::parse(&call.query)?;
    let view = call.execute(AccountInfo { account: call.account.clone() }).await?;
    let rows = rows(call, page).await?;
    let mut response = listing::account(format, &call.account_name, &rows)?;
    describe(&mut response, &view);
    listing::set_vary(&mut response, &call.query);
    Ok(response)
}

async fn rows(call: &Call<'_>, mut page: Page) -> Result<Vec<ListedContainer>, Error> {
    let account = call.account.clone();
    if let Some(delimiter) = page.delimiter.take() {
        let mut rollup = Rollup::new(account, page, delimiter);
        while let Some(query) = rollup.next() {
            if !rollup.take(&call.execute(query).await?) {
                break;
            }
        }
        return Ok(rollup.into_rows());
    }
    let Page { prefix, delimiter: _, marker, end_marker, limit, reverse } = page;
    if limit == 0 {
        return Ok(Vec::new());
    }
    let page = call.execute(ListBuckets { account, prefix, marker, end_marker, limit, reverse }).await?;
    Ok(page.rows.iter().map(ListedContainer::of).collect())
}
