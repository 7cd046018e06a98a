//! The identity front: as much of Keystone as object storage clients ask for, and `TempAuth` besides.
//!
//! | request | what it is |
//! |---|---|
//! | `GET /`, `/v3`, `/v2.0` | discovery |
//! | `POST /v3/auth/tokens` | Keystone v3 login with a password or a token |
//! | `GET`, `HEAD`, `DELETE /v3/auth/tokens` | validates or revokes a token |
//! | `GET /v3/auth/projects`, `/v3/auth/catalog` | what a token opens |
//! | `POST /v2.0/tokens`, `/v3/tokens` | the v2 login, which `swift` sends to either URL without a domain |
//! | `GET /auth/v1.0`, `/auth/v1` | `TempAuth` |
//!
//! Like the other fronts it parses, asks [`crate::identity`], and renders.

mod catalog;
mod document;
mod fault;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod public_url;
mod request;
mod route;
mod tempauth;
mod tokens;
mod v2;
mod versions;

use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::Value;

use self::fault::{Fault, Voice};
use self::public_url::PublicUrl;
use self::request::AuthRequest;
use self::route::Route;
pub use self::route::{Line, ROUTES};
use crate::http::RequestContext;
use crate::identity::{Authenticator, Login};

/// The largest request body that is read: a login is a few hundred bytes.
const MAX_BODY: usize = 64 * 1024;

/// The part of the configuration that concerns this front.
#[derive(Clone, Debug)]
pub(crate) struct KeystoneConfig {
    /// The region that the catalog names.
    pub(crate) region: String,
    /// The URL under which clients reach the gateway, `https://host:port`, if it differs from the one in
    /// their requests.
    pub(crate) public_url: Option<String>,
}

impl Default for KeystoneConfig {
    fn default() -> Self {
        Self { region: "RegionOne".to_owned(), public_url: None }
    }
}

/// The identity front: one endpoint for all of its paths.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    authenticator: Authenticator,
    config: KeystoneConfig,
}

/// A 400 in this front's dialect, for a request that is refused before a front sees it.
pub(crate) fn bad_request(context: &RequestContext, message: &str) -> Response {
    identified(Fault::BadRequest(message.to_owned()).into_response(&Voice::anywhere()), context)
}

impl Front {
    /// A front over an authenticator.
    pub(crate) fn new(authenticator: Authenticator, config: KeystoneConfig) -> Self {
        Self { authenticator, config }
    }

    async fn answer(&self, public_url: &PublicUrl, mut request: Request) -> Result<Response, Fault> {
        match route::resolve(request.method(), request.uri().path())? {
            Route::Versions => Ok(versions::all(public_url)),
            Route::VersionThree => Ok(versions::three(public_url)),
            Route::VersionTwo => Ok(versions::two(public_url)),
            Route::IssueToken => self.issue(public_url, &mut request).await,
            Route::RevokeToken => self.revoke(&request).await,
            Route::ValidateToken => self.validate(public_url, &request).await,
            Route::IssueTokenTwo => self.issue_two(public_url, &mut request).await,
            Route::Projects => self.projects(public_url, &request).await,
            Route::Catalog => self.catalog(public_url, &request).await,
            Route::TempAuth => self.tempauth(public_url, &request).await,
        }
    }

    async fn log_in(&self, request: AuthRequest) -> Result<Login, Fault> {
        match request {
            AuthRequest::Password(login) => Ok(self.authenticator.password(login).await?),
            AuthRequest::Token { token, scope } => {
                let token = self.authenticator.token(token.expose()).await?;
                Ok(self.authenticator.rescope(&token, scope).await?)
            }
        }
    }
}

impl Endpoint for Front {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
            return Ok(Fault::Internal("the request has no context").into_response(&Voice::anywhere()));
        };
        let Some(public_url) = PublicUrl::of(&context, &self.config) else {
            return Ok(bad_request(&context, "The Host header names no host."));
        };
        let is_tempauth = route::of_path(request.uri().path()).any(|line| line.route == Route::TempAuth);
        let voice =
            if is_tempauth { tempauth::voice(&request) } else { Voice::keystone(&public_url.join("/v3")) };
        let answer = self.answer(&public_url, request).await.unwrap_or_else(|fault| {
            fault.log(&context);
            fault.into_response(&voice)
        });
        Ok(identified(answer, &context))
    }
}

/// Reads a request's body as JSON. The client learns where the mistake is, but the body is not repeated: it
/// contains a password.
async fn read_json<T: serde::de::DeserializeOwned>(request: &mut Request) -> Result<T, Fault> {
    let body = request.take_body().into_bytes_limit(MAX_BODY).await.map_err(|error| match error {
        poem::error::ReadBodyError::PayloadTooLarge => Fault::TooLarge,
        _ => Fault::BadRequest("The request body could not be read.".to_owned()),
    })?;
    read(&body)
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let what = if error.is_data() { "has not the form of a login" } else { "is not valid JSON" };
        let (line, column) = (error.line(), error.column());
        Fault::BadRequest(format!("The request body {what} (line {line}, column {column})."))
    })
}

fn json(status: StatusCode, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header("Vary", "X-Auth-Token")
        .content_type("application/json")
        .body(body.to_string())
}

/// Adds the request's id, under both of Swift's names.
fn identified(mut response: Response, context: &RequestContext) -> Response {
    if let Ok(id) = HeaderValue::try_from(context.id.as_str()) {
        for name in ["x-trans-id", "x-openstack-request-id"] {
            response.headers_mut().insert(HeaderName::from_static(name), id.clone());
        }
    }
    response
}

#[cfg(test)]
mod tests;
