//! `TempAuth`: the request has a name and a key in headers, the answer a storage URL and a token.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::{HeaderValue, StatusCode};
use poem::{Request, Response};

use super::Front;
use super::fault::{Fault, Voice};
use super::public_url::PublicUrl;
use crate::identity::{PasswordLogin, Rejection, Scope, Secret, UserSelector};

/// The headers with the user's name, in the order in which `TempAuth` tries them.
const USER: [&str; 2] = ["x-storage-user", "x-auth-user"];
/// The headers with the key.
const KEY: [&str; 2] = ["x-storage-pass", "x-auth-key"];
/// The longest account name that a challenge repeats.
const MAX_REALM: usize = 64;

impl Front {
    pub(super) async fn tempauth(
        &self,
        public_url: &PublicUrl,
        request: &Request,
    ) -> Result<Response, Fault> {
        let (Some(user), Some(key)) = (text(request, USER), text(request, KEY)) else {
            return Err(Fault::Unauthorized(None));
        };
        let user = UserSelector::TempAuth(user.to_owned());
        let login = PasswordLogin { user, password: Secret::new(key), scope: Scope::Default };
        let login = self.authenticator.password(login).await?;
        let Some(identity) = &login.identity else {
            return Err(Fault::Unauthorized(Some(Rejection::NoRole)));
        };
        let issued = self.authenticator.reuse_or_issue(&login).await?;
        let mut response = Response::builder()
            .status(StatusCode::OK)
            .header("x-storage-url", public_url.storage_url(&identity.account))
            .header("x-auth-token-expires", self.authenticator.seconds_left(&issued.info))
            .content_type("text/plain; charset=UTF-8")
            .finish();
        if let Ok(mut token) = HeaderValue::try_from(issued.token.as_str()) {
            token.set_sensitive(true);
            response.headers_mut().insert("x-auth-token", token.clone());
            response.headers_mut().insert("x-storage-token", token);
        }
        Ok(response)
    }
}

/// `TempAuth` answers failures as plain text, and its challenge names the requested account.
pub(super) fn voice(request: &Request) -> Voice {
    let account = text(request, USER).and_then(|user| user.split_once(':')).map(|(account, _)| account);
    let realm = account.filter(|account| (1..=MAX_REALM).contains(&account.len())).unwrap_or("unknown");
    Voice {
        plain: true,
        challenge: format!("Swift realm=\"{}\"", utf8_percent_encode(realm, NON_ALPHANUMERIC)),
    }
}

/// The first of these headers that is present, if it is text.
fn text<'r>(request: &'r Request, names: [&str; 2]) -> Option<&'r str> {
    let value = names.iter().find_map(|name| request.headers().get(*name))?;
    std::str::from_utf8(value.as_bytes()).ok()
}
