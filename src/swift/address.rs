//! Parses a raw path into the resource that it names.

use poem::http::StatusCode;

use super::error::Failure;
use super::limits::MAX_ACCOUNT_NAME_LENGTH;
use crate::http::percent;
use crate::model::{BucketName, NameError, ObjectKey};

/// The only version of the API.
const VERSION: &str = "v1";

/// The resource that a path names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Address {
    Info,
    Healthcheck,
    Storage(StoragePath),
}

/// The path of an account, a container or an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoragePath {
    /// The account's component, decoded, with its reseller prefix.
    pub(crate) account: String,
    /// How deep in the account the path goes.
    pub(crate) level: Level,
}

/// How deep a path goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    /// The account itself.
    Account,
    Container(BucketName),
    Object(BucketName, ObjectKey),
}

/// Parses a raw path.
///
/// As in Swift, the path is decoded before it is split: an encoded slash separates like a plain one.
pub(crate) fn parse(raw: &str) -> Result<Address, Failure> {
    let path = percent::decode_utf8(raw)
        .filter(|path| !path.contains('\0'))
        .ok_or_else(|| Failure::with(StatusCode::PRECONDITION_FAILED, "Invalid UTF8 or contains NULL"))?;
    match path.as_str() {
        "/info" => return Ok(Address::Info),
        "/healthcheck" => return Ok(Address::Healthcheck),
        _ => {}
    }
    let mut segments = path.strip_prefix('/').ok_or_else(not_found)?.splitn(4, '/');
    let version = segments.next().filter(|version| !version.is_empty()).ok_or_else(not_found)?;
    let account = segments.next().unwrap_or_default();
    let container = segments.next().unwrap_or_default();
    let object = segments.next().unwrap_or_default();
    if account.is_empty() {
        return Err(if container.is_empty() && object.is_empty() { bad_url() } else { not_found() });
    }
    if version != VERSION {
        return Err(Failure::new(StatusCode::BAD_REQUEST));
    }
    if account.len() > MAX_ACCOUNT_NAME_LENGTH {
        return Err(too_long("Account", account.len(), MAX_ACCOUNT_NAME_LENGTH));
    }
    let level = match (container, object) {
        ("", "") => Level::Account,
        ("", _) => return Err(not_found()),
        (container, "") => Level::Container(container_name(container)?),
        (container, object) => Level::Object(container_name(container)?, object_name(object)?),
    };
    Ok(Address::Storage(StoragePath { account: account.to_owned(), level }))
}

/// The realm of a 401 if the path names no account.
pub(crate) const UNKNOWN_REALM: &str = "unknown";

impl Address {
    /// The realm of a 401.
    pub(crate) fn realm(&self) -> String {
        match self {
            Self::Info | Self::Healthcheck => UNKNOWN_REALM.to_owned(),
            Self::Storage(place) => percent::encode_path(place.account.as_bytes()),
        }
    }
}

/// Reads a container's name, or says how it breaks the rules.
pub(crate) fn container_name(name: &str) -> Result<BucketName, Failure> {
    BucketName::new(name).map_err(|problem| name_failure("Container", problem))
}

/// Reads an object's name, or says how it breaks the rules.
pub(crate) fn object_name(name: &str) -> Result<ObjectKey, Failure> {
    ObjectKey::new(name).map_err(|problem| name_failure("Object", problem))
}

fn name_failure(what: &str, problem: NameError) -> Failure {
    match problem {
        NameError::TooLong { found, limit } => too_long(what, found, limit),
        // Cannot happen: the names come from between slashes and are not empty.
        NameError::Empty | NameError::Slash => not_found(),
    }
}

fn too_long(what: &str, found: usize, limit: usize) -> Failure {
    Failure::bad_request(format!("{what} name length of {found} longer than {limit}"))
}

fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND)
}

fn bad_url() -> Failure {
    Failure::with(StatusCode::PRECONDITION_FAILED, "Bad URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(raw: &str) -> (String, String, String) {
        match parse(raw) {
            Ok(Address::Storage(StoragePath { account, level })) => match level {
                Level::Account => (account, String::new(), String::new()),
                Level::Container(container) => (account, container.to_string(), String::new()),
                Level::Object(container, object) => (account, container.to_string(), object.to_string()),
            },
            other => panic!("{raw}: {other:?}"),
        }
    }

    fn refusal(raw: &str) -> u16 {
        parse(raw).unwrap_err().status().as_u16()
    }

    #[test]
    fn accounts_containers_and_objects() {
        for (raw, account, container, object) in [
            ("/v1/AUTH_a", "AUTH_a", "", ""),
            ("/v1/AUTH_a/", "AUTH_a", "", ""),
            ("/v1/AUTH_a/c", "AUTH_a", "c", ""),
            ("/v1/AUTH_a/c/", "AUTH_a", "c", ""),
            ("/v1/AUTH_a/c/o", "AUTH_a", "c", "o"),
            ("/v1/AUTH_a/c/a//b/", "AUTH_a", "c", "a//b/"),
            ("/v1/AUTH_a/c//", "AUTH_a", "c", "/"),
            ("/v1/AUTH_a/c/../x/./y", "AUTH_a", "c", "../x/./y"),
            ("/v1/AUTH_a/c%2Fo", "AUTH_a", "c", "o"),
            ("/v1/AUTH_a/%C3%BC/o%20o+%zz", "AUTH_a", "ü", "o o+%zz"),
        ] {
            assert_eq!(storage(raw), (account.into(), container.into(), object.into()), "{raw}");
        }
        assert_eq!(parse("/info").unwrap(), Address::Info);
        assert_eq!(parse("/healthcheck").unwrap(), Address::Healthcheck);
    }

    #[test]
    fn a_path_that_names_nothing_is_refused() {
        for (raw, status) in [
            ("/v1", 412),
            ("/v1/", 412),
            ("/v1//", 412),
            ("/info%20asdf", 412),
            ("/v1//c/o", 404),
            ("/v1//c", 404),
            ("/v1/a//o", 404),
            ("//v1/a", 404),
            ("/", 404),
            ("/v2/a", 400),
            ("/v1.0/a/c", 400),
            ("/info/x", 400),
            ("/v1/a/%ff", 412),
            ("/v1/a/c/o%00", 412),
        ] {
            assert_eq!(refusal(raw), status, "{raw}");
        }
    }

    #[test]
    fn names_are_measured_in_decoded_bytes() {
        assert_eq!(storage(&format!("/v1/a/{}", "%C3%BC".repeat(128))).1.len(), 256);
        for (raw, text) in [
            (format!("/v1/{}", "a".repeat(257)), "Account name length of 257 longer than 256"),
            (format!("/v1/a/{}", "c".repeat(257)), "Container name length of 257 longer than 256"),
            (format!("/v1/a/c/{}", "o".repeat(1025)), "Object name length of 1025 longer than 1024"),
        ] {
            let failure = format!("{:?}", parse(&raw).unwrap_err());
            assert!(failure.contains(text), "{failure}");
        }
    }
}
