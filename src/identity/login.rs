//! Logging in with a password.

use super::directory::UserEntry;
use super::scope::projects;
use super::{AuthError, Authenticator, DomainSelector, Identity, Rejection, Scope, Secret, TokenInfo, User};
use crate::model::{Timestamp, UserId};

/// A user, a password, and a project.
#[derive(Clone, Debug)]
pub struct PasswordLogin {
    pub user: UserSelector,
    pub password: Secret,
    /// The project to log in to. Not used with [`UserSelector::TempAuth`], where the name gives it.
    pub scope: Scope,
}

/// How a client names a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserSelector {
    Id(UserId),
    /// By its name in a domain.
    Name {
        /// The user's domain.
        domain: DomainSelector,
        name: String,
    },
    /// By `TempAuth`'s `X-Auth-User`. Tried in this order: a `TempAuth` name `account:user`, `project:user`,
    /// a user's name alone.
    TempAuth(String),
}

/// A login that succeeded. A token is issued for it.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: User,
    /// The user in the project; `None` for a login for no project.
    pub identity: Option<Identity>,
    /// How the user logged in: Keystone's names of methods.
    pub methods: Vec<String>,
    /// The user's epoch at the login.
    pub(super) epoch: i64,
    /// A token for this login must not outlive this time.
    pub(super) until: Option<Timestamp>,
}

impl Authenticator {
    /// Verifies a password. The answer does not reveal whether the user is unknown, has no password or gave a
    /// wrong one. Nor does the time that it takes.
    pub async fn password(&self, login: PasswordLogin) -> Result<Login, AuthError> {
        let (user, scope) = self.find_user(login.user, login.scope).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let verified = self.passwords().verify(hash, &login.password, self.clock()).await?;
        let user = user.filter(|_| verified).ok_or(Rejection::Password)?;
        if !user.enabled {
            return Err(Rejection::Disabled.into());
        }
        let identity = scope.resolve(self.directory(), &user).await?;
        Ok(Login {
            user: User::verified(&user),
            identity,
            methods: vec!["password".to_owned()],
            epoch: user.epoch,
            until: None,
        })
    }

    /// Logs in again with a token, for another project. The new token lives no longer than the old one.
    pub async fn rescope(&self, token: &TokenInfo, scope: Scope) -> Result<Login, AuthError> {
        let user = self.current_user(&token.user.id, token.epoch).await?;
        let identity = scope.resolve(self.directory(), &user).await?;
        let mut methods = token.methods.clone();
        if !methods.iter().any(|method| method == "token") {
            methods.push("token".to_owned());
        }
        Ok(Login {
            user: User::verified(&user),
            identity,
            methods,
            epoch: user.epoch,
            until: Some(token.expires),
        })
    }

    /// A token's user in each of its projects.
    pub async fn projects(&self, token: &TokenInfo) -> Result<Vec<Identity>, AuthError> {
        let user = self.current_user(&token.user.id, token.epoch).await?;
        Ok(projects(self.directory(), &user).await?)
    }

    /// The present record of a token's user, if the token is still good for it.
    pub(super) async fn current_user(&self, id: &UserId, epoch: i64) -> Result<UserEntry, AuthError> {
        let user = self.directory().user(id).await?.ok_or(Rejection::Revoked)?;
        if !user.enabled {
            return Err(Rejection::Disabled.into());
        }
        if user.epoch != epoch {
            return Err(Rejection::Revoked.into());
        }
        Ok(user)
    }

    async fn find_user(
        &self,
        selector: UserSelector,
        scope: Scope,
    ) -> Result<(Option<UserEntry>, Scope), AuthError> {
        let directory = self.directory();
        match selector {
            UserSelector::Id(id) => Ok((directory.user(&id).await?, scope)),
            UserSelector::Name { domain, name } => match domain.resolve() {
                Some(domain) => Ok((directory.user_by_name(&domain.id, &name).await?, scope)),
                None => Ok((None, scope)),
            },
            UserSelector::TempAuth(name) => {
                let hint = name.split_once(':').map(|(account, _)| account.to_owned());
                if let Some(user) = directory.user_by_tempauth(&name).await? {
                    return Ok((Some(user), Scope::Hint(hint.unwrap_or(name))));
                }
                let (scope, user) = match name.split_once(':') {
                    Some((project, user)) => (Scope::project_named(project), user.to_owned()),
                    None => (Scope::Hint(name.clone()), name),
                };
                let domain = super::Domain::default();
                Ok((directory.user_by_name(&domain.id, &user).await?, scope))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::memory::{ManualClock, MemoryDirectory};
    use crate::identity::{ProjectSelector, Role};
    use crate::model::AccountId;

    fn named(name: &str) -> UserSelector {
        UserSelector::Name { domain: DomainSelector::default(), name: name.into() }
    }

    async fn log_in(user: UserSelector, password: &str, scope: Scope) -> Result<Login, AuthError> {
        let authenticator = MemoryDirectory::with_people().authenticator(&ManualClock::new());
        authenticator.password(PasswordLogin { user, password: Secret::new(password), scope }).await
    }

    fn rejection(result: Result<Login, AuthError>) -> Rejection {
        match result {
            Err(AuthError::Rejected(rejection)) => rejection,
            other => panic!("{other:?}"),
        }
    }

    fn account(login: &Login) -> Option<&str> {
        login.identity.as_ref().map(|identity| identity.account.as_str())
    }

    #[tokio::test]
    async fn by_name_or_id_into_a_project_by_name_or_id() {
        for user in [named("bob"), UserSelector::Id(UserId::new("bob-id"))] {
            let by_id = Scope::Project(ProjectSelector::Id(AccountId::new("other-id")));
            for scope in [by_id, Scope::project_named("other")] {
                let login = log_in(user.clone(), "builder", scope).await.unwrap();
                let identity = login.identity.unwrap();
                assert_eq!((identity.account_name.as_str(), identity.role), ("other", Role::Plain));
                assert_eq!(
                    (login.user.name.as_str(), login.methods.as_slice()),
                    ("bob", ["password".into()].as_slice())
                );
            }
        }
    }

    #[tokio::test]
    async fn without_a_project_the_only_one_is_meant() {
        let login = log_in(named("alice"), "wonderland", Scope::Default).await.unwrap();
        assert_eq!(account(&login), Some("acct-id"));
        let login = log_in(named("alice"), "wonderland", Scope::Unscoped).await.unwrap();
        assert_eq!(account(&login), None);
        let login = log_in(named("bob"), "builder", Scope::Default).await.unwrap();
        assert_eq!(account(&login), None, "bob has two projects");
    }

    #[tokio::test]
    async fn tempauth_names() {
        let tempauth = |name: &str| UserSelector::TempAuth(name.into());
        for (name, password, expected) in [
            ("test:tester", "wonderland", Some("acct-id")),
            ("acct:alice", "wonderland", Some("acct-id")),
            ("alice", "wonderland", Some("acct-id")),
            ("other:bob", "builder", Some("other-id")),
        ] {
            let login = log_in(tempauth(name), password, Scope::Default).await.unwrap();
            assert_eq!(account(&login), expected, "{name}");
        }
        for (name, password, expected) in [
            ("bob", "builder", Rejection::NoRole),
            ("other:alice", "wonderland", Rejection::NoRole),
            ("none:alice", "wonderland", Rejection::NoRole),
            ("test:tester", "wrong", Rejection::Password),
            ("test:other", "wonderland", Rejection::Password),
        ] {
            let result = log_in(tempauth(name), password, Scope::Default).await;
            assert_eq!(rejection(result), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn refusals() {
        let elsewhere =
            UserSelector::Name { domain: DomainSelector::Name("Other".into()), name: "alice".into() };
        let foreign =
            ProjectSelector::Name { domain: DomainSelector::Id("other".into()), name: "acct".into() };
        for (user, password, scope, expected) in [
            (named("alice"), "wrong", Scope::Default, Rejection::Password),
            (named("alice"), "", Scope::Default, Rejection::Password),
            (named("nobody"), "", Scope::Default, Rejection::Password),
            (named("stranger"), "wonderland", Scope::Default, Rejection::Password),
            (elsewhere, "wonderland", Scope::Default, Rejection::Password),
            (named("alice"), "wonderland", Scope::project_named("other"), Rejection::NoRole),
            (named("alice"), "wonderland", Scope::project_named("nowhere"), Rejection::NoRole),
            (named("alice"), "wonderland", Scope::Project(foreign), Rejection::NoDomain),
        ] {
            assert_eq!(rejection(log_in(user.clone(), password, scope).await), expected, "{user:?}");
        }
    }

    #[tokio::test]
    async fn only_the_log_shows_that_a_user_is_disabled() {
        let directory = MemoryDirectory::with_people();
        directory.change_user("alice", |user| user.enabled = false);
        let authenticator = directory.authenticator(&ManualClock::new());
        for (password, expected) in [("wonderland", Rejection::Disabled), ("wrong", Rejection::Password)] {
            let login = PasswordLogin {
                user: named("alice"),
                password: Secret::new(password),
                scope: Scope::Default,
            };
            assert_eq!(rejection(authenticator.password(login).await), expected);
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let login =
            PasswordLogin { user: named("a"), password: Secret::new("hunter2"), scope: Scope::Default };
        assert!(!format!("{login:?}").contains("hunter2"));
    }
}
