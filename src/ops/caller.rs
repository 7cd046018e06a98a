//! Who asks, and how.

use crate::authz::Role;
use crate::model::{AccountId, UserId};

/// A caller, as a front established it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who; `None` when no credentials were shown.
    pub identity: Option<Identity>,
    /// Whether the request came over TLS (or through a trusted proxy that says so). Customer keys need it.
    pub secure: bool,
    /// The request's id, for spans and audit.
    pub request_id: String,
}

/// A verified identity: only the verifiers of credentials make one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The user.
    pub user: UserId,
    /// The account the credentials are for.
    pub account: AccountId,
    /// What the user is there.
    pub role: Role,
}

impl Caller {
    /// The caller's account, if it has shown credentials.
    pub fn account(&self) -> Option<&AccountId> {
        self.identity.as_ref().map(|i| &i.account)
    }
}
