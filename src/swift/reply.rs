//! Answers as Swift gives them: its short HTML bodies, plain sentences, and headers.

use poem::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use poem::{Body, Response};

use crate::http::percent;

/// The type of the short HTML bodies.
const HTML: &str = "text/html; charset=UTF-8";

/// The type of plain sentences.
const TEXT: &str = "text/plain; charset=UTF-8";

/// An answer with a body of known length.
pub(crate) fn with_body(status: StatusCode, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let body = body.into();
    let length = body.len() as u64;
    let mut response = Response::builder().status(status).body(Body::from_vec(body));
    set(response.headers_mut(), CONTENT_TYPE, content_type);
    set_length(response.headers_mut(), length);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    with_body(status, HTML, Vec::new())
}

/// An answer with the short HTML body that Swift gives with this status.
pub(crate) fn stub(status: StatusCode) -> Response {
    let text = match explanation(status) {
        Some((title, sentence)) => format!("<html><h1>{title}</h1><p>{sentence}</p></html>"),
        None => String::new(),
    };
    with_body(status, HTML, text)
}

/// An answer with a plain sentence.
pub(crate) fn sentence(status: StatusCode, sentence: &str) -> Response {
    with_body(status, TEXT, sentence)
}

/// Sets a header. A header cannot carry control characters, which the other protocol may have stored. Such
/// text is percent-encoded: it is not lost, and cannot end the line.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value)
        .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
        .or_else(|_| HeaderValue::from_str(&percent::encode(value.as_bytes())));
    if let Ok(value) = value {
        headers.insert(name, value);
    }
}

/// Sets a header whose name is built at run time.
pub(crate) fn set_named(headers: &mut HeaderMap, name: &str, value: &str) {
    if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
        set(headers, name, value);
    }
}

pub(crate) fn set_length(headers: &mut HeaderMap, length: u64) {
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
}

/// Swift's title and text for a status.
fn explanation(status: StatusCode) -> Option<(&'static str, &'static str)> {
    Some(match status.as_u16() {
        202 => ("Accepted", "The request is accepted for processing."),
        400 => (
            "Bad Request",
            "The server could not comply with the request since it is either malformed or otherwise incorrect.",
        ),
        401 => (
            "Unauthorized",
            "This server could not verify that you are authorized to access the document you requested.",
        ),
        403 => ("Forbidden", "Access was denied to this resource."),
        404 => ("Not Found", "The resource could not be found."),
        405 => ("Method Not Allowed", "The method is not allowed for this resource."),
        406 => ("Not Acceptable", "The resource is not available in a format acceptable to your browser."),
        408 => {
            ("Request Timeout", "The server has waited too long for the request to be sent by the client.")
        }
        409 => ("Conflict", "There was a conflict when trying to complete your request."),
        411 => ("Length Required", "Content-Length header required."),
        412 => ("Precondition Failed", "A precondition for this request was not met."),
        413 => ("Request Entity Too Large", "The body of your request was too large for this server."),
        416 => ("Requested Range Not Satisfiable", "The Range requested is not available."),
        422 => ("Unprocessable Entity", "Unable to process the contained instructions"),
        499 => ("Client Disconnect", "The client was disconnected during request."),
        500 => (
            "Internal Error",
            "The server has either erred or is incapable of performing the requested operation.",
        ),
        507 => ("Insufficient Storage", "There was not enough space to save the resource."),
        503 => {
            ("Service Unavailable", "The server is currently unavailable. Please try again at a later time.")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_says_its_length() {
        for response in
            [empty(StatusCode::CREATED), stub(StatusCode::NOT_FOUND), sentence(StatusCode::OK, "OK")]
        {
            assert!(response.headers().contains_key(CONTENT_LENGTH));
        }
        assert_eq!(stub(StatusCode::NOT_FOUND).header("content-length"), Some("70"));
    }

    #[test]
    fn header_values_are_raw_utf8_and_never_end_a_line() {
        let mut headers = HeaderMap::new();
        set_named(&mut headers, "x-object-meta-a", "é");
        assert_eq!(headers["x-object-meta-a"].as_bytes(), "é".as_bytes());
        set_named(&mut headers, "x-object-meta-a", "a\r\nb");
        assert_eq!(headers["x-object-meta-a"], "a%0D%0Ab");
        set_named(&mut headers, "no name", "x");
        assert_eq!(headers.len(), 1);
    }
}
