//! Users, passwords, access keys and tokens, over a [`Directory`] that is implemented elsewhere.
//!
//! The fronts hold an [`Authenticator`]. It looks up access keys for S3's signatures, verifies passwords, and
//! issues and verifies tokens. Each of these gives an [`Identity`], which no code outside this module can
//! make. Questions of every request are answered from bounded caches, where answers live for five seconds. So
//! a revoked token, a disabled user or a changed role is seen within that time.

mod access_key;
mod authenticator;
mod clock;
mod directory;
mod domain;
mod error;
mod login;
#[cfg(test)]
pub(crate) mod memory;
mod password;
mod principal;
mod role;
mod scope;
mod secret;
mod signing_keys;
mod storage_url;
mod token;
mod tokens;

pub use authenticator::{AuthConfig, Authenticator};
pub use clock::{Clock, SystemClock};
pub use directory::{
    AccessKeyEntry, AccountEntry, Directory, DirectoryError, Grant, SigningKeyEntry, UserEntry,
};
pub use domain::{Domain, DomainSelector};
pub use error::{AuthError, Rejection};
pub use login::{Login, PasswordLogin, UserSelector};
pub use password::{hash_password, verify_password};
pub use principal::{Identity, User};
pub use role::Role;
pub use scope::{ProjectSelector, Scope};
pub use secret::Secret;
pub use storage_url::{parse_storage_account, storage_path};
pub use tokens::{IssuedToken, TokenInfo};
