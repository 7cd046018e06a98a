//! Who asks, and how.

pub use crate::identity::Identity;
use crate::model::AccountId;

/// A caller, as a front established it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who; `None` when no credentials were shown.
    pub identity: Option<Identity>,
    /// Whether the request came over TLS (or through a trusted proxy that says so). Customer keys need it.
    pub secure: bool,
    /// The account that must own the request's bucket (`x-amz-expected-bucket-owner`). Another owner is `AccessDenied`.
    pub expected_owner: Option<AccountId>,
    /// The request's id, for spans and audit.
    pub request_id: String,
}

impl Caller {
    /// The caller's account, if it has shown credentials.
    pub fn account(&self) -> Option<&AccountId> {
        self.identity.as_ref().map(|i| &i.account)
    }
}
