//! `DeleteObject`.

use poem::Response;
use poem::http::{HeaderMap, StatusCode};

use crate::http::conditions::{EtagList, ReadConditions};
use crate::model::VersionId;
use crate::ops::{DeleteObject, Deleted, Precondition};
use crate::s3::error::Error;
use crate::s3::request::{Request, empty, set};

/// Deletes an object, or the version named. Needs no key. Deleting what is not there is a success.
pub(in crate::s3) async fn delete(request: Request<'_>) -> Result<Response, Error> {
    let version = request.version()?;
    let precondition = precondition(&request.headers);
    let (bucket, key) = request.object()?;
    let deleted = request.execute(DeleteObject { bucket, key, version, precondition }).await?;

    let mut response = empty(StatusCode::NO_CONTENT);
    describe(version, &deleted, response.headers_mut());
    Ok(response)
}

fn precondition(headers: &HeaderMap) -> Precondition {
    match ReadConditions::from_headers(headers).if_match {
        None => Precondition::None,
        Some(EtagList::Any) => Precondition::Present,
        Some(EtagList::Tags(tags)) => Precondition::Etag(tags),
    }
}

/// Which version went, or which marker came.
fn describe(asked: Option<VersionId>, deleted: &Deleted, headers: &mut HeaderMap) {
    if let Some(version) = asked.or(deleted.marker) {
        set(headers, "x-amz-version-id", &version.to_string());
    }
    if deleted.marker.is_some() || deleted.was_marker {
        set(headers, "x-amz-delete-marker", "true");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn what_an_answer_says() {
        let described = |asked, deleted: &Deleted| {
            let mut headers = HeaderMap::new();
            describe(asked, deleted, &mut headers);
            let text =
                |name| headers.get(name).map(|v: &poem::http::HeaderValue| v.to_str().unwrap().to_owned());
            (text("x-amz-version-id"), text("x-amz-delete-marker"))
        };
        let plain = Deleted { removed: Some(VersionId::Null), ..Deleted::default() };
        assert_eq!(described(None, &plain), (None, None));
        assert_eq!(described(Some(VersionId::Null), &plain), (Some("null".into()), None));
        let marker = VersionId::At(Timestamp::from_steps(1));
        let with_marker = Deleted { marker: Some(marker), ..Deleted::default() };
        assert_eq!(described(None, &with_marker), (Some(marker.to_string()), Some("true".into())));
    }
}
