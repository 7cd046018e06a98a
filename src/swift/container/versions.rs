//! `?versions`: lists versions and delete markers, by name and then from the newest to the oldest.

use poem::Response;

use super::describe;
use crate::model::{BucketName, VersionId};
use crate::ops::{Action, BucketInfo, KeyQuery, ListVersions, VersionRow};
use crate::swift::accept;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::headers::DELETE_MARKER_TYPE;
use crate::swift::listing::{self, ListedVersion, Page};
use crate::swift::object::DEFAULT_CONTENT_TYPE;

/// The MD5 of no bytes, which a delete marker shows.
const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// Lists the container's versions. As in Swift, the only format is JSON.
pub(crate) async fn list(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    accept::json_alone(&call.headers, &call.query)?;
    let page = Page::parse(&call.query)?;
    let version_marker = version_marker(call, &page)?;
    if call.parameter("path").is_some() {
        return Err(Failure::bad_request("path cannot be combined with versions."));
    }
    let info = BucketInfo { bucket: call.bucket(name), action: Action::ListBucketVersions };
    let view = call.execute(info).await?;
    let rows = if page.limit == 0 { Vec::new() } else { rows(call, name, page, version_marker).await? };
    let rows: Vec<_> = rows.into_iter().map(listed).collect();
    let mut response = listing::versions(&rows)?;
    describe(&mut response, &view);
    listing::set_vary(&mut response, &call.query);
    Ok(response)
}

fn version_marker(call: &Call<'_>, page: &Page) -> Result<Option<VersionId>, Failure> {
    let Some(text) = call.parameter("version_marker").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if page.marker.is_none() {
        return Err(Failure::bad_request("version_marker param requires marker"));
    }
    text.parse().map(Some).map_err(|()| Failure::bad_request("invalid version_marker param"))
}

async fn rows(
    call: &Call<'_>,
    name: &BucketName,
    page: Page,
    version_marker: Option<VersionId>,
) -> Result<Vec<VersionRow>, Failure> {
    let Page { prefix, delimiter, marker, end_marker, limit, reverse } = page;
    let list = ListVersions {
        bucket: call.bucket(name),
        version_marker,
        keys: KeyQuery { prefix, delimiter, marker, marker_skips_prefix: true, end_marker, limit, reverse },
    };
    let (_, page) = call.execute(list).await?;
    Ok(page.rows)
}

fn listed(row: VersionRow) -> ListedVersion {
    match row {
        VersionRow::Prefix(prefix) => ListedVersion::Subdir(prefix),
        VersionRow::Version { key, version_id, latest, marker: true, modified, .. } => {
            ListedVersion::Version {
                name: key.to_string(),
                version_id,
                is_latest: latest,
                hash: EMPTY_MD5.to_owned(),
                bytes: 0,
                content_type: DELETE_MARKER_TYPE.to_owned(),
                modified,
                large_object_etag: None,
            }
        }
        VersionRow::Version {
            key,
            version_id,
            latest,
            marker: false,
            modified,
            size,
            etag,
            part_count,
            mode: _,
            content_type,
        } => ListedVersion::Version {
            name: key.to_string(),
            version_id,
            is_latest: latest,
            bytes: size,
            content_type: content_type.unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned()),
            modified,
            large_object_etag: part_count.map(|_| etag.clone()),
            hash: etag,
        },
    }
}
