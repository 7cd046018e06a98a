//! `PutObject`.

use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};

use crate::http::body::Body;
use crate::http::conditions::{EtagList, ReadConditions};
use crate::ops::{Action, MAX_PUT, Precondition, PutObject};
use crate::s3::body::check_length;
use crate::s3::error::{Error, Fault};
use crate::s3::request::{Request, empty, set};
use crate::s3::{checksum, metadata, sse_c};

/// Writes an object.
pub(in crate::s3) async fn put(request: Request<'_>, body: Body) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let sse = sse_c::for_write(&request.headers, &request.secrets)?;
    // A server may be set to a lower limit, which the operation holds.
    if let Err(fault) = check_length(body.length, MAX_PUT) {
        return Err(request.refuse_body::<PutObject>(Action::PutObject, fault.into()).await);
    }
    let metadata = metadata::collect(&request.headers)?;
    let expected_md5 = checksum::content_md5(&request.headers)?;
    let checksums = checksum::of_write(&request.headers, request.trailer.as_ref())?;
    let precondition = precondition(&request.headers)?;

    let operation = PutObject {
        bucket,
        key,
        body,
        encryption: sse.encryption,
        metadata,
        expected_md5,
        wants_md5: false,
        checksums,
        precondition,
    };
    let outcome = request.execute(operation).await?;

    let mut response = empty(StatusCode::OK);
    let headers = response.headers_mut();
    set(headers, "etag", &format!("\"{}\"", outcome.etag));
    sse.shown.write(headers);
    checksum::write(&outcome.checksums, None, headers);
    if outcome.versioned {
        set(headers, "x-amz-version-id", &outcome.version_id.to_string());
    }
    Ok(response)
}

/// `If-None-Match: *` and `If-Match: <etag>`, one of them; anything else S3 does not implement on a write
/// either.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Precondition, Fault> {
    let refused =
        |header: &str, note: String| Err(Fault::NotImplemented { what: header.to_owned(), note: Some(note) });
    let not_accepted = |header: &str| {
        refused(header, format!("We don't accept the provided value of {header} header for this API"))
    };
    if headers.contains_key(IF_MATCH) && headers.contains_key(IF_NONE_MATCH) {
        let note = "Multiple conditional request headers present in the request".to_owned();
        return refused("If-Match,If-None-Match", note);
    }
    let conditions = ReadConditions::from_headers(headers);
    match (conditions.if_match, conditions.if_none_match) {
        (None, None) if headers.contains_key(IF_MATCH) => not_accepted("If-Match"),
        (None, None) if headers.contains_key(IF_NONE_MATCH) => not_accepted("If-None-Match"),
        (None, None) => Ok(Precondition::None),
        (Some(EtagList::Tags(tags)), None) if !tags.is_empty() => Ok(Precondition::Etag(tags)),
        (None, Some(EtagList::Any)) => Ok(Precondition::Absent),
        (Some(_), _) => not_accepted("If-Match"),
        (None, Some(EtagList::Tags(_))) => not_accepted("If-None-Match"),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Precondition, Fault> {
        let pairs = pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        precondition(&pairs.collect())
    }

    #[test]
    fn conditional_writes() {
        assert_eq!(read(&[]).unwrap(), Precondition::None);
        assert_eq!(read(&[("if-none-match", "*")]).unwrap(), Precondition::Absent);
        assert_eq!(read(&[("if-match", "\"abc\"")]).unwrap(), Precondition::Etag(vec!["abc".into()]));
        for pairs in [
            &[("if-match", "*")][..],
            &[("if-none-match", "\"abc\"")],
            &[("if-match", "\"a\""), ("if-none-match", "*")],
        ] {
            assert!(matches!(read(pairs), Err(Fault::NotImplemented { .. })), "{pairs:?}");
        }
    }
}
