//! The project that a login is for.

use super::directory::{AccountEntry, Directory, DirectoryError, Grant, UserEntry};
use super::{AuthError, DomainSelector, Identity, Rejection};
use crate::model::AccountId;

/// For which project a login is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// The user's project, if it has exactly one; otherwise none.
    Default,
    /// No project, as the client asked.
    Unscoped,
    Project(ProjectSelector),
    /// The user's project of this name or id, otherwise its only one. It is the `account` in `TempAuth`'s
    /// `account:user`.
    Hint(String),
}

/// How a client names a project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProjectSelector {
    Id(AccountId),
    /// By its name in a domain.
    Name {
        /// The project's domain.
        domain: DomainSelector,
        name: String,
    },
}

impl Scope {
    /// The project of this name in the default domain.
    pub fn project_named(name: impl Into<String>) -> Self {
        Self::Project(ProjectSelector::Name { domain: DomainSelector::default(), name: name.into() })
    }

    /// The user's identity in the project of this scope, or `None` if no project was asked for.
    pub(super) async fn resolve(
        &self,
        directory: &dyn Directory,
        user: &UserEntry,
    ) -> Result<Option<Identity>, AuthError> {
        match self {
            Self::Unscoped => Ok(None),
            Self::Default => Ok(only_project(directory, user).await?),
            Self::Project(project) => {
                let account = match project {
                    ProjectSelector::Id(id) => directory.account(id).await?,
                    ProjectSelector::Name { domain, name } => {
                        let domain = domain.resolve().ok_or(Rejection::NoDomain)?;
                        directory.account_by_name(&domain.id, name).await?
                    }
                };
                let account = account.ok_or(Rejection::NoRole)?;
                let grants = directory.roles(&user.id).await?;
                Ok(Some(join(user, &account, &grants).ok_or(Rejection::NoRole)?))
            }
            Self::Hint(hint) => {
                for identity in projects(directory, user).await? {
                    if identity.account.as_str() == hint || identity.account_name == *hint {
                        return Ok(Some(identity));
                    }
                }
                let only = only_project(directory, user).await?;
                Ok(Some(only.ok_or(Rejection::NoRole)?))
            }
        }
    }
}

/// A user in an account, with its present roles, or `None` if it has no role there.
pub(super) async fn identity_in(
    directory: &dyn Directory,
    user: &UserEntry,
    account: &AccountId,
) -> Result<Option<Identity>, DirectoryError> {
    let grants = directory.roles(&user.id).await?;
    if grants.iter().all(|grant| grant.account != *account) {
        return Ok(None);
    }
    let account = directory.account(account).await?;
    Ok(account.and_then(|account| join(user, &account, &grants)))
}

/// A user in each of its accounts.
pub(super) async fn projects(
    directory: &dyn Directory,
    user: &UserEntry,
) -> Result<Vec<Identity>, DirectoryError> {
    let grants = directory.roles(&user.id).await?;
    let mut identities = Vec::new();
    for id in distinct_accounts(&grants) {
        if let Some(account) = directory.account(id).await? {
            identities.extend(join(user, &account, &grants));
        }
    }
    Ok(identities)
}

async fn only_project(
    directory: &dyn Directory,
    user: &UserEntry,
) -> Result<Option<Identity>, DirectoryError> {
    let grants = directory.roles(&user.id).await?;
    let [id] = distinct_accounts(&grants)[..] else {
        return Ok(None);
    };
    let account = directory.account(id).await?;
    Ok(account.and_then(|account| join(user, &account, &grants)))
}

fn distinct_accounts(grants: &[Grant]) -> Vec<&AccountId> {
    let mut accounts: Vec<_> = grants.iter().map(|grant| &grant.account).collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

fn join(user: &UserEntry, account: &AccountEntry, grants: &[Grant]) -> Option<Identity> {
    let here = grants.iter().filter(|grant| grant.account == account.id);
    Identity::verified(user, account, here.map(|grant| grant.role.clone()).collect())
}
