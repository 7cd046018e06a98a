//! Verified identities.

use std::ops::Deref;
use std::sync::Arc;

use super::directory::{AccountEntry, UserEntry};
use super::{Domain, Role};
use crate::model::{AccountId, UserId};

/// A verified identity: a user in an account. Its facts are the fields of [`Principal`]. Only the verifiers
/// of credentials make one. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity(Arc<Principal>);

/// The facts of an [`Identity`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    pub user: UserId,
    pub user_name: String,
    /// The user's domain.
    pub user_domain: Domain,
    /// The account the credentials are for.
    pub account: AccountId,
    pub account_name: String,
    /// The account's domain.
    pub account_domain: Domain,
    /// The user's role in the account.
    pub role: Role,
    /// The names of all its roles there, sorted.
    pub roles: Vec<String>,
}

/// A verified user, who may be in no account at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub domain: Domain,
}

impl Identity {
    /// Joins a verified user with an account and the names of its roles there. `None` without a role.
    pub(super) fn verified(user: &UserEntry, account: &AccountEntry, mut roles: Vec<String>) -> Option<Self> {
        let role = Role::strongest(roles.iter().map(String::as_str))?;
        roles.sort();
        roles.dedup();
        Some(Self(Arc::new(Principal {
            user: user.id.clone(),
            user_name: user.name.clone(),
            user_domain: Domain::by_id(&user.domain),
            account: account.id.clone(),
            account_name: account.name.clone(),
            account_domain: Domain::by_id(&account.domain),
            role,
            roles,
        })))
    }
}

impl Deref for Identity {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl User {
    pub(super) fn verified(user: &UserEntry) -> Self {
        Self { id: user.id.clone(), name: user.name.clone(), domain: Domain::by_id(&user.domain) }
    }
}
