//! `heartbeat=on`: an answer that begins at once, and ends with a report on the manifest.
//!
//! The check of many segments takes a while. Meanwhile spaces are sent, so that no proxy gives the connection
//! up.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use poem::http::StatusCode;
use poem::http::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use poem::{Body, Response};

use super::report::{Field, PROLOGUE, Report, Written};
use crate::http::body::{BodyError, read_limited};
use crate::swift::accept::Format;
use crate::swift::body::readable;
use crate::swift::reply;

/// Bytes of an answer's text that a report repeats.
const MAX_TEXT: usize = 64 << 10;

/// Separates the spaces from the report.
const SEPARATOR: &str = "\r\n\r\n";

/// The next step of the answer's body.
enum Step {
    Begin(BoxFuture<'static, Written>),
    Wait(BoxFuture<'static, Written>),
    End,
}

/// Answers at once, and writes the manifest while the body of the answer is sent.
pub(crate) fn answer(writing: BoxFuture<'static, Written>, format: Format, interval: Duration) -> Response {
    let begin = match format {
        Format::Plain | Format::Json => "",
        Format::Xml | Format::TextXml => PROLOGUE,
    };
    let body = stream::try_unfold(Step::Begin(writing), move |step| async move {
        Ok::<_, BodyError>(match step {
            Step::Begin(writing) => Some((Bytes::from(format!("{begin} ")), Step::Wait(writing))),
            Step::Wait(mut writing) => match tokio::time::timeout(interval, &mut writing).await {
                Err(_) => Some((Bytes::from_static(b" "), Step::Wait(writing))),
                Ok(response) => {
                    let rest = report(response).await.render_rest(format);
                    Some((Bytes::from(format!("{SEPARATOR}{rest}")), Step::End))
                }
            },
            Step::End => None,
        })
    });
    let mut response = Response::builder().status(StatusCode::ACCEPTED).body(Body::from_bytes_stream(body));
    reply::set(response.headers_mut(), CONTENT_TYPE, format.content_type());
    response
}

/// The text of one of our own answers, which are short.
async fn text(response: Response) -> String {
    let bytes = read_limited(readable(response.into_body(), None), MAX_TEXT).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The report, made from the answer that a request without a heartbeat would get.
async fn report(Written { response, problems }: Written) -> Report {
    let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (etag, modified) = (header(ETAG), header(LAST_MODIFIED));
    let status = response.status();
    let body = match &problems {
        // They are listed on their own.
        Some(_) => String::new(),
        None => text(response).await,
    };
    let line = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let mut fields = Vec::new();
    fields.extend(etag.map(|etag| (Field::Etag, etag)));
    fields.extend(modified.map(|modified| (Field::LastModified, modified)));
    fields.extend([(Field::ResponseBody, body), (Field::ResponseStatus, line)]);
    Report { fields, ..Report::of_segments(&problems.unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn spaces_are_sent_until_the_manifest_is_written() {
        let slow = Box::pin(async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let mut response = reply::empty(StatusCode::CREATED);
            reply::set(response.headers_mut(), ETAG, "\"e\"");
            Written { response, problems: None }
        });
        let response = answer(slow, Format::Plain, Duration::from_millis(20));
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        let text = super::text(response).await;
        let (spaces, rest) = text.split_once(SEPARATOR).unwrap();
        assert!(spaces.len() > 1 && spaces.bytes().all(|b| b == b' '), "{spaces:?}");
        assert_eq!(rest, "Etag: \"e\"\nResponse Body: \nResponse Status: 201 Created\nErrors:\n");
    }
}
