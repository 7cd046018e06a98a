//! The OpenStack Swift front: parses requests into operations of [`ops`](crate::ops), and renders their
//! outcomes.
//!
//! The way of a request: `address` (the resource in the path) → `authenticate` (the caller) → `route`
//! (the operation) → `account`, `container` or `object` (parse, execute, render). If the front refuses a
//! request, `admission` asks first whether the caller may make it at all. Every failure is a
//! [`error::Failure`]. Every answer leaves through [`Front::call`], which adds the transaction id.

mod accept;
mod account;
mod address;
mod admission;
mod authenticate;
mod body;
mod boolean;
mod bulk;
mod call;
mod container;
mod encryption_headers;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod headers;
mod healthcheck;
mod info;
mod limits;
mod listing;
mod metadata;
mod object;
mod reply;
mod route;
mod unavailable;

use poem::http::header::{ALLOW, CONTENT_LENGTH, WWW_AUTHENTICATE};
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use poem::{Body, Endpoint, Request, Response};

use self::address::{Address, Level, StoragePath};
use self::call::Call;
use self::error::Failure;
pub use self::route::{Line, ROUTES};
use self::route::{Route, resolve};
use crate::http::context::RequestContext;
use crate::http::percent;
use crate::http::query::Query;
use crate::http::secret_headers::SecretHeaders;
use crate::identity::{Authenticator, Role, parse_storage_account};
use crate::model::AccountId;
use crate::ops::{Caller, Gateway, Limits};

/// The part of the configuration that concerns this front.
#[derive(Clone, Debug)]
pub struct SwiftConfig {
    /// The largest body of one PUT, in bytes: the gateway's own limit, which `/info` reports.
    pub max_file_size: u64,
}

impl Default for SwiftConfig {
    fn default() -> Self {
        Self { max_file_size: Limits::default().max_put }
    }
}

/// The front of the Swift face.
///
/// The door puts a [`RequestContext`] and the [`SecretHeaders`] into each request's extensions.
#[derive(Clone)]
pub struct Front {
    gateway: Gateway,
    authenticator: Authenticator,
    config: SwiftConfig,
}

/// A 400 in this front's dialect, for a request that is refused before a front sees it.
pub(crate) fn bad_request(context: &RequestContext, message: &str) -> Response {
    let mut response = Failure::bad_request(message).into_response();
    set_transaction_id(response.headers_mut(), &context.id);
    response
}

impl Front {
    /// A front over a gateway.
    pub fn new(gateway: Gateway, authenticator: Authenticator, config: SwiftConfig) -> Self {
        Self { gateway, authenticator, config }
    }

    async fn answer(
        &self,
        address: &Address,
        mut request: Request,
        context: &RequestContext,
    ) -> Result<Response, Failure> {
        let method = request.method().clone();
        let query = Query::parse(request.original_uri().query().unwrap_or_default());
        if !query.is_utf8() {
            return Err(Failure::bad_request("A query parameter is not valid UTF-8."));
        }
        if query.has_key_material() {
            return Err(Failure::bad_request("Keys are never taken from a URL: send them as headers."));
        }
        let path = match address {
            Address::Storage(path) => path,
            Address::Info | Address::Healthcheck => {
                return match resolve(&method, address)?.route {
                    Route::Healthcheck => Ok(healthcheck::answer()),
                    Route::Options => Ok(options(address)),
                    _ => info::answer(&self.config, &query),
                };
            }
        };
        if method == Method::OPTIONS {
            return preflight(address, request.headers());
        }

        let secrets = request.data::<SecretHeaders>().cloned().unwrap_or_default();
        let body = request.take_body();
        let headers = std::mem::take(request.headers_mut());
        let caller = authenticate::caller(&self.authenticator, &headers, context).await?;
        unavailable::check_verb(&query)?;
        let line = match route::bulk_delete(&method, &query) {
            Some(line) => line,
            None => resolve(&method, address)?,
        };
        let account = account_id(path, &caller)?;
        let copies = match line.route {
            Route::CopyObject => true,
            Route::PutObject => object::is_copy(&headers),
            _ => false,
        };
        let call = Call {
            gateway: &self.gateway,
            config: &self.config,
            caller,
            account,
            account_name: path.account.clone(),
            line,
            headers,
            query,
            secrets,
        };
        let refused = encryption_headers::check_names(&call.secrets, copies)
            .and_then(|()| unavailable::check(&path.level, &method, &call.query, &call.headers));
        let outcome = match refused {
            // On the heap: otherwise every request's stack would have room for the largest operation.
            Ok(()) => Box::pin(storage(&call, &path.level, body)).await,
            Err(failure) => Err(failure),
        };
        match outcome {
            Err(failure) => Err(admission::before(&call, &path.level, failure).await),
            answered => answered,
        }
    }
}

impl Endpoint for Front {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some(context) = request.data::<RequestContext>().cloned() else {
            return Ok(Failure::defect(&"a request came without its context").into_response());
        };
        let transaction = transaction_id(&context.id, request.headers());
        let is_head = request.method() == Method::HEAD;
        let address = address::parse(request.original_uri().path());
        let realm = address.as_ref().map_or_else(|_| address::UNKNOWN_REALM.to_owned(), Address::realm);
        let outcome = match address {
            Ok(address) => self.answer(&address, request, &context).await,
            Err(failure) => Err(failure),
        };
        let mut response = outcome.unwrap_or_else(Failure::into_response);
        if response.status() == StatusCode::UNAUTHORIZED {
            reply::set(response.headers_mut(), WWW_AUTHENTICATE, &format!("Swift realm=\"{realm}\""));
        }
        set_transaction_id(response.headers_mut(), &transaction);
        if is_head {
            response.set_body(Body::empty());
        }
        debug_assert!(
            matches!(response.status(), StatusCode::NOT_MODIFIED | StatusCode::ACCEPTED)
                || response.headers().contains_key(CONTENT_LENGTH),
            "an answer without its length"
        );
        Ok(response)
    }
}

/// Runs the operation that the route names.
async fn storage(call: &Call<'_>, level: &Level, body: Body) -> Result<Response, Failure> {
    match (call.line.route, level) {
        (Route::BulkDelete, _) => Box::pin(bulk::delete(call, body)).await,
        (Route::GetAccount, Level::Account) => account::get(call).await,
        (Route::HeadAccount, Level::Account) => account::head(call).await,
        (Route::PostAccount, Level::Account) => account::post(call).await,
        (Route::GetContainer, Level::Container(name)) => container::get(call, name).await,
        (Route::HeadContainer, Level::Container(name)) => container::head(call, name).await,
        (Route::PutContainer, Level::Container(name)) => container::put(call, name).await,
        (Route::PostContainer, Level::Container(name)) => container::post(call, name).await,
        (Route::DeleteContainer, Level::Container(name)) => container::delete(call, name).await,
        (Route::CopyObject, Level::Object(bucket, key)) => {
            Box::pin(object::copy(call, bucket, key, body)).await
        }
        (Route::PutObject, Level::Object(bucket, key)) if object::is_copy(&call.headers) => {
            Box::pin(object::copy_from(call, bucket, key, body)).await
        }
        (Route::GetObject, Level::Object(bucket, key)) => {
            let response = object::get(call, bucket, key).await?;
            Ok(object::locate(call, bucket, key, response))
        }
        (Route::HeadObject, Level::Object(bucket, key)) => {
            let response = object::head(call, bucket, key).await?;
            Ok(object::locate(call, bucket, key, response))
        }
        (Route::PutObject, Level::Object(bucket, key)) => object::put(call, bucket, key, body).await,
        (Route::PostObject, Level::Object(bucket, key)) => object::post(call, bucket, key).await,
        (Route::DeleteObject, Level::Object(bucket, key)) => object::delete(call, bucket, key).await,
        (route, level) => Err(Failure::defect(&format!("{route:?} was routed to {level:?}"))),
    }
}

/// The account in the path. A component that is no account's name gets the answer of somebody else's account.
fn account_id(path: &StoragePath, caller: &Caller) -> Result<AccountId, Failure> {
    parse_storage_account(&path.account).ok_or_else(|| {
        Failure::new(match caller.identity.as_ref().map(|identity| identity.role) {
            None => StatusCode::UNAUTHORIZED,
            Some(Role::Reseller) => StatusCode::NOT_FOUND,
            Some(Role::Owner | Role::Plain) => StatusCode::FORBIDDEN,
        })
    })
}

/// Answers OPTIONS. A browser's preflight is refused as Swift does if a container allows no other origin;
/// here no container allows one.
fn preflight(address: &Address, headers: &HeaderMap) -> Result<Response, Failure> {
    if headers.contains_key("origin") && headers.contains_key("access-control-request-method") {
        return Err(Failure::new(StatusCode::UNAUTHORIZED).header(ALLOW, &route::allow(address)));
    }
    Ok(options(address))
}

fn options(address: &Address) -> Response {
    let mut response = reply::empty(StatusCode::OK);
    reply::set(response.headers_mut(), ALLOW, &route::allow(address));
    response
}

/// The transaction id: the request's id, and the client's own suffix.
fn transaction_id(id: &str, headers: &HeaderMap) -> String {
    match headers.get("x-trans-id-extra").map(HeaderValue::as_bytes) {
        Some(extra) if !extra.is_empty() => {
            let extra = &extra[..extra.len().min(limits::MAX_TRANS_ID_EXTRA)];
            format!("{id}-{}", percent::encode_path(extra))
        }
        _ => id.to_owned(),
    }
}

fn set_transaction_id(headers: &mut HeaderMap, id: &str) {
    reply::set(headers, HeaderName::from_static("x-trans-id"), id);
    reply::set(headers, HeaderName::from_static("x-openstack-request-id"), id);
}
