//! `GET /v1/<account>/<container>`: lists objects.

use poem::Response;

use super::{describe, directory, versions};
use crate::model::BucketName;
use crate::ops::{Action, BucketInfo, Error, KeyQuery, ListObjects, ObjectRow};
use crate::swift::accept;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::listing::{self, ListedObject, Page};
use crate::swift::object::DEFAULT_CONTENT_TYPE;

/// Lists the container's objects, or its versions.
pub(crate) async fn get(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    if call.query.has("versions") {
        return versions::list(call, name).await;
    }
    let format = accept::of_listing(&call.headers, &call.query)?;
    let page = Page::parse(&call.query)?;
    let info = BucketInfo { bucket: call.bucket(name), action: Action::ListBucket };
    let view = call.execute(info).await?;
    let rows = match call.parameter("path") {
        _ if page.limit == 0 => Vec::new(),
        Some(path) => directory::list(call, name, path, page).await?,
        None => rows(call, name, page).await?,
    };
    let rows: Vec<_> = rows.into_iter().map(listed).collect();
    let mut response = listing::container(format, name.as_str(), &rows)?;
    describe(&mut response, &view);
    listing::set_vary(&mut response, &call.query);
    Ok(response)
}

async fn rows(call: &Call<'_>, name: &BucketName, page: Page) -> Result<Vec<ObjectRow>, Error> {
    let Page { prefix, delimiter, marker, end_marker, limit, reverse } = page;
    let list = ListObjects {
        bucket: call.bucket(name),
        keys: KeyQuery { prefix, delimiter, marker, marker_skips_prefix: true, end_marker, limit, reverse },
    };
    let (_, page) = call.execute(list).await?;
    Ok(page.rows)
}

fn listed(row: ObjectRow) -> ListedObject {
    match row {
        ObjectRow::Prefix(prefix) => ListedObject::Subdir(prefix),
        ObjectRow::Object { key, version_id: _, modified, size, etag, part_count, mode: _, content_type } => {
            ListedObject::Object {
                name: key.to_string(),
                bytes: size,
                content_type: content_type.unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned()),
                modified,
                large_object_etag: part_count.map(|_| etag.clone()),
                hash: etag,
            }
        }
    }
}
