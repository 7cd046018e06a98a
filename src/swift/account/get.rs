//! `GET /v1/<account>`: lists containers.

use poem::Response;

use super::describe;
use crate::ops::{AccountInfo, BucketRow, ListBuckets};
use crate::swift::accept;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::listing::{self, ContainerRow, Page};

/// Lists the account's containers.
pub async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let format = accept::of_listing(&call.headers, &call.query)?;
    let Page { prefix, delimiter: _, marker, end_marker, limit, reverse } = Page::parse(&call.query)?;
    let account = call.account.clone();
    let view = call.execute(AccountInfo { account: account.clone() }).await?;
    let rows = if limit == 0 {
        Vec::new()
    } else {
        let page = call.execute(ListBuckets { account, prefix, marker, end_marker, limit, reverse }).await?;
        page.rows.iter().map(row).collect()
    };
    let mut response = listing::account(format, &call.account_name, &rows)?;
    describe(&mut response, &view);
    listing::set_vary(&mut response, &call.query);
    Ok(response)
}

fn row(row: &BucketRow) -> ContainerRow {
    ContainerRow {
        name: row.bucket.name.to_string(),
        count: row.usage.objects,
        bytes: row.usage.bytes,
        modified: row.bucket.modified,
    }
}
