//! Logging in with a password.

use super::directory::UserEntry;
use super::scope::projects;
use super::{AuthError, Authenticator, DomainSelector, Identity, Rejection, Scope, Secret, TokenInfo, User};
use crate::model::{Timestamp, UserId};

/// A user, a password, and what for.
#[derive(Clone, Debug)]
pub struct PasswordLogin {
    /// Who.
    pub user: UserSelector,
    /// The password.
    pub password: Secret,
    /// For which project. Not read for [`UserSelector::TempAuth`], whose name says it.
    pub scope: Scope,
}

/// How a client names a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserSelector {
    /// By id.
    Id(UserId),
    /// By its name in a domain.
    Name {
        /// The user's domain.
        domain: DomainSelector,
        /// Its name.
        name: String,
    },
    /// As `TempAuth`'s `X-Auth-User` does: a `TempAuth` name `account:user`, else `project:user`, else a user's name alone.
    TempAuth(String),
}

/// A login that succeeded: what a token is issued for.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub user: User,
    /// The user in the project; `None` for a login for no project.
    pub identity: Option<Identity>,
    /// How: Keystone's names of methods.
    pub methods: Vec<String>,
    /// The user's epoch at the login.
    pub(super) epoch: i64,
    /// A token for this login must not outlive this.
    pub(super) until: Option<Timestamp>,
}

impl Authenticator {
    /// Verifies a password. Whether the user is unknown, has no password or gave a wrong one is not told, not even by the
    /// time it takes.
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

    /// Logs in anew with a token, for another project. The new token lives no longer than the old one.
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

    /// The user of a token as it stands now, if the token still speaks for it.
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
