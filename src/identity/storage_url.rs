//! The account in a Swift path: `/v1/AUTH_<account id>`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::AccountId;

/// The prefix of an account's id, as on every Swift.
const RESELLER_PREFIX: &str = "AUTH_";
/// All but the characters that need no encoding in a path segment (RFC 3986, `unreserved`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An account's path component, not percent-encoded.
pub fn storage_account(account: &AccountId) -> String {
    format!("{RESELLER_PREFIX}{account}")
}

/// The account that a decoded path component names.
pub fn parse_storage_account(component: &str) -> Option<AccountId> {
    component.strip_prefix(RESELLER_PREFIX).filter(|id| !id.is_empty()).map(AccountId::new)
}

/// The path of an account's storage URL, percent-encoded.
pub fn storage_path(account: &AccountId) -> String {
    format!("/v1/{}", utf8_percent_encode(&storage_account(account), SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let account = AccountId::new("0f".repeat(16));
        assert_eq!(parse_storage_account(&storage_account(&account)), Some(account.clone()));
        assert_eq!(storage_path(&account), format!("/v1/AUTH_{account}"));
        assert_eq!(storage_path(&AccountId::new("a b/é")), "/v1/AUTH_a%20b%2F%C3%A9");
    }

    #[test]
    fn other_components_name_no_account() {
        for other in ["", "AUTH_", "auth_x", "SERVICE_x", ".x"] {
            assert_eq!(parse_storage_account(other), None, "{other}");
        }
    }
}
