//! The v2 login. The `swift` client sends it if it has no domain, whatever the version in its URL.

use poem::http::StatusCode;
use poem::{Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Fault;
use super::public_url::PublicUrl;
use super::request::AuthRequest;
use super::{Front, catalog, document, json, read_json};
use crate::http::date::format_swift;
use crate::identity::{
    DomainSelector, IssuedToken, PasswordLogin, ProjectSelector, Scope, Secret, UserSelector,
};
use crate::model::{AccountId, Timestamp, UserId};

/// The body of a v2 login.
#[derive(Deserialize)]
pub(super) struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Auth {
    password_credentials: Option<PasswordCredentials>,
    token: Option<Token>,
    tenant_name: Option<String>,
    tenant_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordCredentials {
    username: Option<String>,
    user_id: Option<String>,
    password: Secret,
}

#[derive(Deserialize)]
struct Token {
    id: Secret,
}

impl Front {
    /// `POST /v2.0/tokens` and `POST /v3/tokens`.
    pub(super) async fn issue_two(
        &self,
        public_url: &PublicUrl,
        request: &mut Request,
    ) -> Result<Response, Fault> {
        let login = read_json::<Body>(request).await?.into_request()?;
        let login = self.log_in(login).await?;
        let issued = self.authenticator.issue(&login).await?;
        Ok(json(StatusCode::OK, &access(&issued, public_url)))
    }
}

impl Body {
    pub(super) fn into_request(self) -> Result<AuthRequest, Fault> {
        let auth = self.auth;
        let named = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let scope = match (named(&auth.tenant_id), named(&auth.tenant_name)) {
            (Some(id), _) => Scope::Project(ProjectSelector::Id(AccountId::new(id))),
            (None, Some(name)) => Scope::project_named(name),
            (None, None) => Scope::Default,
        };
        match (auth.password_credentials, auth.token) {
            (Some(credentials), _) => {
                let user = match (credentials.user_id, credentials.username) {
                    (Some(id), _) => UserSelector::Id(UserId::new(id)),
                    (None, Some(name)) => UserSelector::Name { domain: DomainSelector::default(), name },
                    (None, None) => return Err(bad("The request body names no user.")),
                };
                Ok(AuthRequest::Password(PasswordLogin { user, password: credentials.password, scope }))
            }
            (None, Some(token)) => Ok(AuthRequest::Token { token: token.id, scope }),
            (None, None) => Err(bad("The request body has neither passwordCredentials nor a token.")),
        }
    }
}

fn access(issued: &IssuedToken, public_url: &PublicUrl) -> Value {
    let info = &issued.info;
    let mut token = json!({
        "id": issued.token,
        "issued_at": time(info.issued),
        "expires": time(info.expires),
        "audit_ids": [info.id],
    });
    let (mut catalog, mut roles) = (json!([]), json!([]));
    if let Some(identity) = &info.identity {
        let (id, name) = (identity.account.as_str(), &identity.account_name);
        token["tenant"] = json!({"id": id, "name": name, "enabled": true, "description": ""});
        catalog = catalog::version_two(public_url, &identity.account);
        roles = document::roles(identity);
    }
    let user = json!({
        "id": info.user.id.as_str(),
        "name": info.user.name,
        "username": info.user.name,
        "roles": roles,
        "roles_links": [],
    });
    json!({"access": {"token": token, "serviceCatalog": catalog, "user": user}})
}

/// A time in v2's form, without fractions of a second.
fn time(at: Timestamp) -> String {
    let mut time = format_swift(at);
    time.truncate("2030-01-01T00:00:00".len());
    time + "Z"
}

fn bad(message: &str) -> Fault {
    Fault::BadRequest(message.to_owned())
}
