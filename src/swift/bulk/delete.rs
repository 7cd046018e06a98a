//! `POST` or `DELETE` with `?bulk-delete`: deletes the objects and containers that the body names, one per
//! line.
//!
//! The status is always 200, and the report says what happened. Each name is deleted, and authorised, by the
//! operation that a single request would run. Objects that follow one another are deleted at the same time; a
//! container waits for all names before it.

use bytes::Bytes;
use poem::http::header::CONTENT_TYPE;
use poem::http::{HeaderMap, StatusCode};
use poem::{Body, Response};

use super::report::Report;
use crate::http::body::{LimitedError, read_limited};
use crate::http::percent;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{DeleteBucket, DeleteObject, Error, Precondition};
use crate::swift::accept;
use crate::swift::address::{container_name, object_name};
use crate::swift::admission;
use crate::swift::body::readable;
use crate::swift::call::Call;
use crate::swift::encryption_headers;
use crate::swift::error::Failure;
use crate::swift::limits::{MAX_BULK_DELETE_BODY, MAX_DELETES_PER_REQUEST, MAX_FAILED_DELETES};

/// Objects that are deleted at a time. A request with too many failures ends after such a batch.
const BATCH: usize = 1000;

const BAD_REQUEST: &str = "400 Bad Request";

/// Deletes the objects and containers that the body lists.
pub(crate) async fn delete(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    // The list is read only for callers with credentials.
    if call.caller.identity.is_none() {
        return Err(Failure::new(StatusCode::UNAUTHORIZED));
    }
    encryption_headers::for_read(&call.secrets)?;
    let format = accept::negotiate(&call.headers)?;
    let report = match read_list(call, body).await? {
        Ok(list) => report(call, &list).await?,
        Err(refusal) => refused(call, refusal).await?,
    };
    Ok(report.answer(format))
}

/// Reads the list, or reports why it cannot be read.
async fn read_list(call: &Call<'_>, body: Body) -> Result<Result<Bytes, Report>, Failure> {
    if !is_plain_text(&call.headers) {
        return Ok(Err(Report { status: "406 Not Acceptable", ..Report::default() }));
    }
    match read_limited(readable(body, None), MAX_BULK_DELETE_BODY).await {
        Ok(list) => Ok(Ok(list)),
        Err(LimitedError::TooLarge) => Ok(Err(too_large("The list is too long.".to_owned()))),
        Err(LimitedError::Body(error)) => Err(Error::Body(error).into()),
    }
}

/// Deletes the names of a list. Each deletion authorises its own name.
async fn report(call: &Call<'_>, list: &[u8]) -> Result<Report, Failure> {
    let Some(names) = names(list) else {
        let sentence = format!("Maximum Bulk Deletes: {MAX_DELETES_PER_REQUEST} per request");
        return refused(call, too_large(sentence)).await;
    };
    let mut bulk =
        Bulk { call, report: Report::default(), objects: Vec::new(), has_5xx: false, is_admitted: None };
    bulk.run(names).await;
    let report = bulk.report();
    if report.names_nothing() { refused(call, report).await } else { Ok(report) }
}

/// The report on a list without a name that could be authorised. If the caller may not delete in the account,
/// the report says that, and nothing about the list.
async fn refused(call: &Call<'_>, report: Report) -> Result<Report, Failure> {
    match admission::to_account(call).await {
        Ok(()) => Ok(report),
        Err(Error::AccessDenied) => Ok(Report { status: "403 Forbidden", ..Report::default() }),
        Err(error) => Err(error.into()),
    }
}

fn too_large(body: String) -> Report {
    Report { status: "413 Request Entity Too Large", body, ..Report::default() }
}

/// A list in another format would be read as names that its sender did not mean.
fn is_plain_text(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|given| {
        given.as_bytes().is_empty()
            || given.as_bytes().get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"text/plain"))
    })
}

/// The lines that are not empty; `None` if there are more than one request may have.
fn names(list: &[u8]) -> Option<Vec<&[u8]>> {
    let lines = list.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let names: Vec<_> = lines.take(MAX_DELETES_PER_REQUEST + 1).collect();
    (names.len() <= MAX_DELETES_PER_REQUEST).then_some(names)
}

/// A container, and perhaps an object in it.
type Located = (BucketName, Option<ObjectKey>);

/// Reads `[/]container[/object]`, percent-encoded. Returns the name for the report, and the resource.
fn located(line: &[u8]) -> (String, Result<Located, Failure>) {
    let invalid = || Failure::new(StatusCode::PRECONDITION_FAILED);
    let bytes: Vec<u8> = percent_encoding::percent_decode(line).collect();
    let read = || {
        let name = std::str::from_utf8(&bytes).ok().filter(|name| !name.contains('\0'));
        let name = name.ok_or_else(invalid)?.trim_start_matches('/');
        let (container, object) = name.split_once('/').unwrap_or((name, ""));
        let key = if object.is_empty() { None } else { Some(object) };
        Ok((container_name(container)?, key.map(object_name).transpose()?))
    };
    (percent::encode_path(&bytes), read())
}

/// The resources that a list names, for a fuzzer.
#[cfg(any(test, fuzzing))]
pub(crate) fn located_names(list: &[u8]) -> Option<Vec<(String, Option<Located>)>> {
    let located = |line| {
        let (shown, named) = located(line);
        (shown, named.ok())
    };
    Some(names(list)?.into_iter().map(located).collect())
}

/// The deletion that a line asks for.
enum Deletion {
    Container(BucketName),
    Object(DeleteObject),
}

struct Bulk<'c> {
    call: &'c Call<'c>,
    report: Report,
    /// Objects that were read and not deleted yet, each with its name for the report.
    objects: Vec<(String, DeleteObject)>,
    has_5xx: bool,
    /// Whether the caller may delete in the account; `None` if nobody has asked yet.
    is_admitted: Option<bool>,
}

impl Bulk<'_> {
    async fn run(&mut self, names: Vec<&[u8]>) {
        for name in names {
            match self.deletion(name) {
                Ok((name, Deletion::Object(delete))) => {
                    self.objects.push((name, delete));
                    if self.objects.len() >= BATCH {
                        self.delete_objects().await;
                    }
                }
                Ok((name, Deletion::Container(bucket))) => {
                    self.delete_objects().await;
                    let bucket = self.call.bucket(&bucket);
                    let deleted = self.call.execute(DeleteBucket { bucket }).await;
                    self.count(name, deleted.map(|()| true));
                }
                Err((name, failure)) => self.fail_name(name, failure).await,
            }
            if self.report.errors.len() >= MAX_FAILED_DELETES {
                "Max delete failures exceeded".clone_into(&mut self.report.body);
                return;
            }
        }
        self.delete_objects().await;
    }

    fn deletion(&self, line: &[u8]) -> Result<(String, Deletion), (String, Failure)> {
        let (shown, named) = located(line);
        match named {
            Ok((bucket, None)) => Ok((shown, Deletion::Container(bucket))),
            Ok((bucket, Some(key))) => {
                let bucket = self.call.bucket(&bucket);
                let delete = DeleteObject { bucket, key, version: None, precondition: Precondition::None };
                Ok((shown, Deletion::Object(delete)))
            }
            Err(failure) => Err((shown, failure)),
        }
    }

    async fn delete_objects(&mut self) {
        let (names, deletes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.objects).into_iter().unzip();
        let outcomes = self.call.gateway.delete_many(&self.call.caller, deletes).await;
        for (name, outcome) in names.into_iter().zip(outcomes) {
            // As for a single DELETE: a marker for an object that did not exist is no deletion.
            self.count(name, outcome.map(|deleted| deleted.removed.is_some()));
        }
    }

    fn count(&mut self, name: String, outcome: Result<bool, Error>) {
        match outcome.map_err(Failure::from) {
            Ok(true) => self.report.deleted += 1,
            Ok(false) => self.report.not_found += 1,
            Err(failure) if failure.status() == StatusCode::NOT_FOUND => self.report.not_found += 1,
            Err(failure) => self.fail(name, &failure),
        }
    }

    /// Reports a malformed name. As elsewhere, only a caller who may delete learns of the mistake.
    async fn fail_name(&mut self, name: String, failure: Failure) {
        let is_admitted = match self.is_admitted {
            Some(is_admitted) => is_admitted,
            None => !matches!(admission::to_account(self.call).await, Err(Error::AccessDenied)),
        };
        self.is_admitted = Some(is_admitted);
        let failure = if is_admitted { failure } else { Error::AccessDenied.into() };
        self.fail(name, &failure);
    }

    fn fail(&mut self, name: String, failure: &Failure) {
        let status = failure.status();
        self.has_5xx |= status.is_server_error();
        let line = format!("{} {}", status.as_u16(), reason(status));
        self.report.errors.push((name, line));
    }

    fn report(self) -> Report {
        let mut report = self.report;
        if self.has_5xx {
            report.status = "502 Bad Gateway";
        } else if !report.errors.is_empty() {
            report.status = BAD_REQUEST;
        } else if report.names_nothing() {
            report.status = BAD_REQUEST;
            "Invalid bulk delete.".clone_into(&mut report.body);
        }
        report
    }
}

/// Swift's words for a status.
fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => "Internal Error",
        other => other.canonical_reason().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn each_line_is_a_name() {
        let found = names(b"/c/a%20b\r\n\n  c/o  \nc").unwrap();
        assert_eq!(found, [&b"/c/a%20b"[..], b"c/o", b"c"]);
        assert_eq!(names(b"\n\n"), Some(vec![]));
        assert_eq!(names(&b"c/o\n".repeat(MAX_DELETES_PER_REQUEST)).map(|n| n.len()), Some(10_000));
        assert_eq!(names(&b"c/o\n".repeat(MAX_DELETES_PER_REQUEST + 1)), None);
    }

    #[test]
    fn only_plain_text_is_a_list() {
        let of = |value: &'static str| {
            [(CONTENT_TYPE, HeaderValue::from_static(value))].into_iter().collect::<HeaderMap>()
        };
        assert!(is_plain_text(&HeaderMap::new()));
        assert!(is_plain_text(&of("")) && is_plain_text(&of("text/plain; charset=utf-8")));
        assert!(!is_plain_text(&of("application/json")));
    }
}
