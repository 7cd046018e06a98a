//! The S3 face: parse → execute → render, and no logic of its own.
//!
//! A request's way: [`address`] says what it is about, [`route`] which operation it is, [`sigv4`] who asks,
//! [`refuse`] that nothing in it would be ignored; a file in [`object`] or [`bucket`] makes the operation and
//! renders its outcome; [`error`] renders what went wrong.

mod address;
mod auth;
mod aws_chunked;
mod body;
mod bucket;
mod checksum;
mod checksum_names;
mod copy_source;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod headers;
mod metadata;
mod object;
mod owner;
mod query;
mod refuse;
mod request;
pub mod route;
mod sigv4;
mod sse_c;
mod xml;

/// The client's side of signatures and framings, and the table of headers, for tests and benches.
#[cfg(feature = "testing")]
pub mod testing {
    pub use super::aws_chunked::encode::Encoder;
    pub use super::refuse::accepts;
    pub use super::sigv4::ChunkSigner;
    pub use super::sigv4::sign::Signer;
}

use poem::http::header::{HeaderName, HeaderValue};
use poem::http::{HeaderMap, Method};
use poem::{Endpoint, Response};

use crate::http::context::RequestContext;
use crate::http::secret_headers::SecretHeaders;
use crate::identity::Authenticator;
use crate::model::{AccountId, WriterId};
use crate::ops::{self, Caller, Gateway};
use address::spelling;
use error::{Error, ErrorContext, Fault, OWNER_HEADER, render};
use headers::text;
use query::Query;
use request::Request;
use route::S3Operation;

/// What an operator sets for this face.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The region, in signatures and in answers.
    pub region: String,
    /// Hosts whose subdomains are buckets (virtual-host style).
    pub virtual_hosts: Vec<String>,
}

/// The S3 face, for every path that it gets.
pub struct Front {
    gateway: Gateway,
    authenticator: Authenticator,
    config: S3Config,
    /// Names this process in answers (`x-amz-id-2`), so that one of several replicas can be found.
    host_id: String,
}

impl Front {
    /// Assembles the face.
    pub fn new(gateway: Gateway, authenticator: Authenticator, config: S3Config) -> Self {
        Self { gateway, authenticator, config, host_id: WriterId::random().to_string() }
    }

    /// A 400 in this face's dialect, for requests that are wrong before they reach it.
    pub fn bad_request(&self, context: &RequestContext, message: &str) -> Response {
        let fault = Fault::BadRequest { message: message.to_owned() };
        self.refuse(&fault.into(), &self.error_context(&context.id, &Method::GET))
    }

    fn refuse(&self, error: &Error, context: &ErrorContext) -> Response {
        let mut response = render(error, context);
        self.sign_off(&context.request_id, &mut response);
        response
    }

    /// What every answer carries.
    fn sign_off(&self, request_id: &str, response: &mut Response) {
        for (name, value) in
            [("x-amz-request-id", request_id), ("x-amz-id-2", &self.host_id), ("server", "Cardea")]
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }

    fn error_context(&self, request_id: &str, method: &Method) -> ErrorContext {
        ErrorContext {
            request_id: request_id.to_owned(),
            host_id: self.host_id.clone(),
            method: method.clone(),
            bucket: None,
            key: None,
            version: None,
            upload: None,
            condition: None,
        }
    }
}

impl Endpoint for Front {
    type Output = Response;

    async fn call(&self, request: poem::Request) -> poem::Result<Response> {
        let context = request.data::<RequestContext>().cloned();
        let request_id = context.as_ref().map_or("-", |context| context.id.as_str()).to_owned();
        let mut errors = self.error_context(&request_id, request.method());
        let result = match context {
            Some(context) => self.answer(request, &context, &mut errors).await,
            None => Err(ops::Error::Internal("a request without its context".into()).into()),
        };
        Ok(match result {
            Ok(mut response) => {
                self.sign_off(&request_id, &mut response);
                response
            }
            Err(error) => self.refuse(&error, &errors),
        })
    }
}

impl Front {
    async fn answer(
        &self,
        mut request: poem::Request,
        context: &RequestContext,
        errors: &mut ErrorContext,
    ) -> Result<Response, Error> {
        let uri = request.original_uri().clone();
        let body = request.take_body();
        let mut headers = std::mem::take(request.headers_mut());
        let secrets = request.data::<SecretHeaders>().cloned().unwrap_or_default();
        let method = request.method().clone();

        let resource = address::resolve(&context.host, uri.path(), &self.config.virtual_hosts)?;
        errors.bucket = resource.bucket().map(spelling);
        errors.key = resource.key().map(ToString::to_string);
        let query = Query::parse(uri.query())?;
        if query.has_key_material() {
            let message =
                "An encryption key must be given in headers, never in a URL: URLs are written to logs";
            return Err(Fault::invalid_request(message).into());
        }
        if headers.contains_key(copy_source::HEADER) {
            // What is missing may be the source: better to name nothing than the other.
            (errors.bucket, errors.key) = (None, None);
        }
        errors.version = query.get("versionId").map(str::to_owned);
        // One that XML could not hold is not repeated.
        let upload = query.get("uploadId").filter(|id| id.bytes().all(|b| b.is_ascii_graphic()));
        errors.upload = upload.map(str::to_owned);
        errors.condition = condition(&headers);

        let incoming = auth::Incoming { method: &method, uri: &uri, headers: &headers, secrets: &secrets };
        let verified = auth::verify(&self.authenticator, &self.config, context, &incoming, body).await?;
        headers::hoist(&query, &mut headers)?;
        let row = route::recognise(&method, &resource, &query, &headers)?;
        let Some(rules) = &row.served else {
            // A form brings its own signature, in its body.
            let brings_signature = row.operation == S3Operation::PostObject;
            return Err(if verified.caller.identity.is_none() && !brings_signature {
                Fault::AccessDenied.into()
            } else {
                Fault::OperationNotImplemented { operation: row.operation.name() }.into()
            });
        };
        sse_c::check_names(&secrets, headers.contains_key(copy_source::HEADER))?;
        refuse::check(row, rules, &query, &headers)?;
        let expected_owner = text(&headers, OWNER_HEADER)?.map(AccountId::new);
        let request = Request {
            gateway: &self.gateway,
            config: &self.config,
            caller: Caller { expected_owner, ..verified.caller },
            resource,
            query,
            headers,
            secrets,
            trailer: verified.trailer,
        };
        // On the heap: the largest of many operations would be on the stack of every request.
        Box::pin(row.operation.serve(request, verified.body)).await
    }
}

/// The conditional header that a 412 names.
fn condition(headers: &HeaderMap) -> Option<&'static str> {
    const CONDITIONS: [&str; 7] = [
        "x-amz-copy-source-If-Match",
        "x-amz-copy-source-If-Unmodified-Since",
        "x-amz-copy-source-If-None-Match",
        "x-amz-copy-source-If-Modified-Since",
        "If-Match",
        "If-Unmodified-Since",
        "If-None-Match",
    ];
    CONDITIONS.into_iter().find(|name| headers.contains_key(*name))
}
