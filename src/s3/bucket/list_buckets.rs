//! `ListBuckets`.

use poem::Response;

use super::list_objects::continuation;
use crate::http::date;
use crate::ops::{BucketRow, ListBuckets};
use crate::s3::error::{Error, Fault};
use crate::s3::owner::Owner;
use crate::s3::request::{Request, document};
use crate::s3::xml::{Document, begin};

/// The most buckets of one page: S3's limit, and what one page without a limit gives.
const MAX_BUCKETS: u32 = 10_000;

/// The caller's buckets. One whose name S3 does not lead to it is listed as `<account>:<name>`, which does.
pub(in crate::s3) async fn list_buckets(request: Request<'_>) -> Result<Response, Error> {
    let account = request.account()?;
    let query = &request.query;
    let limit = limit(query.get("max-buckets"))?;
    let token = query.non_empty("continuation-token");
    let prefix = query.get("prefix");
    let marker = token.map(continuation::decode).transpose()?;
    let elsewhere = query.non_empty("bucket-region").is_some_and(|region| region != request.config.region);

    let operation = ListBuckets {
        account: account.clone(),
        prefix: prefix.unwrap_or_default().to_owned(),
        marker,
        end_marker: None,
        limit,
        reverse: false,
    };
    let page = request.execute(operation).await?;
    let owner = Owner::of(&request, &account).await;

    let mut xml = begin("ListAllMyBucketsResult");
    owner.write(xml.start("Owner"));
    xml.end().start("Buckets");
    if !elsewhere {
        for row in &page.rows {
            bucket(row, &request.config.region, &mut xml);
        }
    }
    xml.end();
    if let Some(last) = page.rows.last().filter(|_| page.truncated) {
        xml.leaf("ContinuationToken", &continuation::encode(last.bucket.name.as_str()));
    }
    xml.optional("Prefix", prefix);
    Ok(document(xml))
}

fn bucket(row: &BucketRow, region: &str, xml: &mut Document) {
    let record = &row.bucket;
    xml.start("Bucket");
    if record.registered {
        xml.leaf("Name", record.name.as_str());
    } else {
        xml.leaf("Name", &format!("{}:{}", record.account, record.name));
    }
    xml.leaf("CreationDate", &date::format_iso8601_millis(record.created)).leaf("BucketRegion", region).end();
}

fn limit(text: Option<&str>) -> Result<u32, Fault> {
    let Some(text) = text else { return Ok(MAX_BUCKETS) };
    let limit = text.parse().ok().filter(|limit| (1..=MAX_BUCKETS).contains(limit));
    limit.ok_or_else(|| Fault::InvalidArgument {
        message: "Argument max-buckets must be an integer between 1 and 10000",
        name: "max-buckets",
        value: Some(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!(limit(None).unwrap(), MAX_BUCKETS);
        assert_eq!(limit(Some("1")).unwrap(), 1);
        for bad in ["0", "10001", "-1", "x", ""] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }
}
