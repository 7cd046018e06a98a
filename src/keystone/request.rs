//! The bodies of `POST /v3/auth/tokens`, parsed into logins.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::fault::Fault;
use crate::identity::{DomainSelector, PasswordLogin, ProjectSelector, Scope, Secret, UserSelector};
use crate::model::{AccountId, UserId};

/// A login, from the body of either version.
#[derive(Debug)]
pub(super) enum AuthRequest {
    /// With a password.
    Password(PasswordLogin),
    /// With a token, for another project.
    Token {
        token: Secret,
        /// For which project.
        scope: Scope,
    },
}

/// The body of a v3 login.
#[derive(Deserialize)]
pub(super) struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: IdentityFields,
    scope: Option<ScopeBody>,
}

#[derive(Deserialize)]
struct IdentityFields {
    methods: Vec<String>,
    password: Option<Password>,
    token: Option<Token>,
}

#[derive(Deserialize)]
struct Password {
    user: User,
}

#[derive(Deserialize)]
struct User {
    #[serde(flatten)]
    named: Named,
    password: Secret,
}

#[derive(Deserialize)]
struct Token {
    id: Secret,
}

/// A user or project by id, or by name in a domain.
#[derive(Deserialize)]
struct Named {
    id: Option<String>,
    name: Option<String>,
    domain: Option<Domain>,
}

#[derive(Deserialize)]
struct Domain {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ScopeBody {
    /// `"unscoped"`, as old clients write it.
    Word(String),
    Fields(ScopeFields),
}

#[derive(Deserialize)]
struct ScopeFields {
    project: Option<Named>,
    unscoped: Option<IgnoredAny>,
}

impl Body {
    /// The login that it asks for.
    pub(super) fn into_request(self) -> Result<AuthRequest, Fault> {
        let IdentityFields { methods, password, token } = self.auth.identity;
        let scope = scope(self.auth.scope)?;
        match methods.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["password"] => {
                let user = password.ok_or_else(|| missing("identity.password"))?.user;
                let selector = user.named.user()?;
                Ok(AuthRequest::Password(PasswordLogin { user: selector, password: user.password, scope }))
            }
            ["token"] => {
                let token = token.ok_or_else(|| missing("identity.token"))?.id;
                Ok(AuthRequest::Token { token, scope })
            }
            _ => Err(Fault::UnsupportedMethod),
        }
    }
}

impl Named {
    fn user(self) -> Result<UserSelector, Fault> {
        match (self.id, self.name) {
            (Some(id), _) => Ok(UserSelector::Id(UserId::new(id))),
            (None, Some(name)) => Ok(UserSelector::Name { domain: domain(self.domain)?, name }),
            (None, None) => Err(missing("user.id or user.name")),
        }
    }

    fn project(self) -> Result<ProjectSelector, Fault> {
        match (self.id, self.name) {
            (Some(id), _) => Ok(ProjectSelector::Id(AccountId::new(id))),
            (None, Some(name)) => Ok(ProjectSelector::Name { domain: domain(self.domain)?, name }),
            (None, None) => Err(missing("project.id or project.name")),
        }
    }
}

fn scope(body: Option<ScopeBody>) -> Result<Scope, Fault> {
    match body {
        None => Ok(Scope::Default),
        Some(ScopeBody::Word(word)) if word == "unscoped" => Ok(Scope::Unscoped),
        Some(ScopeBody::Fields(ScopeFields { project: Some(project), .. })) => {
            Ok(Scope::Project(project.project()?))
        }
        Some(ScopeBody::Fields(ScopeFields { unscoped: Some(_), .. })) => Ok(Scope::Unscoped),
        Some(_) => Err(bad("The scope must be a project.")),
    }
}

/// A body that names no domain means the default one.
fn domain(body: Option<Domain>) -> Result<DomainSelector, Fault> {
    match body {
        None => Ok(DomainSelector::default()),
        Some(Domain { id: Some(id), .. }) => Ok(DomainSelector::Id(id)),
        Some(Domain { id: None, name: Some(name) }) => Ok(DomainSelector::Name(name)),
        Some(Domain { id: None, name: None }) => Err(missing("domain.id or domain.name")),
    }
}

fn missing(what: &str) -> Fault {
    bad(&format!("The request body has no {what}."))
}

fn bad(message: &str) -> Fault {
    Fault::BadRequest(message.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(auth: &Value) -> Result<AuthRequest, Fault> {
        serde_json::from_value::<Body>(json!({"auth": auth}))
            .map_err(|_| Fault::Internal("form"))?
            .into_request()
    }

    fn password(user: &Value, scope: Option<&Value>) -> Result<PasswordLogin, Fault> {
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let auth = match scope {
            Some(scope) => json!({"identity": identity, "scope": scope}),
            None => json!({"identity": identity}),
        };
        match parse(&auth)? {
            AuthRequest::Password(login) => Ok(login),
            AuthRequest::Token { .. } => panic!("not a password"),
        }
    }

    #[test]
    fn users_by_id_or_by_name_in_a_domain() {
        let named = |domain| UserSelector::Name { domain, name: "u".into() };
        for (user, expected) in [
            (json!({"id": "i", "password": "p"}), UserSelector::Id(UserId::new("i"))),
            (
                json!({"name": "u", "domain": {"id": "default"}, "password": "p"}),
                named(DomainSelector::default()),
            ),
            (
                json!({"name": "u", "domain": {"name": "D"}, "password": "p"}),
                named(DomainSelector::Name("D".into())),
            ),
            (json!({"name": "u", "password": "p"}), named(DomainSelector::default())),
        ] {
            let login = password(&user, None).unwrap();
            assert_eq!((login.user, login.scope, login.password.expose()), (expected, Scope::Default, "p"));
        }
        for user in [
            json!({"password": "p"}),
            json!({"name": "u", "domain": {}, "password": "p"}),
            json!({"name": "u"}),
        ] {
            assert!(password(&user, None).is_err(), "{user}");
        }
    }

    #[test]
    fn scopes() {
        let user = json!({"id": "i", "password": "p"});
        let by_name = |name: &str| {
            Scope::Project(ProjectSelector::Name {
                domain: DomainSelector::Name("D".into()),
                name: name.into(),
            })
        };
        for (scope, expected) in [
            (json!({"project": {"id": "P"}}), Scope::Project(ProjectSelector::Id(AccountId::new("P")))),
            (json!({"project": {"name": "t", "domain": {"name": "D"}}}), by_name("t")),
            (json!({"unscoped": {}}), Scope::Unscoped),
            (json!("unscoped"), Scope::Unscoped),
            (json!(null), Scope::Default),
        ] {
            assert_eq!(password(&user, Some(&scope)).unwrap().scope, expected, "{scope}");
        }
        for scope in
            [json!({}), json!({"domain": {"id": "default"}}), json!({"system": {"all": true}}), json!("all")]
        {
            assert!(matches!(password(&user, Some(&scope)), Err(Fault::BadRequest(_))), "{scope}");
        }
    }

    #[test]
    fn methods() {
        let token = parse(&json!({"identity": {"methods": ["token"], "token": {"id": "t"}}})).unwrap();
        assert!(
            matches!(token, AuthRequest::Token { token, scope: Scope::Default } if token.expose() == "t")
        );
        for methods in
            [json!([]), json!(["application_credential"]), json!(["password", "totp"]), json!(["saml2"])]
        {
            let refused = parse(&json!({"identity": {"methods": methods}}));
            assert!(matches!(refused, Err(Fault::UnsupportedMethod)), "{methods}");
        }
        assert!(parse(&json!({"identity": {"methods": ["password"]}})).is_err());
    }
}
