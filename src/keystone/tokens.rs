//! v3 tokens: issues, validates and revokes them, and lists the projects that they open.

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::fault::Fault;
use super::public_url::PublicUrl;
use super::request::Body;
use super::{Front, catalog, document, json, read_json};
use crate::identity::{AuthError, TokenInfo};

/// The header with the token that a request is about.
const SUBJECT: &str = "x-subject-token";

impl Front {
    pub(super) async fn issue(
        &self,
        public_url: &PublicUrl,
        request: &mut Request,
    ) -> Result<Response, Fault> {
        let login = read_json::<Body>(request).await?.into_request()?;
        let login = self.log_in(login).await?;
        let issued = self.authenticator.issue(&login).await?;
        let body = document::token(&issued.info, public_url, wants_catalog(request));
        Ok(with_subject(json(StatusCode::CREATED, &body), &issued.token))
    }

    /// `GET` and `HEAD /v3/auth/tokens`.
    pub(super) async fn validate(
        &self,
        public_url: &PublicUrl,
        request: &Request,
    ) -> Result<Response, Fault> {
        let (token, info) = self.subject(request).await?;
        let body = document::token(&info, public_url, wants_catalog(request));
        Ok(with_subject(json(StatusCode::OK, &body), token))
    }

    /// `DELETE /v3/auth/tokens`: see [`crate::identity::Authenticator::revoke`].
    pub(super) async fn revoke(&self, request: &Request) -> Result<Response, Fault> {
        let (_, info) = self.subject(request).await?;
        self.authenticator.revoke(&info).await?;
        Ok(StatusCode::NO_CONTENT.into())
    }

    pub(super) async fn projects(
        &self,
        public_url: &PublicUrl,
        request: &Request,
    ) -> Result<Response, Fault> {
        let caller = self.caller(request).await?;
        let projects = self.authenticator.projects(&caller).await?;
        Ok(json(StatusCode::OK, &document::projects(&projects, public_url)))
    }

    pub(super) async fn catalog(&self, public_url: &PublicUrl, request: &Request) -> Result<Response, Fault> {
        let caller = self.caller(request).await?;
        let identity = caller.identity.as_ref().ok_or(Fault::Forbidden)?;
        let catalog = catalog::version_three(public_url, &identity.account);
        let links = document::links(&public_url.join("/v3/auth/catalog"));
        Ok(json(StatusCode::OK, &json!({"catalog": catalog, "links": links})))
    }

    async fn caller(&self, request: &Request) -> Result<Arc<TokenInfo>, Fault> {
        let token = request.header("x-auth-token").ok_or(Fault::Unauthorized(None))?;
        Ok(self.authenticator.token(token).await?)
    }

    /// The token that the request is about, if the caller may see it.
    async fn subject<'r>(&self, request: &'r Request) -> Result<(&'r str, Arc<TokenInfo>), Fault> {
        let caller = self.caller(request).await?;
        let missing = || Fault::BadRequest("The X-Subject-Token header is missing.".to_owned());
        let token = request.header(SUBJECT).ok_or_else(missing)?;
        let info = match self.authenticator.token(token).await {
            Ok(info) => info,
            Err(AuthError::Rejected(_)) => return Err(Fault::NotFound),
            Err(other) => return Err(other.into()),
        };
        if !caller.may_see(&info) {
            return Err(Fault::Forbidden);
        }
        Ok((token, info))
    }
}

fn wants_catalog(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    !query.split('&').any(|parameter| parameter.split('=').next() == Some("nocatalog"))
}

fn with_subject(mut response: Response, token: &str) -> Response {
    if let Ok(mut value) = HeaderValue::try_from(token) {
        value.set_sensitive(true);
        response.headers_mut().insert(SUBJECT, value);
    }
    response
}
