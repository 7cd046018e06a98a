//! The caller of an operation.

pub use crate::identity::Identity;
use crate::model::AccountId;

/// A caller, as a front established it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// `None` if the request came without credentials.
    pub identity: Option<Identity>,
    /// Whether the request came over TLS, or through a trusted proxy that reports TLS. Customer keys need it.
    pub secure: bool,
    /// The account that must own the request's bucket (`x-amz-expected-bucket-owner`). If another account
    /// owns it, the answer is `AccessDenied`.
    pub expected_owner: Option<AccountId>,
    /// The request's id in spans and in the audit log.
    pub request_id: String,
}

impl Caller {
    /// The caller's account; `None` if the request came without credentials.
    pub fn account(&self) -> Option<&AccountId> {
        self.identity.as_ref().map(|i| &i.account)
    }
}
