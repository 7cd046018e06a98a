//! Renders an error: XML, or for HEAD the headers `x-amz-error-code` and `x-amz-error-message`.

use poem::Response;
use poem::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use poem::http::{Method, StatusCode};

use super::Error;
use super::context::ErrorContext;
use super::table::{Answer, answer};
use crate::identity::AuthError;
use crate::ops;
use crate::s3::xml::begin_plain;

/// Renders an error.
pub(in crate::s3) fn render(error: &Error, context: &ErrorContext) -> Response {
    report(error, &context.request_id);
    let answer = answer(error, context);
    let mut response = if context.method == Method::HEAD {
        headers_only(&answer)
    } else if answer.status == StatusCode::NOT_MODIFIED {
        Response::builder().status(answer.status).finish()
    } else {
        document(&answer, context)
    };
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn headers_only(answer: &Answer) -> Response {
    let mut response = Response::builder().status(answer.status).finish();
    let ascii: String = answer.message.chars().filter(|c| matches!(c, ' '..='~')).collect();
    for (name, value) in [("x-amz-error-code", answer.code), ("x-amz-error-message", &ascii)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn document(answer: &Answer, context: &ErrorContext) -> Response {
    let mut xml = begin_plain("Error");
    xml.leaf("Code", answer.code).leaf("Message", &answer.message);
    for (element, value) in &answer.extras {
        xml.leaf(element, value);
    }
    xml.leaf("RequestId", &context.request_id).leaf("HostId", &context.host_id);
    Response::builder().status(answer.status).header(CONTENT_TYPE, "application/xml").body(xml.finish())
}

/// Logs the errors whose causes the client does not see.
pub(super) fn report(error: &Error, request_id: &str) {
    match error {
        Error::Domain(
            error @ (ops::Error::Corrupt(_) | ops::Error::Internal(_) | ops::Error::Unavailable(_)),
        ) => {
            tracing::error!(request_id, %error, "the operation failed");
        }
        Error::Identity(error @ (AuthError::Directory(_) | AuthError::Internal(_))) => {
            tracing::error!(request_id, %error, "the access key could not be looked up");
        }
        Error::Domain(_) | Error::Fault(_) | Error::Signature(_) | Error::Identity(_) => {}
    }
}

#[cfg(test)]
mod tests;
