//! Listings of accounts and containers: the parameters of a request, and the three formats of the answer.

mod json;
mod plain;
mod versions;
mod xml;

use poem::Response;
use poem::http::StatusCode;
use poem::http::header::VARY;

use super::accept::Format;
use super::boolean::is_true;
use super::error::Failure;
use super::limits::LISTING_LIMIT;
use super::reply;
use crate::http::query::Query;
use crate::model::{Timestamp, VersionId};
use crate::ops::BucketRow;

/// The part of a listing that a request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// Only names with this beginning.
    pub(crate) prefix: String,
    /// Names are rolled up at this text.
    pub(crate) delimiter: Option<String>,
    /// Only names after this one.
    pub(crate) marker: Option<String>,
    /// Only names before this one.
    pub(crate) end_marker: Option<String>,
    /// The most rows of the page.
    pub(crate) limit: u32,
    /// From the last name to the first; the two markers swap their meaning.
    pub(crate) reverse: bool,
}

impl Page {
    /// Reads the parameters.
    pub(crate) fn parse(query: &Query) -> Result<Self, Failure> {
        let given = |name: &str| query.all(name).last().filter(|value| !value.is_empty());
        for name in ["prefix", "delimiter", "marker", "end_marker"] {
            if given(name).is_some_and(|value| value.contains('\0')) {
                return Err(Failure::bad_request(format!("\"{name}\" parameter not valid UTF-8")));
            }
        }
        Ok(Self {
            prefix: given("prefix").unwrap_or_default().to_owned(),
            delimiter: given("delimiter").map(str::to_owned),
            marker: given("marker").map(str::to_owned),
            end_marker: given("end_marker").map(str::to_owned),
            limit: limit(given("limit"))?,
            reverse: given("reverse").is_some_and(is_true),
        })
    }
}

/// A limit above the maximum is refused: the client would take the shorter page for the last one. A limit
/// that is not a number is ignored.
fn limit(given: Option<&str>) -> Result<u32, Failure> {
    match given {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().filter(|limit| *limit <= LISTING_LIMIT).ok_or_else(|| {
                Failure::with(StatusCode::PRECONDITION_FAILED, format!("Maximum limit is {LISTING_LIMIT}"))
            })
        }
        _ => Ok(LISTING_LIMIT),
    }
}

/// A row of an account's listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ListedContainer {
    Container {
        name: String,
        count: u64,
        bytes: u64,
        /// When it last changed.
        modified: Timestamp,
    },
    /// Names that were rolled up.
    Subdir(String),
}

impl ListedContainer {
    /// The row of a container.
    pub(crate) fn of(row: &BucketRow) -> Self {
        Self::Container {
            name: row.bucket.name.to_string(),
            count: row.usage.objects,
            bytes: row.usage.bytes,
            modified: row.bucket.modified,
        }
    }
}

/// A row of a container's listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ListedObject {
    Object {
        name: String,
        /// Its ETag in listings: opaque if the MD5 is secret.
        hash: String,
        bytes: u64,
        content_type: String,
        /// When it last changed.
        modified: Timestamp,
        /// The ETag of an object that consists of parts.
        large_object_etag: Option<String>,
    },
    /// Names that were rolled up.
    Subdir(String),
}

/// A row of a listing of versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ListedVersion {
    /// A version, or a delete marker.
    Version {
        name: String,
        version_id: VersionId,
        /// Whether it is the newest of its name.
        is_latest: bool,
        /// Its ETag in listings: opaque if the MD5 is secret.
        hash: String,
        bytes: u64,
        content_type: String,
        /// When it last changed.
        modified: Timestamp,
        /// The ETag of an object that consists of parts.
        large_object_etag: Option<String>,
    },
    /// Names that were rolled up.
    Subdir(String),
}

/// Renders an account's listing.
pub(crate) fn account(format: Format, account: &str, rows: &[ListedContainer]) -> Result<Response, Failure> {
    let body = match format {
        Format::Plain => plain::account(rows),
        Format::Json => json::account(rows).map_err(|error| Failure::defect(&error))?,
        Format::Xml | Format::TextXml => xml::account(account, rows),
    };
    Ok(answer(format, body))
}

/// Renders a container's listing.
pub(crate) fn container(format: Format, container: &str, rows: &[ListedObject]) -> Result<Response, Failure> {
    let body = match format {
        Format::Plain => plain::container(rows),
        Format::Json => json::container(rows).map_err(|error| Failure::defect(&error))?,
        Format::Xml | Format::TextXml => xml::container(container, rows),
    };
    Ok(answer(format, body))
}

/// Renders a listing of a container's versions.
pub(crate) fn versions(rows: &[ListedVersion]) -> Result<Response, Failure> {
    let body = versions::json(rows).map_err(|error| Failure::defect(&error))?;
    Ok(answer(Format::Json, body))
}

/// The answer to HEAD of an account or container: no body, and the type of the listing.
pub(crate) fn head(format: Format) -> Response {
    answer(format, String::new())
}

/// Says that the answer depends on `Accept`, if no parameter sets the format.
pub(crate) fn set_vary(response: &mut Response, query: &Query) {
    if !query.has("format") {
        reply::set(response.headers_mut(), VARY, "Accept");
    }
}

fn answer(format: Format, body: String) -> Response {
    let status = if body.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
    reply::with_body(status, format.content_type(), body)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn rows() -> Vec<ListedObject> {
        vec![
            ListedObject::Object {
                name: "a&b \"c\"<é>".into(),
                hash: "d41d8cd98f00b204e9800998ecf8427e".into(),
                bytes: 0,
                content_type: "text/plain; charset=\"utf-8\"".into(),
                modified: Timestamp::from_steps(179_522_131_788_138),
                large_object_etag: None,
            },
            ListedObject::Subdir("b/".into()),
        ]
    }

    pub(crate) fn containers() -> Vec<ListedContainer> {
        let modified = Timestamp::from_steps(179_522_131_788_138);
        let container = ListedContainer::Container { name: "c".into(), count: 2, bytes: 30, modified };
        vec![container, ListedContainer::Subdir("d-".into())]
    }

    #[test]
    fn parameters() {
        let page = Page::parse(&Query::parse(
            "prefix=a%2F&delimiter=--&marker=m&end_marker=z&limit=7&reverse=on&format=json",
        ))
        .unwrap();
        let expected = Page {
            prefix: "a/".into(),
            delimiter: Some("--".into()),
            marker: Some("m".into()),
            end_marker: Some("z".into()),
            limit: 7,
            reverse: true,
        };
        assert_eq!(page, expected);
        let page = Page::parse(&Query::parse("marker=&delimiter=&reverse=no")).unwrap();
        assert_eq!((page.marker, page.delimiter, page.reverse, page.limit), (None, None, false, 10_000));
    }

    #[test]
    fn limits() {
        for (limit, expected) in [
            ("0", 0),
            ("1", 1),
            ("10000", 10_000),
            ("-1", 10_000),
            ("x", 10_000),
            ("", 10_000),
            ("1.5", 10_000),
        ] {
            assert_eq!(Page::parse(&Query::parse(&format!("limit={limit}"))).unwrap().limit, expected);
        }
        for limit in ["10001", "99999999999999999999"] {
            let failure = Page::parse(&Query::parse(&format!("limit={limit}"))).unwrap_err();
            assert_eq!(failure.status(), StatusCode::PRECONDITION_FAILED);
            assert!(format!("{failure:?}").contains("Maximum limit is 10000"));
        }
    }

    #[test]
    fn only_an_empty_plain_listing_has_no_content() {
        let status = |format| container(format, "c", &[]).unwrap().status();
        assert_eq!(status(Format::Plain), StatusCode::NO_CONTENT);
        assert_eq!(status(Format::Json), StatusCode::OK);
        assert_eq!(status(Format::Xml), StatusCode::OK);
        let response = container(Format::TextXml, "c", &rows()).unwrap();
        assert_eq!(response.header("content-type"), Some("text/xml; charset=utf-8"));
    }
}
